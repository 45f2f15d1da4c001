//! The prediction form among the other panes: its prompts and lists, what is pasted into it, and what is said about it.

use crossterm::event::KeyCode;

use crate::app::model::Model;
use crate::app::popup::{Choice as Chosen, Confirm, Item, Picker, Popup, Prompt, PromptUse};
use crate::app::predict::ask::{Ask, Told};
use crate::app::predict::beside::{Command as Beside, View};
use crate::app::predict::{Choice, Command, Customer, Msg, Origin, Past};
use crate::app::{Effect, Pane, pipeline};
use crate::demo::figures;
use crate::ops::examples::{Example, LONGEST_NAME};

/// What a condition looks like.
const FILTER_HINT: &str = "such as: age > 60 and poutcome = 'success'   (empty: the test rows again)";
/// Changed columns that a line of the history names.
const NAMED: usize = 2;

pub(super) fn available(model: &Model, command: Command) -> bool {
    let open = model.identity().is_some();
    let form = !model.predict.fields.is_empty();
    match command {
        Command::Previous => {
            let customers = &model.predict.customers;
            customers.at.is_some_and(|at| at > 0 || (customers.filter.is_some() && customers.drawn.len() > 1))
        }
        Command::Any => form && model.predict.customers.drawn.len() > 1,
        Command::Filter => open && model.predict.model.is_some(),
        Command::Save => model.focus == Pane::Predict && form,
        Command::Examples => open && model.predict.model.is_some(),
        Command::History => !model.predict.past.is_empty() && model.predict.model.is_some(),
        Command::Batch => open && model.predict.model.as_ref().is_some_and(|model| model.version.is_some()) && !scoring(model),
    }
}

pub(super) fn available_beside(model: &Model, command: Beside) -> bool {
    let view = model.predict.beside.view;
    let here = match command {
        Beside::Why | Beside::Threshold | Beside::Roads | Beside::Dependence | Beside::Importance | Beside::Segments => true,
        Beside::Differences => view == View::Segments,
        Beside::LowerThreshold | Beside::HigherThreshold | Beside::BestThreshold | Beside::OwnThreshold => {
            matches!(view, View::Threshold | View::Segments)
        }
        Beside::CheaperCall | Beside::DearerCall | Beside::SmallerValue | Beside::LargerValue => view == View::Threshold,
    };
    here && !model.predict.fields.is_empty()
}

fn scoring(model: &Model) -> bool {
    model.pipeline.doing(|work| matches!(work, pipeline::Work::Score { .. }))
}

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Previous => model.predict.previous_customer(),
        Command::Any => model.predict.any_customer(),
        Command::Filter => {
            let text = model.predict.customers.filter.as_ref().map(|filter| filter.text.clone()).unwrap_or_default();
            ask_filter(model, text, FILTER_HINT.to_owned())
        }
        Command::Save => {
            let text = match &model.predict.customer {
                Some(Customer { origin: Origin::Example(name), .. }) => name.clone(),
                _ => String::new(),
            };
            ask(model, "Save the customer as", "a name to find it by".to_owned(), text, PromptUse::Example);
            // So that no example is replaced unasked.
            vec![Effect::Form(Ask::Examples { show: false })]
        }
        Command::Examples => vec![Effect::Form(Ask::Examples { show: true })],
        Command::History => history(model),
        Command::Batch => {
            let version = model.predict.model.as_ref().and_then(|model| model.version);
            let (Some(version), Some(identity)) = (version, model.identity()) else { return Vec::new() };
            let (schema, table) = (&identity.scenario.schema, &identity.scenario.table);
            let form = pipeline::form::Form::score(version, &format!("{schema}.{table}"), &format!("{schema}.scores"));
            model.popups.push(Popup::Form(Box::new(form)));
            Vec::new()
        }
    }
}

/// Asks for a text; the title is about customers.
fn ask(model: &mut Model, title: &str, hint: String, text: String, purpose: PromptUse) -> Vec<Effect> {
    let title = model.speak(title).into_owned();
    model.popups.push(Popup::Prompt(Prompt { title, hint, text, purpose }));
    Vec::new()
}

fn ask_filter(model: &mut Model, text: String, hint: String) -> Vec<Effect> {
    ask(model, "Customers with", hint, text, PromptUse::Filter)
}

/// The predictions of this session, newest first.
fn history(model: &mut Model) -> Vec<Effect> {
    let items = model.predict.past.iter().rev().map(|past| line(past, model.row())).collect();
    model.popups.push(Popup::Picker(Picker::new("Predictions of this session", items).with_keys("go back to it", &[])));
    Vec::new()
}

