#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::app::sql::catalog::{Catalog, CatalogColumn, Relation, RelationKind, Schema};
use crate::app::sql::editor::text::Place;
use crate::syntax::Dialect;

fn relation(name: &str, columns: &[(&str, &str)]) -> Relation {
    Relation {
        name: name.into(),
        kind: RelationKind::Table,
        columns: columns.iter().map(|(name, type_name)| CatalogColumn { name: (*name).into(), type_name: (*type_name).into() }).collect(),
        location: None,
        gives: None,
    }
}

fn catalog() -> Catalog {
    Catalog {
        database: "dev".into(),
        default_schema: "public".into(),
        schemas: vec![
            Schema {
                name: "dm".into(),
                relations: vec![
                    relation("data", &[("age", "integer"), ("job", "varchar(20)"), ("duration", "integer"), ("y", "varchar(3)")]),
                    relation("scores", &[("customer_id", "bigint"), ("score", "double precision"), ("age", "integer")]),
                    Relation {
                        kind: RelationKind::Function,
                        gives: Some("varchar".into()),
                        ..relation("predict_yes", &[("$1", "integer"), ("$2", "varchar")])
                    },
                    Relation { kind: RelationKind::Model, ..relation("yes_model", &[]) },
                ],
            },
            Schema { name: "public".into(), relations: vec![relation("events", &[("at", "timestamp"), ("Kind", "varchar(9)")])] },
        ],
        version: 1,
        ..Catalog::default()
    }
}

fn at(text: &str) -> Suggestions {
    let place = text.find('|').unwrap();
    let text = text.replacen('|', "", 1);
    suggest(&Request {
        text: &text,
        at: place,
        dialect: Dialect::Redshift,
        catalog: &catalog(),
        parameters: &["from".into(), "job".into()],
        snippets: &[
            Snippet { title: "Target rate".into(), tags: Vec::new(), text: "select 1;".into(), origin: "demonstration" },
            Snippet { title: "Old customers".into(), tags: vec!["bank".into()], text: "select age;".into(), origin: "saved" },
        ],
    })
}

fn labels(text: &str) -> Vec<String> {
    at(text).items.into_iter().map(|item| item.label).collect()
}

#[track_caller]
fn first(text: &str, expected: &[&str]) {
    let found = labels(text);
    assert_eq!(found.iter().take(expected.len()).map(String::as_str).collect::<Vec<_>>(), expected, "{text}: {found:?}");
}

#[track_caller]
fn only(text: &str, expected: &[&str]) {
    assert_eq!(labels(text), expected, "{text}");
}

#[test]
fn columns_of_an_alias() {
    only("select d.| from dm.data d", &["age", "job", "duration", "y"]);
    only("select d.du| from dm.data as d join dm.scores s on true", &["duration"]);
    only("select s.| from dm.data d, dm.scores s where 1 = 1", &["customer_id", "score", "age"]);
    only("select dm.data.| from dm.data", &["age", "job", "duration", "y"]);
    only("select data.| from dm.data", &["age", "job", "duration", "y"]);
}

#[test]
fn columns_in_scope_come_first() {
    first("select du| from dm.data", &["duration"]);
    first("select | from dm.data", &["age", "job", "duration", "y"]);
    first("select 1 from dm.data where j|", &["job"]);
    first("select count(*) from dm.data group by j|", &["job"]);
    first("select sum(du| from dm.data", &["duration"]);
    first("update dm.data set j|", &["job"]);
    first("insert into dm.scores (sc|", &["score"]);
    first("delete from dm.data where y|", &["y"]);
}

#[test]
fn a_column_of_two_tables_is_qualified() {
    let found = at("select ag| from dm.data d join dm.scores s on true").items;
    assert_eq!(found[0].insert, "d.age");
    assert_eq!(found[1].insert, "s.age");
    assert_eq!((found[0].detail.as_str(), found[0].origin.as_str()), ("integer", "d"));
}

#[test]
fn tables_where_a_table_is_expected() {
    first("select * from |", &["events", "dm"]);
    let found = at("select * from sc|").items;
    assert_eq!((found[0].label.as_str(), found[0].insert.as_str()), ("scores", "dm.scores"));
    only("select * from dm.|", &["data", "scores"]);
    only("select * from dev.|", &["dm", "public"]);
    first("select * from dm.data d join sc|", &["scores"]);
    first("select * from dm.data, ev|", &["events"]);
    assert!(labels("select * from dm.data w|").contains(&"where".to_owned()));
}

