//! Text functions.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::exec_err;
use datafusion::logical_expr::ScalarUDF;
use datafusion::sql::sqlparser::ast::{BinaryOperator, DataType as SqlType};

use super::Rewritten;
use super::cells::{Value, texts};
use super::hashes::hex;
use super::kernel::Kernel;
use super::soundex::{difference, soundex};
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::{Dialect, SqlError};

pub(super) fn rewrite(mut call: Call) -> Result<Rewritten, SqlError> {
    let redshift = call.dialect == Dialect::Redshift;
    let given = call.args.len();
    let expr = match call.name.as_str() {
        // A CHAR has no blanks at its end here, so that the length is that of a text.
        "len" | "length" | "textlen" | "char_length" if redshift => call.renamed("character_length"),
        "charindex" if redshift => {
            let [needle, hay] = call.exactly()?;
            call::function("strpos", vec![hay, needle])
        }
        "replicate" if redshift => call.renamed("repeat"),
        "func_sha1" if redshift => call.renamed("sha1"),
        "sha" if redshift => call.renamed("sha1"),
        // concat() of DataFusion skips NULL; the services' gives NULL.
        "concat" if given >= 2 => {
            let args = std::mem::take(&mut call.args).into_iter();
            let args = args.map(|arg| if redshift { call::cast(arg, SqlType::Varchar(None)) } else { arg });
            let joined = args.reduce(|left, right| call::binary(left, BinaryOperator::StringConcat, right));
            match joined {
                Some(joined) => joined,
                None => return Ok(Rewritten::Other(call)),
            }
        }
        "collate" if redshift => return Err(call.unsupported("COLLATE")),
        "levenshtein_distance" if !redshift => call.renamed("levenshtein"),
        "codepoint" if !redshift => call.renamed("ascii"),
        "replace" if !redshift && given == 2 => {
            let [text, gone] = call.exactly()?;
            call::function("replace", vec![text, gone, call::text("")])
        }
        "strpos" if !redshift && given == 3 => call.renamed("strpos_nth"),
        "substr" | "substring" if !redshift => call.renamed("trino_substr"),
        "word_stem" | "normalize" if !redshift => {
            let name = call.name.clone();
            return Err(call.unsupported(&format!("function {name}")));
        }
        _ => return Ok(Rewritten::Other(call)),
    };
    Ok(Rewritten::Done(expr))
}

pub(super) fn scalar(dialect: Dialect) -> Vec<Arc<ScalarUDF>> {
    match dialect {
        Dialect::Redshift => redshift(),
        Dialect::Athena => trino(),
    }
}

fn position(text: &str, byte: Option<usize>) -> i64 {
    byte.map_or(0, |byte| i64::try_from(text[..byte].chars().count() + 1).unwrap_or(0))
}

