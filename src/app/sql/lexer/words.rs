//! The words of the two dialects.

use crate::syntax::Dialect;

#[rustfmt::skip]
/// Words of both.
const COMMON: &[&str] = &[
    "add", "all", "alter", "always", "analyze", "and", "any", "as", "asc", "at", "avro", "begin", "between", "by", "cascade", "case",
    "cast", "catalog", "collate", "column", "commit", "committed", "constraint", "copy", "create", "cross", "csv", "cube",
    "current_date", "current_time", "current_timestamp", "current_user", "cursor", "data", "database", "databases", "deallocate",
    "default", "deferrable", "delete", "delimited", "desc", "describe", "distinct", "drop", "else", "end", "escape", "escaped", "even",
    "except", "execute", "exists", "explain", "external", "false", "fetch", "filter", "first", "following", "for", "foreign", "format",
    "from", "full", "function", "generated", "grant", "granted", "group", "grouping", "having", "header", "if", "ignore", "in",
    "including", "initially", "inner", "inputformat", "insert", "intersect", "interval", "into", "is", "isolation", "join", "key",
    "last", "lateral", "leading", "left", "like", "limit", "localtime", "location", "matched", "materialized", "merge", "natural",
    "nocache", "not", "nothing", "null", "nulls", "offset", "on", "or", "orc", "order", "outer", "outputformat", "over", "overlaps",
    "parquet", "partition", "partitioned", "preceding", "prepare", "primary", "range", "recursive", "references", "rename",
    "repeatable", "replace", "respect", "restrict", "returns", "revoke", "right", "rollback", "rollup", "row", "rows", "schema",
    "schemas", "select", "serde", "serdeproperties", "serializable", "session_user", "set", "sets", "show", "some", "stored",
    "symmetric", "table", "tables", "tblproperties", "terminated", "then", "to", "trailing", "transaction", "true", "unbounded",
    "union", "unique", "unnest", "unsigned", "until", "update", "using", "values", "view", "when", "whenever", "where", "window",
    "with", "within", "without", "work", "zone",
];

#[rustfmt::skip]
/// Words that only Redshift has.
const REDSHIFT: &[&str] = &[
    "abort", "acceptanydate", "acceptinvchars", "access_key_id", "addquotes", "allowoverwrite", "analyse", "authorization", "auto",
    "backup", "blanksasnull", "bzip2", "cleanpath", "compound", "compupdate", "connect", "createdb", "createuser", "credentials",
    "datashare", "dateformat", "declare", "delimiter", "distkey", "diststyle", "emptyasnull", "encode", "encrypted", "exclude",
    "explicit_ids", "fillrecord", "gzip", "iam_role", "ignoreheader", "ilike", "immutable", "interleaved", "jsonpaths", "kms_key_id",
    "lzop", "manifest", "master_symmetric_key", "maxerror", "maxfilesize", "minus", "model", "noload", "nowait", "objective", "off",
    "parallel", "pivot", "problem_type", "procedure", "qualify", "readratio", "region", "removequotes", "roundec", "secret_access_key",
    "session_token", "settings", "similar", "sortkey", "statupdate", "target", "temp", "temporary", "timeformat", "top", "trimblanks",
    "truncate", "truncatecolumns", "unload", "unlogged", "unpivot", "vacuum", "varying", "verbose", "volatile", "zstd",
];

#[rustfmt::skip]
/// Words that only Athena has: Trino for queries, Hive for definitions.
const ATHENA: &[&str] = &[
    "bin_pack", "bucketed", "clustered", "collection", "excluding", "msck", "ordinality", "repair", "rewrite", "tablesample",
    "uncommitted", "views",
];

#[rustfmt::skip]
/// Types of both.
const TYPES: &[&str] = &[
    "bigint", "boolean", "char", "date", "dec", "decimal", "float", "int", "integer", "numeric", "precision", "real", "smallint",
    "time", "timestamp", "varbinary", "varchar",
];

#[rustfmt::skip]
/// Redshift's own types.
const REDSHIFT_TYPES: &[&str] = &[
    "bool", "bpchar", "character", "float4", "float8", "geography", "geometry", "hllsketch", "int2", "int4", "int8", "nvarchar",
    "super", "text", "timestamptz", "timetz", "varbyte",
];

#[rustfmt::skip]
/// Athena's own types.
const ATHENA_TYPES: &[&str] = &[
    "binary", "double", "ipaddress", "string", "struct", "tinyint", "uuid",
];

/// The longest word, in bytes.
const LONGEST: usize = 24;

fn among(word: &str, lists: [&[&str]; 2]) -> bool {
    if word.len() > LONGEST {
        return false;
    }
    let mut buffer = [0; LONGEST];
    let lower = &mut buffer[..word.len()];
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    let lower = &*lower;
    lists.iter().any(|list| list.binary_search_by(|candidate| candidate.as_bytes().cmp(lower)).is_ok())
}

fn own(dialect: Dialect) -> (&'static [&'static str], &'static [&'static str]) {
    match dialect {
        Dialect::Redshift => (REDSHIFT, REDSHIFT_TYPES),
        Dialect::Athena => (ATHENA, ATHENA_TYPES),
    }
}

/// Whether a word belongs to the language.
pub fn is_keyword(dialect: Dialect, word: &str) -> bool {
    among(word, [COMMON, own(dialect).0])
}

/// Whether a word is the name of a type.
pub fn is_type(dialect: Dialect, word: &str) -> bool {
    among(word, [TYPES, own(dialect).1])
}

/// Every word of the language, in lower case.
pub fn keywords(dialect: Dialect) -> impl Iterator<Item = &'static str> {
    COMMON.iter().chain(own(dialect).0).copied()
}

/// Every type, in lower case.
pub fn types(dialect: Dialect) -> impl Iterator<Item = &'static str> {
    TYPES.iter().chain(own(dialect).1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_fit_the_buffer() {
        for list in [COMMON, REDSHIFT, ATHENA, TYPES, REDSHIFT_TYPES, ATHENA_TYPES] {
            assert!(list.is_sorted());
            assert!(list.iter().all(|word| word.len() <= LONGEST));
        }
    }

    #[test]
    fn dialects_have_words_of_their_own() {
        assert!(is_keyword(Dialect::Redshift, "QUALIFY") && !is_keyword(Dialect::Athena, "qualify"));
        assert!(is_keyword(Dialect::Athena, "msck") && !is_keyword(Dialect::Redshift, "msck"));
        assert!(is_type(Dialect::Redshift, "Super") && !is_type(Dialect::Athena, "super"));
    }
}
