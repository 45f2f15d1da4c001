#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;

/// Reads `dw`, `<Esc>`, `<C-r>`, `<S-Right>`, `<A-Up>`.
pub(super) fn parse(text: &str) -> Vec<KeyEvent> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|tail| tail.split_once('>')).filter(|(name, _)| name.len() > 1);
        if let Some((name, tail)) = named {
            rest = tail;
            let mut modifiers = KeyModifiers::NONE;
            let mut name = name;
            loop {
                if let Some(tail) = name.strip_prefix("C-") {
                    modifiers |= KeyModifiers::CONTROL;
                    name = tail;
                } else if let Some(tail) = name.strip_prefix("A-") {
                    modifiers |= KeyModifiers::ALT;
                    name = tail;
                } else if let Some(tail) = name.strip_prefix("S-") {
                    modifiers |= KeyModifiers::SHIFT;
                    name = tail;
                } else {
                    break;
                }
            }
            let code = match name {
                "Esc" => KeyCode::Esc,
                "CR" => KeyCode::Enter,
                "Tab" if modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
                "Tab" => KeyCode::Tab,
                "BS" => KeyCode::Backspace,
                "Del" => KeyCode::Delete,
                "Left" => KeyCode::Left,
                "Right" => KeyCode::Right,
                "Up" => KeyCode::Up,
                "Down" => KeyCode::Down,
                "Home" => KeyCode::Home,
                "End" => KeyCode::End,
                "PageUp" => KeyCode::PageUp,
                "PageDown" => KeyCode::PageDown,
                "lt" => KeyCode::Char('<'),
                single => KeyCode::Char(single.chars().next().unwrap()),
            };
            keys.push(KeyEvent::new(code, modifiers));
        } else {
            rest = &rest[c.len_utf8()..];
            keys.push(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
    }
    keys
}

pub(super) fn press(editor: &mut Editor, text: &str) -> Reply {
    let mut reply = Reply::Done;
    for key in parse(text) {
        reply = editor.first(key);
        if reply == Reply::Ignored {
            reply = editor.key(key);
        }
    }
    reply
}

/// An editor whose text has `|` where the cursor is.
fn with(text: &str) -> Editor {
    let at = text.find('|').unwrap();
    let mut editor = Editor::with_text(Dialect::Redshift, &text.replacen('|', "", 1));
    editor.cursor = editor.text.place(at);
    editor
}

/// The text with `|` where the cursor is.
fn shown(editor: &Editor) -> String {
    let mut text = editor.text.whole();
    text.insert(editor.text.offset(editor.cursor), '|');
    text
}

#[track_caller]
fn standard(before: &str, keys: &str, after: &str) {
    let mut editor = with(before);
    press(&mut editor, keys);
    assert_eq!(shown(&editor), after, "{before:?} {keys}");
}

#[track_caller]
fn command(before: &str, command: Command, after: &str) {
    let mut editor = with(before);
    editor.run(command);
    assert_eq!(shown(&editor), after, "{before:?} {command:?}");
    editor.run(Command::Undo);
    assert_eq!(shown(&editor), before, "undone: {before:?} {command:?}");
}

#[track_caller]
fn vim(before: &str, keys: &str, after: &str) {
    let mut editor = with(before);
    editor.set_vim(true);
    press(&mut editor, keys);
    assert_eq!(shown(&editor), after, "{before:?} {keys}");
}

#[test]
fn typing_moving_and_erasing() {
    standard("|", "select 1", "select 1|");
    standard("ab|", "<Left>x<Right>y", "axby|");
    standard("one two|", "<C-Left><C-BS>x", "x|two");
    standard("one| two", "<C-Del>", "one|");
    standard("a\nbcd\n|", "<Up><End><Down><Up>", "a\nbcd|\n");
    standard("long line|\nx\nlong line", "<Down><Down>", "long line\nx\nlong line|");
    standard("  abc|", "<Home>", "  |abc");
    standard("  |abc", "<Home>", "|  abc");
    standard("e\u{301}|", "<BS>", "|");
    standard("👩‍👩‍👧|x", "<Left><Right><Del>", "👩‍👩‍👧|");
    standard("a|b", "<S-End>X", "aX|");
    standard("one\ntwo|", "<S-Up><S-Home>z", "z|");
    standard("(|)", "<CR>a", "(\n    a|\n)");
    standard("    a|", "<CR>b", "    a\n    b|");
    standard("    |a", "<BS>", "|a");
    standard("where x in (|", "<CR>1<CR>", "where x in (\n    1\n    |");
    standard("a\n|b", "<BS>", "a|b");
    standard("ab|", "<Tab>", "ab  |");
}

