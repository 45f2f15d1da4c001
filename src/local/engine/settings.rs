//! A session's parameters: `SET`, `RESET`, `SHOW`.

use datafusion::arrow::array::timezone::Tz;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::tokenizer::Location;

use super::catalog::PUBLIC;
use super::parse;
use super::rows::Rows;
use super::session::Session;
use super::work::Work;
use super::{Outcome, SqlError, SqlErrorKind, StatementKind};

/// Redshift's parameters and their defaults. What has an effect here is said at [`set`].
const PARAMETERS: [(&str, &str); 38] = [
    ("analyze_threshold_percent", "10"),
    ("application_name", ""),
    ("cast_super_null_on_error", "on"),
    ("client_encoding", "UTF8"),
    ("client_min_messages", "notice"),
    ("datestyle", "ISO, MDY"),
    ("default_geometry_encoding", "1"),
    ("describe_field_name_in_uppercase", "off"),
    ("downcase_delimited_identifier", "on"),
    ("enable_case_sensitive_identifier", "off"),
    ("enable_case_sensitive_super_attribute", "off"),
    ("enable_numeric_rounding", "on"),
    ("enable_result_cache_for_session", "on"),
    ("enable_vacuum_boost", "off"),
    ("error_on_nondeterministic_update", "off"),
    ("extra_float_digits", "0"),
    ("interval_forbid_composite_literals", "on"),
    ("is_superuser", "on"),
    ("json_serialization_enable", "off"),
    ("json_serialization_parse_nested_strings", "off"),
    ("max_concurrency_scaling_clusters", "1"),
    ("max_cursor_result_set_size", "default"),
    ("max_identifier_length", "127"),
    ("max_index_keys", "32"),
    ("mv_enable_aqmv_for_session", "on"),
    ("navigate_super_null_on_error", "on"),
    ("parse_super_null_on_error", "off"),
    ("query_group", "unset"),
    ("search_path", "\"$user\", public"),
    ("server_encoding", "UTF8"),
    ("server_version", "8.0.2"),
    ("session_authorization", ""),
    ("spectrum_query_maxerror", "-1"),
    ("standard_conforming_strings", "on"),
    ("statement_timeout", "0"),
    ("stored_proc_log_min_messages", "LOG"),
    ("timezone", "UTC"),
    ("wlm_query_slot_count", "1"),
];

/// A transaction that may change nothing, which the engine does not see to.
const READ_ONLY: ast::TransactionMode = ast::TransactionMode::AccessMode(ast::TransactionAccessMode::ReadOnly);

/// Parameters that cannot be set.
const FIXED: [&str; 6] =
    ["is_superuser", "max_identifier_length", "max_index_keys", "server_encoding", "server_version", "session_authorization"];

/// `SET parameter TO value`. `search_path`, `statement_timeout` and `timezone` have an effect; `query_group` and the like are kept and shown. What
/// would change the meaning of statements and is not done here is refused by name.
pub fn set(work: &mut Work<'_>, set: &ast::Set) -> Result<Outcome, SqlError> {
    let (variable, values) = match set {
        ast::Set::SingleAssignment { variable, values, scope: None | Some(ast::ContextModifier::Session), .. } => {
            (parse::object_name(variable).to_string(), values.as_slice())
        }
        ast::Set::SingleAssignment { scope: Some(_), .. } => return Err(work.text().unsupported("SET LOCAL")),
        ast::Set::SetTimeZone { value, .. } => ("timezone".to_owned(), std::slice::from_ref(value)),
        ast::Set::SetSessionAuthorization(_) => return Err(work.text().unsupported("SET SESSION AUTHORIZATION")),
        // Redshift takes every level and has one: its transactions are serializable.
        ast::Set::SetTransaction { modes, snapshot: None, .. } if !modes.contains(&READ_ONLY) => {
            return Ok(Outcome::done(StatementKind::Utility, None));
        }
        ast::Set::SetTransaction { .. } => return Err(work.text().unsupported("SET TRANSACTION READ ONLY")),
        _ => return Err(work.text().unsupported("this form of SET")),
    };
    let values: Vec<String> = values.iter().map(|value| value.to_string().trim_matches(['\'', '"']).to_owned()).collect();
    let value = values.join(", ");
    assign(work, &variable, &value)?;
    Ok(Outcome::done(StatementKind::Utility, None))
}