fn redshift() -> Vec<Arc<ScalarUDF>> {
    let (text, number, bytes) = (DataType::Utf8, DataType::Int64, DataType::Binary);
    let two = [text.clone(), text.clone()];
    let compare = |name: &'static str| {
        Kernel::cells(name, &[DataType::Utf8, DataType::Utf8], 2, DataType::Int32, |cells| {
            Ok(Value::Int(cells[0].text().trim_end_matches(' ').cmp(cells[1].text().trim_end_matches(' ')) as i64))
        })
    };
    vec![
        Kernel::cells("strtol", &[text.clone(), number.clone()], 2, number.clone(), |cells| {
            let (text, base) = (cells[0].text(), cells[1].int());
            let Some(base) = u32::try_from(base).ok().filter(|base| (2..=36).contains(base)) else {
                return exec_err!("the base of strtol must be between 2 and 36");
            };
            let digits = text.trim();
            let digits = if base == 16 { digits.trim_start_matches("0x") } else { digits };
            match i64::from_str_radix(digits, base) {
                Ok(number) => Ok(Value::Int(number)),
                Err(_) => exec_err!("the input {text} is not valid to be converted to base {base}"),
            }
        }),
        compare("bpcharcmp"),
        compare("bttext_pattern_cmp"),
        Kernel::cells("difference", &two, 2, DataType::Int32, |cells| Ok(Value::Int(difference(cells[0].text(), cells[1].text())))),
        Kernel::cells("soundex", std::slice::from_ref(&text), 1, text.clone(), |cells| Ok(Value::Text(soundex(cells[0].text())))),
        Kernel::cells("octetindex", &two, 2, DataType::Int32, |cells| {
            let found = cells[1].text().find(cells[0].text());
            Ok(Value::Int(found.map_or(0, |byte| i64::try_from(byte + 1).unwrap_or(0))))
        }),
        Kernel::cells("quote_ident", std::slice::from_ref(&text), 1, text.clone(), |cells| {
            let name = cells[0].text();
            let first = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
            let plain = first && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            let reserved = datafusion::sql::sqlparser::keywords::RESERVED_FOR_IDENTIFIER
                .iter()
                .chain(datafusion::sql::sqlparser::keywords::RESERVED_FOR_COLUMN_ALIAS)
                .any(|keyword| format!("{keyword:?}").eq_ignore_ascii_case(name));
            Ok(Value::Text(if plain && !reserved { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }))
        }),
        Kernel::cells("quote_literal", std::slice::from_ref(&text), 1, text.clone(), |cells| {
            Ok(Value::Text(format!("'{}'", cells[0].text().replace('\'', "''"))))
        }),
        Kernel::cells("to_hex", std::slice::from_ref(&number), 1, text.clone(), |cells| Ok(Value::Text(format!("{:x}", cells[0].int())))),
        Kernel::cells("to_varbyte", &two, 2, bytes.clone(), |cells| match cells[1].text().to_lowercase().as_str() {
            "hex" => unhex(cells[0].text()),
            "utf8" | "utf-8" => Ok(Value::Bytes(cells[0].text().as_bytes().to_vec())),
            "base64" => unbase64(cells[0].text()),
            other => exec_err!("the format \"{other}\" of to_varbyte is not one of hex, utf8 and base64"),
        }),
        Kernel::cells("from_hex", std::slice::from_ref(&text), 1, bytes.clone(), |cells| unhex(cells[0].text())),
        Kernel::cells("from_varbyte", &[bytes, text.clone()], 2, text.clone(), |cells| {
            use base64::Engine as _;
            let bytes = cells[0].bytes();
            Ok(Value::Text(match cells[1].text().to_lowercase().as_str() {
                "hex" => hex(bytes),
                "utf8" | "utf-8" => String::from_utf8_lossy(bytes).into_owned(),
                "base64" => base64::engine::general_purpose::STANDARD.encode(bytes),
                other => return exec_err!("the format \"{other}\" of from_varbyte is not one of hex, utf8 and base64"),
            }))
        }),
        // Positions before the first character take from the length, as in PostgreSQL.
        Kernel::cells("substring_index", &[text.clone(), text.clone(), number.clone()], 3, text, |cells| {
            let (text, delimiter, count) = (cells[0].text(), cells[1].text(), cells[2].int());
            let parts: Vec<&str> = text.split(delimiter).collect();
            let count = usize::try_from(count).unwrap_or(0).min(parts.len());
            Ok(Value::Text(parts[..count].join(delimiter)))
        }),
    ]
}

/// The bytes of hexadecimal digits.
pub(super) fn unhex(text: &str) -> datafusion::common::Result<Value> {
    let digits: Option<Vec<u8>> = text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    match digits.filter(|digits| digits.len().is_multiple_of(2)) {
        Some(digits) => Ok(Value::Bytes(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())),
        None => exec_err!("\"{text}\" is not made of pairs of hexadecimal digits"),
    }
}

fn unbase64(text: &str) -> datafusion::common::Result<Value> {
    use base64::Engine as _;
    match base64::engine::general_purpose::STANDARD.decode(text) {
        Ok(bytes) => Ok(Value::Bytes(bytes)),
        Err(_) => exec_err!("\"{text}\" is not base64"),
    }
}