#[test]
fn with_and_subqueries_are_understood() {
    first("with old as (select age, job as work from dm.data) select wo| from old", &["work"]);
    only("with old(a, b) as (select age, job from dm.data) select o.| from old o", &["a", "b"]);
    only("select x.| from (select age, avg(duration) as mean, y from dm.data) x", &["age", "mean", "y"]);
    only("select x.| from (select * from dm.scores) as x", &["customer_id", "score", "age"]);
    only(
        "with a as (select * from dm.data), b as (select a.*, 1 as one from a) select b.| from b",
        &["age", "job", "duration", "y", "one"],
    );
    first("with old as (select 1) select * from ol|", &["old"]);
    assert_eq!(at("select x.| from (select age from dm.data) x").items[0].detail, "integer");
    // Inside of a query the tables of the one around it come after its own.
    let found = labels("select * from dm.data d where exists (select 1 from dm.scores s where s.age = d.|");
    assert_eq!(found, ["age", "job", "duration", "y"]);
    let found = labels("select 1 from dm.data where age in (select | from dm.scores)");
    assert!(found.iter().position(|name| name == "score") < found.iter().position(|name| name == "duration"), "{found:?}");
    only("select 1 from dm.data d union select s.| from dm.scores s", &["customer_id", "score", "age"]);
    assert!(labels("select 1 from dm.data d union select d.| from dm.scores s").is_empty());
}

#[test]
fn functions_come_with_their_arguments() {
    let found = at("select json_ex|").items;
    assert_eq!(found[0].label, "json_extract_array_element_text");
    assert_eq!((found[1].insert.as_str(), found[1].back), ("json_extract_path_text()", 1));
    assert_eq!(found[1].detail, "(text, 'key' [, …]) varchar");
    assert_eq!(at("select getd|").items[0].back, 0, "nothing goes into its brackets");
    assert_eq!(at("select GETD|(").items[0].insert, "getdate");
    assert_eq!(at("SELECT getd|").items[0].insert, "GETDATE()");
}

#[test]
fn functions_that_people_have_made_come_with_theirs() {
    let found = at("select pred| from dm.data").items;
    assert_eq!((found[0].label.as_str(), found[0].insert.as_str(), found[0].back), ("predict_yes", "dm.predict_yes()", 1));
    assert_eq!(found[0].detail, "(integer, varchar) varchar");
    assert_eq!(at("select dm.pred|(age) from dm.data").items[0].insert, "predict_yes");
    only("select dm.pr| from dm.data", &["predict_yes"]);
    assert!(!labels("select * from pred|").contains(&"predict_yes".to_owned()), "it has no rows");
    only("select * from dm.|", &["data", "scores"]);
    only("show model dm.|", &["yes_model"]);
    only("call dm.|", &["predict_yes"]);
}

#[test]
fn the_signature_of_the_call_around_the_cursor() {
    let told = |text: &str| {
        let place = text.find('|').unwrap();
        let text = text.replacen('|', "", 1);
        let found = signature(&text, place, Dialect::Redshift, &catalog())?;
        Some((found.text.clone(), found.current.map(|range| found.text[range].to_owned())))
    };
    let of = |text: &str, current: &str| Some((text.to_owned(), Some(current.to_owned())));
    assert_eq!(told("select lag(|"), of("lag(value [, offset [, default]])", "value"));
    assert_eq!(told("select lag(age, 1|"), of("lag(value [, offset [, default]])", "offset"));
    assert_eq!(told("select lag(f(1, 2), 1, (3|"), of("lag(value [, offset [, default]])", "default"));
    assert_eq!(told("select LAG(',', -- ,\n|"), of("lag(value [, offset [, default]])", "offset"), "commas of texts do not count");
    assert_eq!(told("select coalesce(a, b, c|"), of("coalesce(value, …)", "…"));
    assert_eq!(told("select dm.predict_yes(1,|"), of("predict_yes(integer, varchar) varchar", "varchar"));
    assert_eq!(told("select getdate(|").map(|(text, _)| text).as_deref(), Some("getdate() timestamp"));
    assert_eq!(told("select lag(age)|"), None);
    assert_eq!(told("select (|"), None);
    assert_eq!(told("select nobodys(|"), None);
    assert_eq!(told("insert into dm.data (|"), None);
}