#[test]
fn a_closing_bracket_goes_to_where_its_statement_is() {
    standard("  in (\n      1\n      |", ")", "  in (\n      1\n  )|");
}

#[test]
fn commands_of_lines_and_their_undo() {
    command("a\nb|\nc", Command::MoveUp, "b|\na\nc");
    command("a|\nb\nc", Command::MoveDown, "b\na|\nc");
    command("a|\nb", Command::Duplicate, "a\na|\nb");
    command("  a|\n   b", Command::Join, "  a| b");
    command("f(|\n  a)", Command::Join, "f(|a)");
    command("a\nb|\nc", Command::DeleteLine, "a\nc|");
    command("a|b\nc", Command::DeleteToEnd, "a|\nc");
    command("a|\nc", Command::DeleteToEnd, "a|c");
    command("  a|b", Command::Comment, "  -- a|b");
    command("  -- a|b", Command::Comment, "  a|b");
    command("select| a from b", Command::UpperKeywords, "SELECT| a FROM b");
    command("|\tx", Command::Outdent, "|x");
    command("x|", Command::Indent, "    x|");
    command("one two| three", Command::DeleteWordBefore, "one | three");
}

#[test]
fn several_lines_are_commented_and_indented_at_once() {
    let mut editor = with("|a\n\n  b\nc");
    press(&mut editor, "<S-Down><S-Down><S-End>");
    editor.run(Command::Comment);
    assert_eq!(editor.text.whole(), "-- a\n\n--   b\nc");
    editor.run(Command::Comment);
    assert_eq!(editor.text.whole(), "a\n\n  b\nc");
    press(&mut editor, "<Tab>");
    assert_eq!(editor.text.whole(), "    a\n\n      b\nc");
    press(&mut editor, "<S-Tab>");
    assert_eq!(editor.selection(), Some((Place::new(0, 0), Place::new(2, 3))));
}

#[test]
fn typing_is_undone_word_by_word_and_selection_comes_back() {
    let mut editor = with("|");
    press(&mut editor, "select one two");
    editor.undo();
    assert_eq!(shown(&editor), "select one |");
    editor.undo();
    assert_eq!(shown(&editor), "select |");
    editor.redo();
    editor.redo();
    assert_eq!(shown(&editor), "select one two|");
    editor.run(Command::SelectAll);
    press(&mut editor, "x");
    assert_eq!(shown(&editor), "x|");
    editor.undo();
    assert_eq!(editor.selected().unwrap(), "select one two");
}

#[test]
fn cut_copy_and_paste_lines_and_pieces() {
    let mut editor = with("one\nt|wo\nthree");
    assert_eq!(editor.run(Command::Copy), Reply::Copied("two\n".into()));
    editor.run(Command::Paste);
    assert_eq!(shown(&editor), "one\ntwo\nt|wo\nthree");
    press(&mut editor, "<S-Right>");
    assert_eq!(editor.run(Command::Cut), Reply::Copied("w".into()));
    press(&mut editor, "<End>");
    editor.run(Command::Paste);
    assert_eq!(shown(&editor), "one\ntwo\ntow|\nthree");
}

#[test]
fn pasted_line_ends_of_every_kind() {
    let mut editor = with("|");
    editor.paste("a\r\nb\rc");
    assert_eq!(editor.lines(), ["a", "b", "c"]);
}

