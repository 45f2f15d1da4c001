//! Casts: the dialects' type names as DataFusion knows them, and what a cast does beyond that.

use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, BinaryOperator, CastKind, CharacterLength, DataType, ExactNumberInfo, Expr, Interval, TimezoneInfo, Value,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::{call, catalog_forms, functions};
use crate::local::engine::types::ColumnType;
use crate::local::engine::{Dialect, SqlError, SqlErrorKind};

/// What a cast to text cuts off.
enum Length {
    /// Nothing.
    Any,
    /// All but so many characters.
    Most(u64),
}

/// Rewrites a cast, `CONVERT(type, value)` or a typed literal (`DATE '…'`).
pub(super) fn rewrite(dialect: Dialect, expr: &mut Expr) -> Result<(), SqlError> {
    match expr {
        Expr::Cast { kind, expr: inner, data_type, format, .. } => {
            if format.is_some() {
                return Err(call::unsupported(dialect, Span::empty(), "CAST with FORMAT"));
            }
            let kind = match kind {
                CastKind::TryCast | CastKind::SafeCast => CastKind::TryCast,
                _ => CastKind::Cast,
            };
            *expr = cast(dialect, (**inner).clone(), kind, data_type)?;
        }
        Expr::Convert { is_try, expr: inner, data_type: Some(data_type), .. } => {
            let kind = if *is_try { CastKind::TryCast } else { CastKind::Cast };
            *expr = cast(dialect, (**inner).clone(), kind, data_type)?;
        }
        // JSON '…' is read when it is used.
        Expr::TypedString(literal) if dialect == Dialect::Athena && matches!(literal.data_type, DataType::JSON) => {
            *expr = call::function("json_parse", vec![call::value(literal.value.value.clone())]);
        }
        // A literal with a zone behind the time is a timestamp with zone in Trino.
        Expr::TypedString(literal)
            if dialect == Dialect::Athena && matches!(literal.data_type, DataType::Timestamp(_, TimezoneInfo::None)) =>
        {
            let text = literal.value.value.clone().into_string().unwrap_or_default();
            let words: Vec<&str> = text.split_whitespace().collect();
            *expr = match words.as_slice() {
                [date, time, zone] => {
                    let local = call::cast(
                        call::text(&functions::with_seconds(&format!("{date} {time}"))),
                        DataType::Timestamp(Some(6), TimezoneInfo::None),
                    );
                    call::function("with_timezone", vec![local, call::text(zone)])
                }
                _ => call::cast(call::text(&functions::with_seconds(&text)), DataType::Timestamp(Some(6), TimezoneInfo::None)),
            };
        }
        Expr::TypedString(literal) => {
            literal.data_type = data_type(dialect, &literal.data_type)?.0;
            let text = literal.value.value.clone().into_string();
            if dialect == Dialect::Redshift
                && let (DataType::Date | DataType::Timestamp(..), Some(moment)) = (&literal.data_type, text.as_deref().and_then(special))
            {
                *expr = call::cast(moment, literal.data_type.clone());
                return Ok(());
            }
            match (&literal.data_type, text) {
                (DataType::Date, Some(text)) => literal.value.value = Value::SingleQuotedString(with_day(dialect, &text)),
                (DataType::Timestamp(..), Some(text)) => {
                    literal.value.value = Value::SingleQuotedString(functions::with_seconds(&with_day(dialect, &text)));
                }
                (DataType::Time(..), Some(text)) => literal.value.value = Value::SingleQuotedString(time_of(dialect, &text).to_owned()),
                _ => {}
            }
        }
        _ => {}
    }
    Ok(())
}

