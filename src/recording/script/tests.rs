#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::recording::call::{Answer, Content, Request};

/// A call of SageMaker at a second of the recording, which took a tenth of one.
fn call(second: f64, operation: &str, asked: &Value, answered: &Value) -> Exchange {
    Exchange {
        request: request("sagemaker", operation, asked),
        outcome: Outcome::Answer(Answer { status: 200, headers: vec![], body: Bytes::from(answered.to_string()) }),
        start: Duration::from_secs_f64(second),
        duration: Duration::from_millis(100),
    }
}

fn request(service: &str, operation: &str, asked: &Value) -> Request {
    Request {
        service: service.into(),
        operation: operation.into(),
        method: "POST".into(),
        path: "/".into(),
        query: String::new(),
        headers: vec![],
        body: Content::Whole(Bytes::from(asked.to_string())),
    }
}

fn begins(step: &str, second: u64) -> Mark {
    Mark { step: step.into(), begins: true, at: Duration::from_secs(second) }
}

fn ends(step: &str, second: u64) -> Mark {
    Mark { begins: false, ..begins(step, second) }
}

/// A play, and the words of its answers.
struct Play {
    script: Script,
    calls: Vec<Exchange>,
}

impl Play {
    fn of(calls: Vec<Exchange>, marks: &[Mark], rate: Rate) -> Play {
        Play { script: Script::of(&calls, marks, rate), calls }
    }

    fn ask(&mut self, operation: &str, asked: &Value, second: f64) -> (String, f64) {
        let question = question(&request("sagemaker", operation, asked), self.script.tokens());
        let due = self.script.ask(&question, Duration::from_secs_f64(second)).unwrap();
        let Outcome::Answer(answer) = &self.calls[due.call].outcome else { panic!("{:?}", self.calls[due.call]) };
        let document: Value = serde_json::from_slice(&answer.body).unwrap();
        (document["S"].as_str().unwrap_or_default().to_owned(), due.wait.as_secs_f64())
    }

    fn state(&mut self, operation: &str, asked: &Value, second: f64) -> String {
        self.ask(operation, asked, second).0
    }
}

fn endpoint() -> Value {
    json!({ "EndpointName": "e-staging" })
}

/// An endpoint that is looked for, made, waited for, and removed.
fn endpoint_calls() -> Vec<Exchange> {
    let asked = |second: f64, state: &str| call(second, "DescribeEndpoint", &endpoint(), &json!({ "S": state }));
    vec![
        asked(1.0, "missing"),
        asked(2.0, "missing"),
        asked(3.0, "missing"),
        call(10.0, "CreateEndpoint", &json!({ "EndpointName": "e-staging", "Tags": [] }), &json!({})),
        asked(11.0, "creating"),
        asked(20.0, "creating"),
        asked(30.0, "creating"),
        asked(40.0, "in service"),
        call(100.0, "DeleteEndpoint", &endpoint(), &json!({})),
        asked(101.0, "deleting"),
        asked(110.0, "missing"),
    ]
}

#[test]
fn what_follows_from_a_change_waits_for_it_however_often_it_is_asked() {
    for rate in [Rate::Fast, Rate::Times(1.0)] {
        let mut play = Play::of(endpoint_calls(), &[], rate);
        for second in 0..300 {
            assert_eq!(play.state("DescribeEndpoint", &endpoint(), f64::from(second)), "missing", "{rate:?} {second}");
        }
        play.state("CreateEndpoint", &json!({ "EndpointName": "e-staging", "Tags": [] }), 300.0);
        assert_ne!(play.state("DescribeEndpoint", &endpoint(), 300.2), "missing", "{rate:?}");
        let end = (301..400).map(|second| play.state("DescribeEndpoint", &endpoint(), f64::from(second))).last().unwrap();
        assert_eq!(end, "in service", "{rate:?}: what is deleted later is there until then");
    }
}

