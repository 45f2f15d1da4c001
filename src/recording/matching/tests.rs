#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use serde_json::{Value, json};
use std::time::Duration;

use super::*;
use crate::recording::call::{Answer, Content, Exchange, Outcome};

fn request(service: &str, operation: &str, body: &str) -> Request {
    Request {
        service: service.into(),
        operation: operation.into(),
        method: "POST".into(),
        path: "/".into(),
        query: String::new(),
        headers: vec![],
        body: Content::Whole(Bytes::from(body.to_owned())),
    }
}

fn ask(service: &str, operation: &str, body: &Value) -> Question {
    question(&request(service, operation, &body.to_string()), &Tokens::default())
}

#[test]
fn what_makes_a_request_be_carried_out_once_does_not_count() {
    let start = |token: &str| ask("sagemaker", "StartPipelineExecution", &json!({ "PipelineName": "P", "ClientRequestToken": token }));
    assert_eq!(start("a"), start("b"));
    let query = |token: &str| ask("athena", "StartQueryExecution", &json!({ "QueryString": "select 1", "ClientRequestToken": token }));
    assert_eq!(query("a"), query("b"));
}

#[test]
fn tags_with_the_time_and_the_owner_are_alike_in_every_protocol() {
    let documents = |made: &str, owner: &str| {
        let list = json!({ "Tags": [{ "Key": "shiftdeck:created", "Value": made }, { "Key": "shiftdeck:owner", "Value": owner },
            { "Key": "shiftdeck:demo", "Value": "BankDM" }] });
        let map = json!({ "Tags": { "shiftdeck:created": made, "shiftdeck:owner": owner, "shiftdeck:demo": "BankDM" } });
        (ask("sagemaker", "CreateModel", &list), ask("lambda", "CreateFunction", &map))
    };
    assert_eq!(documents("2026-01-01T00:00:00Z", "jane"), documents("2026-01-02T00:00:00Z", "presenter"));
    let form = |made: &str| {
        let text = format!(
            "Action=CreateRole&Tags.member.1.Key=shiftdeck%3Acreated&Tags.member.1.Value={made}&Tags.member.2.Key=a&Tags.member.2.Value=b"
        );
        let mut request = request("iam", "CreateRole", &text);
        request.headers = vec![("content-type".into(), "application/x-www-form-urlencoded".into())];
        question(&request, &Tokens::default())
    };
    assert_eq!(form("2026-01-01"), form("2026-01-02"));
    assert!(form("x").exact.contains("Tags.member.2.Value=b"));
    let xml = |made: &str| {
        let text = format!("<Tagging><TagSet><Tag><Key>shiftdeck:created</Key><Value>{made}</Value></Tag></TagSet></Tagging>");
        question(&request("s3", "PutBucketTagging", &text), &Tokens::default())
    };
    assert_eq!(xml("2026-01-01"), xml("2026-01-02"));
}

#[test]
fn secrets_do_not_count() {
    let made =
        |password: &str| ask("redshift-serverless", "CreateNamespace", &json!({ "namespaceName": "n", "adminUserPassword": password }));
    assert_eq!(made("one"), made("***"));
    assert!(!made("one").exact.contains("one"));
}

#[test]
fn statements_are_the_same_however_they_are_written_and_wherever_they_are_sent() {
    let one = ask(
        "redshift-data",
        "ExecuteStatement",
        &json!({ "Sql": "SELECT y FROM dm.data -- all", "Database": "bankdm",
        "WorkgroupName": "bankdm", "StatementName": "shiftdeck" }),
    );
    let other = ask(
        "redshift-data",
        "ExecuteStatement",
        &json!({ "Sql": "select y\nfrom dm.data;", "SessionId": "s-1", "SessionKeepAliveSeconds": 60 }),
    );
    assert_eq!((&one.exact, one.effect), (&other.exact, Effect::Read));
    assert_eq!(one.statements, ["select y from dm . data"]);
    let parameters = |value: &str| {
        ask("redshift-data", "ExecuteStatement", &json!({ "Sql": "select :a", "Parameters": [{ "name": "a", "value": value }] })).exact
    };
    assert_ne!(parameters("1"), parameters("2"));
    let batch = ask("redshift-data", "BatchExecuteStatement", &json!({ "Sqls": ["select 1", "delete from dm.data"] }));
    assert_eq!((batch.effect, batch.statements.len()), (Effect::Write, 2));
}

