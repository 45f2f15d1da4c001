//! Passwords for the warehouse.

use rand::TryRngCore;
use rand::rngs::OsRng;
use secrecy::SecretString;

use crate::ops::OpError;

/// Characters of a password. Redshift takes printable ASCII without `/ @ " ' \` and space, and asks for at least one upper case letter, one
/// lower case letter and one digit in 8 to 64 characters. Without look-alikes, though nobody is meant to read one.
const UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const LOWER: &[u8] = b"abcdefghijkmnopqrstuvwxyz";
const DIGIT: &[u8] = b"23456789";
const OTHER: &[u8] = b"-_.~+=";

/// 32 characters: about 187 bits.
const LENGTH: usize = 32;

/// A password from the operating system's cryptographic source.
pub fn generate() -> Result<SecretString, OpError> {
    let all: Vec<u8> = [UPPER, LOWER, DIGIT, OTHER].concat();
    let mut characters = vec![pick(UPPER)?, pick(LOWER)?, pick(DIGIT)?];
    while characters.len() < LENGTH {
        characters.push(pick(&all)?);
    }
    // The three that have to be there must not be at a known place (Fisher and Yates).
    for at in (1..characters.len()).rev() {
        characters.swap(at, below(at + 1)?);
    }
    Ok(SecretString::from(characters.into_iter().map(char::from).collect::<String>()))
}

fn pick(from: &[u8]) -> Result<u8, OpError> {
    Ok(from[below(from.len())?])
}

/// An even draw below `bound`, which is at most 256.
fn below(bound: usize) -> Result<usize, OpError> {
    // Bytes from the last, incomplete multiple of the bound on are thrown away: they would favour small results.
    let fair = 256 - 256 % bound;
    loop {
        let mut byte = [0u8];
        OsRng
            .try_fill_bytes(&mut byte)
            .map_err(|error| OpError::failed("", "could not make a password", format!("the system gives no random numbers ({error})")))?;
        if usize::from(byte[0]) < fair {
            return Ok(usize::from(byte[0]) % bound);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::HashSet;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn passwords_obey_redshift_and_differ() {
        let mut seen = HashSet::new();
        for _ in 0..200 {
            let password = generate().unwrap();
            let text = password.expose_secret();
            assert_eq!(text.len(), LENGTH);
            for needed in [UPPER, LOWER, DIGIT] {
                assert!(text.bytes().any(|byte| needed.contains(&byte)));
            }
            assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && !b"/@\"'\\".contains(&byte)));
            assert!(!format!("{password:?}").contains(text));
            assert!(seen.insert(text.to_owned()));
        }
    }
}