#[test]
fn what_a_change_made_old_is_passed_over_when_less_is_asked() {
    for rate in [Rate::Fast, Rate::Times(1.0)] {
        let mut play = Play::of(endpoint_calls(), &[], rate);
        play.state("CreateEndpoint", &json!({ "EndpointName": "e-staging", "Tags": [] }), 0.0);
        assert_eq!(play.state("DescribeEndpoint", &endpoint(), 0.2), "creating", "{rate:?}");
        play.state("DeleteEndpoint", &endpoint(), 1.0);
        assert_eq!(play.state("DescribeEndpoint", &endpoint(), 1.2), "deleting", "{rate:?}");
    }
}

#[test]
fn a_wait_lasts_as_long_as_it_did_or_a_part_of_it() {
    for (rate, seconds) in [(Rate::Times(1.0), 30.0), (Rate::Times(10.0), 3.0)] {
        let mut play = Play::of(endpoint_calls(), &[], rate);
        play.state("CreateEndpoint", &json!({ "EndpointName": "e-staging", "Tags": [] }), 0.0);
        let mut now = 0.5;
        while play.state("DescribeEndpoint", &endpoint(), now) != "in service" {
            now += 0.05;
        }
        // The last answer was asked for thirty seconds after the endpoint was made; who asks shortly before waits for it.
        assert!(now <= seconds + 0.5 && now >= seconds - 2.5, "{rate:?}: {now}");
    }
}

#[test]
fn without_waiting_it_takes_as_many_questions_as_there_are_different_answers() {
    let mut play = Play::of(endpoint_calls(), &[], Rate::Fast);
    play.state("CreateEndpoint", &json!({ "EndpointName": "e-staging", "Tags": [] }), 0.0);
    assert_eq!(play.ask("DescribeEndpoint", &endpoint(), 0.0), ("creating".into(), 0.0));
    assert_eq!(play.ask("DescribeEndpoint", &endpoint(), 0.0), ("in service".into(), 0.0));
}

#[test]
fn a_state_that_is_nearly_due_is_waited_for() {
    let mut play = Play::of(endpoint_calls(), &[], Rate::Times(1.0));
    play.state("CreateEndpoint", &json!({ "EndpointName": "e-staging", "Tags": [] }), 0.0);
    assert_eq!(play.state("DescribeEndpoint", &endpoint(), 1.0), "creating");
    assert_eq!(play.state("DescribeEndpoint", &endpoint(), 25.0), "creating");
    let (state, wait) = play.ask("DescribeEndpoint", &endpoint(), 29.5);
    assert_eq!(state, "in service");
    assert!(wait > 0.2 && wait < 1.2, "{wait}");
}

/// An execution whose state and steps are asked for in turns, and the registry that it adds to.
fn execution_calls() -> Vec<Exchange> {
    let arn = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p/execution/abcdef123456";
    let mut calls = vec![
        call(0.5, "ListModelPackages", &json!({ "ModelPackageGroupName": "g" }), &json!({ "S": "none" })),
        call(1.0, "StartPipelineExecution", &json!({ "PipelineName": "p" }), &json!({ "PipelineExecutionArn": arn })),
    ];
    let steps = ["begun", "begun", "trained", "trained", "trained", "registered", "registered"];
    for (round, step) in steps.iter().enumerate() {
        let at = 2.0 + 10.0 * round as f64;
        let state = if round == 6 { "succeeded" } else { "executing" };
        calls.push(call(at, "DescribePipelineExecution", &json!({ "PipelineExecutionArn": arn }), &json!({ "S": state })));
        calls.push(call(at + 0.05, "ListPipelineExecutionSteps", &json!({ "PipelineExecutionArn": arn }), &json!({ "S": step })));
    }
    calls.push(call(62.4, "ListModelPackages", &json!({ "ModelPackageGroupName": "g" }), &json!({ "S": "version 1" })));
    calls
}