#[test]
fn keywords_that_fit() {
    first("sel|", &["select"]);
    first("SEL|", &["SELECT"]);
    first("select a fr|", &["from"]);
    first("select * from dm.data d le|", &["left join"]);
    only("select age::varc|", &["varchar"]);
    first("select cast(age as big|", &["bigint"]);
    assert!(labels("create table n|").is_empty(), "a new name is nobody's");
    assert!(labels("select age as j| from dm.data").is_empty());
}

#[test]
fn statements_and_parameters_that_are_known() {
    first("targ|", &["Target rate"]);
    let found = at("old cus|");
    assert!(found.items.is_empty(), "a name of two words is found by one of them: {found:?}");
    let found = at("cust|").items;
    assert_eq!((found[0].label.as_str(), found[0].insert.as_str(), found[0].origin.as_str()), ("Old customers", "select age;", "saved"));
    first("bank|", &["Old customers"]);
    only("select * from dm.data where job = :j|", &["job"]);
    only("select :|", &["from", "job"]);
}

#[test]
fn nothing_in_text_and_comments() {
    for text in ["select 'ag| from dm.data", "select 'age|' from dm.data", "-- ag|", "/* ag| */", "select 12|"] {
        assert!(labels(text).is_empty(), "{text}");
    }
}

#[test]
fn names_are_quoted_where_they_have_to_be() {
    assert_eq!(at("select ki| from events").items[0].insert, "\"Kind\"");
}

#[test]
fn a_place_anywhere_in_anything_gives_no_panic() {
    let text = "with a(x, as (select * from dm.data d, (select 'é' from b where (c in (select), d as ( union select d. from ) :p $$ ) , , from . as . ( ";
    for place in 0..=text.len() {
        if text.is_char_boundary(place) {
            for text in [text.to_owned(), text[..place].to_owned()] {
                suggest(&Request {
                    text: &text,
                    at: place,
                    dialect: Dialect::Redshift,
                    catalog: &catalog(),
                    parameters: &[],
                    snippets: &[],
                });
            }
        }
    }
}

fn press(list: &mut List, code: KeyCode) -> Answer {
    list.key(KeyEvent::new(code, KeyModifiers::NONE))
}

#[test]
fn enter_is_the_readers_until_something_is_chosen() {
    let mut list = List::open(at("select d| from dm.data"), Place::new(0, 7), false).unwrap();
    assert_eq!(press(&mut list, KeyCode::Enter), Answer::Close);
    assert_eq!(press(&mut list, KeyCode::Down), Answer::Taken);
    assert!(matches!(press(&mut list, KeyCode::Enter), Answer::Accept(_)));
    let mut list = List::open(at("select d| from dm.data"), Place::new(0, 7), false).unwrap();
    assert!(matches!(press(&mut list, KeyCode::Tab), Answer::Accept(item) if item.label == "duration"));
    assert_eq!(press(&mut list, KeyCode::Esc), Answer::Dismissed);
}

#[test]
fn the_list_opens_by_itself_only_when_it_helps() {
    assert!(List::open(at("select | from dm.data"), Place::new(0, 7), false).is_none());
    assert!(List::open(at("select | from dm.data"), Place::new(0, 7), true).is_some());
    assert!(List::open(at("select d.| from dm.data d"), Place::new(0, 9), false).is_some());
    assert!(List::open(at("select a from|"), Place::new(0, 9), false).is_none(), "it is there already");
}

#[test]
fn the_selection_goes_round() {
    let mut list = List::open(at("select d.| from dm.data d"), Place::new(0, 9), false).unwrap();
    press(&mut list, KeyCode::Up);
    assert_eq!(list.selected, 3);
    press(&mut list, KeyCode::Down);
    assert_eq!(list.selected, 0);
    press(&mut list, KeyCode::PageDown);
    assert_eq!(list.selected, 3);
}
