//! Functions of both dialects, one file a family. A family rewrites calls that DataFusion can compute under another name or as another
//! expression (`rewrite`), and brings kernels for the rest (`scalar`, `aggregate`).

mod aggregates;
mod arrays;
mod averages;
mod blanks;
mod cells;
mod clocks;
mod collected;
mod conditional;
mod conversions;
mod date_formats;
mod date_parts;
mod date_rows;
mod dates;
mod days;
mod foreign;
mod hashes;
mod joda;
mod json;
mod json_values;
mod kernel;
mod math;
mod nested;
mod number_formats;
mod numbers;
mod objects;
mod patterns;
mod pg;
mod printf;
mod reduce;
mod rounding;
mod session;
mod single;
mod sizes;
mod sorted;
mod soundex;
pub(super) mod spans;
mod strings;
mod super_values;
mod text_arrays;
mod texts;
pub(super) mod unnest;
mod urls;

use std::sync::{Arc, LazyLock};

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use datafusion::sql::sqlparser::ast::Expr;

use super::call::Call;
use crate::local::engine::{Dialect, SqlError};

pub(super) use blanks::{WITHOUT_BLANKS, without_blanks};
pub(super) use dates::{date_part_arguments, extract};
pub(super) use days::{day_and_rest, moment, moment_text, with_day, with_seconds};
pub(super) use foreign::check as foreign;
pub(super) use patterns::{like_with_backslash, similar_to_regex};
pub(super) use pg::unqualify;
pub(super) use reduce::higher_order;
pub use session::SessionFacts;
pub use text_arrays::items as array_items;

/// What stands for a value without being a call.
pub(super) fn keyword(dialect: Dialect, word: &str) -> Option<Expr> {
    dates::keyword(dialect, word).or_else(|| session::keyword(word))
}

static SCALAR: LazyLock<[Vec<Arc<ScalarUDF>>; 2]> = LazyLock::new(|| {
    [Dialect::Redshift, Dialect::Athena].map(|dialect| {
        let both = [
            clocks::scalar(dialect),
            conversions::scalar(),
            date_rows::scalar(dialect),
            days::scalar(),
            date_formats::scalar(dialect),
            hashes::scalar(dialect),
            json::scalar(dialect),
            math::scalar(),
            patterns::scalar(dialect),
            rounding::scalar(dialect),
            session::scalar(dialect),
            spans::scalar(),
            strings::scalar(dialect),
            texts::scalar(dialect),
            unnest::scalar(),
        ];
        let own = match dialect {
            Dialect::Redshift => {
                let catalog = [objects::scalar(), text_arrays::scalar(), sizes::scalar(), single::scalar()].concat();
                [super_values::scalar(), numbers::scalar(), catalog].concat()
            }
            Dialect::Athena => [nested::scalar(), printf::scalar(), urls::scalar()].concat(),
        };
        [both.concat(), own].concat()
    })
});

static AGGREGATE: LazyLock<[Vec<Arc<AggregateUDF>>; 2]> = LazyLock::new(|| {
    [Dialect::Redshift, Dialect::Athena].map(|dialect| [averages::aggregate(dialect), collected::aggregate(dialect)].concat())
});

/// The scalar functions that DataFusion lacks, or has with another meaning.
pub(super) fn scalar(dialect: Dialect) -> &'static [Arc<ScalarUDF>] {
    &SCALAR[usize::from(dialect == Dialect::Athena)]
}

/// The aggregate functions that DataFusion lacks, or has with another meaning.
pub(super) fn aggregate(dialect: Dialect) -> &'static [Arc<AggregateUDF>] {
    &AGGREGATE[usize::from(dialect == Dialect::Athena)]
}

/// What a family made of a call.
enum Rewritten {
    /// Another expression.
    Done(Expr),
    /// Not one of the family's.
    Other(Call),
}

/// Rewrites a call that is about PostgreSQL's catalog; `None` for any other.
pub(super) fn catalog(call: Call) -> Result<Option<Expr>, SqlError> {
    Ok(match pg::rewrite(call)? {
        Rewritten::Done(expr) => Some(expr),
        Rewritten::Other(_) => None,
    })
}

/// Rewrites a call; `None` leaves it to DataFusion as it stands.
pub(super) fn rewrite(call: Call) -> Result<Option<Expr>, SqlError> {
    let families = [
        session::rewrite,
        conditional::rewrite,
        strings::rewrite,
        patterns::rewrite,
        dates::rewrite,
        aggregates::rewrite,
        math::rewrite,
        json::rewrite,
        arrays::rewrite,
        numbers::rewrite,
    ];
    let mut call = call;
    for family in families {
        match family(call)? {
            Rewritten::Done(expr) => return Ok(Some(expr)),
            Rewritten::Other(same) => call = same,
        }
    }
    Ok(None)
}