#[test]
fn what_is_asked_in_turns_stays_together() {
    let arn = json!({ "PipelineExecutionArn": "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p/execution/abcdef123456" });
    for (rate, step) in [(Rate::Fast, 0.01), (Rate::Times(1.0), 7.0), (Rate::Times(20.0), 0.2)] {
        let mut play = Play::of(execution_calls(), &[], rate);
        assert_eq!(play.state("ListModelPackages", &json!({ "ModelPackageGroupName": "g" }), 0.0), "none");
        play.state("StartPipelineExecution", &json!({ "PipelineName": "p" }), 0.0);
        let (mut now, mut seen) = (0.1, Vec::new());
        loop {
            let (state, wait) = play.ask("DescribePipelineExecution", &arn, now);
            let (steps, more) = play.ask("ListPipelineExecutionSteps", &arn, now);
            seen.push(format!("{state}, {steps}"));
            now += step + wait.max(more);
            if state == "succeeded" {
                break;
            }
            assert!(seen.len() < 200, "{rate:?}: {seen:?}");
        }
        seen.dedup();
        let whole = ["executing, begun", "executing, trained", "executing, registered", "succeeded, registered"];
        assert_eq!(seen, whole, "{rate:?}");
        // What is looked at right afterwards is there.
        assert_eq!(play.state("ListModelPackages", &json!({ "ModelPackageGroupName": "g" }), now), "version 1", "{rate:?}");
    }
}

#[test]
fn the_registry_is_empty_until_something_was_started_and_not_for_ever_after() {
    let mut play = Play::of(execution_calls(), &[], Rate::Times(1.0));
    let group = json!({ "ModelPackageGroupName": "g" });
    for second in 0..40 {
        assert_eq!(play.state("ListModelPackages", &group, f64::from(second)), "none");
    }
    play.state("StartPipelineExecution", &json!({ "PipelineName": "p" }), 40.0);
    assert_eq!(play.state("ListModelPackages", &group, 41.0), "none");
    assert_eq!(play.state("ListModelPackages", &group, 110.0), "version 1");
}

#[test]
fn a_change_beside_it_does_not_hold_up_what_has_nothing_to_do_with_it_for_ever() {
    let mut calls = endpoint_calls();
    // Somebody made something else by hand while the endpoint was being made.
    calls.insert(7, call(35.0, "CreateModel", &json!({ "ModelName": "by-hand" }), &json!({})));
    let mut play = Play::of(calls, &[], Rate::Fast);
    play.state("CreateEndpoint", &json!({ "EndpointName": "e-staging", "Tags": [] }), 0.0);
    let asked = (0..200).find(|_| play.state("DescribeEndpoint", &endpoint(), 0.0) == "in service");
    assert!(asked.is_some());
}

#[test]
fn a_step_begins_with_everything_before_it_done() {
    let marks = [begins("foundation", 0), begins("deploy", 9), begins("cleanup", 99)];
    for rate in [Rate::Fast, Rate::Times(1.0)] {
        let mut play = Play::of(endpoint_calls(), &marks, rate);
        assert!(play.script.to_step("cleanup", Duration::ZERO));
        assert_eq!(play.state("DescribeEndpoint", &endpoint(), 0.1), "in service", "{rate:?}");
        let mut play = Play::of(endpoint_calls(), &marks, rate);
        play.script.begins("deploy", Duration::ZERO);
        assert_eq!(play.state("DescribeEndpoint", &endpoint(), 0.1), "missing", "{rate:?}");
        play.script.begins("cleanup", Duration::from_secs(1));
        assert_eq!(play.state("DescribeEndpoint", &endpoint(), 1.1), "in service", "{rate:?}");
        assert!(!play.script.to_step("load", Duration::ZERO));
        let mut play = Play::of(endpoint_calls(), &marks, rate);
        play.script.to_end(Duration::ZERO);
        assert_eq!(play.state("DescribeEndpoint", &endpoint(), 0.0), "missing", "{rate:?}: at the end it is removed");
    }
}