fn assign(work: &mut Work<'_>, name: &str, value: &str) -> Result<(), SqlError> {
    let refused = |message: String| work.text().error(SqlErrorKind::Semantic, Location::empty(), &message, &message);
    // A name with a point is the user's own (`app.tenant`).
    if !name.contains('.') && !PARAMETERS.iter().any(|(known, _)| *known == name) {
        return Err(refused(format!("unrecognized configuration parameter \"{name}\"")));
    }
    if FIXED.contains(&name) {
        return Err(refused(format!("parameter \"{name}\" cannot be changed")));
    }
    let lower = value.to_lowercase();
    let is = |given: &[&str]| given.contains(&lower.as_str());
    let supported = match name {
        "timezone" if lower != "default" && value.parse::<Tz>().is_err() => {
            return Err(refused(format!("invalid value for parameter \"TimeZone\": \"{value}\"")));
        }
        "enable_case_sensitive_identifier" | "describe_field_name_in_uppercase" => is(&["off", "false", "default"]),
        "downcase_delimited_identifier" | "standard_conforming_strings" => is(&["on", "true", "default"]),
        "datestyle" => lower.contains("iso") || lower == "default" || is(&["mdy"]),
        "client_encoding" => is(&["utf8", "utf-8", "unicode", "default"]),
        _ => true,
    };
    if !supported {
        return Err(work.text().unsupported(&format!("SET {name} TO {value}")));
    }
    if name == "statement_timeout" && lower != "default" && lower.parse::<u64>().is_err() {
        return Err(refused(format!("parameter \"{name}\" requires an integer value")));
    }
    if lower == "default" {
        return reset_one(work, name);
    }
    if name == "search_path" {
        // `$user` is a schema that nobody has here.
        let path = lower.split(',').map(|path| path.trim().trim_matches(['"', '\'']).to_owned());
        work.session.search_path = path.filter(|path| path != "$user" && !path.is_empty()).collect();
    }
    work.session.variables.insert(name.to_owned(), value.to_owned());
    Ok(())
}

/// `RESET parameter | ALL`.
pub fn reset(work: &mut Work<'_>, name: Option<&str>) -> Result<Outcome, SqlError> {
    match name {
        Some(name) => reset_one(work, name)?,
        None => {
            work.session.variables.clear();
            work.session.search_path = vec![PUBLIC.to_owned()];
        }
    }
    Ok(Outcome::done(StatementKind::Utility, None))
}

fn reset_one(work: &mut Work<'_>, name: &str) -> Result<(), SqlError> {
    if !name.contains('.') && !PARAMETERS.iter().any(|(known, _)| *known == name) {
        let message = format!("unrecognized configuration parameter \"{name}\"");
        return Err(work.text().error(SqlErrorKind::Semantic, Location::empty(), &message, &message));
    }
    work.session.variables.remove(name);
    if name == "search_path" {
        work.session.search_path = vec![PUBLIC.to_owned()];
    }
    Ok(())
}

/// The value of a parameter as the session has it; `None` for one that does not exist.
pub fn value(work: &Work<'_>, name: &str) -> Option<String> {
    let name = if name == "time zone" { "timezone" } else { name };
    if let Some(value) = work.session.variables.get(name) {
        return Some(value.clone());
    }
    default(name, &work.session.user)
}

/// The value that a parameter has when it is not set.
pub fn default(name: &str, user: &str) -> Option<String> {
    if name == "session_authorization" {
        return Some(user.to_owned());
    }
    PARAMETERS.iter().find(|(known, _)| *known == name).map(|(_, default)| (*default).to_owned())
}

/// How long a statement may take; `None` for as long as it needs.
pub fn statement_timeout(session: &Session) -> Option<std::time::Duration> {
    let milliseconds = session.variables.get("statement_timeout")?.parse::<u64>().ok()?;
    (milliseconds > 0).then(|| std::time::Duration::from_millis(milliseconds))
}

/// Every parameter with its value.
pub fn all(variables: &std::collections::BTreeMap<String, String>, user: &str) -> Vec<(String, String)> {
    let mut all: std::collections::BTreeMap<String, String> =
        PARAMETERS.iter().map(|(name, default)| ((*name).to_owned(), (*default).to_owned())).collect();
    all.insert("session_authorization".to_owned(), user.to_owned());
    all.extend(variables.iter().map(|(name, value)| (name.clone(), value.clone())));
    all.into_iter().collect()
}

/// `SHOW parameter`, `SHOW ALL`.
pub fn show(work: &Work<'_>, name: &str) -> Result<Rows, SqlError> {
    if name == "all" {
        let mut rows = Rows::texts(["name", "setting"]);
        for (name, value) in all(&work.session.variables, &work.session.user) {
            rows.add([&name, &value]);
        }
        return Ok(rows);
    }
    let Some(value) = value(work, name) else {
        let message = format!("unrecognized configuration parameter \"{name}\"");
        return Err(work.text().error(SqlErrorKind::Semantic, Location::empty(), &message, &message));
    };
    let mut rows = Rows::texts([name]);
    rows.add([&value]);
    Ok(rows)
}
