//! The commands of the SQL console.

mod choices;
mod lists;

pub(super) use choices::{chosen, keyed};

use super::movement::focus;
use crate::app::model::{Link, Model};
use crate::app::popup::{Choice, Confirm, Parameters, PlanView, Popup, Prompt, PromptUse};
use crate::app::sql::catalog::Browser;
use crate::app::sql::choice::{self, Naming};
use crate::app::sql::parameters::{Form, names};
use crate::app::sql::run::above_ceiling;
use crate::app::sql::session::InTransaction;
use crate::app::sql::{self, Command, Half, Purpose, Start, dialect};
use crate::app::{Effect, Pane};
use crate::config::settings::{Guard, OverCeiling, TargetKind};
use crate::demo::figures;
use crate::demo::step::Step;
use crate::ops::prices;
use crate::ops::query::cost::Estimate;
use crate::ops::query::{QueryEngine, guard};

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Run => start_from_text(model, false),
        Command::RunScript => start_from_text(model, true),
        Command::Explain => explain(model),
        Command::Estimate => estimate(model),
        Command::StopOnError => {
            let tab = model.sql.tab_mut();
            tab.goes_on = !tab.goes_on;
            let text = if tab.goes_on { "A script goes on after an error" } else { "A script stops at the first error" };
            model.say(text, false);
            Vec::new()
        }
        Command::KeepSession => keep_session(model),
        Command::CloseSession => close_session(model),
        Command::Running => lists::running(model),
        Command::Account => {
            model.say("Asking the account for its statements", false);
            vec![Effect::ListStatements]
        }
        Command::Library => lists::library(model),
        Command::History => lists::history(model),
        Command::Save => save(model),
        Command::Catalog => catalog(model),
        Command::Engine => {
            let tab = model.sql.tab_mut();
            tab.engine = match tab.engine {
                QueryEngine::Redshift => QueryEngine::Athena,
                QueryEngine::Athena => QueryEngine::Redshift,
            };
            focus(model, Pane::Sql)
        }
        Command::Results => {
            let tab = model.sql.tab_mut();
            if tab.results.is_empty() {
                model.say("There is no result yet; F5 runs the statement under the cursor", false);
                return Vec::new();
            }
            tab.half = Half::Results;
            focus(model, Pane::Sql)
        }
        Command::Editor => {
            model.sql.tab_mut().half = Half::Editor;
            focus(model, Pane::Sql)
        }
        Command::NewTab => {
            model.sql.open_tab();
            focus(model, Pane::Sql)
        }
        Command::CloseTab => close_tab(model),
        Command::NextTab | Command::PreviousTab => {
            model.sql.step_tab(command == Command::NextTab);
            focus(model, Pane::Sql)
        }
        Command::MoveTabLeft | Command::MoveTabRight => {
            model.sql.move_tab(command == Command::MoveTabRight);
            Vec::new()
        }
        Command::RenameTab => {
            let tab = model.sql.tab();
            let (id, text) = (tab.id, tab.name.clone());
            ask(model, "Name of the tab", "empty: a number", text, Naming::Tab(id))
        }
    }
}

pub(super) fn available(model: &Model, command: Command) -> bool {
    let tab = model.sql.tab();
    match command {
        Command::Run | Command::RunScript | Command::Explain => model.identity().is_some() && !tab.busy(),
        Command::Estimate => model.identity().is_some() && tab.engine == QueryEngine::Athena,
        Command::Account | Command::Catalog => model.identity().is_some(),
        Command::Running => model.sql.active().next().is_some(),
        Command::CloseSession => tab.session.open.is_some() && !tab.busy(),
        Command::Library => !model.sql.library.is_empty() || !model.sql.saved.is_empty(),
        Command::History => !model.sql.history.is_empty(),
        Command::Results => !tab.results.is_empty(),
        Command::Editor => tab.half == Half::Results,
        Command::NextTab | Command::PreviousTab | Command::MoveTabLeft | Command::MoveTabRight => model.sql.tabs().len() > 1,
        Command::Engine
        | Command::NewTab
        | Command::CloseTab
        | Command::RenameTab
        | Command::Save
        | Command::StopOnError
        | Command::KeepSession => true,
    }
}

fn ask(model: &mut Model, title: &str, hint: &str, text: String, naming: Naming) -> Vec<Effect> {
    model.popups.push(Popup::Prompt(Prompt { title: title.to_owned(), hint: hint.to_owned(), text, purpose: PromptUse::Naming(naming) }));
    Vec::new()
}

/// Whether a statement can be started in the tab on the screen now; says why not.
fn ready(model: &mut Model) -> bool {
    if !matches!(model.link, Link::Open(_)) {
        model.say("The account is still being opened", false);
        return false;
    }
    if model.sql.tab().busy() {
        model.say("A statement is running in this tab; Ctrl-C cancels it, Ctrl-N opens another tab", false);
        return false;
    }
    true
}

