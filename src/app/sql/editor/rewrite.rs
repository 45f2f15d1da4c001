//! Changes that leave the meaning of SQL as it is: the case of keywords, and the layout.

use sqlformat::{FormatOptions, Indent, QueryParams};

use super::super::lexer::{self, TokenKind};
use super::Editor;
use super::history::Kind;
use super::text::Place;

impl Editor {
    /// Puts the keywords of the selection, or of the statement under the cursor, in upper or lower case.
    pub(super) fn keyword_case(&mut self, upper: bool) -> bool {
        let Some((from, to)) = self.selection().or_else(|| self.statement().map(|extent| (extent.start, extent.end))) else { return false };
        let caret = self.caret();
        let before = self.revision;
        self.edit(Kind::Whole, |editor| {
            for line in from.line..=to.line {
                // A copy: every change reads the line again.
                for token in editor.tokens(line).to_vec() {
                    let inside = (line > from.line || token.start >= from.byte) && (line < to.line || token.end <= to.byte);
                    if token.kind == TokenKind::Keyword && inside {
                        let word = &editor.text.line(line)[token.start..token.end];
                        let word = if upper { word.to_ascii_uppercase() } else { word.to_ascii_lowercase() };
                        editor.change(Place::new(line, token.start), Place::new(line, token.end), &word);
                    }
                }
            }
            editor.put_caret(caret);
        });
        self.revision != before
    }

    /// Lays out the statement under the cursor, or every statement. Comments between statements, and semicolons, stay where they are. The
    /// cursor stays at the token where it was.
    pub(super) fn format(&mut self, whole: bool) -> bool {
        let extents = if whole { self.statements() } else { self.statement().into_iter().collect() };
        let before = self.revision;
        let cursor = self.cursor;
        let dialect = self.dialect();
        self.edit(Kind::Whole, |editor| {
            for extent in extents.iter().rev() {
                let old = editor.text.slice(extent.start, extent.end);
                let new = laid_out(dialect, &old);
                if significant(dialect, &old) != significant(dialect, &new) {
                    // The formatter has not understood the text: better ugly than wrong.
                    continue;
                }
                let holds = extent.start <= cursor && cursor <= extent.end;
                let at = holds
                    .then(|| editor.text.offset(cursor) - editor.text.offset(extent.start))
                    .map(|at| same_place(dialect, &old, at, &new));
                let start = editor.text.offset(extent.start);
                editor.change(extent.start, extent.end, &new);
                if let Some(at) = at {
                    editor.cursor = editor.text.place(start + at);
                } else if extent.end < cursor {
                    let lines = new.matches('\n').count() as isize - old.matches('\n').count() as isize;
                    let same_line = extent.end.line == cursor.line;
                    if !same_line {
                        editor.cursor.line = editor.cursor.line.saturating_add_signed(lines);
                    }
                }
            }
        });
        self.revision != before
    }
}

/// A statement as people lay it out.
fn laid_out(dialect: crate::syntax::Dialect, sql: &str) -> String {
    let options = FormatOptions {
        indent: Indent::Spaces(crate::app::TAB as u8),
        uppercase: None,
        lines_between_queries: 1,
        dialect: match dialect {
            crate::syntax::Dialect::Redshift => sqlformat::Dialect::PostgreSql,
            crate::syntax::Dialect::Athena => sqlformat::Dialect::Generic,
        },
        ..FormatOptions::default()
    };
    sqlformat::format(sql, &QueryParams::None, &options)
}

/// Everything that is not space, with the space in quotes and comments as it is.
fn significant(dialect: crate::syntax::Dialect, sql: &str) -> String {
    lexer::tokens(dialect, sql)
        .iter()
        .filter(|token| token.kind != TokenKind::Space)
        .map(|token| if token.kind == TokenKind::Comment { sql[token.start..token.end].trim() } else { &sql[token.start..token.end] })
        .collect()
}

/// Where in the new layout the place `at` of the old one is: behind as many characters that count.
fn same_place(dialect: crate::syntax::Dialect, old: &str, at: usize, new: &str) -> usize {
    let head = old.get(..at).unwrap_or(old);
    let mut left = significant(dialect, head).chars().filter(|c| !c.is_whitespace()).count();
    for (index, c) in new.char_indices() {
        if left == 0 {
            // At the start of a token rather than behind the one before, when it was there.
            let touches = head.chars().next_back().is_none_or(char::is_whitespace);
            let gap = new[index..].len() - new[index..].trim_start().len();
            return if touches { index + gap } else { index };
        }
        if !c.is_whitespace() {
            left -= 1;
        }
    }
    new.len()
}
