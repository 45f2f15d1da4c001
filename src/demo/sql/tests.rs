#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::demo::example::scenario;

fn values() -> SqlValues {
    SqlValues::of(&scenario())
        .with("redshift_role_arn", "arn:aws:iam::000000000000:role/BankDM-RedShift")
        .with("max_runtime", "5400")
        .with("num_round", "50")
        .with("max_depth", "6")
        .with("eta", "0.3")
}

#[test]
fn every_statement_is_filled_and_has_a_title() {
    let mut last = 0;
    for statement in statements() {
        let text = statement.fill(&values()).unwrap_or_else(|error| panic!("{error}"));
        assert!(!text.contains("{{") && !text.starts_with("--") && !text.ends_with(';'), "{text}");
        assert!(statement.text.starts_with(&format!("-- {}\n", statement.title)));
        assert!(statement.number > last, "{} is out of order", statement.file);
        last = statement.number;
    }
    assert_eq!(statements().count(), std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sql")).unwrap().count());
}

/// The statements as they were when every column stood in the files.
#[test]
fn the_statements_of_the_built_in_data_are_these() {
    let written: Vec<String> =
        statements().map(|statement| format!("-- {}\n{}\n", statement.file, statement.fill(&values()).unwrap())).collect();
    let expected = include_str!("../../../tests/fixtures/statements.sql");
    for (written, expected) in written.iter().zip(expected.split("\n\n")) {
        assert_eq!(written.trim_end(), expected.trim_end());
    }
    assert_eq!(written.len(), expected.split("\n\n").count());
}

#[test]
fn the_statements_follow_another_data_set() {
    let text =
        "name = 'machines'\n[target]\nname = 'order'\npositive = \"it's\"\nnegative = 0\n[[column]]\nname = 'group'\ntype = 'text'\n";
    let other = Scenario { data: Arc::new(crate::demo::dataset::description::read(text).unwrap()), ..scenario() };
    let values = SqlValues::of(&other);
    let filled = |engine, name: &str| find(engine, name).unwrap().fill(&values);
    let verify = filled(SqlEngine::Redshift, "verify_table").unwrap();
    assert!(verify.ends_with("sum(CASE WHEN \"order\" = 'it''s' THEN 1 ELSE 0 END) AS yes_rows\nFROM dm.data"), "{verify}");
    let create = filled(SqlEngine::Athena, "create_external_table").unwrap();
    assert!(create.contains("(\n  `group` string,\n  `order` string\n)"), "{create}");
    let missing = filled(SqlEngine::Athena, "explore_correlations").unwrap_err().to_string();
    assert_eq!(missing, "`09_explore_correlations.athena.sql` is not for the machines data: it has no correlations");
    assert!(matches!(filled(SqlEngine::Redshift, "explore_months"), Err(SqlFillError::OtherData { .. })));
}

#[test]
fn a_name_cannot_leave_its_place() {
    let mut hostile = scenario();
    hostile.table = "data\"; DROP TABLE users; --".into();
    hostile.bucket = "x' OR '1'='1".into();
    let verify = find(SqlEngine::Redshift, "verify_table").unwrap().fill(&SqlValues::of(&hostile)).unwrap();
    assert!(verify.ends_with("FROM dm.\"data\"\"; DROP TABLE users; --\""), "{verify}");
    let create = find(SqlEngine::Athena, "create_external_table").unwrap().fill(&SqlValues::of(&hostile)).unwrap();
    assert!(create.contains("LOCATION 's3://x'' OR ''1''=''1/bankdm/data/'"), "{create}");
    let number = find(SqlEngine::Redshift, "create_model").unwrap().fill(&values().with("max_runtime", "1; DROP"));
    assert!(matches!(number, Err(SqlFillError::NotANumber { .. })));
}
