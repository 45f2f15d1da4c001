//! The doctor on the screen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::tests::{at_three_sizes, render};
use crate::app::action::Command;
use crate::app::latest::Ticket;
use crate::app::model::Link;
use crate::app::tests::{failure, full_model, identity, model};
use crate::app::{Effect, Model, Msg, doctor, update};
use crate::config::settings::TargetKind;
use crate::ops::doctor::{Check, Part, Surroundings};

fn open(model: &mut Model) -> Ticket {
    let effects = update(model, Msg::Do(Command::Doctor));
    effects.iter().find_map(|effect| if let Effect::Examine { ticket, .. } = effect { Some(*ticket) } else { None }).unwrap()
}

fn tell(model: &mut Model, msg: doctor::Msg) {
    update(model, Msg::Doctor(msg));
}

fn press(model: &mut Model, codes: &[KeyCode]) {
    for code in codes {
        update(model, Msg::Key(KeyEvent::new(*code, KeyModifiers::NONE)));
    }
}

fn around(target: &str) -> Surroundings {
    let state = (target == "local").then(|| Check::ok("state", "/home/ana/.local/share/shiftdeck can be written"));
    Surroundings {
        before: [Check::ok("target", target), Check::ok("region", "us-east-1")].into_iter().chain(state).collect(),
        after: vec![
            Check::ok("data", "sample of 41,188 rows"),
            Check::ok("terminal", "160x45"),
            Check::ok("colour", "true colour, theme `dark`"),
            Check::ok("characters", "C.UTF-8"),
            Check::ok("images", "by the protocol of kitty"),
            Check::ok("mouse", "used; with Shift most terminals select text as always"),
        ],
    }
}

const SERVICES: &str = "12 services answer: Athena 40 ms, SageMaker 38 ms, IAM 31 ms, Redshift Serverless 30 ms, Lambda 27 ms, \
                        Redshift Data 26 ms, Secrets Manager 24 ms, CloudWatch 22 ms, CloudWatch Logs 21 ms, S3 19 ms, Redshift 18 ms, STS 12 ms";

/// An account on AWS that lacks this and that.
fn lacking() -> Model {
    let mut model = full_model();
    model.target = TargetKind::Aws;
    let mut identity = identity();
    identity.kind = TargetKind::Aws;
    identity.account = "123456789012".into();
    model.private.clone_from(&identity.private);
    model.link = Link::Open(Box::new(identity));
    model.mask = true;
    let ticket = open(&mut model);
    tell(&mut model, doctor::Msg::Around(ticket, Box::new(around("aws"))));
    let quota = "Ask for more: `aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code L-1A2B3C4D \
                 --desired-value 3 --region us-east-1`. Or choose another instance type (mlops.endpoint_instance).";
    let parts = [
        (Part::Account, vec![Check::ok("account", "123456789012")]),
        (
            Part::Clock,
            vec![Check::warning(
                "clock",
                "the clock of this machine is 90 s behind the service's",
                "Set the clock: from five minutes on requests are refused.",
            )],
        ),
        (
            Part::Services,
            vec![
                Check::failed(
                    "services",
                    "us-east-1 has no Redshift Serverless, or its name cannot be resolved",
                    "Choose a region that has the service (--region), or check that this machine resolves names of AWS.",
                ),
                Check::ok("services", SERVICES),
            ],
        ),
        (Part::Names, vec![Check::ok("names", "free")]),
        (
            Part::Permissions,
            vec![Check::failed(
                "permissions",
                "not allowed: s3:PutObject, sagemaker:CreateEndpoint (steps lake, pipeline, deploy), for arn:aws:iam::123456789012:user/ana.garcia",
                "`shiftdeck doctor --policy` prints the policy for an administrator to attach.",
            )],
        ),
        (
            Part::Quotas,
            vec![
                Check::failed(
                    "quotas",
                    "“ml.m5.large for endpoint usage” is 0, and 3 are needed: staging, production, and one more while an endpoint changes over",
                    quota,
                ),
                Check::ok("quotas", "enough: ml.m5.xlarge for processing job usage (4), ml.m5.xlarge for training job usage (15)"),
            ],
        ),
    ];
    for (part, checks) in parts {
        tell(&mut model, doctor::Msg::Part(ticket, part, checks));
    }
    tell(&mut model, doctor::Msg::Ended(ticket));
    model
}

#[test]
fn the_doctor_fills_as_the_account_answers() {
    let mut model = full_model();
    let ticket = open(&mut model);
    tell(&mut model, doctor::Msg::Around(ticket, Box::new(around("local"))));
    tell(&mut model, doctor::Msg::Part(ticket, Part::Account, vec![Check::ok("account", "000000000000")]));
    tell(&mut model, doctor::Msg::Part(ticket, Part::Clock, Vec::new()));
    tell(&mut model, doctor::Msg::Part(ticket, Part::Services, vec![Check::ok("services", SERVICES)]));
    at_three_sizes("doctor", &model);
}

#[test]
fn the_doctor_says_what_to_do() {
    let mut model = lacking();
    at_three_sizes("doctor_failed", &model);
    press(&mut model, &[KeyCode::End]);
    at_three_sizes("doctor_failed_end", &model);
    // The quota that is too small, in full.
    press(&mut model, &[KeyCode::Home]);
    press(&mut model, &[KeyCode::Down; 8]);
    press(&mut model, &[KeyCode::Enter]);
    at_three_sizes("doctor_in_full", &model);
}

#[test]
fn the_doctor_hides_what_is_private() {
    let mut model = lacking();
    for step in 0..20 {
        for (width, height) in [(80, 24), (200, 60)] {
            let (text, _) = render(&model, width, height);
            assert!(!text.contains("123456789012") && !text.contains("ana.garcia"), "{step}\n{text}");
        }
        press(&mut model, if step % 2 == 0 { &[KeyCode::Enter] } else { &[KeyCode::Enter, KeyCode::Down] });
    }
}

#[test]
fn every_check_can_be_reached_and_is_on_the_screen_when_it_is_selected() {
    let mut model = lacking();
    let crate::app::popup::Popup::Doctor(view) = model.popups.last().unwrap() else { panic!("no doctor") };
    let names: Vec<&str> = view.checks().map(|check| check.name).collect();
    for name in names {
        let (text, drawn) = render(&model, 80, 24);
        assert!(text.lines().any(|line| line.contains(&format!(" {name} "))), "{name}\n{text}");
        update(&mut model, Msg::Drawn(drawn.viewport));
        press(&mut model, &[KeyCode::Down]);
    }
}

#[test]
fn an_account_that_cannot_be_opened_tells_the_key() {
    let mut model = model();
    model.target = TargetKind::Aws;
    let error = failure("could not find AWS credentials", "the default credential chain has none", Some("sign in with `aws sso login`"));
    update(&mut model, Msg::NotConnected(error));
    at_three_sizes("not_connected_aws", &model);
}