fn start_from_text(model: &mut Model, whole: bool) -> Vec<Effect> {
    if !ready(model) {
        return Vec::new();
    }
    match model.sql.start(whole) {
        Some(start) => {
            model.focus = Pane::Sql;
            begin(model, start)
        }
        None => {
            model.say("There is no statement under the cursor; F3 has some", false);
            Vec::new()
        }
    }
}

/// Starts statements, after what they destroy and what they cost has been agreed to.
pub(super) fn begin(model: &mut Model, mut start: Start) -> Vec<Effect> {
    if !start.parameters_given {
        let all: Vec<&str> = start.pieces.iter().map(|piece| piece.sql.as_str()).collect();
        // A semicolon ends what one piece has left open, as far as that can be.
        let names = names(dialect(start.engine), &all.join("\n;\n"));
        if let Some(form) = Form::new(names, &model.sql.values) {
            model.popups.push(Popup::Parameters(Box::new(Parameters { form, start })));
            return Vec::new();
        }
        start.parameters_given = true;
    }
    if !start.danger_agreed {
        if let Some(confirm) = danger(model, &start) {
            model.popups.push(Popup::Confirm(confirm));
            return Vec::new();
        }
        start.danger_agreed = true;
    }
    let ceiling = model.console.ceiling_bytes > 0 || model.console.ceiling_usd > 0.0;
    if !start.cost_agreed && ceiling && start.engine == QueryEngine::Athena && start.purpose == Purpose::Rows {
        model.say("Asking how much the query may read", false);
        return vec![Effect::EstimateQuery(Box::new(start))];
    }
    let now = model.now;
    model.sql.begin(start, now)
}

/// The question before statements that destroy; `None` when there is nothing to ask.
fn danger(model: &Model, start: &Start) -> Option<Confirm> {
    let guarded = match model.console.guard {
        Guard::Always => true,
        Guard::Aws => model.target == TargetKind::Aws,
        Guard::Never => false,
    };
    if !guarded || start.purpose != Purpose::Rows {
        return None;
    }
    let mut sentences: Vec<String> = start
        .pieces
        .iter()
        .filter_map(|piece| {
            let names: Vec<String> = piece.parameters.iter().map(|(name, _)| name.clone()).collect();
            guard::danger(dialect(start.engine), &piece.sql, &names)
        })
        .map(|danger| danger.sentence())
        .collect();
    if sentences.is_empty() {
        return None;
    }
    let more = sentences.len().saturating_sub(3);
    sentences.truncate(3);
    if more > 0 {
        sentences.push(format!("And {more} more."));
    }
    let open = model.sql.tab().session.transaction == InTransaction::Open;
    sentences.push(if open { "The transaction is open: ROLLBACK takes it back." } else { "It cannot be taken back." }.to_owned());
    let agreed = Start { danger_agreed: true, ..start.clone() };
    Some(Confirm {
        title: "Run what destroys?".into(),
        body: sentences.join(" "),
        phrase: None,
        typed: String::new(),
        yes: "Run it",
        choice: Choice::Console(choice::Choice::Start(Box::new(agreed))),
    })
}

/// What a query would read has come: it is started, asked about, refused or only told.
fn estimated(model: &mut Model, start: Start, answer: Result<Estimate, crate::ops::OpError>) -> Vec<Effect> {
    let estimate = match answer {
        Ok(estimate) => estimate,
        Err(error) => {
            model.say(format!("{error}"), true);
            return Vec::new();
        }
    };
    let told = told(&estimate);
    if start.cost_agreed {
        // It was only asked for.
        model.say(told, false);
        return Vec::new();
    }
    let console = &model.console;
    let above = above_ceiling(&estimate, console.ceiling_bytes, console.ceiling_usd);
    // What cannot be known is asked about too: a ceiling that lets it through would be none.
    let reason = above.or_else(|| (estimate.bytes.is_none()).then(|| "How much it reads is not known.".to_owned()));
    let agreed = Start { cost_agreed: true, ..start };
    match (reason, console.over_ceiling) {
        (None, _) => begin(model, agreed),
        (Some(reason), OverCeiling::Refuse) => {
            model.say(format!("Not run: {reason} The ceiling is set by sql.ceiling_bytes and sql.ceiling_usd."), true);
            Vec::new()
        }
        (Some(reason), OverCeiling::Ask) => {
            model.popups.push(Popup::Confirm(Confirm {
                title: "Above the ceiling".into(),
                body: format!("{reason} {told}"),
                phrase: None,
                typed: String::new(),
                yes: "Run it",
                choice: Choice::Console(choice::Choice::Start(Box::new(agreed))),
            }));
            Vec::new()
        }
    }
}