fn cast(dialect: Dialect, expr: Expr, kind: CastKind, to: &DataType) -> Result<Expr, SqlError> {
    if let (Dialect::Redshift, Some(registered)) = (dialect, catalog_forms::cast(&expr, to)) {
        return Ok(registered);
    }
    if let Some(nested) = nested(dialect, to) {
        if kind == CastKind::TryCast {
            return Err(call::unsupported(dialect, Span::empty(), "TRY_CAST to an array, map or row"));
        }
        return Ok(call::function("cast_nested", vec![expr, call::text(&nested.hive_text())]));
    }
    if dialect == Dialect::Athena && matches!(to, DataType::JSON) {
        // A literal that is typed as JSON is JSON already.
        return Ok(call::function("to_json", vec![expr]));
    }
    if dialect == Dialect::Redshift && matches!(to, DataType::Custom(name, _) if name.to_string().eq_ignore_ascii_case("super")) {
        return Ok(call::function("to_super", vec![expr]));
    }
    let (mapped, length) = data_type(dialect, to)?;
    let integer = match mapped {
        DataType::TinyInt(_) => Some("to_int1"),
        DataType::SmallInt(_) => Some("to_int2"),
        DataType::Int(_) => Some("to_int4"),
        DataType::BigInt(_) => Some("to_int8"),
        _ => None,
    };
    if dialect == Dialect::Redshift
        && let (DataType::Date | DataType::Timestamp(..), Some(text)) = (&mapped, call::literal_text(&expr))
        && let Some(moment) = special(text)
    {
        return Ok(call::cast(moment, mapped));
    }
    // A time may end with its minutes; Arrow wants the seconds.
    let expr = match (&mapped, call::literal_text(&expr)) {
        (DataType::Timestamp(..), Some(text)) => call::text(&functions::with_seconds(&with_day(dialect, text))),
        (DataType::Date, Some(text)) => call::text(&with_day(dialect, text)),
        (DataType::Time(..), Some(text)) => call::text(time_of(dialect, text)),
        _ => expr,
    };
    // A SUPER that is cast is first taken for the scalar that it holds.
    let expr = if dialect == Dialect::Redshift && may_be_super(&expr) { call::function("super_scalar", vec![expr]) } else { expr };
    // Both services round to the nearest whole number where DataFusion cuts the fraction off.
    if let (Some(function), CastKind::Cast) = (integer, &kind) {
        return Ok(call::function(function, vec![expr]));
    }
    if matches!(mapped, DataType::Date) && dialect == Dialect::Redshift && kind == CastKind::Cast && call::literal_text(&expr).is_none() {
        return Ok(call::function("to_day", vec![expr]));
    }
    if matches!(mapped, DataType::Boolean) && dialect == Dialect::Redshift && kind == CastKind::Cast {
        return Ok(call::function("to_bool", vec![expr]));
    }
    let to_text = matches!(mapped, DataType::Varchar(_)) && kind == CastKind::Cast && call::literal_text(&expr).is_none();
    let cast = match (to_text, to) {
        (true, DataType::Char(_) | DataType::Character(_)) if dialect == Dialect::Redshift => call::function("to_char_type", vec![expr]),
        (true, _) => call::function("to_text", vec![expr]),
        (false, DataType::Char(_) | DataType::Character(_)) if dialect == Dialect::Redshift => {
            let Some(text) = call::literal_text(&expr) else {
                return Err(call::unsupported(dialect, Span::empty(), "TRY_CAST to CHAR"));
            };
            call::text(text.trim_end_matches(' '))
        }
        _ => Expr::Cast { kind, expr: Box::new(expr), data_type: mapped, array: false, format: None },
    };
    Ok(match length {
        Length::Any => cast,
        Length::Most(characters) => call::function("left", vec![cast, call::number(characters)]),
    })
}

