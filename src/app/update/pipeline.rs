//! What the commands of the pipeline do, and what can be done now.

use crossterm::event::{KeyCode, KeyEvent};

use super::commands::start_refused;
use crate::app::model::{Link, Model};
use crate::app::pipeline::form::Form;
use crate::app::pipeline::runs::Compared;
use crate::app::pipeline::step::{address, objects};
use crate::app::pipeline::{Ask, Command as P, Matter, Msg, Section, View, Work, matter};
use crate::app::popup::{Choice, Confirm, Popup, TableView};
use crate::app::sql::editor::bar::Field;
use crate::app::{Effect, Pane};
use crate::config::settings::TargetKind;
use crate::demo::step::Step;
use crate::ops::endpoints::Stage;
use crate::ops::models::ApprovalState;
use crate::ops::pipeline::RunState;

/// Asks for what is missing on the screen.
pub(super) fn want(model: &mut Model) -> Vec<Effect> {
    if model.focus == Pane::Pipeline && matches!(model.link, Link::Open(_)) { model.pipeline.want() } else { Vec::new() }
}

pub(super) fn on_msg(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Parameters(ticket, answer) => {
            if model.pipeline.form_answer.settle(ticket) {
                match *answer {
                    Ok(specs) => {
                        let (before, cache) = std::mem::take(&mut model.pipeline.form_before);
                        let name = model.identity().map(|identity| identity.scenario.pipeline.clone()).unwrap_or_default();
                        let form = Form::start(&name, specs, &before, cache);
                        model.popups.push(Popup::Form(Box::new(form)));
                    }
                    Err(error) => model.pipeline.error = Some(error),
                }
            }
            Vec::new()
        }
        Msg::Peeked(ticket, answer) => {
            let waiting = model.popups.iter_mut().find_map(|popup| match popup {
                Popup::Table(table) if table.ticket == ticket => Some(table),
                _ => None,
            });
            if let Some(table) = waiting {
                table.found = Some(*answer);
            }
            Vec::new()
        }
        msg => {
            let was = model.pipeline.active();
            let failed_before = model.pipeline.error.clone();
            let changes = matches!(msg, Msg::Done(..));
            let (mut effects, said) = model.pipeline.update(msg);
            if let Some(said) = said.filter(|said| !said.is_empty()) {
                model.say(said, false);
            }
            if let Some(error) = model.pipeline.error.as_ref().filter(|error| Some(*error) != failed_before.as_ref()) {
                let text = error.to_string();
                if model.focus != Pane::Pipeline {
                    model.say(text, true);
                }
            }
            // A finished execution has registered a model, a deployment has made an endpoint: the checklist shows it.
            if was && !model.pipeline.active() || changes {
                effects.extend(model.resources.refresh());
            }
            effects
        }
    }
}

/// Begins a work that was confirmed.
pub(super) fn begin(model: &mut Model, work: Work) -> Vec<Effect> {
    if matches!(work, Work::Start(_) | Work::Retry(_)) && executing(model) {
        return start_refused(model);
    }
    let now = model.now;
    model.pipeline.begin(work, now)
}

/// Whether a step runs that may start an execution itself.
fn executing(model: &Model) -> bool {
    model.walkthrough.run.is_some() || model.walkthrough.in_background(Step::Pipeline)
}

pub(super) fn stopping(model: &Model) -> bool {
    model.pipeline.doing(|work| matches!(work, Work::Stop(_)))
}

fn starting(model: &Model) -> bool {
    model.pipeline.doing(|work| matches!(work, Work::Start(_) | Work::Retry(_))) || model.pipeline.form_answer.pending()
}

/// The execution that a command is about: the selected one of the list, else the one on show.
fn at_hand(model: &Model) -> Option<&crate::ops::pipeline::PipelineRun> {
    match model.pipeline.view {
        View::Runs => model.pipeline.runs.selected().map(|summary| &summary.run),
        _ => model.pipeline.run.as_ref(),
    }
}

/// Whether endpoints are being changed: one change at a time.
fn deploying(model: &Model) -> bool {
    model.pipeline.doing(|work| {
        matches!(
            work,
            Work::Deploy { .. }
                | Work::PromoteNew { .. }
                | Work::Retrain(_)
                | Work::Promote
                | Work::Rollback(_)
                | Work::Traffic { .. }
                | Work::Smoke(_)
                | Work::AskCustomers(_)
        )
    })
}