#[test]
fn selection_grows_from_word_to_everything() {
    let mut editor = with("select a, sum(b|b) from t;\nselect 2;");
    let mut seen = Vec::new();
    for _ in 0..6 {
        editor.run(Command::Expand);
        seen.push(editor.selected().unwrap());
    }
    assert_eq!(
        seen,
        [
            "bb",
            "select a, sum(bb) from t",
            "select a, sum(bb) from t;",
            "select a, sum(bb) from t;\nselect 2;",
            "select a, sum(bb) from t;\nselect 2;",
            "select a, sum(bb) from t;\nselect 2;"
        ]
    );
}

#[test]
fn searching_and_replacing() {
    let mut editor = with("|Foo foo\nfoot (foo)");
    editor.run(Command::Find);
    press(&mut editor, "foo");
    assert_eq!(editor.found.matches.len(), 4);
    assert_eq!(editor.selected().unwrap(), "Foo");
    press(&mut editor, "<CR><CR>");
    assert_eq!(editor.cursor, Place::new(1, 0));
    press(&mut editor, "<Up>");
    assert_eq!(editor.found.number(editor.cursor), Some(2));
    press(&mut editor, "<A-c>");
    assert_eq!(editor.found.matches.len(), 3);
    press(&mut editor, "<A-x><BS><BS><BS>\\bfoo\\b");
    assert_eq!(editor.found.matches.len(), 2);
    press(&mut editor, "<Tab>[$0]");
    assert_eq!(press(&mut editor, "<A-a>"), Reply::Say("Replaced 2 matches; undo brings them back".into(), false));
    assert_eq!(editor.text.whole(), "Foo [foo]\nfoot ([foo])");
    press(&mut editor, "<Esc>");
    editor.undo();
    assert_eq!(editor.text.whole(), "Foo foo\nfoot (foo)");
}

#[test]
fn replacing_one_by_one_goes_round() {
    let mut editor = with("|a b a b a");
    editor.run(Command::Replace);
    press(&mut editor, "a<Tab>x<CR>");
    assert_eq!(editor.text.whole(), "x b a b a");
    press(&mut editor, "<CR><CR>");
    assert_eq!(editor.text.whole(), "x b x b x");
}

#[test]
fn a_pattern_that_cannot_be_read_says_why() {
    let mut editor = with("|abc");
    editor.run(Command::Find);
    press(&mut editor, "<A-x>(");
    assert!(editor.found.error.as_ref().unwrap().contains("unclosed group"), "{:?}", editor.found.error);
    assert!(matches!(press(&mut editor, "<CR>"), Reply::Say(_, true)));
}

#[test]
fn going_to_a_line() {
    let mut editor = with("|a\nb\nc");
    editor.run(Command::GoToLine);
    press(&mut editor, "x2<CR>");
    assert_eq!(editor.cursor, Place::new(1, 0));
}

#[test]
fn brackets_in_text_and_comments_do_not_count() {
    let editor = with("|f(')', /* ) */ (1))");
    assert_eq!(editor.bracket_pair(Place::new(0, 1)), Some((Place::new(0, 1), Place::new(0, 18))));
    assert_eq!(editor.bracket_pair(Place::new(0, 19)), Some((Place::new(0, 18), Place::new(0, 1))));
    assert_eq!(editor.bracket_pair(Place::new(0, 3)), None);
}

#[test]
fn layout_keeps_the_cursor_at_its_token_and_is_undone() {
    let before = "-- keep\nselect a,b from t| where x='a  b' and y=1;\nselect 2";
    let mut editor = with(before);
    assert_eq!(editor.run(Command::Format), Reply::Done);
    let after = shown(&editor);
    assert!(after.starts_with("-- keep\nselect\n    a,\n    b\nfrom\n    t|\nwhere"), "{after}");
    assert!(after.contains("'a  b'") && after.ends_with(";\nselect 2"), "{after}");
    editor.undo();
    assert_eq!(shown(&editor), before);
    editor.run(Command::FormatScript);
    assert!(editor.text.whole().ends_with(";\nselect\n    2"), "{}", editor.text.whole());
}