fn trino() -> Vec<Arc<ScalarUDF>> {
    use base64::Engine as _;
    let (text, number, bytes) = (DataType::Utf8, DataType::Int64, DataType::Binary);
    let two = [text.clone(), text.clone()];
    vec![
        Kernel::cells("strpos_nth", &[text.clone(), text.clone(), number.clone()], 3, number.clone(), |cells| {
            let (hay, needle) = (cells[0].text(), cells[1].text());
            let found = match cells[2].int() {
                nth if nth > 0 => hay.match_indices(needle).nth(usize::try_from(nth - 1).unwrap_or(0)),
                nth if nth < 0 => hay.rmatch_indices(needle).nth(usize::try_from(-nth - 1).unwrap_or(0)),
                _ => return exec_err!("INVALID_FUNCTION_ARGUMENT: 'instance' must not be a negative or zero number."),
            };
            Ok(Value::Int(position(hay, found.map(|(byte, _)| byte))))
        }),
        // A position counts from the end when it is negative; 0 is none.
        Kernel::cells("trino_substr", &[text.clone(), number.clone(), number.clone()], 2, text.clone(), |cells| {
            let characters: Vec<char> = cells[0].text().chars().collect();
            let (count, start) = (i64::try_from(characters.len()).unwrap_or(0), cells[1].int());
            let first = if start < 0 { count + start } else { start - 1 };
            if start == 0 || first < 0 || first >= count {
                return Ok(Value::text(""));
            }
            let length = cells.get(2).map_or(count, |cell| cell.int()).max(0);
            let (first, last) =
                (usize::try_from(first).unwrap_or(0), usize::try_from(first.saturating_add(length).min(count)).unwrap_or(0));
            Ok(Value::Text(characters[first..last].iter().collect()))
        }),
        Kernel::cells("split", &[text.clone(), text.clone(), number.clone()], 2, texts(), |cells| {
            let (subject, delimiter) = (cells[0].text(), cells[1].text());
            let part = |part: &str| Some(part.to_owned());
            Ok(Value::Texts(match cells.get(2).map(|cell| cell.int()) {
                Some(limit) if limit < 1 => return exec_err!("INVALID_FUNCTION_ARGUMENT: Limit must be positive"),
                Some(limit) => subject.splitn(usize::try_from(limit).unwrap_or(1), delimiter).map(part).collect(),
                None => subject.split(delimiter).map(part).collect(),
            }))
        }),
        // NULL, not '', when there are fewer parts.
        Kernel::cells("split_part", &[text.clone(), text.clone(), number.clone()], 3, text.clone(), |cells| {
            let index = usize::try_from(cells[2].int()).ok().filter(|index| *index > 0);
            match index {
                Some(index) => Ok(Value::maybe(cells[0].text().split(cells[1].text()).nth(index - 1))),
                None => exec_err!("INVALID_FUNCTION_ARGUMENT: Index must be greater than zero"),
            }
        }),
        Kernel::cells("hamming_distance", &two, 2, number.clone(), |cells| {
            let (left, right): (Vec<char>, Vec<char>) = (cells[0].text().chars().collect(), cells[1].text().chars().collect());
            if left.len() != right.len() {
                return exec_err!("INVALID_FUNCTION_ARGUMENT: The input strings to hamming_distance function must have the same length");
            }
            let differ = left.iter().zip(&right).filter(|(left, right)| left != right).count();
            Ok(Value::Int(i64::try_from(differ).unwrap_or(0)))
        }),
        Kernel::cells("soundex", std::slice::from_ref(&text), 1, text.clone(), |cells| Ok(Value::Text(soundex(cells[0].text())))),
        Kernel::cells("luhn_check", std::slice::from_ref(&text), 1, DataType::Boolean, |cells| {
            let digits: Option<Vec<u32>> = cells[0].text().chars().rev().map(|digit| digit.to_digit(10)).collect();
            let Some(digits) = digits else { return exec_err!("INVALID_FUNCTION_ARGUMENT: Input contains non-digit characters") };
            let doubled = |(index, digit): (usize, u32)| if index % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 };
            Ok(Value::Bool(digits.into_iter().enumerate().map(doubled).sum::<u32>().is_multiple_of(10)))
        }),
        Kernel::cells("to_utf8", std::slice::from_ref(&text), 1, bytes.clone(), |cells| {
            Ok(Value::Bytes(cells[0].text().as_bytes().to_vec()))
        }),
        Kernel::cells("from_utf8", std::slice::from_ref(&bytes), 1, text.clone(), |cells| {
            Ok(Value::Text(String::from_utf8_lossy(cells[0].bytes()).into_owned()))
        }),
        Kernel::cells("to_hex", std::slice::from_ref(&bytes), 1, text.clone(), |cells| {
            Ok(Value::Text(hex(cells[0].bytes()).to_uppercase()))
        }),
        Kernel::cells("from_hex", std::slice::from_ref(&text), 1, bytes.clone(), |cells| unhex(cells[0].text())),
        Kernel::cells("to_base64", std::slice::from_ref(&bytes), 1, text.clone(), |cells| {
            Ok(Value::Text(base64::engine::general_purpose::STANDARD.encode(cells[0].bytes())))
        }),
        Kernel::cells("from_base64", std::slice::from_ref(&text), 1, bytes, |cells| unbase64(cells[0].text())),
        Kernel::cells("from_base", &[text.clone(), number.clone()], 2, number.clone(), |cells| {
            let base = u32::try_from(cells[1].int()).ok().filter(|base| (2..=36).contains(base));
            match base.and_then(|base| i64::from_str_radix(cells[0].text(), base).ok()) {
                Some(number) => Ok(Value::Int(number)),
                None => exec_err!("INVALID_FUNCTION_ARGUMENT: Not a valid base-{} number: {}", cells[1].int(), cells[0].text()),
            }
        }),
        Kernel::cells("to_base", &[number.clone(), number], 2, text, |cells| {
            let Some(base) = u32::try_from(cells[1].int()).ok().filter(|base| (2..=36).contains(base)) else {
                return exec_err!("INVALID_FUNCTION_ARGUMENT: Radix must be between 2 and 36");
            };
            let (mut rest, mut digits) = (cells[0].int().unsigned_abs(), Vec::new());
            loop {
                digits.push(char::from_digit(u32::try_from(rest % u64::from(base)).unwrap_or(0), base).unwrap_or('0'));
                rest /= u64::from(base);
                if rest == 0 {
                    break;
                }
            }
            if cells[0].int() < 0 {
                digits.push('-');
            }
            Ok(Value::Text(digits.into_iter().rev().collect()))
        }),
    ]
}