#[test]
fn when_a_step_has_ended_the_account_is_as_it_was_left() {
    let everything = json!({ "MaxResults": 100 });
    let listed = |second: f64, state: &str| call(second, "ListEndpoints", &everything, &json!({ "S": state }));
    let mut calls = endpoint_calls();
    let at = calls.iter().position(|call| call.request.operation == "DeleteEndpoint").unwrap();
    // The list lagged behind, and was right before anything else was done.
    calls.splice(at..at, [listed(42.0, "none"), listed(50.0, "one"), listed(60.0, "one")]);
    let last = listed(120.0, "none");
    calls.push(last);
    let marks = [begins("deploy", 9), ends("deploy", 41), begins("cleanup", 99), ends("cleanup", 111)];
    for rate in [Rate::Fast, Rate::Times(1.0), Rate::Times(20.0)] {
        let mut play = Play::of(calls.clone(), &marks, rate);
        let second = Duration::from_secs;
        play.script.begins("deploy", second(0));
        play.state("CreateEndpoint", &json!({ "EndpointName": "e-staging", "Tags": [] }), 0.0);
        assert_eq!(play.state("DescribeEndpoint", &endpoint(), 0.2), "creating", "{rate:?}");
        play.script.ends("deploy", second(1));
        assert_eq!(play.state("ListEndpoints", &everything, 1.0), "one", "{rate:?}");
        assert_eq!(play.state("DescribeEndpoint", &endpoint(), 1.0), "in service", "{rate:?}: and not yet removed");
        play.script.begins("cleanup", second(2));
        play.state("DeleteEndpoint", &endpoint(), 2.0);
        play.script.ends("cleanup", second(3));
        assert_eq!(play.state("ListEndpoints", &everything, 3.0), "none", "{rate:?}: to the end of the recording");
        assert_eq!(play.state("DescribeEndpoint", &endpoint(), 3.0), "missing", "{rate:?}");
        // A run that the recording does not have leaves everything where it is.
        play.script.begins("deploy", second(4));
        play.script.ends("deploy", second(5));
        assert_eq!(play.state("DescribeEndpoint", &endpoint(), 5.0), "missing", "{rate:?}");
    }
}

#[test]
fn who_asks_more_often_gets_nothing_of_a_later_step() {
    let query = |second: f64, state: &str| call(second, "CreateQuery", &json!({ "Sql": "SELECT 1" }), &json!({ "S": state }));
    let everything = json!({ "MaxResults": 100 });
    let listed = |second: f64, state: &str| call(second, "ListEndpoints", &everything, &json!({ "S": state }));
    let calls = vec![
        query(1.0, "no warehouse"),
        listed(2.0, "none"),
        query(11.0, "one row"),
        listed(12.0, "one"),
        query(13.0, "two rows"),
        listed(91.0, "one"),
        query(92.0, "no warehouse"),
        listed(93.0, "none"),
    ];
    let marks = [begins("foundation", 10), ends("foundation", 20), begins("cleanup", 90)];
    for rate in [Rate::Fast, Rate::Times(1000.0)] {
        let mut play = Play::of(calls.clone(), &marks, rate);
        let query = |play: &mut Play, second: f64| play.state("CreateQuery", &json!({ "Sql": "SELECT 1" }), second);
        for second in [0.1, 0.2] {
            assert_eq!(query(&mut play, second), "no warehouse", "{rate:?}: before the first step");
            assert_eq!(play.state("ListEndpoints", &everything, second), "none", "{rate:?}");
        }
        play.script.begins("foundation", Duration::from_secs(1));
        let seen: Vec<String> = (0..4).map(|asked| query(&mut play, 1.1 + f64::from(asked))).collect();
        assert_eq!(seen, ["one row", "two rows", "two rows", "two rows"], "{rate:?}");
        assert!((0..4).all(|asked| play.state("ListEndpoints", &everything, 6.0 + f64::from(asked)) == "one"), "{rate:?}");
        play.script.ends("foundation", Duration::from_secs(10));
        assert_eq!(query(&mut play, 10.1), "two rows", "{rate:?}: still before the cleanup");
        play.script.begins("cleanup", Duration::from_secs(11));
        assert_eq!(query(&mut play, 11.1), "no warehouse", "{rate:?}");
        assert!((0..9).any(|asked| play.state("ListEndpoints", &everything, 11.2 + f64::from(asked)) == "none"), "{rate:?}");
    }
}