#[test]
fn what_the_formatter_does_not_understand_stays_as_it_is() {
    for text in ["select $a$ x  y $a$, :p, a::int;|", "select 'it''s' || E'\\'' ;|", "unterminated ' text|"] {
        let mut editor = with(text);
        editor.run(Command::Format);
        let squeeze = |text: &str| text.chars().filter(|c| !c.is_whitespace() && *c != '|').collect::<String>();
        assert_eq!(squeeze(&editor.text.whole()), squeeze(text));
    }
}

#[test]
fn vim_motions() {
    vim("|one two three", "w", "one |two three");
    vim("|one two three", "2w", "one two |three");
    vim("one two |three", "b", "one |two three");
    vim("|one two", "e", "on|e two");
    vim("|one two", "ee", "one tw|o");
    vim("  one |two", "0", "|  one two");
    vim("  one |two", "^", "  |one two");
    vim("|one two", "$", "one tw|o");
    vim("|a\nb\nc", "G", "a\nb\n|c");
    vim("a\nb\n|c", "gg", "|a\nb\nc");
    vim("|a\nb\nc", "2G", "a\n|b\nc");
    vim("|a(b)c", "fb", "a(|b)c");
    vim("|a,b,c", "t,", "|a,b,c");
    vim("|a,b,c", "2f,", "a,b|,c");
    vim("|a,b,c", "f,;", "a,b|,c");
    vim("a,b,|c", "F,", "a,b|,c");
    vim("|f(x (y))", "f(%", "f(x (y)|)");
    vim("|a\nb\n\nc\nd", "}", "a\nb\n|\nc\nd");
    vim("a\nb\n\nc\n|d", "{", "a\nb\n|\nc\nd");
    vim("|a long line\nb\nanother line", "$jj", "a long line\nb\nanother lin|e");
    vim("|one two one", "*", "one two |one");
    vim("|x\nfoo\nfoo", "/foo<CR>", "x\n|foo\nfoo");
    vim("|x\nfoo\nfoo", "/foo<CR>n", "x\nfoo\n|foo");
    vim("|x\nfoo\nfoo", "/foo<CR>nN", "x\n|foo\nfoo");
    vim("x foo y foo |z", "?foo<CR>n", "x |foo y foo z");
}

#[test]
fn vim_operators() {
    vim("|one two three", "dw", "|two three");
    vim("|one two three", "d2w", "|three");
    vim("|one two three", "2dw", "|three");
    vim("one |two\nthree", "dw", "one| \nthree");
    vim("|one two", "cwx<Esc>", "|x two");
    vim("one |two three", "db", "|two three");
    vim("|one two", "d$", "|");
    vim("one |two", "D", "one| ");
    vim("a|b", "Cx<Esc>", "a|x");
    vim("a\n|b\nc", "dd", "a\n|c");
    vim("a\nb\n|c", "dd", "a\n|b");
    vim("|a\nb\nc", "2dd", "|c");
    vim("|a\nb\nc", "dj", "|c");
    vim("|a\nb\nc", "dG", "|");
    vim("  |a\nb", "ccx<Esc>", "  |x\nb");
    vim("|a\nb", "yyp", "a\n|a\nb");
    vim("|a\nb", "yyjP", "a\n|a\nb");
    vim("|ab", "xp", "b|a");
    vim("|abc", "3x", "|");
    vim("|a\nb\nc", ">j", "    |a\n    b\nc");
    vim("    |a", "<lt><lt>", "|a");
    vim("|one two", "gUw", "|ONE two");
    vim("|One", "guu", "|one");
    vim("|one", "g~~", "|ONE");
    vim("|abc", "rx", "|xbc");
    vim("|abc", "2r-", "-|-c");
    vim("|abc", "~~", "AB|c");
    vim("|a\n  b", "J", "a| b");
    vim("|one", "sx<Esc>", "|xne");
    vim("a,|b,c", "dt,", "a,|,c");
    vim("a|(b)", "d%", "|a");
    vim("|one two", "yiwwP", "one on|etwo");
}

