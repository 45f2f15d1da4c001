//! The functions of each engine, with their arguments and what they give, as their documentation has them.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::syntax::Dialect;

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// Name, in lower case.
    pub name: &'static str,
    /// Arguments, optional ones in brackets.
    pub arguments: &'static str,
    /// The type of what it gives; empty for that of the argument.
    pub gives: &'static str,
}

type Row = (&'static str, &'static str, &'static str);

#[rustfmt::skip]
const BOTH: &[Row] = &[
    ("abs", "number", ""), ("acos", "number", "double"), ("asin", "number", "double"), ("atan", "number", "double"),
    ("atan2", "y, x", "double"), ("avg", "[DISTINCT] number", "number"), ("bool_and", "condition", "boolean"),
    ("bool_or", "condition", "boolean"), ("cbrt", "number", "double"), ("ceil", "number", ""), ("ceiling", "number", ""),
    ("chr", "code", "varchar"), ("coalesce", "value, …", ""), ("concat", "text, text", "varchar"),
    ("cos", "number", "double"), ("count", "* | [DISTINCT] value", "bigint"), ("cume_dist", "", "double"),
    ("date_trunc", "'unit', timestamp", "timestamp"), ("degrees", "radians", "double"), ("dense_rank", "", "bigint"),
    ("exp", "number", "double"), ("extract", "unit FROM timestamp", "integer"), ("first_value", "value [IGNORE NULLS]", ""),
    ("floor", "number", ""), ("greatest", "value, …", ""), ("grouping", "column", "integer"),
    ("lag", "value [, offset [, default]]", ""), ("last_value", "value [IGNORE NULLS]", ""),
    ("lead", "value [, offset [, default]]", ""), ("least", "value, …", ""), ("length", "text", "integer"),
    ("listagg", "text [, 'delimiter']) WITHIN GROUP (ORDER BY …", "varchar"), ("ln", "number", "double"), ("lower", "text", "varchar"),
    ("lpad", "text, length [, fill]", "varchar"), ("ltrim", "text [, characters]", "varchar"), ("max", "value", ""),
    ("min", "value", ""), ("mod", "number, divisor", ""), ("nth_value", "value, n", ""), ("ntile", "buckets", "bigint"),
    ("nullif", "value, other", ""), ("percent_rank", "", "double"), ("pi", "", "double"), ("power", "number, exponent", "double"),
    ("radians", "degrees", "double"), ("random", "", "double"), ("rank", "", "bigint"), ("regexp_count", "text, pattern", "integer"),
    ("regexp_replace", "text, pattern [, replacement]", "varchar"), ("repeat", "text, times", "varchar"),
    ("replace", "text, search, replacement", "varchar"), ("reverse", "text", "varchar"), ("round", "number [, digits]", ""),
    ("row_number", "", "bigint"), ("rpad", "text, length [, fill]", "varchar"), ("rtrim", "text [, characters]", "varchar"),
    ("sign", "number", "integer"), ("sin", "number", "double"), ("split_part", "text, delimiter, part", "varchar"),
    ("sqrt", "number", "double"), ("stddev", "number", "double"), ("stddev_pop", "number", "double"),
    ("stddev_samp", "number", "double"), ("strpos", "text, search", "integer"), ("substr", "text, start [, length]", "varchar"),
    ("substring", "text, start [, length]", "varchar"), ("sum", "[DISTINCT] number", "number"), ("tan", "number", "double"),
    ("translate", "text, from, to", "varchar"), ("trim", "text", "varchar"), ("upper", "text", "varchar"),
    ("var_pop", "number", "double"), ("var_samp", "number", "double"), ("variance", "number", "double"), ("log", "number", "double"),
    ("to_char", "value, 'format'", "varchar"), ("to_timestamp", "text, 'format'", "timestamp"), ("sha1", "text", "varchar"),
    ("md5", "text", "varchar"), ("json_parse", "text", ""), ("soundex", "text", "varchar"),
    ("cast", "value AS type", ""), ("any_value", "value", ""),
];

#[rustfmt::skip]
const REDSHIFT: &[Row] = &[
    ("add_months", "date, months", "timestamp"), ("array", "value, …", "super"), ("array_concat", "super, super", "super"),
    ("array_flatten", "super", "super"), ("ascii", "text", "integer"), ("bit_and", "number", ""), ("bit_or", "number", ""),
    ("bpcharcmp", "text, text", "integer"), ("btrim", "text [, characters]", "varchar"), ("char_length", "text", "integer"), ("charindex", "search, text", "integer"),
    ("checksum", "value", "integer"), ("convert_timezone", "['from',] 'to', timestamp", "timestamp"), ("crc32", "text", "varchar"),
    ("current_database", "", "varchar"), ("current_schema", "", "varchar"), ("date_cmp", "date, date", "integer"),
    ("date_part", "unit, timestamp", "double"), ("date_part_year", "date", "integer"), ("dateadd", "unit, number, date", "timestamp"),
    ("datediff", "unit, from, to", "bigint"), ("decode", "value, search, result [, …] [, default]", ""),
    ("dexp", "number", "double"), ("dlog10", "number", "double"), ("farmfingerprint64", "text", "bigint"),
    ("fnv_hash", "value [, seed]", "bigint"), ("from_hex", "text", "varbyte"), ("get_array_length", "super", "integer"),
    ("getdate", "", "timestamp"), ("hll", "value", "bigint"), ("initcap", "text", "varchar"),
    ("interval_cmp", "interval, interval", "integer"), ("is_array", "super", "boolean"), ("is_integer", "super", "boolean"),
    ("is_object", "super", "boolean"), ("is_scalar", "super", "boolean"), ("is_valid_json", "text", "boolean"),
    ("is_valid_json_array", "text", "boolean"), ("isnull", "value, replacement", ""), ("json_array_length", "text", "integer"),
    ("json_extract_array_element_text", "text, position", "varchar"),
    ("json_extract_path_text", "text, 'key' [, …]", "varchar"), ("json_serialize", "super", "varchar"), ("json_typeof", "super", "varchar"),
    ("last_day", "date", "date"), ("left", "text, length", "varchar"), ("len", "text", "integer"), ("median", "number", "double"),
    ("months_between", "date, date", "double"), ("next_day", "date, 'day'", "date"), ("nvl", "value, …", ""),
    ("nvl2", "value, if not null, if null", ""), ("object", "'key', value [, …]", "super"), ("octet_length", "text", "integer"),
    ("percentile_cont", "share) WITHIN GROUP (ORDER BY …", "double"), ("percentile_disc", "share) WITHIN GROUP (ORDER BY …", ""),
    ("position", "search IN text", "integer"), ("quote_ident", "text", "varchar"), ("quote_literal", "text", "varchar"),
    ("ratio_to_report", "number", "double"), ("regexp_instr", "text, pattern [, position]", "integer"),
    ("regexp_substr", "text, pattern [, position]", "varchar"), ("right", "text, length", "varchar"), ("sha", "text", "varchar"),
    ("sha2", "text, bits", "varchar"), ("func_sha1", "text", "varchar"), ("split_to_array", "text [, delimiter]", "super"),
    ("strtol", "text, base", "bigint"), ("subarray", "super, start [, length]", "super"), ("sysdate", "", "timestamp"),
    ("textlen", "text", "integer"), ("timeofday", "", "varchar"), ("to_date", "text, 'format'", "date"), ("to_hex", "value", "varchar"),
    ("to_number", "text, 'format'", "numeric"), ("trunc", "number | timestamp", ""), ("convert", "type, value", ""),
    ("date_diff", "unit, from, to", "bigint"), ("date_add", "unit, number, date", "timestamp"), ("pg_backend_pid", "", "integer"),
    ("current_user_id", "", "integer"), ("has_table_privilege", "[user,] table, privilege", "boolean"), ("version", "", "varchar"),
    ("explain_model", "'model'", "super"), ("levenshtein", "text, text", "integer"), ("try_cast", "value AS type", ""),
];

#[rustfmt::skip]
const ATHENA: &[Row] = &[
    ("all_match", "array, element -> condition", "boolean"), ("any_match", "array, element -> condition", "boolean"),
    ("approx_distinct", "value [, error]", "bigint"), ("approx_percentile", "value, share [, weight]", ""), ("arbitrary", "value", ""),
    ("array_agg", "value [ORDER BY …]", "array"), ("array_distinct", "array", "array"), ("array_except", "array, array", "array"),
    ("array_intersect", "array, array", "array"), ("array_join", "array, delimiter [, null]", "varchar"), ("array_max", "array", ""),
    ("array_min", "array", ""), ("array_position", "array, element", "bigint"), ("array_remove", "array, element", "array"),
    ("array_sort", "array [, (a, b) -> number]", "array"), ("array_union", "array, array", "array"),
    ("arrays_overlap", "array, array", "boolean"), ("at_timezone", "timestamp, zone", "timestamp with time zone"),
    ("bitwise_and", "number, number", "bigint"), ("bitwise_or", "number, number", "bigint"), ("bitwise_xor", "number, number", "bigint"),
    ("cardinality", "array | map", "bigint"), ("codepoint", "text", "integer"), ("concat_ws", "delimiter, text, …", "varchar"),
    ("contains", "array, element", "boolean"), ("corr", "y, x", "double"), ("count_if", "condition", "bigint"), ("covar_pop", "y, x", "double"),
    ("covar_samp", "y, x", "double"), ("current_timezone", "", "varchar"), ("date", "value", "date"),
    ("date_add", "'unit', number, timestamp", "timestamp"), ("date_diff", "'unit', from, to", "bigint"),
    ("date_format", "timestamp, 'format'", "varchar"), ("date_parse", "text, 'format'", "timestamp"), ("day", "date", "bigint"),
    ("day_of_month", "date", "bigint"), ("day_of_week", "date", "bigint"), ("day_of_year", "date", "bigint"), ("e", "", "double"),
    ("element_at", "array | map, key", ""), ("every", "condition", "boolean"), ("filter", "array, element -> condition", "array"),
    ("flatten", "array", "array"), ("format", "'format', value, …", "varchar"), ("format_datetime", "timestamp, 'format'", "varchar"),
    ("from_base64", "text", "varbinary"), ("from_hex", "text", "varbinary"), ("from_iso8601_date", "text", "date"),
    ("from_iso8601_timestamp", "text", "timestamp"), ("from_unixtime", "seconds [, zone]", "timestamp"),
    ("geometric_mean", "number", "double"), ("histogram", "value", "map"), ("hour", "timestamp", "bigint"),
    ("human_readable_seconds", "seconds", "varchar"), ("if", "condition, value [, otherwise]", ""),
    ("infinity", "", "double"), ("is_finite", "number", "boolean"), ("is_nan", "number", "boolean"), ("json_array_contains", "json, value", "boolean"),
    ("json_array_get", "json, index", "json"), ("json_array_length", "json", "bigint"), ("json_extract", "json, 'path'", "json"),
    ("json_extract_scalar", "json, 'path'", "varchar"), ("json_format", "json", "varchar"), ("json_size", "json, 'path'", "bigint"),
    ("kurtosis", "number", "double"), ("last_day_of_month", "date", "date"), ("levenshtein_distance", "text, text", "bigint"),
    ("log10", "number", "double"), ("log2", "number", "double"), ("map", "keys, values", "map"), ("map_agg", "key, value", "map"),
    ("map_concat", "map, map", "map"), ("map_entries", "map", "array"), ("map_filter", "map, (key, value) -> condition", "map"),
    ("map_keys", "map", "array"), ("map_values", "map", "array"), ("max_by", "value, by [, n]", ""), ("min_by", "value, by [, n]", ""),
    ("minute", "timestamp", "bigint"), ("month", "date", "bigint"), ("multimap_agg", "key, value", "map"), ("nan", "", "double"),
    ("none_match", "array, element -> condition", "boolean"), ("now", "", "timestamp with time zone"), ("numeric_histogram", "buckets, value", "map"),
    ("parse_datetime", "text, 'format'", "timestamp with time zone"), ("pow", "number, exponent", "double"), ("quarter", "date", "bigint"),
    ("rand", "[least, most]", "double"), ("reduce", "array, start, (state, element) -> state, state -> result", ""),
    ("regexp_extract", "text, pattern [, group]", "varchar"), ("regexp_extract_all", "text, pattern [, group]", "array"),
    ("regexp_like", "text, pattern", "boolean"), ("regexp_position", "text, pattern", "integer"), ("regexp_split", "text, pattern", "array"),
    ("regr_intercept", "y, x", "double"), ("regr_slope", "y, x", "double"), ("row", "value, …", "row"), ("second", "timestamp", "bigint"),
    ("sequence", "from, to [, step]", "array"), ("sha256", "binary", "varbinary"), ("sha512", "binary", "varbinary"),
    ("shuffle", "array", "array"), ("skewness", "number", "double"), ("slice", "array, start, length", "array"),
    ("split", "text, delimiter [, limit]", "array"), ("split_to_map", "text, entries, pairs", "map"), ("starts_with", "text, prefix", "boolean"),
    ("to_base64", "binary", "varchar"), ("to_hex", "binary", "varchar"), ("to_iso8601", "timestamp", "varchar"),
    ("to_unixtime", "timestamp", "double"), ("to_utf8", "text", "varbinary"), ("transform", "array, element -> value", "array"),
    ("transform_keys", "map, (key, value) -> key", "map"), ("transform_values", "map, (key, value) -> value", "map"),
    ("truncate", "number [, digits]", "double"), ("try", "expression", ""), ("try_cast", "value AS type", ""), ("typeof", "value", "varchar"),
    ("unnest", "array | map", "rows"), ("uuid", "", "uuid"), ("week", "date", "bigint"), ("width_bucket", "number, least, most, buckets", "bigint"),
    ("year", "date", "bigint"), ("zip", "array, array", "array"), ("zip_with", "array, array, (a, b) -> value", "array"),
    ("approx_most_frequent", "buckets, value, capacity", "map"), ("checksum", "value", "varbinary"), ("date_trunc", "'unit', timestamp", "timestamp"),
    ("xxhash64", "binary", "varbinary"), ("url_extract_host", "url", "varchar"), ("url_extract_path", "url", "varchar"),
    ("url_extract_parameter", "url, name", "varchar"), ("entropy", "count", "double"), ("merge", "sketch", ""), ("bar", "number, width", "varchar"),
];

struct Functions {
    sorted: Vec<Function>,
    index: HashMap<&'static str, usize>,
}

fn collect(own: &'static [Row]) -> Functions {
    let mut sorted: Vec<Function> = BOTH.iter().chain(own).map(|(name, arguments, gives)| Function { name, arguments, gives }).collect();
    sorted.sort_by_key(|function| function.name);
    let index = sorted.iter().enumerate().map(|(index, function)| (function.name, index)).collect();
    Functions { sorted, index }
}

fn of(dialect: Dialect) -> &'static Functions {
    static REDSHIFT_ALL: LazyLock<Functions> = LazyLock::new(|| collect(REDSHIFT));
    static ATHENA_ALL: LazyLock<Functions> = LazyLock::new(|| collect(ATHENA));
    match dialect {
        Dialect::Redshift => &REDSHIFT_ALL,
        Dialect::Athena => &ATHENA_ALL,
    }
}

/// Every function of an engine, by name.
pub fn all(dialect: Dialect) -> &'static [Function] {
    &of(dialect).sorted
}

/// The function of a name.
pub fn find(dialect: Dialect, name: &str) -> Option<&'static Function> {
    let functions = of(dialect);
    let found = functions.index.get(name).or_else(|| functions.index.get(name.to_ascii_lowercase().as_str()))?;
    functions.sorted.get(*found)
}

/// Whether the engine has a function of this name.
pub fn is_known(dialect: Dialect, name: &str) -> bool {
    find(dialect, name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_and_found_in_any_case() {
        for dialect in [Dialect::Redshift, Dialect::Athena] {
            assert!(all(dialect).iter().all(|function| function.name == function.name.to_lowercase()));
            assert_eq!(find(dialect, "COUNT").map(|function| function.gives), Some("bigint"));
        }
        assert!(is_known(Dialect::Redshift, "nvl2") && !is_known(Dialect::Athena, "nvl2"));
        assert!(is_known(Dialect::Athena, "count_if") && !is_known(Dialect::Redshift, "count_if"));
    }
}