/// What a query would read, in a sentence.
fn told(estimate: &Estimate) -> String {
    let as_of = prices::as_of().unwrap_or_default();
    match (estimate.bytes, estimate.usd) {
        (Some(bytes), Some(usd)) => {
            let of = match estimate.partitions() {
                Some((read, all)) => format!(" in {} of {}", figures::count(read as u64), figures::counted(all as u64, "partition")),
                None => String::new(),
            };
            format!("At most {}{of} are read, {} at the price of {as_of}.", figures::bytes(bytes), prices::money(usd))
        }
        _ if estimate.tables.is_empty() => "How much it reads cannot be told before it runs.".to_owned(),
        _ => {
            let unknown = estimate.tables.iter().filter(|table| table.bytes.is_none());
            let unknown: Vec<&str> = unknown.map(|table| table.name.as_str()).collect();
            format!("How much is read of {} cannot be told before it runs.", unknown.join(", "))
        }
    }
}

fn estimate(model: &mut Model) -> Vec<Effect> {
    if !ready(model) {
        return Vec::new();
    }
    if model.sql.tab().engine == QueryEngine::Redshift {
        model.say("The warehouse is paid by the hour, whatever it is asked; Alt-P shows its plan", false);
        return Vec::new();
    }
    match model.sql.start(false) {
        Some(start) => vec![Effect::EstimateQuery(Box::new(Start { cost_agreed: true, ..start }))],
        None => {
            model.say("There is no statement under the cursor", false);
            Vec::new()
        }
    }
}

fn explain(model: &mut Model) -> Vec<Effect> {
    if !ready(model) {
        return Vec::new();
    }
    let Some(mut start) = model.sql.start(false) else {
        model.say("There is no statement under the cursor", false);
        return Vec::new();
    };
    start.pieces.truncate(1);
    for piece in &mut start.pieces {
        let explains = guard::first_word(dialect(start.engine), &piece.sql).as_deref() == Some("EXPLAIN");
        if !explains {
            piece.sql = format!("EXPLAIN {}", piece.sql);
            piece.start = None;
        }
    }
    let now = model.now;
    model.sql.begin(Start { purpose: Purpose::Plan, ..start }, now)
}

fn keep_session(model: &mut Model) -> Vec<Effect> {
    let tab = model.sql.tab_mut();
    if tab.engine == QueryEngine::Athena {
        model.say("Athena has no sessions: every query stands alone", false);
        return Vec::new();
    }
    tab.session.keep = !tab.session.keep;
    let (keep, open) = (tab.session.keep, tab.session.open.is_some());
    model.say(
        if keep {
            "The statements of this tab share a session: temporary tables, SET and transactions live on"
        } else {
            "Every statement of this tab has a session of its own"
        },
        false,
    );
    if !keep && open { close_session(model) } else { Vec::new() }
}

fn close_session(model: &mut Model) -> Vec<Effect> {
    if !ready(model) {
        return Vec::new();
    }
    let tab = model.sql.tab();
    if tab.session.open.is_none() {
        let why = if tab.engine == QueryEngine::Athena { "Athena has no sessions" } else { "No session is open in this tab" };
        model.say(why, false);
        return Vec::new();
    }
    let start = Start::aside(tab.id, QueryEngine::Redshift, tab.session.last_words().to_owned(), Purpose::CloseSession);
    let now = model.now;
    model.sql.begin(start, now)
}

fn save(model: &mut Model) -> Vec<Effect> {
    let tab = model.sql.tab();
    if tab.text().trim().is_empty() {
        model.say("There is nothing to save yet", false);
        return Vec::new();
    }
    let (id, saved) = (tab.id, tab.saved.clone());
    let text = match &saved {
        Some(query) if query.tags.is_empty() => query.name.clone(),
        Some(query) => format!("{} #{}", query.name, query.tags.join(" #")),
        None => tab.name.clone(),
    };
    ask(model, "Save the query as", "a name, and tags: Customers by month #bank", text, Naming::Save(id))
}

fn catalog(model: &mut Model) -> Vec<Effect> {
    let engine = model.sql.tab().engine;
    show_catalog(model, engine)
}

fn show_catalog(model: &mut Model, engine: QueryEngine) -> Vec<Effect> {
    let effects = model.sql.read_catalog(engine);
    let mut browser = Browser::new(engine, model.sql.catalogs.of(engine).clone());
    browser.reading = true;
    if let Some(Popup::Catalog(open)) = model.popups.last_mut() {
        **open = browser;
    } else {
        model.popups.push(Popup::Catalog(Box::new(browser)));
    }
    effects
}