#[test]
fn vim_repeats_what_was_done_to_a_selection() {
    vim("|one two three four", "ved.", "|o three four");
    vim("|a\nb\nc\nd\ne", "Vjd.", "|e");
    vim("|abc abc", "vlcxy<Esc>w.", "xyc x|yc");
    vim("|ab\nab", "vlUj0.", "AB\n|AB");
    vim("|a\nb\nc\nd", "Vj>2j.", "    a\n    b\n    |c\n    d");
    vim("|aaaa bbbb", "vlrxw.", "xxaa |xxbb");
    vim("|ab\ncd\nef\ngh\nij", "vjd.", "|f\ngh\nij");
    vim("|one two", "veyp.", "ooneon|ene two");
    vim("ab ab |ab", "vld.", "ab a|b");
}

#[test]
fn vim_text_objects() {
    vim("one t|wo three", "diw", "one | three");
    vim("one t|wo three", "daw", "one |three");
    vim("one t|wo", "daw", "on|e");
    vim("f(a, |b)", "di(", "f(|)");
    vim("f(a, |b) c", "da(", "f| c");
    vim("x 'a |b' y", "ci'q<Esc>", "x '|q' y");
    vim("|x \"a b\" y", "di\"", "x \"|\" y");
    vim("a\n\n|b\nc\n\nd", "dip", "a\n\n|\nd");
    vim("a\n\n|b\nc\n\nd", "dap", "a\n\n|d");
}

#[test]
fn vim_inserts_repeats_and_undoes() {
    vim("|b", "ia<Esc>", "|ab");
    vim("|b", "aa<Esc>", "b|a");
    vim("a|b", "Ix<Esc>", "|xab");
    vim("|ab", "Ax<Esc>", "ab|x");
    vim("  |a", "ob<Esc>", "  a\n  |b");
    vim("  |a", "Ob<Esc>", "  |b\n  a");
    vim("|", "3ix<Esc>", "xx|x");
    vim("|one two three", "dw.", "|three");
    vim("|a\nb", "Ax<Esc>j.", "ax\nb|x");
    vim("|one two three", "cwx<Esc>w.w.", "x x |x");
    vim("|one two", "dwu", "|one two");
    vim("|one two", "dwu<C-r>", "|two");
    vim("|", "ione two<Esc>u", "|");
    vim("|a", "ob<Esc>ccx<Esc>u", "a\n|b");
}

#[test]
fn vim_visual_modes() {
    vim("|one two", "vex", "| two");
    vim("|one two", "veU", "|ONE two");
    vim("|a\nb\nc", "Vjd", "|c");
    vim("|a\nb\nc", "VjJ", "a| b\nc");
    vim("one |two", "vbd", "|wo");
    vim("one |two x", "viwcq<Esc>", "one |q x");
    vim("|one two", "yiwwviwp", "one on|e");
    vim("|abc", "vl<Esc>", "a|bc");
    vim("a|bc", "vlohd", "|");
    vim("|abc\nd", "v$y$p", "abcab|c\nd");
    vim("|abc", "vlrx", "|xxc");
}

#[test]
fn vim_commands_behind_the_colon() {
    vim("|a\nb\nc", ":2<CR>", "a\n|b\nc");
    vim("|a a\na", ":%s/a/b/g<CR>", "b b\n|b");
    vim("|a a\na", ":s/a/b/<CR>", "|b a\na");
    let mut editor = with("|a");
    editor.set_vim(true);
    assert_eq!(press(&mut editor, ":q<CR>"), Reply::Close);
    assert!(matches!(press(&mut editor, ":w<CR>"), Reply::Say(_, false)));
    assert!(matches!(press(&mut editor, ":nope<CR>"), Reply::Say(_, true)));
    press(&mut editor, "/a<CR>:noh<CR>");
    assert!(!editor.found.shown);
}

#[test]
fn keys_that_vim_has_no_use_for_are_for_others() {
    let mut editor = with("|a");
    editor.set_vim(true);
    for key in parse("<A-1><C-q><C-p><Tab>") {
        assert_eq!(editor.first(key), Reply::Ignored, "{key:?}");
    }
    assert_eq!(editor.first(parse("<Esc>")[0]), Reply::Done);
    press(&mut editor, "i");
    assert_eq!(editor.first(parse("x")[0]), Reply::Ignored, "typed by the second chance");
}
