//! Paging: opaque tokens that only the listing that gave them accepts, and only whole.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A token for `position` in the listing `scope` (operation and filters). The same scope must be given to read it back.
pub fn token(scope: &str, position: &str) -> String {
    URL_SAFE_NO_PAD.encode([&check(scope, position)[..], position.as_bytes()].concat())
}

/// The position in a token, `None` when the token is damaged or belongs to another listing.
pub fn position(scope: &str, token: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (given, position) = bytes.split_at_checked(CHECK_BYTES)?;
    let position = std::str::from_utf8(position).ok()?;
    (given == check(scope, position)).then(|| position.to_owned())
}

const CHECK_BYTES: usize = 12;

fn check(scope: &str, position: &str) -> [u8; CHECK_BYTES] {
    let digest = Sha256::new().chain_update(scope).chain_update([0]).chain_update(position).finalize();
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&digest[..CHECK_BYTES]);
    check
}

/// A token that does not belong to the listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is not one that this listing gave")]
pub struct BadToken;

/// One page of `items`, which are in the order of their `key`s: what follows the key in `token`, `size` items at most, and the token of
/// the next page. Items that appear or go between two pages do not shift the others.
pub fn page<T, K: Fn(&T) -> String>(
    scope: &str,
    items: impl IntoIterator<Item = T>,
    key: K,
    token: Option<&str>,
    size: usize,
) -> Result<(Vec<T>, Option<String>), BadToken> {
    let after = match token {
        Some(token) => Some(position(scope, token).ok_or(BadToken)?),
        None => None,
    };
    let mut rest = items.into_iter().filter(|item| after.as_ref().is_none_or(|after| key(item) > *after));
    let page: Vec<T> = rest.by_ref().take(size).collect();
    let next = if rest.next().is_some() { page.last().map(|last| self::token(scope, &key(last))) } else { None };
    Ok((page, next))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn pages_cover_everything_once() {
        let names = ["a", "b", "c", "d", "e"];
        let (first, next) = page("List", names, |name| (*name).to_owned(), None, 2).unwrap();
        assert_eq!(first, ["a", "b"]);
        // `c` went away and `bb` came between the two pages.
        let changed = ["a", "b", "bb", "d", "e"];
        let (second, next) = page("List", changed, |name| (*name).to_owned(), next.as_deref(), 2).unwrap();
        assert_eq!(second, ["bb", "d"]);
        let (last, next) = page("List", changed, |name| (*name).to_owned(), next.as_deref(), 2).unwrap();
        assert_eq!(last, ["e"]);
        assert_eq!(next, None);
    }

    #[test]
    fn a_full_last_page_has_no_next() {
        let (page, next) = page("List", ["a", "b"], |name| (*name).to_owned(), None, 2).unwrap();
        assert_eq!((page.len(), next), (2, None));
    }

    #[test]
    fn foreign_and_damaged_tokens_are_refused() {
        let good = token("ListTables dm", "41");
        assert_eq!(position("ListTables dm", &good).as_deref(), Some("41"));
        assert_eq!(position("ListTables public", &good), None);
        assert_eq!(position("ListTables dm", "41"), None);
        let mut damaged = good.into_bytes();
        damaged[3] = if damaged[3] == b'A' { b'B' } else { b'A' };
        assert_eq!(position("ListTables dm", std::str::from_utf8(&damaged).unwrap()), None);
    }
}
