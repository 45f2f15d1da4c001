//! The signature of the call around the cursor, and which of its arguments is being typed.

use std::ops::Range;

use super::functions;
use super::scope::Word;
use crate::app::sql::catalog::Catalog;
use crate::app::sql::lexer::{self, TokenKind};
use crate::syntax::Dialect;

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The name, the arguments in brackets, and the type of what it gives.
    pub text: String,
    /// Where the argument that is being typed stands in `text`; `None` when there is none.
    pub current: Option<Range<usize>>,
    /// The byte of the statement where the name begins.
    pub start: usize,
}

/// The signature of the innermost call that is open at a byte of a statement; `None` outside of calls and for functions that nobody knows.
pub fn signature(text: &str, at: usize, dialect: Dialect, catalog: &Catalog) -> Option<Signature> {
    let head = text.get(..at).filter(|head| head.contains('('))?;
    let tokens = lexer::tokens(dialect, head);
    let words = Word::all(head, &tokens);
    let (name, argument) = open_call(&words)?;
    let word = &words[name];
    let called = word.name().unwrap_or_else(|| word.text.to_owned());
    let schema = match words.get(..name) {
        Some([.., schema, dot]) if dot.text == "." => schema.name(),
        _ => None,
    };
    if let Some(found) = catalog.function(schema.as_deref(), &called) {
        return Some(described(&found.name, &found.arguments(), found.gives.as_deref().unwrap_or_default(), argument, word.start));
    }
    if schema.is_some() {
        return None;
    }
    let found = functions::find(dialect, &called)?;
    Some(described(found.name, found.arguments, found.gives, argument, word.start))
}

/// The name of the innermost call that is open at the end, and how many commas stand in its brackets. Brackets that only group are part of
/// an argument; those around a query are not.
fn open_call(words: &[Word<'_>]) -> Option<(usize, usize)> {
    let (mut depth, mut commas) = (0_usize, 0);
    for (index, word) in words.iter().enumerate().rev() {
        match word.text {
            ")" => depth += 1,
            "(" if depth == 0 => {
                let name = index.checked_sub(1)?;
                if is_name(&words[name]) {
                    return Some((name, commas));
                }
                if words.get(index + 1).is_some_and(|word| word.is("select") || word.is("with")) {
                    return None;
                }
                commas = 0;
            }
            "(" => depth -= 1,
            "," if depth == 0 => commas += 1,
            ";" => return None,
            _ => {}
        }
    }
    None
}

/// Whether a bracket behind the word makes it a call. Words of the language that are functions, too, are among the functions.
fn is_name(word: &Word<'_>) -> bool {
    matches!(word.kind, TokenKind::Function | TokenKind::Word | TokenKind::Type | TokenKind::Quoted)
        || (word.kind == TokenKind::Keyword
            && ["left", "right", "if", "replace", "cast", "coalesce", "nullif"].iter().any(|one| word.is(one)))
}

fn described(name: &str, arguments: &str, gives: &str, argument: usize, start: usize) -> Signature {
    let before = name.len() + 1;
    let text = format!("{name}({arguments}) {gives}").trim_end().to_owned();
    let pieces = pieces(arguments);
    // What may come again stands last; an argument too many has no place.
    let endless = pieces.last().is_some_and(|last| arguments[last.clone()].contains('…'));
    let current = pieces.get(argument).or_else(|| pieces.last().filter(|_| endless));
    Signature { text, current: current.map(|range| range.start + before..range.end + before), start }
}

/// Where the arguments stand, without the signs that say that they can be left out.
fn pieces(arguments: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let (mut depth, mut from) = (0_usize, 0);
    let mut add = |from: usize, to: usize| {
        let outside = |c: char| c.is_whitespace() || matches!(c, '[' | ']');
        let piece = &arguments[from..to];
        let lead = piece.len() - piece.trim_start_matches(outside).len();
        let kept = piece.trim_matches(outside).len();
        if kept > 0 {
            pieces.push(from + lead..from + lead + kept);
        }
    };
    for (at, c) in arguments.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                add(from, at);
                from = at + 1;
            }
            _ => {}
        }
    }
    add(from, arguments.len());
    pieces
}
