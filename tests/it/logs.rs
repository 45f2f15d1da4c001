//! CloudWatch Logs of the embedded AWS, through the SDK.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata as _;
use aws_sdk_cloudwatchlogs::types::{InputLogEvent, OrderBy};

use crate::common;

fn event(at: i64, text: &str) -> InputLogEvent {
    InputLogEvent::builder().timestamp(at).message(text).build().unwrap()
}

async fn put(logs: &Client, group: &str, stream: &str, events: &[(i64, &str)]) {
    let events = events.iter().map(|(at, text)| event(*at, text)).collect();
    logs.put_log_events().log_group_name(group).log_stream_name(stream).set_log_events(Some(events)).send().await.unwrap();
}

#[tokio::test]
async fn groups_and_streams_come_and_go() {
    let account = common::account().await;
    let logs = Client::new(&account.sdk_config());
    logs.create_log_group().log_group_name("/demo/a").tags("owner", "me").send().await.unwrap();
    logs.create_log_group().log_group_name("/demo/b").send().await.unwrap();
    let again = logs.create_log_group().log_group_name("/demo/a").send().await.unwrap_err().into_service_error();
    assert!(again.is_resource_already_exists_exception(), "{again}");
    logs.put_retention_policy().log_group_name("/demo/a").retention_in_days(7).send().await.unwrap();
    let wrong = logs.put_retention_policy().log_group_name("/demo/a").retention_in_days(8).send().await.unwrap_err().into_service_error();
    assert!(wrong.is_invalid_parameter_exception(), "{wrong}");

    for (stream, at) in [("one", 1000), ("two", 3000), ("three", 2000)] {
        logs.create_log_stream().log_group_name("/demo/a").log_stream_name(stream).send().await.unwrap();
        put(&logs, "/demo/a", stream, &[(at, "hello")]).await;
    }
    let listed = logs.describe_log_streams().log_group_name("/demo/a").log_stream_name_prefix("t").send().await.unwrap();
    let names: Vec<&str> = listed.log_streams().iter().map(|stream| stream.log_stream_name().unwrap()).collect();
    assert_eq!(names, ["three", "two"]);
    let newest = logs.describe_log_streams().log_group_name("/demo/a").order_by(OrderBy::LastEventTime).descending(true).limit(2);
    let newest = newest.send().await.unwrap();
    let names: Vec<&str> = newest.log_streams().iter().map(|stream| stream.log_stream_name().unwrap()).collect();
    assert_eq!(names, ["two", "three"]);
    assert!(newest.next_token().is_some());
    let both = logs.describe_log_streams().log_group_name("/demo/a").order_by(OrderBy::LastEventTime).log_stream_name_prefix("t");
    assert!(both.send().await.unwrap_err().message().unwrap().contains("LastEventTime"));

    let account = account.reopen().await;
    let logs = Client::new(&account.sdk_config());
    let groups = logs.describe_log_groups().log_group_name_prefix("/demo/").send().await.unwrap();
    let found: Vec<(&str, Option<i32>)> =
        groups.log_groups().iter().map(|group| (group.log_group_name().unwrap(), group.retention_in_days())).collect();
    assert_eq!(found, [("/demo/a", Some(7)), ("/demo/b", None)]);
    let arn = groups.log_groups()[0].log_group_arn().unwrap();
    let tags = logs.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
    assert_eq!(tags.tags().unwrap()["owner"], "me");
    logs.delete_log_stream().log_group_name("/demo/a").log_stream_name("one").send().await.unwrap();
    let gone = logs.get_log_events().log_group_name("/demo/a").log_stream_name("one").send().await.unwrap_err().into_service_error();
    assert!(gone.is_resource_not_found_exception(), "{gone}");
    logs.delete_log_group().log_group_name("/demo/a").send().await.unwrap();
    let gone = logs.describe_log_streams().log_group_name("/demo/a").send().await.unwrap_err().into_service_error();
    assert!(gone.is_resource_not_found_exception(), "{gone}");
    account.close().await;
}

#[tokio::test]
async fn events_are_paged_in_both_directions() {
    let account = common::account().await;
    let logs = Client::new(&account.sdk_config());
    logs.create_log_group().log_group_name("g").send().await.unwrap();
    logs.create_log_stream().log_group_name("g").log_stream_name("s").send().await.unwrap();
    let all: Vec<(i64, String)> = (0..10).map(|number| (number * 10, format!("line {number}"))).collect();
    put(&logs, "g", "s", &all.iter().map(|(at, text)| (*at, text.as_str())).collect::<Vec<_>>()).await;
    let read = async |token: Option<String>, head: bool| {
        let page = logs.get_log_events().log_group_name("g").log_stream_name("s").limit(4).start_from_head(head).set_next_token(token);
        let page = page.send().await.unwrap();
        let texts: Vec<String> = page.events().iter().map(|event| event.message().unwrap().to_owned()).collect();
        (texts.join(","), page.next_forward_token().unwrap().to_owned(), page.next_backward_token().unwrap().to_owned())
    };
    let (first, forward, _) = read(None, true).await;
    assert_eq!(first, "line 0,line 1,line 2,line 3");
    let (second, forward, backward) = read(Some(forward), true).await;
    assert_eq!(second, "line 4,line 5,line 6,line 7");
    assert_eq!(read(Some(backward), true).await.0, "line 0,line 1,line 2,line 3");
    let (third, end, _) = read(Some(forward), true).await;
    assert_eq!(third, "line 8,line 9");
    // At the end the same token comes again; what is written later follows it.
    let (none, same, _) = read(Some(end.clone()), true).await;
    assert_eq!((none.as_str(), &same), ("", &end));
    put(&logs, "g", "s", &[(100, "line 10")]).await;
    assert_eq!(read(Some(end), true).await.0, "line 10");
    // Without a token and not from the head: the newest.
    assert_eq!(read(None, false).await.0, "line 7,line 8,line 9,line 10");
    let window = logs.get_log_events().log_group_name("g").log_stream_name("s").start_time(20).end_time(40).send().await.unwrap();
    assert_eq!(window.events().iter().map(|event| event.timestamp().unwrap()).collect::<Vec<_>>(), [20, 30]);
    let token = logs.get_log_events().log_group_name("g").log_stream_name("s").next_token("nonsense").send().await;
    assert!(token.unwrap_err().into_service_error().is_invalid_parameter_exception());

    logs.create_log_stream().log_group_name("g").log_stream_name("other").send().await.unwrap();
    put(&logs, "g", "other", &[(15, "ERROR in column age"), (16, "fine")]).await;
    let found = logs.filter_log_events().log_group_name("g").filter_pattern("?ERROR ?\"line 1\"").send().await.unwrap();
    let texts: Vec<&str> = found.events().iter().map(|event| event.message().unwrap()).collect();
    assert_eq!(texts, ["line 1", "ERROR in column age", "line 10"]);
    account.close().await;
}
