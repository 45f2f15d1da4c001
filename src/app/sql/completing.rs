//! Suggestions in a tab: what is known at the cursor, when the list opens, and what choosing does.

use std::collections::BTreeSet;

use super::completion::{self, List, Request, Signature, Snippet, Suggestion};
use super::editor::text::Place;
use super::lexer::{self, TokenKind};
use super::{State, dialect};

/// Bytes of a statement around the cursor that are read; a statement that long is data.
const WINDOW: usize = 48 << 10;

impl State {
    /// Opens the list at the cursor, brings it up to date, or closes it when there is nothing to say. `asked` says that the reader wants it.
    pub fn suggest(&mut self, asked: bool) {
        let list = self.suggestions(asked);
        let tab = self.tab_mut();
        let deliberate = tab.completion.as_ref().is_some_and(|list| list.deliberate);
        // Typing on keeps the list deliberate, though what was selected in it is another now.
        tab.completion = list.map(|list| List { deliberate: asked || (deliberate && list.deliberate), ..list });
    }

    fn suggestions(&self, asked: bool) -> Option<List> {
        let tab = self.tab();
        let editor = &tab.editor;
        if editor.bar().is_some() || editor.selection().is_some() {
            return None;
        }
        let (text, start, at) = around(editor);
        let parameters = self.named_parameters(&text);
        let snippets = self.snippets();
        let request = Request {
            text: &text,
            at,
            dialect: dialect(tab.engine),
            catalog: self.catalogs.of(tab.engine),
            parameters: &parameters,
            snippets: &snippets,
        };
        let suggestions = completion::suggest(&request);
        let begins = editor.text().place(start + suggestions.start);
        List::open(suggestions, begins, asked)
    }

    /// What can be put in as a whole: the reader's own queries for the engine of the tab, then the statements of the demonstration.
    fn snippets(&self) -> Vec<Snippet> {
        let engine = self.tab().engine;
        let saved = self.saved.iter().filter(|query| query.engine == engine).map(|query| Snippet {
            title: query.name.clone(),
            tags: query.tags.clone(),
            text: query.text.clone(),
            origin: "saved",
        });
        let demo = self.library.iter().filter(|entry| entry.engine == engine).map(|entry| Snippet {
            title: entry.title.clone(),
            tags: Vec::new(),
            text: entry.text.clone(),
            origin: "demonstration",
        });
        saved.chain(demo).collect()
    }

    /// Brings up to date which call the cursor is in; `typed` says that the reader has just typed there.
    pub fn follow_call(&mut self, typed: bool) {
        let found = if typed { self.call() } else { None };
        self.tab_mut().call = found;
    }

    fn call(&self) -> Option<(Place, Signature)> {
        let tab = self.tab();
        if tab.editor.bar().is_some() || tab.editor.selection().is_some() {
            return None;
        }
        let (text, start, at) = around(&tab.editor);
        let found = completion::signature(&text, at, dialect(tab.engine), self.catalogs.of(tab.engine))?;
        let place = tab.editor.text().place(start + found.start);
        Some((place, found))
    }

    /// Parameters that the statement names elsewhere.
    fn named_parameters(&self, text: &str) -> Vec<String> {
        let tokens = lexer::tokens(dialect(self.tab().engine), text);
        let names: BTreeSet<String> = tokens
            .iter()
            .filter(|token| token.kind == TokenKind::Parameter)
            .map(|token| text[token.start + 1..token.end].to_owned())
            .collect();
        names.into_iter().collect()
    }

    /// Puts a suggestion into the text.
    pub fn accept(&mut self, suggestion: &Suggestion) {
        let tab = self.tab_mut();
        let Some(list) = tab.completion.take() else { return };
        let editor = &mut tab.editor;
        let before = editor.revision();
        // What stands behind the cursor of the same word goes too.
        let cursor = editor.cursor();
        let line = editor.text().line(cursor.line);
        let rest = lexer::word(&line[cursor.byte..]);
        let end = Place::new(cursor.line, cursor.byte + rest);
        editor.replace_range(list.start, end, &suggestion.insert);
        editor.step_back(suggestion.back);
        tab.edited(before);
    }
}

/// The statement around the cursor, its first byte in the text, and the cursor in it.
fn around(editor: &super::editor::Editor) -> (String, usize, usize) {
    let text = editor.text();
    let (from, to) = editor.piece();
    let cursor = editor.cursor();
    let (start, end, at) = (text.offset(from), text.offset(to), text.offset(cursor));
    let from = if at - start > WINDOW { text.place(at - WINDOW) } else { from };
    let to = if end - at > WINDOW { text.place(at + WINDOW) } else { to };
    let start = text.offset(from);
    (text.slice(from, to), start, at - start)
}
