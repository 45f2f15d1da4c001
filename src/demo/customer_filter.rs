//! A condition on customers, as people write it: `age > 60 and poutcome = 'success'`.
//!
//! It is read against the feature schema, so that a column that does not exist or a number where a category belongs is told before anything is
//! asked, and written as SQL whose identifiers are quoted and whose values travel as parameters. Of the text itself nothing reaches a service.

mod read;

use super::feature_schema::FeatureSchema;
use super::sql::{Quotes, identifier};

/// Bytes of a condition at most.
pub const LONGEST: usize = 2000;

/// A condition that fits the columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    test: Test,
}

/// A test of a row.
#[derive(Debug, Clone, PartialEq)]
enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Compare(String, Operator, Literal),
    OneOf(String, Vec<Literal>),
    Between(String, Literal, Literal),
    Like(String, String),
    IsNull(String),
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// A value that a column is compared with.
#[derive(Debug, Clone, PartialEq)]
enum Literal {
    Number(f64),
    Text(String),
}

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {at}: {why}")]
pub struct FilterError {
    /// The character that the reader stopped at, from 1.
    pub at: usize,
    /// What is wrong, and what would be right.
    pub why: String,
}

impl Condition {
    /// Reads a condition. Columns are those of the schema, dropped ones and the target included; published names (`emp.var.rate`) are understood.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(text: &str, schema: &FeatureSchema) -> Result<Condition, FilterError> {
        read::condition(text, schema).map(|test| Condition { test })
    }

    /// The condition as SQL, with its named parameters (`:p1`) and their values.
    pub fn sql(&self, quotes: Quotes) -> (String, Vec<(String, String)>) {
        let mut writer = Writer { quotes, parameters: Vec::new() };
        let sql = writer.test(&self.test);
        (sql, writer.parameters)
    }
}

struct Writer {
    quotes: Quotes,
    parameters: Vec<(String, String)>,
}

impl Writer {
    fn name(&self, column: &str) -> String {
        identifier(self.quotes, column)
    }

    /// The place of a value. A number is sent as text as every parameter is, and said to be one.
    fn value(&mut self, literal: &Literal) -> String {
        let name = format!("p{}", self.parameters.len() + 1);
        let (value, place) = match literal {
            Literal::Number(number) => (number.to_string(), format!("CAST(:{name} AS double precision)")),
            Literal::Text(text) => (text.clone(), format!(":{name}")),
        };
        self.parameters.push((name, value));
        place
    }

    fn joined(&mut self, tests: &[Test], word: &str) -> String {
        let parts: Vec<String> = tests.iter().map(|test| self.test(test)).collect();
        format!("({})", parts.join(word))
    }