/// A query that was given up while it ran, cancelled or not asked about any more, and the same one followed to its end.
#[test]
fn a_query_that_was_given_up_is_not_waited_for() {
    let id = |number: u8| format!("0a1b2c3d-0a1b-4c2d-8e3f-00000000000{number}");
    let of = |exchange: Exchange| Exchange { request: Request { service: "redshift-data".into(), ..exchange.request }, ..exchange };
    let run = |second: f64, number: u8| {
        of(call(second, "ExecuteStatement", &json!({ "Sql": "SELECT 1" }), &json!({ "Id": id(number), "S": id(number) })))
    };
    let state = |second: f64, number: u8, state: &str| {
        of(call(second, "DescribeStatement", &json!({ "Id": id(number) }), &json!({ "Status": state, "S": state })))
    };
    let cancel = |second: f64, number: u8| of(call(second, "CancelStatement", &json!({ "Id": id(number) }), &json!({ "Status": true })));
    let overtaken =
        vec![run(1.0, 1), state(1.1, 1, "STARTED"), cancel(1.2, 1), state(1.3, 1, "ABORTED"), run(2.0, 2), state(2.1, 2, "STARTED")];
    let whole = [run(5.0, 3), state(5.1, 3, "STARTED"), state(5.2, 3, "FINISHED")];
    let asked = |operation: &str, asked: &Value, play: &Play| question(&request("redshift-data", operation, asked), play.script.tokens());
    for rate in [Rate::Fast, Rate::Times(1.0)] {
        let mut play = Play::of([&overtaken[..], &whole[..]].concat(), &[], rate);
        let query = asked("ExecuteStatement", &json!({ "Sql": "select  1" }), &play);
        let due = play.script.ask(&query, Duration::ZERO).unwrap();
        assert_eq!(due.call, 6, "{rate:?}: the one that ended");
        let describe = asked("DescribeStatement", &json!({ "Id": id(3) }), &play);
        let ended = (1..99).any(|second| play.script.ask(&describe, Duration::from_secs(second)).unwrap().call == 8);
        assert!(ended, "{rate:?}");

        let mut play = Play::of(overtaken.clone(), &[], rate);
        assert_eq!(play.script.ask(&query, Duration::ZERO), None, "{rate:?}: its answer is not in the recording");
    }
}

#[test]
fn changes_are_made_in_order_and_the_last_one_again() {
    let calls = vec![
        call(1.0, "CreateModel", &json!({ "ModelName": "m" }), &json!({ "S": "too early" })),
        call(2.0, "CreateModel", &json!({ "ModelName": "m" }), &json!({ "S": "made" })),
    ];
    let mut play = Play::of(calls, &[], Rate::Fast);
    let made: Vec<String> = (0..3).map(|_| play.state("CreateModel", &json!({ "ModelName": "m" }), 0.0)).collect();
    assert_eq!(made, ["too early", "made", "made"]);
}

#[test]
fn what_was_not_asked_has_no_answer() {
    let mut script = Script::of(&endpoint_calls(), &[], Rate::Fast);
    let other = question(&request("sagemaker", "DescribeEndpoint", &json!({ "EndpointName": "other" })), script.tokens());
    assert_eq!(script.ask(&other, Duration::ZERO), None);
}

#[test]
fn rates_are_read() {
    assert_eq!(Rate::named("fast"), Some(Rate::Fast));
    assert_eq!(Rate::named("recorded"), Some(Rate::Times(1.0)));
    assert_eq!(Rate::named("4"), Some(Rate::Times(4.0)));
    for wrong in ["0", "-1", "slow", "inf", ""] {
        assert_eq!(Rate::named(wrong), None, "{wrong}");
    }
}
