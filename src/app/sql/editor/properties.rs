//! What holds for any text and any keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;

use super::lexed::Lexed;
use super::*;

const COMMANDS: [Command; 31] = [
    Command::Undo,
    Command::Redo,
    Command::Cut,
    Command::Copy,
    Command::Paste,
    Command::SelectAll,
    Command::Expand,
    Command::SelectWord,
    Command::SelectLine,
    Command::SelectStatement,
    Command::Find,
    Command::FindNext,
    Command::FindPrevious,
    Command::Replace,
    Command::GoToLine,
    Command::Bracket,
    Command::Comment,
    Command::Indent,
    Command::Outdent,
    Command::MoveUp,
    Command::MoveDown,
    Command::Duplicate,
    Command::Join,
    Command::DeleteLine,
    Command::DeleteToEnd,
    Command::DeleteWordBefore,
    Command::DeleteWordAfter,
    Command::UpperKeywords,
    Command::LowerKeywords,
    Command::Format,
    Command::FormatScript,
];

#[derive(Debug, Clone)]
enum Event {
    Key(KeyEvent),
    Command(Command),
    Paste(String),
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z (),;'\\-/*\\n\\t\"$:]{0,12}",
        Just("e\u{301}".to_owned()),
        Just("\u{301}".to_owned()),
        Just("👩‍👩‍👧".to_owned()),
        Just("\u{200d}".to_owned()),
        Just("\u{1f1e9}".to_owned()),
        Just("日本\u{0}\u{1b}[2J\u{202e}".to_owned()),
        Just("\r\n\r".to_owned()),
        Just("select a, b from t where x in (1);\n".to_owned()),
    ]
}

fn key() -> impl Strategy<Value = KeyEvent> {
    let code = prop_oneof![
        6 => prop::sample::select("hjklwbeWBE0^$gGftFT%{}dcy><uUiapPxXrsSoOAIJvVn*#N/?:.;,~(\"'123 \n".chars().collect::<Vec<_>>()).prop_map(KeyCode::Char),
        1 => any::<char>().prop_map(KeyCode::Char),
        3 => prop::sample::select(vec![
            KeyCode::Esc, KeyCode::Enter, KeyCode::Tab, KeyCode::BackTab, KeyCode::Backspace, KeyCode::Delete, KeyCode::Left,
            KeyCode::Right, KeyCode::Up, KeyCode::Down, KeyCode::Home, KeyCode::End, KeyCode::PageUp, KeyCode::PageDown,
        ]),
    ];
    let modifiers = prop_oneof![
        5 => Just(KeyModifiers::NONE),
        1 => Just(KeyModifiers::SHIFT),
        1 => Just(KeyModifiers::CONTROL),
        1 => Just(KeyModifiers::ALT),
    ];
    (code, modifiers).prop_map(|(code, modifiers)| KeyEvent::new(code, modifiers))
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => key().prop_map(Event::Key),
        2 => prop::sample::select(COMMANDS.to_vec()).prop_map(Event::Command),
        2 => piece().prop_map(Event::Paste),
    ]
}

fn happen(editor: &mut Editor, event: &Event) {
    match event {
        Event::Key(key) => {
            if editor.first(*key) == Reply::Ignored {
                editor.key(*key);
            }
        }
        Event::Command(command) => {
            editor.run(*command);
        }
        Event::Paste(text) => editor.paste(text),
    }
}

fn check(editor: &Editor) {
    let on_boundary = |place: Place| place == editor.text.floor(place);
    assert!(on_boundary(editor.cursor), "cursor {:?} in {:?}", editor.cursor, editor.text);
    if let Some((from, to)) = editor.selection() {
        assert!(on_boundary(from) && on_boundary(to) && from <= to, "selection {from:?} {to:?}");
    }
    assert!(editor.lines().iter().all(|line| !line.contains(['\n', '\r'])));
    let anew = Lexed::new(editor.dialect(), &editor.text);
    for line in 0..editor.text.len() {
        assert_eq!(editor.tokens(line), anew.tokens(line), "line {line} of {:?}", editor.text);
    }
    assert_eq!(editor.statements(), anew.statements(&editor.text));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keys_keep_cursor_and_selection_on_characters(start in piece(), vim in any::<bool>(), events in prop::collection::vec(event(), 0..60)) {
        let mut editor = Editor::with_text(Dialect::Redshift, &start);
        editor.set_vim(vim);
        for event in &events {
            happen(&mut editor, event);
            check(&editor);
        }
    }

    #[test]
    fn undo_goes_back_to_the_start_and_redo_to_the_end(start in piece(), vim in any::<bool>(), events in prop::collection::vec(event(), 0..40)) {
        let mut editor = Editor::with_text(Dialect::Athena, &start);
        let begun = editor.text.whole();
        editor.set_vim(vim);
        for event in &events {
            // An undo on the way followed by a change forgets what was undone, as it should; it would only blur what is tested here.
            if matches!(event, Event::Command(Command::Undo | Command::Redo)) || (vim && matches!(event, Event::Key(key) if matches!(key.code, KeyCode::Char('u' | 'r')))) {
                continue;
            }
            happen(&mut editor, event);
        }
        let end = editor.text.whole();
        let mut texts = vec![end.clone()];
        while editor.undo() {
            texts.push(editor.text.whole());
        }
        prop_assert_eq!(&editor.text.whole(), &begun);
        texts.pop();
        while let Some(expected) = texts.pop() {
            prop_assert!(editor.redo());
            prop_assert_eq!(editor.text.whole(), expected);
        }
        prop_assert!(!editor.redo());
        prop_assert_eq!(editor.text.whole(), end);
    }

    #[test]
    fn any_bytes_can_be_pasted(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut editor = Editor::new(Dialect::Redshift);
        editor.paste(&String::from_utf8_lossy(&bytes));
        check(&editor);
        let mut place = Place::default();
        while place < editor.text.end() {
            let next = editor.text.after(place);
            prop_assert!(next > place);
            prop_assert_eq!(editor.text.before(next), place);
            place = next;
        }
    }
}