fn line(past: &Past, row: &str) -> Item {
    let who = match &past.customer.origin {
        Origin::Test | Origin::Filter => format!("{row} {}", past.customer.number),
        Origin::Example(name) => name.clone(),
        Origin::Past(number) => format!("prediction {number}"),
        Origin::Given => "given".to_owned(),
    };
    let mut changes: Vec<String> = past.changes.iter().take(NAMED).map(|(column, _, to)| format!("{column} {to}")).collect();
    if past.changes.len() > NAMED {
        changes.push(format!("{} more", past.changes.len() - NAMED));
    }
    let changed = if changes.is_empty() { String::new() } else { format!(", {}", changes.join(", ")) };
    let version = past.version.map(|version| format!("version {version}, ")).unwrap_or_default();
    Item {
        label: format!("{:>3}  {:>7}  {:<3}  {who}{changed}", past.number, figures::percent(past.score), past.decision),
        detail: String::new(),
        mark: format!("{version}{}", figures::duration(past.latency.as_secs_f64())),
        choice: Chosen::Form(Choice::Past(past.number)),
    }
}

/// Does what was chosen in a component over the form.
pub(super) fn chosen(model: &mut Model, choice: Choice) -> Vec<Effect> {
    match choice {
        Choice::Filter(text) => match model.predict.filter(&text) {
            Ok(effects) => effects,
            // The text stays, with what is wrong below it.
            Err(error) => ask_filter(model, text, format!("✖ {error}")),
        },
        Choice::Save(name) => save(model, &name, false),
        Choice::Replace(name) => save(model, &name, true),
        Choice::Example(example) => model.predict.show_example(*example),
        Choice::Delete(name) => vec![Effect::Form(Ask::Delete(name))],
        Choice::Past(number) => model.predict.go_back(number),
    }
}

fn save(model: &mut Model, name: &str, agreed: bool) -> Vec<Effect> {
    let again =
        |model: &mut Model, hint: &str| ask(model, "Save the customer as", format!("✖ {hint}"), name.to_owned(), PromptUse::Example);
    if name.is_empty() {
        return again(model, "an example needs a name");
    }
    if name.chars().count() > LONGEST_NAME {
        return again(model, "the name is too long");
    }
    let row = match model.predict.row() {
        Ok(row) => row,
        Err(field) => {
            let text = format!("`{}` cannot be asked; correct it first, then save", field.column.name);
            model.say(text, true);
            return Vec::new();
        }
    };
    if !agreed && model.predict.examples.iter().any(|known| known == name) {
        model.popups.push(Popup::Confirm(Confirm {
            title: format!("Replace “{name}”?"),
            body: model.speak("There is an example of this name. The customer in the form takes its place.").into_owned(),
            phrase: None,
            typed: String::new(),
            yes: "Replace it",
            choice: Chosen::Form(Choice::Replace(name.to_owned())),
        }));
        return Vec::new();
    }
    vec![Effect::Form(Ask::Save(Example { name: name.to_owned(), row }))]
}

/// The key that removes the selected line of a list.
pub(super) fn deletes(model: &mut Model, choice: Choice) -> Vec<Effect> {
    if let Choice::Example(example) = choice {
        model.popups.push(Popup::Confirm(Confirm {
            title: format!("Delete “{}”?", example.name),
            body: model.speak("The saved example is removed. The customers of the data stay as they are.").into_owned(),
            phrase: None,
            typed: String::new(),
            yes: "Delete it",
            choice: Chosen::Form(Choice::Delete(example.name)),
        }));
    }
    Vec::new()
}

/// Fills the form from a pasted text.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match model.predict.paste(text) {
        Ok((told, effects)) => {
            model.say(told, false);
            effects
        }
        Err(why) => {
            model.say(format!("That is no {}: {why}", model.row()), true);
            Vec::new()
        }
    }
}

pub(super) fn on_msg(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Told(Told::Examples(found, show)) => {
            let saved = match found {
                Ok(saved) => saved,
                Err(why) => {
                    model.say(format!("The examples cannot be read: {why}"), true);
                    return Vec::new();
                }
            };
            if let Some(problem) = saved.problems.first() {
                model.say(problem.clone(), true);
            }
            model.predict.examples = saved.examples.iter().map(|example| example.name.clone()).collect();
            if show && model.focus == Pane::Predict && model.popups.is_empty() {
                examples(model, saved.examples);
            }
            Vec::new()
        }
        Msg::Told(Told::Kept(answer)) => {
            let bad = answer.is_err();
            model.say(answer.unwrap_or_else(|why| why), bad);
            Vec::new()
        }
        msg => model.predict.update(msg),
    }
}

fn examples(model: &mut Model, examples: Vec<Example>) {
    if examples.is_empty() {
        model.say(format!("No example is saved yet; s saves the {} in the form", model.row()), false);
        return;
    }
    let columns: Vec<&str> = model.predict.fields.iter().take(4).map(|field| field.column.name.as_str()).collect();
    let detail = |example: &Example| {
        let values = columns.iter().filter_map(|column| example.row.get(*column)).map(|value| match value {
            serde_json::Value::String(text) => text.chars().take(24).collect(),
            other => other.to_string(),
        });
        values.collect::<Vec<String>>().join(", ")
    };
    let items = examples
        .into_iter()
        .map(|example| Item {
            label: example.name.clone(),
            detail: detail(&example),
            mark: String::new(),
            choice: Chosen::Form(Choice::Example(Box::new(example))),
        })
        .collect();
    let picker = Picker::new("Saved examples", items).with_keys("show it", &[(KeyCode::Delete, "delete")]);
    model.popups.push(Popup::Picker(picker));
}
