//! The values that a client binds to a statement's places, as text or in binary.

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};

use super::failure::{Failure, Outcome};
use super::types::{self, Oid};
use super::{numeric, rows};
use crate::local::engine::BoundValue;

/// The format of an item when the client has said all, one, or no format.
pub(super) fn format_of(codes: &[i16], index: usize) -> i16 {
    match codes {
        [] => 0,
        [one] => *one,
        each => each.get(index).copied().unwrap_or_default(),
    }
}

/// The values of a statement with places of `kinds`.
pub(super) fn values(parameters: &[Option<Bytes>], formats: &[i16], kinds: &[Oid]) -> Outcome<Vec<BoundValue>> {
    if parameters.len() != kinds.len() {
        let message = format!("bind message supplies {} parameters, but prepared statement requires {}", parameters.len(), kinds.len());
        return Err(Failure::new("08P01", message));
    }
    let value = |(index, (bytes, &kind)): (usize, (&Option<Bytes>, &Oid))| {
        let sql_type = types::name_of(kind);
        let Some(bytes) = bytes else { return Ok(BoundValue { text: None, sql_type }) };
        let text = if format_of(formats, index) == 1 {
            binary(kind, bytes)
                .ok_or_else(|| Failure::new("22P03", format!("incorrect binary data format in bind parameter {}", index + 1)))?
        } else {
            std::str::from_utf8(bytes).map_err(|_| Failure::new("22021", "a parameter is not valid UTF-8"))?.to_owned()
        };
        Ok(BoundValue { text: Some(text), sql_type })
    };
    parameters.iter().zip(kinds).enumerate().map(value).collect()
}

/// A binary value as the literal that stands for it.
fn binary(kind: Oid, bytes: &[u8]) -> Option<String> {
    let moment = || DateTime::from_timestamp_micros(i64::from_be_bytes(bytes.try_into().ok()?).checked_add(rows::EPOCH)?);
    Some(match kind {
        types::BOOL => if bytes == [0] { "false" } else { "true" }.to_owned(),
        types::INT2 => i16::from_be_bytes(bytes.try_into().ok()?).to_string(),
        types::INT4 => i32::from_be_bytes(bytes.try_into().ok()?).to_string(),
        types::OID => u32::from_be_bytes(bytes.try_into().ok()?).to_string(),
        types::INT8 => i64::from_be_bytes(bytes.try_into().ok()?).to_string(),
        types::FLOAT4 => f32::from_be_bytes(bytes.try_into().ok()?).to_string(),
        types::FLOAT8 => f64::from_be_bytes(bytes.try_into().ok()?).to_string(),
        types::NUMERIC => numeric::decode(bytes)?,
        types::DATE => {
            let days = i64::from(i32::from_be_bytes(bytes.try_into().ok()?)) + i64::from(rows::EPOCH_DAYS);
            NaiveDate::default().checked_add_signed(TimeDelta::try_days(days)?)?.to_string()
        }
        types::TIME => {
            let micros = i64::from_be_bytes(bytes.try_into().ok()?);
            (NaiveTime::MIN + TimeDelta::microseconds(micros)).format("%H:%M:%S%.6f").to_string()
        }
        types::TIMESTAMP => moment()?.format("%Y-%m-%d %H:%M:%S%.6f").to_string(),
        types::TIMESTAMPTZ => moment()?.format("%Y-%m-%d %H:%M:%S%.6f+00").to_string(),
        0 | types::TEXT | types::VARCHAR | types::BPCHAR | types::NAME | types::CHAR | types::UNKNOWN => {
            std::str::from_utf8(bytes).ok()?.to_owned()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_values_are_read() {
        for (kind, bytes, text) in [
            (types::INT2, vec![0xFF, 0xFE], "-2"),
            (types::INT8, vec![0, 0, 0, 0, 0, 0, 1, 0], "256"),
            (types::BOOL, vec![1], "true"),
            (types::DATE, vec![0, 0, 0, 1], "2000-01-02"),
            (types::TIMESTAMP, vec![0, 0, 0, 0, 0, 0x0F, 0x42, 0x40], "2000-01-01 00:00:01.000000"),
            (types::TEXT, b"it's".to_vec(), "it's"),
        ] {
            assert_eq!(binary(kind, &bytes).as_deref(), Some(text), "{kind}");
        }
        assert_eq!(binary(types::INT4, &[1, 2]), None);
        assert_eq!(binary(600, &[0; 16]), None, "a point");
    }

    #[test]
    fn a_format_may_be_said_once_for_all() {
        assert_eq!((format_of(&[], 3), format_of(&[1], 3), format_of(&[0, 1], 1)), (0, 1, 1));
    }
}
