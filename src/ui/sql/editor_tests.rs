//! Screens of the editor.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;

use crate::app::action::Command;
use crate::app::sql::completion::fixture;
use crate::app::sql::editor::Command as Edit;
use crate::app::tests::{full_model, open_model};
use crate::app::{Effect, Model, Msg, Pane, update};
use crate::ui::tests::{at_three_sizes, render};

const SCRIPT: &str = "-- Answers by month\nSELECT d.month, count(*) AS calls, avg(d.duration)\nFROM dm.data d\nJOIN s1.t2 x ON x.column_0 = d.age\nWHERE d.month IN ('mar', 'may')\nGROUP BY d.month;\n";

fn console(text: &str) -> Model {
    let mut model = full_model();
    model.focus = Pane::Sql;
    model.zoomed = true;
    model.sql.tab_mut().replace(text);
    model.sql.catalogs.redshift = fixture::catalog(3, 4);
    model
}

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn typed(model: &mut Model, text: &str) {
    text.chars().for_each(|c| drop(press(model, KeyCode::Char(c))));
}

#[test]
fn suggestions() {
    let mut model = console(SCRIPT);
    for _ in 0..3 {
        press(&mut model, KeyCode::Down);
    }
    press(&mut model, KeyCode::End);
    typed(&mut model, " AND x.col");
    press(&mut model, KeyCode::Down);
    at_three_sizes("suggestions", &model);
}

#[test]
fn the_signature_of_a_call() {
    let mut model = console("SELECT");
    press(&mut model, KeyCode::End);
    typed(&mut model, " json_extract_path_text(details, ");
    assert!(model.sql.tab().call.is_some());
    press(&mut model, KeyCode::Esc);
    assert!(model.sql.tab().call.is_none(), "Esc takes it away");
    typed(&mut model, "'a");
    assert!(model.sql.tab().call.is_some());
    at_three_sizes("signature", &model);
    press(&mut model, KeyCode::Left);
    assert!(model.sql.tab().call.is_some(), "it follows the cursor inside of the call");
    press(&mut model, KeyCode::Home);
    assert!(model.sql.tab().call.is_none());
}

#[test]
fn a_saved_query_and_a_statement_of_the_demonstration_are_put_in_by_their_names() {
    use crate::ops::console::saved::SavedQuery;
    let mut model = console("");
    let engine = model.sql.tab().engine;
    let saved = |name: &str, tags: &[&str]| SavedQuery {
        name: name.into(),
        engine,
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        text: format!("SELECT '{name}';"),
    };
    model.sql.saved = vec![saved("Old customers", &["bank"]), saved("Young customers", &[])];
    typed(&mut model, "cust");
    let list = model.sql.tab().completion.clone().unwrap();
    assert_eq!(list.items.iter().map(|item| item.label.as_str()).collect::<Vec<_>>(), ["Old customers", "Young customers"]);
    at_three_sizes("suggestions_of_queries", &model);
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.sql.tab().text(), "SELECT 'Old customers';");
    model.sql.tab_mut().replace("");
    typed(&mut model, "targ");
    press(&mut model, KeyCode::Tab);
    assert!(model.sql.tab().text().contains("GROUP BY 1"), "{}", model.sql.tab().text());
}

#[test]
fn search_and_replace() {
    let mut model = console(SCRIPT);
    update(&mut model, Msg::Do(Command::Edit(Edit::Replace)));
    typed(&mut model, "d.month");
    press(&mut model, KeyCode::Tab);
    typed(&mut model, "d.\"Month\"");
    at_three_sizes("search_and_replace", &model);
}

#[test]
fn vim_visual() {
    let mut model = console(SCRIPT);
    update(&mut model, Msg::Do(Command::Edit(Edit::VimMode)));
    model.notice = None;
    typed(&mut model, "jVj2f");
    at_three_sizes("vim_visual", &model);
}

#[test]
fn mistake_underlined() {
    let mut model = console("SELECT month, count(*)\nFORM dm.data\nGROUP BY 1;\n\nSELECT 1;");
    press(&mut model, KeyCode::Down);
    let effects = press(&mut model, KeyCode::Char(' '));
    let Some(Effect::CheckSql { ticket, tab, revision, dialect, text }) = effects.into_iter().next() else { panic!("not checked") };
    let found = crate::app::sql::check::mistakes(dialect, &text);
    assert_eq!(found.len(), 1, "{found:?}");
    update(&mut model, Msg::Sql(crate::app::sql::Msg::Checked(ticket, tab, revision, found)));
    at_three_sizes("mistake_underlined", &model);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_pasted_leave_the_frame_whole(bytes in prop::collection::vec(any::<u8>(), 0..400), right in 0_usize..60) {
        let mut model = open_model();
        model.focus = Pane::Sql;
        model.zoomed = true;
        let (empty, _) = render(&model, 80, 24);
        update(&mut model, Msg::Paste(String::from_utf8_lossy(&bytes).into_owned()));
        for _ in 0..right {
            press(&mut model, KeyCode::Left);
        }
        let (text, drawn) = render(&model, 80, 24);
        update(&mut model, Msg::Drawn(drawn.viewport));
        // The frame around the text is where it was.
        let border = |text: &str| text.lines().map(|line| (line.chars().next(), line.chars().last())).collect::<Vec<_>>();
        prop_assert_eq!(border(&text)[..2].to_vec(), border(&empty)[..2].to_vec());
        prop_assert!(text.lines().all(|line| crate::app::text_width::width(line) <= 80));
        let raw = text.contains(['\u{1b}', '\u{7}', '\u{202e}']);
        prop_assert!(!raw, "control characters on the screen");
    }
}

#[test]
fn parameters() {
    let mut model = console("SELECT * FROM dm.data WHERE job = :job AND age > :least_age;");
    update(&mut model, Msg::Do(Command::Console(crate::app::sql::Command::Run)));
    typed(&mut model, "student");
    press(&mut model, KeyCode::Down);
    update(&mut model, Msg::Key(KeyEvent::new(KeyCode::Char('n'), KeyModifiers::CONTROL)));
    at_three_sizes("parameters", &model);
}