    fn test(&mut self, test: &Test) -> String {
        match test {
            Test::All(tests) => self.joined(tests, " AND "),
            Test::Any(tests) => self.joined(tests, " OR "),
            Test::Not(test) => format!("NOT ({})", self.test(test)),
            Test::Compare(column, operator, literal) => {
                let operator = match operator {
                    Operator::Equal => "=",
                    Operator::NotEqual => "<>",
                    Operator::Less => "<",
                    Operator::AtMost => "<=",
                    Operator::Greater => ">",
                    Operator::AtLeast => ">=",
                };
                format!("{} {operator} {}", self.name(column), self.value(literal))
            }
            Test::OneOf(column, literals) => {
                let values: Vec<String> = literals.iter().map(|literal| self.value(literal)).collect();
                format!("{} IN ({})", self.name(column), values.join(", "))
            }
            Test::Between(column, low, high) => {
                let (low, high) = (self.value(low), self.value(high));
                format!("{} BETWEEN {low} AND {high}", self.name(column))
            }
            Test::Like(column, pattern) => {
                let pattern = self.value(&Literal::Text(pattern.clone()));
                format!("{} LIKE {pattern}", self.name(column))
            }
            Test::IsNull(column) => format!("{} IS NULL", self.name(column)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::feature_schema::{CategoryValue, Column, ColumnKind, Target};

    fn schema() -> FeatureSchema {
        let number = ColumnKind::Number { integer: true, min: 0.0, max: 98.0, mean: 40.0, quantiles: vec![] };
        let values = ["failure", "nonexistent", "success"].map(|value| CategoryValue { value: value.into(), count: 1 }).to_vec();
        let column = |name: &str, kind: &ColumnKind| Column { name: name.into(), dropped: false, kind: kind.clone() };
        FeatureSchema {
            version: 1,
            target: Target { name: "y".into(), positive: "yes".into(), negative: "no".into() },
            columns: vec![
                column("age", &number),
                column("emp_var_rate", &number),
                column("Odd \"name", &number),
                column("poutcome", &ColumnKind::Category { values }),
            ],
            derived: vec![],
            features: vec![],
        }
    }

    fn sql(text: &str) -> (String, Vec<String>) {
        let (sql, parameters) = Condition::read(text, &schema()).unwrap_or_else(|error| panic!("{text}: {error}")).sql(Quotes::Double);
        (sql, parameters.into_iter().map(|(_, value)| value).collect())
    }

    fn refused(text: &str) -> String {
        Condition::read(text, &schema()).map(|condition| panic!("{text}: {condition:?}")).unwrap_err().to_string()
    }

    #[test]
    fn values_travel_as_parameters() {
        let (text, values) = sql("age > 60 and poutcome = 'success'");
        assert_eq!(text, "(age > CAST(:p1 AS double precision) AND poutcome = :p2)");
        assert_eq!(values, ["60", "success"]);
        let (text, values) = sql("not (poutcome in ('success', failure) OR age between 18 and 25.5) and y = yes");
        assert_eq!(
            text,
            "(NOT ((poutcome IN (:p1, :p2) OR age BETWEEN CAST(:p3 AS double precision) AND CAST(:p4 AS double precision))) AND y = :p5)"
        );
        assert_eq!(values, ["success", "failure", "18", "25.5", "yes"]);
        assert_eq!(sql("emp.var.rate < -1.8 or age is not null").0, "(emp_var_rate < CAST(:p1 AS double precision) OR NOT (age IS NULL))");
        assert_eq!(sql("poutcome not like 'it''s%'"), ("NOT (poutcome LIKE :p1)".into(), vec!["it's%".into()]));
    }

    #[test]
    fn nothing_of_the_text_reaches_the_statement() {
        let (text, values) = sql("poutcome like '''; drop table dm.data; --'");
        assert_eq!(text, "poutcome LIKE :p1");
        assert_eq!(values, ["'; drop table dm.data; --"]);
        let (text, _) = sql("\"Odd \"\"name\" >= 1e3");
        assert_eq!(text, "\"Odd \"\"name\" >= CAST(:p1 AS double precision)");
        assert_eq!(refused("age > 60; drop table x"), "at character 9: `;` means nothing here; conditions are joined by `and` or `or`");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        assert_eq!(refused(""), "at character 1: a column is missing; it could be age, emp_var_rate, Odd \"name, poutcome or y");
        assert_eq!(
            refused("income > 5"),
            "at character 1: there is no column `income`; it could be age, emp_var_rate, Odd \"name, poutcome or y"
        );
        assert_eq!(refused("age > old"), "at character 7: `age` is a number, and `old` is none");
        assert_eq!(refused("age > 1e999"), "at character 7: `1e999` is too large");
        assert_eq!(refused("poutcome > 'a'"), "at character 10: `poutcome` is a category; compare it with =, <>, in or like");
        assert_eq!(
            refused("poutcome = 'sucess'"),
            "at character 12: `poutcome` is never `sucess`; it could be failure, nonexistent or success"
        );
        assert_eq!(refused("age"), "at character 4: a comparison is missing, such as `age > 40`");
        assert_eq!(refused("poutcome = 'x"), "at character 12: the text has no closing quote");
        assert_eq!(refused("(age > 1"), "at character 9: a `)` is missing");
        assert!(refused(&format!("{}age > 1", "(".repeat(5000))).contains("longer than"));
        assert!(refused(&format!("{}age > 1", "(".repeat(200))).contains("nested too deeply"));
        assert!(refused(&"not ".repeat(300)).contains("nested too deeply"));
        assert_eq!(refused("age > 1 \u{1b}[2J"), "at character 9: `\\u{1b}` means nothing here; conditions are joined by `and` or `or`");
    }

    /// However its words are put together, a text is refused or stays one expression over parameters.
    #[test]
    fn any_words_are_read_or_refused() {
        const WORDS: [&str; 22] = [
            "age > 4",
            "poutcome = 'success'",
            "y in (yes, no)",
            "age is not null",
            "age between 1 and",
            "age",
            "poutcome",
            "yes",
            "-1e3",
            ">",
            "=",
            "(",
            ")",
            "and",
            "or",
            "not",
            "in",
            "like '%'",
            ",",
            "'",
            "é",
            "\u{7}",
        ];
        let mut state = 1_u64;
        let mut next = |below: usize| {
            // Knuth's linear congruential generator: the same texts each time.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let mut read = 0;
        for _ in 0..40_000 {
            let text: Vec<&str> = (0..next(9)).map(|_| WORDS[next(WORDS.len())]).collect();
            if let Ok(condition) = Condition::read(&text.join(" "), &schema()) {
                let (sql, parameters) = condition.sql(Quotes::Double);
                assert!(!sql.contains('\'') && sql.matches(':').count() == parameters.len(), "{sql}");
                read += 1;
            }
        }
        assert!(read > 200, "{read}");
    }
}