pub(super) fn available(model: &Model, command: P) -> bool {
    let state = &model.pipeline;
    let open = model.identity().is_some();
    let has = |stage: Stage| state.endpoints.found.iter().flatten().any(|endpoint| endpoint.stage == stage);
    let comparing = state.runs.compared.is_some() || state.models.compared.is_some() || state.models.walk.is_some();
    let in_log = state.in_detail && state.section() == Section::Log;
    match command {
        P::NextView | P::PreviousView => !state.in_detail,
        P::Show(_) => true,
        P::Start => open && !state.active() && !starting(model),
        P::Stop => open && state.active() && !stopping(model),
        P::Again => open && at_hand(model).is_some_and(|run| run.state.is_over()) && !state.active() && !starting(model),
        P::Retry => {
            let failed = |state: RunState| matches!(state, RunState::Failed | RunState::Stopped);
            open && at_hand(model).is_some_and(|run| failed(run.state)) && !state.active() && !starting(model)
        }
        P::Open => match state.view {
            View::Graph if !state.in_detail => state.step().is_some(),
            View::Graph => state.section() == Section::Data && peeked(model).is_some(),
            View::Runs => !comparing && state.runs.selected().is_some(),
            View::Models => !comparing && !state.models.open && state.models.selected().is_some(),
            View::Endpoints | View::Definition | View::Project => false,
        },
        P::Beside => match state.view {
            View::Runs => {
                !comparing && state.runs.selected().is_some_and(|summary| state.run.as_ref().is_some_and(|run| run.arn != summary.run.arn))
            }
            _ => state.beside.is_some(),
        },
        P::NextSection | P::PreviousSection => state.sections().len() > 1,
        P::Section(section) => state.sections().contains(&section),
        P::Search => in_log,
        P::FindNext | P::FindPrevious => in_log && state.step_view().is_some_and(|view| view.log.search.is_some()),
        P::FollowLog => in_log && state.step_view().is_some_and(|view| view.log.top.is_some()),
        P::Mark => !comparing && if state.view == View::Runs { !state.runs.is_empty() } else { !state.models.is_empty() },
        P::Compare => {
            open && !comparing && if state.view == View::Runs { state.runs.pair().is_some() } else { state.models.pair().is_some() }
        }
        P::Approve => open && !comparing && selected_approval(model).is_some_and(|approval| approval != ApprovalState::Approved),
        P::Reject => open && !comparing && selected_approval(model).is_some_and(|approval| approval != ApprovalState::Rejected),
        P::Deploy if state.view == View::Models => {
            open && !comparing && !deploying(model) && selected_approval(model) == Some(ApprovalState::Approved)
        }
        P::Deploy => open && !deploying(model) && !approved(model).is_empty(),
        P::Smoke | P::AskCustomers => open && !deploying(model) && state.endpoints.selected().is_some(),
        P::Promote => open && !deploying(model) && has(Stage::Staging),
        P::Rollback => open && !deploying(model) && state.endpoints.selected().is_some_and(|endpoint| endpoint.previous.is_some()),
        P::Split => open && !deploying(model) && state.endpoints.selected().is_some() && approved(model).len() > 1,
        P::Score => {
            let scoring = state.doing(|work| matches!(work, Work::Score { .. }));
            open && !comparing && !scoring && selected_approval(model) == Some(ApprovalState::Approved)
        }
        P::NewData => open && !comparing && !deploying(model) && !state.active() && !starting(model) && !approved(model).is_empty(),
        P::PromoteNew => open && !deploying(model) && better(model).is_some(),
        P::RetryStage => open && state.project.failed().is_some() && !state.doing(|work| matches!(work, Work::RetryStage(_))),
        P::Commit => open && state.project.found.is_some() && !state.doing(|work| matches!(work, Work::Commit(_))),
        P::ApproveStage | P::RefuseStage => {
            open && state.project.waiting().is_some() && !state.doing(|work| matches!(work, Work::Answer { .. }))
        }
    }
}

fn selected_approval(model: &Model) -> Option<ApprovalState> {
    model.pipeline.models.selected().map(|version| version.approval)
}

/// The version that was trained on new rows and is on show, and the one that it was compared with.
fn better(model: &Model) -> Option<(u32, u32)> {
    let walk = model.pipeline.models.walk.as_ref()?;
    walk.version.map(|version| (version, walk.drift.version))
}

/// The approved versions, newest first.
fn approved(model: &Model) -> Vec<u32> {
    let versions = model.pipeline.models.found.iter().flatten();
    versions.filter(|version| version.approval == ApprovalState::Approved).map(|version| version.version).collect()
}

/// The object under the cursor.
fn peeked(model: &Model) -> Option<String> {
    let detail = model.pipeline.step_view()?.detail.as_ref()?;
    let rows = objects(detail);
    address(detail, *rows.get(model.pipeline.objects.selected)?)
}