/// A type of the dialect as DataFusion knows it.
fn data_type(dialect: Dialect, from: &DataType) -> Result<(DataType, Length), SqlError> {
    let text = |length: &Option<CharacterLength>, default: Option<u64>| {
        let most = match length {
            Some(CharacterLength::IntegerLength { length, .. }) => Some(*length),
            Some(CharacterLength::Max) => None,
            None => default,
        };
        (DataType::Varchar(None), most.map_or(Length::Any, Length::Most))
    };
    let timestamp = |zone: TimezoneInfo| (DataType::Timestamp(Some(6), zone), Length::Any);
    let plain = |data_type: DataType| (data_type, Length::Any);
    Ok(match from {
        DataType::Varchar(length) | DataType::CharacterVarying(length) | DataType::CharVarying(length) | DataType::Nvarchar(length) => {
            text(length, None)
        }
        DataType::Char(length) | DataType::Character(length) => text(length, Some(1)),
        DataType::Text | DataType::String(_) => plain(DataType::Varchar(None)),
        DataType::SmallInt(_) | DataType::Int2(_) => plain(DataType::SmallInt(None)),
        DataType::TinyInt(_) if dialect == Dialect::Athena => plain(DataType::TinyInt(None)),
        DataType::Int(_) | DataType::Integer(_) | DataType::Int4(_) => plain(DataType::Int(None)),
        DataType::BigInt(_) | DataType::Int8(_) => plain(DataType::BigInt(None)),
        DataType::Real | DataType::Float4 => plain(DataType::Real),
        // FLOAT is double precision in Redshift, and FLOAT(p) up to 24 bits single; in Trino there is REAL and DOUBLE only.
        DataType::Float(ExactNumberInfo::Precision(bits)) if dialect == Dialect::Redshift && *bits <= 24 => plain(DataType::Real),
        DataType::Float(_) if dialect == Dialect::Athena => plain(DataType::Real),
        DataType::Float(_) | DataType::Float8 | DataType::Double(_) | DataType::DoublePrecision | DataType::Float64 => {
            plain(DataType::DoublePrecision)
        }
        DataType::Decimal(info) | DataType::Numeric(info) | DataType::Dec(info) => plain(DataType::Decimal(decimal(dialect, *info))),
        DataType::Boolean | DataType::Bool => plain(DataType::Boolean),
        DataType::Date => plain(DataType::Date),
        DataType::Datetime(_) => timestamp(TimezoneInfo::None),
        DataType::Timestamp(_, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => timestamp(TimezoneInfo::WithTimeZone),
        DataType::Timestamp(..) => timestamp(TimezoneInfo::None),
        DataType::Time(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => plain(DataType::Time(None, TimezoneInfo::None)),
        DataType::JSON if dialect == Dialect::Athena => plain(DataType::Varchar(None)),
        DataType::Varbinary(_) | DataType::Bytea => plain(DataType::Bytea),
        DataType::Interval { .. } => plain(from.clone()),
        DataType::Custom(name, arguments) => match name.to_string().to_lowercase().as_str() {
            "bpchar" => text(&length_argument(arguments), Some(256)),
            "super" => plain(DataType::Varchar(None)),
            "timestamptz" => timestamp(TimezoneInfo::WithTimeZone),
            "varbyte" => plain(DataType::Bytea),
            "oid" | "pg_catalog.oid" if dialect == Dialect::Redshift => plain(DataType::BigInt(None)),
            "name" | "pg_catalog.name" | "pg_catalog.text" | "pg_catalog.varchar" if dialect == Dialect::Redshift => {
                plain(DataType::Varchar(None))
            }
            // PostgreSQL's own type of one letter.
            "\"char\"" | "pg_catalog.char" | "pg_catalog.\"char\"" if dialect == Dialect::Redshift => {
                (DataType::Varchar(None), Length::Most(1))
            }
            "pg_catalog.bool" if dialect == Dialect::Redshift => plain(DataType::Boolean),
            "pg_catalog.int2" if dialect == Dialect::Redshift => plain(DataType::SmallInt(None)),
            "pg_catalog.int4" if dialect == Dialect::Redshift => plain(DataType::Int(None)),
            "pg_catalog.int8" if dialect == Dialect::Redshift => plain(DataType::BigInt(None)),
            other => {
                let message = match dialect {
                    Dialect::Redshift => format!("type \"{other}\" does not exist"),
                    Dialect::Athena => format!("Unknown type: {other}"),
                };
                return Err(call::error(dialect, Span::empty(), SqlErrorKind::Semantic, &message));
            }
        },
        other => return Err(call::unsupported(dialect, Span::empty(), &format!("the type {other}"))),
    })
}

/// A time of day, which a day may stand before in Redshift.
fn time_of(dialect: Dialect, text: &str) -> &str {
    match functions::day_and_rest(text) {
        Some((_, rest)) if dialect == Dialect::Redshift && !rest.is_empty() => rest,
        _ => text,
    }
}

/// The words that stand for a moment in a literal.
fn special(text: &str) -> Option<Expr> {
    let now = || call::cast(call::function("now", Vec::new()), DataType::Timestamp(Some(6), TimezoneInfo::None));
    let days = match text.trim().to_lowercase().as_str() {
        "now" => return Some(now()),
        "today" => "0 days",
        "tomorrow" => "1 day",
        "yesterday" => "-1 day",
        _ => return None,
    };
    let interval = Expr::Interval(Interval {
        value: Box::new(call::text(days)),
        leading_field: None,
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    });
    let today = call::cast(call::cast(now(), DataType::Date), DataType::Timestamp(Some(6), TimezoneInfo::None));
    Some(call::binary(today, BinaryOperator::Plus, interval))
}

/// A text whose day is as Arrow wants it, where Redshift takes others (`2002-3-01`).
fn with_day(dialect: Dialect, text: &str) -> String {
    if dialect == Dialect::Redshift { functions::with_day(text) } else { text.to_owned() }
}

/// The array, map or row that a type is.
fn nested(dialect: Dialect, kind: &DataType) -> Option<ColumnType> {
    if dialect == Dialect::Redshift {
        return None;
    }
    Some(match kind {
        DataType::Array(ArrayElemTypeDef::AngleBracket(item) | ArrayElemTypeDef::Parenthesis(item)) => {
            ColumnType::Array(Box::new(inner(dialect, item)?))
        }
        DataType::Map(key, value) => ColumnType::Map(Box::new(inner(dialect, key)?), Box::new(inner(dialect, value)?)),
        DataType::Struct(fields, _) => {
            let fields = fields.iter().enumerate().map(|(index, field)| {
                let name = field.field_name.as_ref().map_or_else(|| format!("c{index}"), |name| name.value.to_lowercase());
                Some((name, inner(dialect, &field.field_type)?))
            });
            ColumnType::Row(fields.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn inner(dialect: Dialect, kind: &DataType) -> Option<ColumnType> {
    match kind {
        DataType::JSON => Some(ColumnType::Varchar(None)),
        other => nested(dialect, other).or_else(|| ColumnType::of_ast(dialect, other)),
    }
}

/// Whether an expression may be a SUPER value: a path, a call or a column.
fn may_be_super(expr: &Expr) -> bool {
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::CompoundFieldAccess { .. } | Expr::JsonAccess { .. } => true,
        Expr::Function(function) => {
            let name = function.name.to_string();
            name.starts_with("super_") || name.starts_with("json_") || name.starts_with("array") || name == "object"
        }
        Expr::Nested(inner) => may_be_super(inner),
        _ => false,
    }
}

fn length_argument(arguments: &[String]) -> Option<CharacterLength> {
    let length = arguments.first()?.parse().ok()?;
    Some(CharacterLength::IntegerLength { length, unit: None })
}

/// `DECIMAL` alone has 18 digits in Redshift and 38 in Trino, and no fraction in either.
fn decimal(dialect: Dialect, info: ExactNumberInfo) -> ExactNumberInfo {
    match info {
        ExactNumberInfo::None => ExactNumberInfo::PrecisionAndScale(if dialect == Dialect::Redshift { 18 } else { 38 }, 0),
        ExactNumberInfo::Precision(precision) => ExactNumberInfo::PrecisionAndScale(precision, 0),
        both @ ExactNumberInfo::PrecisionAndScale(..) => both,
    }
}