fn close_tab(model: &mut Model) -> Vec<Effect> {
    let index = model.sql.current();
    let tab = model.sql.tab();
    let title = tab.title(index);
    let mut reasons = Vec::new();
    match tab.active().count() {
        0 => {}
        _ => reasons.push("The statement that runs in it is cancelled.".to_owned()),
    }
    if tab.unsaved() {
        reasons.push("Its text is not saved as a query.".to_owned());
    }
    if tab.session.transaction == InTransaction::Open {
        reasons.push("Its transaction is rolled back.".to_owned());
    }
    let id = tab.id;
    if reasons.is_empty() {
        return model.sql.close_tab();
    }
    model.popups.push(Popup::Confirm(Confirm {
        title: format!("Close “{title}”?"),
        body: reasons.join(" "),
        phrase: None,
        typed: String::new(),
        yes: "Close it",
        choice: Choice::Console(choice::Choice::CloseTab(id)),
    }));
    Vec::new()
}

/// Takes a message of the console.
pub(super) fn on_msg(model: &mut Model, msg: sql::Msg) -> Vec<Effect> {
    let now = model.now;
    match msg {
        sql::Msg::Run(id, msg) => {
            let (effects, plan) = model.sql.on_run(id, msg, now);
            if let Some(plan) = plan {
                let tab = model.sql.tab_of(id);
                let run = tab.and_then(|tab| tab.runs.iter().find(|run| run.id == id).cloned());
                if let Some(run) = run {
                    model.popups.push(Popup::Plan(Box::new(PlanView::new(run.engine, run.line(), plan))));
                }
            }
            effects
        }
        sql::Msg::Found(found) => {
            let problem = found.problems.first().cloned();
            let other = !found.writes && found.problems.is_empty();
            let effects = model.sql.update(sql::Msg::Found(found), now);
            if let Some(problem) = problem {
                model.say(problem, true);
            } else if other {
                model.say("Another shiftdeck keeps the tabs; those of this one are not kept", false);
            }
            effects
        }
        sql::Msg::Estimated(start, answer) => estimated(model, *start, answer),
        sql::Msg::Account(answer) => lists::account(model, answer),
        sql::Msg::Trouble(sentence) | sql::Msg::Saved(Err(sentence)) => {
            model.say(sentence, true);
            Vec::new()
        }
        sql::Msg::Told(sentence) => {
            model.say(sentence, false);
            Vec::new()
        }
        sql::Msg::Catalog(engine, answer) => {
            let problem = answer.as_ref().as_ref().err().map(ToString::to_string);
            let effects = model.sql.update(sql::Msg::Catalog(engine, answer), now);
            let catalog = model.sql.catalogs.of(engine);
            for popup in &mut model.popups {
                if let Popup::Catalog(browser) = popup
                    && browser.engine == engine
                {
                    browser.refresh(catalog.clone());
                    browser.reading = false;
                    browser.problem.clone_from(&problem);
                }
            }
            effects
        }
        msg => model.sql.update(msg, now),
    }
}

/// The account is open.
pub(super) fn connected(model: &mut Model) -> Vec<Effect> {
    let Some(identity) = model.identity() else { return Vec::new() };
    let account = format!("{}-{}", identity.account, identity.scenario.region);
    let now = model.now;
    model.sql.connected(account, now)
}

/// What a step has made can be named afterwards.
pub(super) fn step_ended(model: &mut Model, step: Step) {
    if matches!(step, Step::Lake | Step::Load | Step::RedshiftMl | Step::Cleanup) {
        model.console.catalogs_wanted = true;
    }
}

/// After every message that a person has caused: the tabs are kept, and the catalog is read when the pane is first looked at.
pub(super) fn after(model: &mut Model) -> Vec<Effect> {
    let mut effects: Vec<Effect> = model.sql.keep_soon().into_iter().collect();
    if model.focus == Pane::Sql && model.identity().is_some() {
        let engine = model.sql.tab().engine;
        let wanted = &mut model.console.catalogs_read;
        if std::mem::take(&mut model.console.catalogs_wanted) {
            wanted.clear();
        }
        if !wanted.contains(&engine) {
            wanted.push(engine);
            effects.extend(model.sql.read_catalog(engine));
        }
    }
    effects
}

/// Whether statements go on at their services without this program.
pub(super) fn can_run_on(model: &Model) -> bool {
    model.identity().is_some_and(|identity| identity.outlives)
}

/// Statements run: what becomes of them?
pub(super) fn ask_to_leave(model: &mut Model, running: &[String]) -> Vec<Effect> {
    lists::leaving(model, running)
}

/// The name of an engine for people.
pub fn engine_name(engine: QueryEngine) -> &'static str {
    engine.title()
}
