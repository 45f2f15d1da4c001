//! Recordings: what is recorded, what is not, and that a recording plays as it was made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use shiftdeck::aws::Gateways;
use shiftdeck::config::Settings;
use shiftdeck::demo::clock::{SharedClock, SystemClock};
use shiftdeck::demo::event::Event;
use shiftdeck::demo::step::Step;
use shiftdeck::ops::{Context, steps};
use shiftdeck::recording::call::Header;
use shiftdeck::recording::connector::RecordingHttp;
use shiftdeck::recording::format::Frames;
use shiftdeck::recording::mask::Private;
use shiftdeck::recording::player::{Begin, Player};
use shiftdeck::recording::reader::{self, Ending};
use shiftdeck::recording::script::Rate;
use shiftdeck::recording::writer::Recorder;
use tokio_util::sync::CancellationToken;

use crate::common;
use crate::program::{Machine, json_lines};

/// A small sample, so that a test takes a moment; large enough for a model that the quality gate lets pass.
const SMALL: [&str; 2] = ["--set", "data.sample_rows=4000"];

/// An account number that is not that of the embedded account.
const ACCOUNT: &str = "210987654321";

/// Who made the recording.
const PERSON: &str = "jane.doe@example.com";

/// What was printed, without when it was and how long it took, which are never the same. Steps do several things at once, so that their
/// events come in any order.
fn told(lines: &[Value]) -> Vec<String> {
    let mut told: Vec<String> = lines
        .iter()
        .cloned()
        .map(|mut line| {
            let members = line.as_object_mut().unwrap();
            members.remove("ts");
            members.remove("seconds");
            for step in members.get_mut("steps").and_then(Value::as_object_mut).into_iter().flat_map(|steps| steps.values_mut()) {
                step.as_object_mut().unwrap().remove("seconds");
            }
            line.to_string()
        })
        .collect();
    told.sort();
    told
}

/// A recording of `run --all`, with what it printed and the machine that it was made on.
fn recorded() -> (Machine, PathBuf, Vec<Value>) {
    let machine = Machine::new();
    let file = machine.home().join("talk.rec");
    let ended = machine.run(&[&["--record", file.to_str().unwrap(), "run", "--all", "--json"][..], &SMALL].concat());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("recorded ") && ended.stderr.contains("talk.rec"), "{}", ended.stderr);
    (machine, file, json_lines(&ended.stdout))
}

#[test]
fn a_recording_of_all_steps_plays_with_the_same_events_and_figures() {
    let (machine, file, first) = recorded();
    let file = file.to_str().unwrap();
    let elsewhere = Machine::new();

    // The settings are those of the recording: nothing has to be said again.
    for typed in
        [&["--target", "replay", file][..], &["--target=replay", file], &["--set", &format!("replay.file={file}"), "--target", "replay"]]
    {
        let again = elsewhere.events(&[typed, &["run", "--all", "--json"]].concat());
        assert_eq!(told(&again), told(&first));
        assert_eq!(again.last().unwrap()["metrics"], first.last().unwrap()["metrics"]);
    }

    // One step alone: what comes before it in the recording counts as done.
    let load = elsewhere.events(&["--target", &format!("replay:{file}"), "run", "load", "--json"]);
    let of_load = |lines: &[Value]| told(&lines.iter().filter(|line| line["step"] == "load").cloned().collect::<Vec<_>>());
    assert_eq!(of_load(&load), of_load(&first));

    looks(&machine, &elsewhere, file);
    says_what_it_is(&elsewhere, file);
}

