//! The parts of the library's statements that follow from the data set: its columns, its target, the sums and pairs made of them.
//!
//! A file of `sql/` writes `{{@name}}` where a part belongs. Every name and text in a part is quoted here, by the rules of [`sql`](super::sql).

use super::dataset::description::MOST_TOGETHER;
use super::dataset::{ColumnType, DataColumn, DataSet, SqlFlag};
use super::findings::NEVER_CONTACTED;
use super::sql::{Quotes, SqlEngine, identifier, literal};

/// A part of a statement of `engine` whose identifiers are quoted by `quotes`; `None` when there is no such part. `Some(None)` is a part
/// that a data set without the columns for it does not have.
pub(super) fn part(data: &DataSet, engine: SqlEngine, quotes: Quotes, name: &str) -> Option<Option<String>> {
    let writer = Writer { data, engine, quotes };
    let some = |text: String| (!text.is_empty()).then_some(text);
    Some(match name {
        "lake_columns" => some(writer.defined("string", "int")),
        "warehouse_columns" => some(writer.defined("varchar(256)", "integer")),
        "columns" => some(writer.names(&data.columns, ",\n  ")),
        "target" => some(writer.name(&data.target.name)),
        "positive" => some(literal(&data.target.positive)),
        "negative" => some(literal(&data.target.negative)),
        "is_positive" => some(writer.is_positive()),
        "count_positive" => some(format!("sum({})", writer.is_positive())),
        // A data set need not have columns to add up.
        "sums" => Some(writer.sums()),
        "categories" => some(writer.names(data.categories(), ",\n  ")),
        "category_sets" => {
            some(data.categories().map(|column| format!("({})", writer.name(&column.name))).collect::<Vec<_>>().join(",\n  "))
        }
        "story_counts" if data.built_in => Some(format!("  {NEVER_CONTACTED},\n")),
        "story_counts" => Some(String::new()),
        "numbers" => some(writer.numbers()),
        "correlations" => some(writer.correlations()),
        "look_at" => some(data.look_at.iter().map(|name| writer.name(name)).collect::<Vec<_>>().join(", ")),
        "beside" => some(data.beside.iter().map(|name| writer.name(name)).collect::<Vec<_>>().join(", ")),
        "inputs" => some(writer.lines(data.inputs().iter(), 6)),
        "ml_columns" => some(writer.ml_columns()),
        "ml_arguments" => some(writer.ml_arguments()),
        _ => return None,
    })
}

struct Writer<'a> {
    data: &'a DataSet,
    engine: SqlEngine,
    quotes: Quotes,
}

impl Writer<'_> {
    fn name(&self, name: &str) -> String {
        identifier(self.quotes, name)
    }

    fn names<'a>(&self, columns: impl IntoIterator<Item = &'a DataColumn>, between: &str) -> String {
        columns.into_iter().map(|column| self.name(&column.name)).collect::<Vec<_>>().join(between)
    }

    /// Names, so many a line.
    fn lines<'a>(&self, columns: impl Iterator<Item = &'a DataColumn>, width: usize) -> String {
        let names: Vec<String> = columns.map(|column| self.name(&column.name)).collect();
        names.chunks(width).map(|line| line.join(", ")).collect::<Vec<_>>().join(",\n      ")
    }

    /// Every column with its type.
    fn defined(&self, text: &str, integer: &str) -> String {
        let names: Vec<String> = self.data.columns.iter().map(|column| self.name(&column.name)).collect();
        let width = names.iter().map(String::len).max().unwrap_or(0);
        let typed = self.data.columns.iter().zip(&names).map(|(column, name)| {
            let kind = match column.kind {
                ColumnType::Text => text.to_owned(),
                ColumnType::Integer => integer.to_owned(),
                ColumnType::Decimal { .. } => column.kind.sql(),
            };
            format!("{name:width$} {kind}")
        });
        typed.collect::<Vec<_>>().join(",\n  ")
    }

    fn is_positive(&self) -> String {
        let target = &self.data.target;
        format!("CASE WHEN {} = {} THEN 1 ELSE 0 END", self.name(&target.name), literal(&target.positive))
    }

    fn sums(&self) -> String {
        let sum = |column: &DataColumn| format!(",\n  sum({}) AS {}", self.name(&column.name), self.name(&format!("sum_{}", column.name)));
        self.data.summed().map(sum).collect()
    }

    /// A number as a double: sums and products of decimals and integers overflow or round on one of the engines.
    fn double(&self, name: &str) -> String {
        let double = match self.engine {
            SqlEngine::Redshift => "double precision",
            SqlEngine::Athena => "double",
        };
        format!("CAST({} AS {double})", self.name(name))
    }

    fn numbers(&self) -> String {
        let figures = [("min", "min"), ("avg", "mean"), ("stddev_samp", "deviation"), ("max", "max")];
        let each = self.data.numbers().flat_map(|column| {
            figures.map(|(function, figure)| {
                format!("{function}({}) AS {}", self.double(&column.name), self.name(&format!("{}_{figure}", column.name)))
            })
        });
        each.collect::<Vec<_>>().join(",\n  ")
    }

    fn correlations(&self) -> String {
        // The lake compares all numbers, the warehouse, which needs long formulas, those that are told of.
        let numbers: Vec<&str> = match self.engine {
            SqlEngine::Athena => self.data.numbers().take(MOST_TOGETHER).map(|column| column.name.as_str()).collect(),
            SqlEngine::Redshift => self.data.together.iter().map(String::as_str).collect(),
        };
        let mut pairs = Vec::new();
        for (at, one) in numbers.iter().enumerate() {
            for other in &numbers[at + 1..] {
                let (a, b) = (self.double(one), self.double(other));
                let pair = self.name(&format!("{one}__{other}"));
                pairs.push(match self.engine {
                    SqlEngine::Athena => format!("corr({a}, {b}) AS {pair}"),
                    // Redshift has no corr().
                    SqlEngine::Redshift => {
                        let divisor = format!("stddev_pop({a}) * stddev_pop({b})");
                        // A column that is the same everywhere moves with nothing.
                        let divisor = if self.data.built_in { format!("({divisor})") } else { format!("nullif({divisor}, 0)") };
                        format!("(avg({a} * {b}) - avg({a}) * avg({b}))\n    / {divisor} AS {pair}")
                    }
                });
            }
        }
        pairs.join(",\n  ")
    }

    fn flag(&self, flag: &SqlFlag) -> String {
        let column = self.name(&flag.column);
        let condition = match flag.values.as_slice() {
            [value] => format!("{column} = {}", literal(value)),
            values => format!("{column} IN ({})", values.iter().map(|value| literal(value)).collect::<Vec<_>>().join(", ")),
        };
        format!("CASE WHEN {condition} THEN 1 ELSE 0 END")
    }

    /// What an algorithm that takes only numbers is trained on.
    fn ml_columns(&self) -> String {
        let numbers = self.data.numbers().map(|column| self.name(&column.name));
        let flags = self.data.sql_flags.iter().map(|flag| format!("{} AS {}", self.flag(flag), self.name(&flag.name)));
        numbers.chain(flags).collect::<Vec<_>>().join(",\n    ")
    }

    /// The same as arguments of its function.
    fn ml_arguments(&self) -> String {
        let numbers = self.lines(self.data.numbers(), 5);
        let flags = self.data.sql_flags.iter().map(|flag| self.flag(flag));
        (!numbers.is_empty()).then_some(numbers).into_iter().chain(flags).collect::<Vec<_>>().join(",\n      ")
    }
}