#[test]
fn page_sizes_count_only_to_the_letter() {
    let page = |size: u32, token: &str| {
        ask("athena", "GetQueryResults", &json!({ "QueryExecutionId": "q", "MaxResults": size, "NextToken": token }))
    };
    assert_ne!(page(10, "a").exact, page(20, "a").exact);
    assert_eq!(page(10, "a").loose, page(20, "a").loose);
    assert_ne!(page(10, "a").loose, page(10, "b").loose);
}

#[test]
fn names_that_the_program_makes_are_alike_and_those_of_the_services_are_not() {
    let (given, own, other) =
        ("0a1b2c3d-0a1b-4c2d-8e3f-0123456789ab", "11111111-0a1b-4c2d-8e3f-0123456789ab", "22222222-0a1b-4c2d-8e3f-0123456789ab");
    let exchange = |request: Request, answer: &Value| Exchange {
        request,
        outcome: Outcome::Answer(Answer { status: 200, headers: vec![], body: Bytes::from(answer.to_string()) }),
        start: Duration::ZERO,
        duration: Duration::ZERO,
    };
    let mut tokens = Tokens::default();
    // The program names a key, the service an id, and tells the key as well.
    let start = exchange(request("x", "Start", &json!({ "CacheKey": own }).to_string()), &json!({ "Id": given, "CacheKey": own }));
    tokens.learn_request(&start);
    let asked = question(&start.request, &tokens);
    tokens.learn_answer(&start, &asked, 0);
    let describe = |id: &str| question(&request("x", "Describe", &json!({ "Id": id }).to_string()), &tokens).loose;
    assert_ne!(describe(given), describe(other), "which thing it is counts");
    assert_eq!(describe(own), describe(other), "what the program made does not");
    assert_eq!(tokens.birth(&[given.to_owned()]), Some(0));
    assert_eq!(tokens.birth(&[own.to_owned()]), None);
}

#[test]
fn objects_are_told_by_their_place_and_what_is_uploaded_by_its_digest() {
    let put = |path: &str, body: Content| {
        let mut request = request("s3", "PutObject", "");
        (request.method, request.path, request.query, request.body) = ("PUT".into(), path.into(), "x-id=PutObject".into(), body);
        question(&request, &Tokens::default())
    };
    let whole = |text: &'static str| Content::Whole(Bytes::from_static(text.as_bytes()));
    let digest = put("/b/k", secrets_digest("rows"));
    assert_eq!(put("/b/k", whole("rows")), digest);
    assert_ne!(put("/b/k", whole("other")).exact, digest.exact);
    assert_ne!(put("/b/l", whole("rows")).exact, digest.exact);
    assert_eq!((digest.effect, digest.names.clone()), (Effect::Write, vec!["b/k".to_owned(), "s3://b/*".to_owned()]));
    let mut list = request("s3", "ListObjectsV2", "");
    (list.method, list.path, list.query) = ("GET".into(), "/b".into(), "prefix=k&list-type=2".into());
    let list = question(&list, &Tokens::default());
    assert_eq!((list.effect, list.names), (Effect::Read, vec!["s3://b/*".to_owned()]));
}

fn secrets_digest(text: &str) -> Content {
    crate::recording::secrets::digest(text.as_bytes())
}

#[test]
fn what_belongs_together_has_a_name_in_common() {
    let common = |one: &Question, other: &Question| one.names.iter().any(|name| other.names.contains(name));
    let create =
        ask("sagemaker", "CreateEndpoint", &json!({ "EndpointName": "BankDM-staging", "EndpointConfigName": "BankDM-staging-v1" }));
    let describe = ask("sagemaker", "DescribeEndpoint", &json!({ "EndpointName": "BankDM-staging" }));
    let other = ask("sagemaker", "DescribeEndpoint", &json!({ "EndpointName": "BankDM-prod" }));
    assert!(common(&create, &describe) && !common(&create, &other));
    let model = ask("redshift-data", "ExecuteStatement", &json!({ "Sql": "CREATE MODEL dm01 FROM dm.data TARGET y FUNCTION f" }));
    let show = ask("redshift-data", "ExecuteStatement", &json!({ "Sql": "SHOW MODEL dm01" }));
    assert!(common(&model, &show));
    let table = ask(
        "athena",
        "StartQueryExecution",
        &json!({ "QueryString": "CREATE EXTERNAL TABLE `bankdm`.`bankdm_glue` (a int) LOCATION 's3://b/'" }),
    );
    let metadata = ask(
        "athena",
        "GetTableMetadata",
        &json!({ "CatalogName": "AwsDataCatalog", "DatabaseName": "bankdm", "TableName": "bankdm_glue" }),
    );
    assert!(common(&table, &metadata));
}