pub(super) fn run(model: &mut Model, command: P) -> Vec<Effect> {
    if !available(model, command) {
        return refused(model, command);
    }
    match command {
        P::NextView => turn(model, 1),
        P::PreviousView => turn(model, View::ALL.len() - 1),
        P::Show(view) => {
            model.pipeline.show_view(view);
            model.focus = Pane::Pipeline;
            Vec::new()
        }
        P::NextSection => section(model, 1),
        P::PreviousSection => section(model, model.pipeline.sections().len() - 1),
        P::Section(section) => {
            model.pipeline.section = section;
            model.pipeline.in_detail = true;
            model.pipeline.scroll = 0;
            Vec::new()
        }
        P::Open => open(model),
        P::Start => ask_parameters(model, Vec::new(), true),
        P::Again => {
            let before = at_hand(model).map(|run| run.parameters.clone()).unwrap_or_default();
            ask_parameters(model, before, true)
        }
        P::Stop => {
            let Some(run) = &model.pipeline.run else { return Vec::new() };
            let (work, name) = (Work::Stop(run.arn.clone()), run.name.clone());
            let body = format!("“{name}” is stopped, and the jobs of its steps with it. What they have written stays.");
            confirm(model, "Stop the execution?", body, None, "Stop it", work)
        }
        P::Retry => {
            let Some(run) = at_hand(model) else { return Vec::new() };
            let (work, name) = (Work::Retry(run.arn.clone()), run.name.clone());
            let body = format!("“{name}” goes on from the step that failed; what succeeded before is not done again.");
            confirm(model, "Start again from the failed step?", body, None, "Start", work)
        }
        P::Beside => {
            let other = (model.pipeline.view == View::Runs).then(|| at_hand(model).map(|run| run.arn.clone())).flatten();
            if other.is_some() {
                model.pipeline.show_view(View::Graph);
            }
            model.pipeline.show_beside(other)
        }
        P::Search => {
            if let Some(view) = model.pipeline.step_view_mut() {
                view.log.typing = Some(Field::new(view.log.search.as_deref().unwrap_or_default()));
            }
            Vec::new()
        }
        P::FindNext => find(model, true),
        P::FindPrevious => find(model, false),
        P::FollowLog => {
            if let Some(view) = model.pipeline.step_view_mut() {
                view.log.top = None;
            }
            Vec::new()
        }
        P::Mark => {
            if model.pipeline.view == View::Runs {
                model.pipeline.runs.mark();
            } else {
                model.pipeline.models.mark();
            }
            Vec::new()
        }
        P::Compare => compare(model),
        P::Approve | P::Reject => {
            let Some(version) = model.pipeline.models.selected().map(|version| version.version) else { return Vec::new() };
            form(model, Form::decide(version, command == P::Approve))
        }
        P::Deploy => deploy(model),
        P::Smoke => {
            let Some(name) = model.pipeline.endpoints.selected().map(|endpoint| endpoint.name.clone()) else { return Vec::new() };
            begin(model, Work::Smoke(name))
        }
        P::AskCustomers => {
            let Some(name) = model.pipeline.endpoints.selected().map(|endpoint| endpoint.name.clone()) else { return Vec::new() };
            begin(model, Work::AskCustomers(name))
        }
        P::Promote => {
            let phrase = (model.target == TargetKind::Aws).then(|| model.demo.clone());
            let body =
                "Production gets the version that answers on staging. It goes on answering with the version before until the new one is \
                        ready, and the smoke test decides whether it stays."
                    .to_owned();
            confirm(model, "Promote staging to production?", body, phrase, "Promote", Work::Promote)
        }
        P::Rollback => {
            let Some(endpoint) = model.pipeline.endpoints.selected() else { return Vec::new() };
            let Some(previous) = &endpoint.previous else { return Vec::new() };
            let body = format!("{} answers with version {} again, as before the last change.", endpoint.name, previous.version);
            let work = Work::Rollback(endpoint.stage);
            let phrase = (model.target == TargetKind::Aws && endpoint.stage == Stage::Production).then(|| model.demo.clone());
            confirm(model, "Put the version before back?", body, phrase, "Roll back", work)
        }
        P::Split => {
            let Some(endpoint) = model.pipeline.endpoints.selected() else { return Vec::new() };
            let now = endpoint.variants.iter().find(|variant| !variant.shadow).and_then(|variant| variant.version);
            let split = Form::traffic(endpoint.stage, &endpoint.name, &approved(model), now);
            form(model, split)
        }
        P::Score => {
            let Some(version) = selected_version(model) else { return Vec::new() };
            let Some(identity) = model.identity() else { return Vec::new() };
            let (schema, table) = (&identity.scenario.schema, &identity.scenario.table);
            let score = Form::score(version, &format!("{schema}.{table}"), &format!("{schema}.scores"));
            form(model, score)
        }
        P::NewData => {
            if executing(model) {
                return start_refused(model);
            }
            form(model, Form::new_data())
        }
        P::PromoteNew => {
            let Some((version, before)) = better(model) else { return Vec::new() };
            let phrase = (model.target == TargetKind::Aws).then(|| model.demo.clone());
            let body = format!(
                "Version {version} is approved and goes to staging and to production, each with its smoke test. Version {before} stays in the \
                 registry, and one action puts it back."
            );
            confirm(model, &format!("Promote version {version}?"), body, phrase, "Promote", Work::PromoteNew { version, before })
        }
        P::Commit => {
            let repository = model.pipeline.project.project().map_or("a new repository", |project| project.repository.as_str());
            let commit = Form::commit(repository);
            form(model, commit)
        }
        P::RetryStage => {
            let Some(stage) = model.pipeline.project.failed().map(|stage| stage.name.clone()) else { return Vec::new() };
            begin(model, Work::RetryStage(stage))
        }
        P::ApproveStage | P::RefuseStage => {
            let Some((stage, action)) = model.pipeline.project.waiting() else { return Vec::new() };
            let token = action.approval.clone().unwrap_or_default();
            let answer = Form::answer(&stage.name, &action.name, &token, command == P::ApproveStage);
            form(model, answer)
        }
    }
}