/// Commands that look at what came of the recorded steps, and get the same as the account that was recorded.
fn looks(machine: &Machine, elsewhere: &Machine, file: &str) {
    let predict = ["predict", "--sample", "3", "--json"];
    let asked = machine.done(&[&predict[..], &SMALL].concat());
    assert_eq!(elsewhere.done(&[&["--target", "replay", file][..], &predict].concat()), asked);

    let status = elsewhere.done(&["--target", "replay", file, "status", "--json"]);
    let status: Value = serde_json::from_str(&status).unwrap();
    let state =
        |id: &str| status["resources"].as_array().unwrap().iter().find(|resource| resource["id"] == id).map(|found| found["state"].clone());
    assert_eq!(state("endpoint/BankDM-staging"), Some("ready".into()), "{status}");
    assert_eq!(state("secret/bankdm_redshift_login"), Some("ready".into()), "{status}");

    // What was not recorded is told, with what there is.
    let ended = elsewhere.run(&["--target", "replay", file, "sql", "-e", "SELECT marital FROM dm.data WHERE age = 77"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{}", ended.stderr);
    for part in ["NotRecorded", "talk.rec", "select marital from dm . data where age = 77", "the nearest that it has", "next: "] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    let row = r#"{"age": 17, "job": "student"}"#;
    let ended = elsewhere.run(&["--target", "replay", file, "predict", "--row", row]);
    assert_ne!(ended.code, Some(0), "{}", ended.stdout);
}

/// What there is no account for.
fn says_what_it_is(elsewhere: &Machine, file: &str) {
    let doctor = elsewhere.run(&["--target", "replay", file, "doctor", "--json"]);
    let document: Value = serde_json::from_str(&doctor.stdout).unwrap();
    let check = document["checks"].as_array().unwrap().iter().find(|check| check["name"] == "recording").unwrap();
    assert_eq!(check["verdict"], "ok", "{document}");
    assert!(check["message"].as_str().unwrap().contains("talk.rec"), "{document}");
    for command in [&["reset", "--yes"][..], &["checkpoint", "list"], &["serve"]] {
        let ended = elsewhere.run(&[&["--target", "replay", file], command].concat());
        assert_eq!(ended.code, Some(2), "{command:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("a recording stays as it is"), "{command:?}: {}", ended.stderr);
    }
}

#[test]
fn a_query_plays_however_it_is_written() {
    let machine = Machine::new();
    machine.done(&[&["run", "foundation", "lake", "load"][..], &SMALL].concat());
    let file = machine.home().join("query.rec");
    let file = file.to_str().unwrap();
    let query = "SELECT y, count(*) AS n FROM dm.data GROUP BY y ORDER BY y";
    let recorded = machine.done(&[&["--record", file, "sql", "-e", query, "--format", "csv"][..], &SMALL].concat());
    assert_eq!(recorded, "y,n\nno,3551\nyes,449\n");
    let elsewhere = Machine::new();
    let replay = |sql: &str| elsewhere.run(&["--target", "replay", file, "sql", "-e", sql, "--format", "csv"]);
    for spelled in [query, "select y, COUNT(*) as n -- by answer\n from dm.data group by y order by y;"] {
        assert_eq!(replay(spelled).stdout, recorded, "{spelled}");
    }
    let other = replay("SELECT y, count(*) AS n FROM dm.data GROUP BY y");
    assert_eq!((other.code, other.stdout.as_str()), (Some(1), ""));
    assert!(other.stderr.contains("it has one: `select y , count ( * ) as n from dm . data group by y order by y`"), "{}", other.stderr);
    // In the lake the same text is another statement.
    assert_eq!(elsewhere.run(&["--target", "replay", file, "sql", "--engine", "athena", "-e", query]).code, Some(1));
}

#[test]
fn what_cannot_be_recorded_or_played_is_refused_with_exit_code_2() {
    let machine = Machine::new();
    let file = machine.home().join("talk.rec");
    let name = file.to_str().unwrap();
    machine.done(&["--record", name, "run", "foundation"]);
    let elsewhere = Machine::new();
    for (arguments, expected) in [
        (&["--record", name, "status"][..], "there is such a file already"),
        (&["--record", "new.rec", "serve"], "asks nothing"),
        (&["--target", "replay", name, "--record", "new.rec", "status"], "is a recording already"),
        (&["--target", "replay", "nowhere.rec", "status"], "nowhere.rec"),
        (&["--target", "replay", "status"], "no recording is named"),
        (&["--target", "replay", name, "--set", "replay.from=deploy", "status"], "does not have the step `deploy`"),
    ] {
        let ended = elsewhere.run(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(expected), "{arguments:?}: {}", ended.stderr);
    }
    assert!(!elsewhere.home().join("new.rec").exists());

    // A file that was cut off plays as far as it goes, and says so; one that was altered is refused.
    let whole = std::fs::read(&file).unwrap();
    let cut = elsewhere.file("cut.rec", &whole[..whole.len() - 20]);
    let ended = elsewhere.run(&["--target", "replay", cut.to_str().unwrap(), "run", "foundation"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("it ends early, ") && ended.stderr.contains("can be played"), "{}", ended.stderr);
    let mut altered = whole.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    let altered = elsewhere.file("altered.rec", altered);
    let ended = elsewhere.run(&["--target", "replay", altered.to_str().unwrap(), "status"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("it is damaged at byte "), "{}", ended.stderr);
}

/// The embedded account under another number.
#[derive(Clone)]
struct Renumbered {
    inner: SharedHttpConnector,
}

impl fmt::Debug for Renumbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renumbered")
    }
}

impl HttpClient for Renumbered {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// Bytes with one number in the place of another of the same length.
fn renumbered(bytes: &[u8], from: &str, to: &str) -> Bytes {
    match std::str::from_utf8(bytes) {
        Ok(text) => Bytes::from(text.replace(from, to)),
        Err(_) => Bytes::copy_from_slice(bytes),
    }
}

impl HttpConnector for Renumbered {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let inner = self.inner.clone();
        HttpConnectorFuture::new(async move {
            let uri = request.uri().replace(ACCOUNT, shiftdeck::local::ACCOUNT_ID);
            request.set_uri(uri).unwrap();
            let body = renumbered(request.body().bytes().unwrap(), ACCOUNT, shiftdeck::local::ACCOUNT_ID);
            *request.body_mut() = SdkBody::from(body);
            let mut response = inner.call(request).await?;
            // The embedded account answers with a body that is all there.
            let body = renumbered(response.body().bytes().unwrap(), shiftdeck::local::ACCOUNT_ID, ACCOUNT);
            *response.body_mut() = SdkBody::from(body);
            Ok(response)
        })
    }
}

fn clock() -> SharedClock {
    Arc::new(SystemClock)
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.data.sample_rows = 1000;
    PERSON.clone_into(&mut settings.demo.owner);
    settings
}

/// Runs steps; gives what they told, and the password of the warehouse.
async fn run(gateways: Arc<Gateways>, account: &str, settings: &Settings, player: Option<&Player>) -> (Vec<String>, String) {
    let mut told = Vec::new();
    let scenario = Arc::new(settings.scenario(account));
    for step in [Step::Foundation, Step::Lake, Step::Load] {
        let (progress, mut events) = tokio::sync::mpsc::unbounded_channel();
        let context = Context {
            gateways: Arc::clone(&gateways),
            settings: Arc::new(settings.clone()),
            scenario: Arc::clone(&scenario),
            clock: clock(),
            progress: progress.into(),
            cancel: CancellationToken::new(),
        };
        if let Some(player) = player {
            player.begins(step.name());
        }
        steps::run(&context, step).await.unwrap_or_else(|error| panic!("{step}: {error}"));
        while let Ok(event) = events.try_recv() {
            let Event { step, resource, message, .. } = event;
            told.push(format!("{step} {} {message}", resource.unwrap_or_default()).replace(ACCOUNT, shiftdeck::local::ACCOUNT_ID));
        }
    }
    told.sort();
    let login = gateways.secrets.value(&scenario.secret).await.unwrap().unwrap();
    let login: Value = serde_json::from_str(login.expose_secret()).unwrap();
    (told, login["password"].as_str().unwrap().to_owned())
}

/// Everything in a recording, decompressed.
fn decompressed(file: &Path) -> String {
    let bytes = std::fs::read(file).unwrap();
    let frames = Frames::of(&bytes).unwrap().map(|frame| frame.unwrap().payload);
    frames.map(|payload| String::from_utf8_lossy(&payload).into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_no_account_number_and_no_name_is_in_a_recording() {
    let account = common::account().await;
    let settings = settings();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("talk.rec");
    let recorder = Recorder::open(&file, clock()).unwrap();
    let embedded = Renumbered { inner: SharedHttpConnector::new(account.opened.http_client()) };
    let recording = RecordingHttp::over(Some(SharedHttpClient::new(embedded)), recorder.clone());
    let config = account.sdk_config().into_builder().http_client(recording).build();
    let header = Header {
        program: env!("CARGO_PKG_VERSION").into(),
        began: recorder.began(),
        target: "aws".into(),
        account: ACCOUNT.into(),
        region: common::REGION.into(),
        demo: settings.demo.name.clone(),
        warehouse: "serverless".into(),
        data: "sample".into(),
        settings: String::new(),
    };
    recorder.begin(header, Private { account: ACCOUNT.into(), names: vec![PERSON.into()] });
    let (first, password) = run(common::gateways(&config), ACCOUNT, &settings, None).await;
    let ended = tokio::task::spawn_blocking(move || recorder.finish()).await.unwrap();
    assert_eq!((ended.lost, ended.failure), (0, None));
    account.close().await;

    let text = decompressed(&file);
    assert!(password.len() >= 16 && ended.calls > 50, "{} calls", ended.calls);
    for secret in [password.as_str(), ACCOUNT, PERSON, "jane.doe%40example.com", "AWS4-HMAC-SHA256", "amz-sdk-invocation-id"] {
        assert!(!text.contains(secret), "{secret} is in the recording");
    }
    // What is hidden is there, under another name.
    for part in
        ["\"adminUserPassword\":\"***\"", "arn:aws:iam::000000000000:role/BankDM-RedShift", "presenter", "bankdm-000000000000-us-east-1"]
    {
        assert!(text.contains(part), "{part} is not in the recording");
    }

    // It plays all the same, without an account.
    let player = Player::open(&file, Rate::Fast, &Begin::Start, clock()).unwrap();
    assert_eq!((player.warning(), reader::read(&file).unwrap().ending), (None, Ending::Whole));
    let (again, hidden) = run(common::gateways(&player.sdk_config()), "000000000000", &settings, None).await;
    assert_eq!(again, first);
    assert_eq!(hidden, "***");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_recorded_fails_at_once_in_every_protocol() {
    let account = common::account().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("talk.rec");
    let recorder = Recorder::open(&file, clock()).unwrap();
    let recording = RecordingHttp::over(Some(SharedHttpClient::new(account.opened.http_client())), recorder.clone());
    let config = account.sdk_config().into_builder().http_client(recording).build();
    let gateways = common::gateways(&config);
    gateways.identity.caller().await.unwrap();
    let header = Header {
        program: String::new(),
        began: recorder.began(),
        target: "local".into(),
        account: String::new(),
        region: common::REGION.into(),
        demo: String::new(),
        warehouse: String::new(),
        data: String::new(),
        settings: String::new(),
    };
    recorder.begin(header, Private::default());
    tokio::task::spawn_blocking(move || recorder.finish()).await.unwrap();

    let player = Player::open(&file, Rate::Fast, &Begin::Start, clock()).unwrap();
    let gateways = common::gateways(&player.sdk_config());
    assert_eq!(gateways.identity.caller().await.unwrap().account, "000000000000");
    let errors = [
        gateways.endpoints.find("BankDM-staging").await.map(drop).unwrap_err(),
        gateways.roles.find("BankDM-Lambda").await.map(drop).unwrap_err(),
        gateways.objects.bucket_exists("bankdm-000000000000-us-east-1").await.map(drop).unwrap_err(),
        gateways.objects.info("bankdm-000000000000-us-east-1", "a").await.map(drop).unwrap_err(),
        gateways.objects.list("bankdm-000000000000-us-east-1", "a").await.map(drop).unwrap_err(),
        gateways.functions.find("bankdm-redshift-dl").await.map(drop).unwrap_err(),
        gateways.inference.invoke("BankDM-staging", "1,2\n".into()).await.map(drop).unwrap_err(),
        gateways
            .metrics
            .of_endpoint("e", &["v".into()], std::time::SystemTime::now(), std::time::Duration::from_secs(60))
            .await
            .map(drop)
            .unwrap_err(),
        gateways.cluster.find("bankdm").await.map(drop).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind, shiftdeck::aws::AwsErrorKind::NotRecorded, "{error:?}");
        assert!(error.code == "NotRecorded" && error.message.contains("the recording `talk.rec` does not have"), "{error:?}");
    }
    account.close().await;
}