/// Why nothing happens.
fn refused(model: &mut Model, command: P) -> Vec<Effect> {
    let text = match command {
        P::Start | P::Again | P::Retry if model.pipeline.active() || starting(model) => "An execution is running; S stops it",
        P::Stop => "No execution is running",
        P::Retry => "Only an execution that failed or was stopped can be started again from there",
        P::Compare => "There have to be two to compare; Space marks them",
        P::Approve => "The version is approved already",
        P::Reject => "The version is rejected already",
        P::Deploy if model.pipeline.view == View::Models => "Only an approved version can be deployed",
        P::Deploy => "No version is approved",
        P::Promote => "There is no staging endpoint yet; y deploys one",
        P::Rollback => "There is no version before to go back to",
        P::Split => "It takes two approved versions to split between",
        P::Score => "Only an approved version scores",
        P::NewData if approved(model).is_empty() => "It takes an approved version to compare with",
        P::PromoteNew => "The new rows led to no new version",
        P::RetryStage => "No stage has failed",
        P::ApproveStage | P::RefuseStage => "Nothing waits for an approval",
        _ => return Vec::new(),
    };
    let text = if deploying(model) { "An endpoint is being changed already" } else { text };
    model.say(text, false);
    Vec::new()
}

fn turn(model: &mut Model, by: usize) -> Vec<Effect> {
    let at = View::ALL.iter().position(|view| *view == model.pipeline.view).unwrap_or(0);
    model.pipeline.show_view(View::ALL[(at + by) % View::ALL.len()]);
    Vec::new()
}

fn section(model: &mut Model, by: usize) -> Vec<Effect> {
    let sections = model.pipeline.sections();
    let here = model.pipeline.section();
    let at = sections.iter().position(|section| *section == here).unwrap_or(0);
    model.pipeline.section = sections[(at + by) % sections.len()];
    model.pipeline.scroll = 0;
    Vec::new()
}

fn open(model: &mut Model) -> Vec<Effect> {
    let state = &mut model.pipeline;
    match state.view {
        View::Graph if state.in_detail => {
            let Some(uri) = peeked(model) else { return Vec::new() };
            let ticket = model.pipeline.peek_answer.issue();
            let table = TableView { uri: uri.clone(), ticket, found: None, top: 0, left: 0 };
            model.popups.push(Popup::Table(Box::new(table)));
            return vec![Effect::Pipeline(Ask::Peek { ticket, uri })];
        }
        View::Graph => {
            state.in_detail = true;
            state.scroll = 0;
            // What only this step has is what people want to see of it.
            if state.step().is_some_and(|step| matter(step) != Matter::Plain) && state.section == Section::About {
                state.section = Section::Result;
            }
        }
        View::Runs => {
            let Some(arn) = state.runs.selected().map(|summary| summary.run.arn.clone()) else { return Vec::new() };
            return state.show_run(arn);
        }
        View::Models => state.models.open = true,
        View::Endpoints | View::Definition | View::Project => {}
    }
    Vec::new()
}

/// Goes back one level inside of the pane; `None` when there is none.
pub(super) fn back(model: &mut Model) -> Option<Vec<Effect>> {
    let state = &mut model.pipeline;
    if state.runs.compared.take().is_some()
        || state.models.compared.take().is_some()
        || state.models.walk.take().is_some()
        || std::mem::take(&mut state.models.open)
    {
        return Some(Vec::new());
    }
    if std::mem::take(&mut state.in_detail) {
        state.section = Section::About;
        return Some(Vec::new());
    }
    if state.view != View::Graph {
        state.show_view(View::Graph);
        return Some(Vec::new());
    }
    if state.error.take().is_some() || state.beside.take().is_some() {
        return Some(Vec::new());
    }
    // From an execution that was looked up back to the newest one.
    state.chosen.take().map(|_| state.follow())
}

fn ask_parameters(model: &mut Model, before: Vec<(String, String)>, cache: bool) -> Vec<Effect> {
    if executing(model) {
        return start_refused(model);
    }
    model.pipeline.error = None;
    model.pipeline.form_before = (before, cache);
    vec![Effect::Pipeline(Ask::Parameters { ticket: model.pipeline.form_answer.issue() })]
}

fn compare(model: &mut Model) -> Vec<Effect> {
    let state = &mut model.pipeline;
    if state.view == View::Runs {
        let Some(runs) = state.runs.pair() else { return Vec::new() };
        let names = (state.runs.name_of(&runs.0), state.runs.name_of(&runs.1));
        state.runs.compared = Some(Compared { names, found: None, scroll: 0 });
        return vec![Effect::Pipeline(Ask::CompareRuns { ticket: state.runs.compare_answer.issue(), runs })];
    }
    let Some(versions) = state.models.pair() else { return Vec::new() };
    let names = (format!("version {}", versions.0), format!("version {}", versions.1));
    state.models.compared = Some(Compared { names, found: None, scroll: 0 });
    vec![Effect::Pipeline(Ask::CompareModels { ticket: state.models.compare_answer.issue(), versions })]
}

fn deploy(model: &mut Model) -> Vec<Effect> {
    let versions = approved(model);
    let chosen = match model.pipeline.view {
        View::Models => {
            selected_version(model).and_then(|version| versions.iter().position(|other| *other == version)).map_or(0, |at| at + 1)
        }
        _ => 0,
    };
    let production = model.pipeline.view == View::Endpoints
        && model.pipeline.endpoints.selected().is_some_and(|endpoint| endpoint.stage == Stage::Production);
    form(model, Form::deploy(&versions, chosen, production))
}

fn selected_version(model: &Model) -> Option<u32> {
    model.pipeline.models.selected().map(|version| version.version)
}

fn form(model: &mut Model, form: Form) -> Vec<Effect> {
    model.popups.push(Popup::Form(Box::new(form)));
    Vec::new()
}

fn confirm(model: &mut Model, title: &str, body: String, phrase: Option<String>, yes: &'static str, work: Work) -> Vec<Effect> {
    let choice = Choice::Work(Box::new(work));
    model.popups.push(Popup::Confirm(Confirm { title: title.to_owned(), body, phrase, typed: String::new(), yes, choice }));
    Vec::new()
}

fn find(model: &mut Model, forward: bool) -> Vec<Effect> {
    let page = model.viewport.heights[Pane::Pipeline as usize];
    let found = model.pipeline.step_view_mut().is_none_or(|view| view.log.find(forward, page));
    if !found {
        model.say("It is nowhere in the log", false);
    }
    Vec::new()
}

/// Keys while a search of the log is typed.
pub(super) fn search_key(model: &mut Model, key: KeyEvent) -> Option<Vec<Effect>> {
    if model.focus != Pane::Pipeline || !model.pipeline.searching() {
        return None;
    }
    let log = &mut model.pipeline.step_view_mut()?.log;
    match key.code {
        KeyCode::Esc => log.typing = None,
        KeyCode::Enter => {
            let text = log.typing.take().map(|field| field.text).unwrap_or_default();
            log.search = Some(text).filter(|text| !text.is_empty());
            return Some(if log.search.is_some() { find(model, false) } else { Vec::new() });
        }
        _ => {
            let taken = log.typing.as_mut().is_some_and(|field| field.key(key));
            return taken.then(Vec::new);
        }
    }
    Some(Vec::new())
}

pub(super) fn search_paste(model: &mut Model, text: &str) {
    let field = model.pipeline.step_view_mut().and_then(|view| view.log.typing.as_mut());
    if let Some(field) = field {
        field.insert(text.lines().next().unwrap_or_default());
    }
}
