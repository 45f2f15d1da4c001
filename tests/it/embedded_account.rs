//! The embedded account as a whole: one owner, guests, takeover, restarts, the loopback server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use secrecy::ExposeSecret as _;
use shiftdeck::demo::clock::{SharedClock, SystemClock};
use shiftdeck::local::pace::Pace;
use shiftdeck::local::{LocalError, Options, checkpoint, open};
use shiftdeck::serve::keys::Keys;
use shiftdeck::serve::{Addresses, Ports};
use tokio_util::sync::CancellationToken;

use crate::common::{account, clock, options};

#[tokio::test]
async fn a_second_process_uses_the_owners_services() {
    let account = account().await;
    let guest = open(options(account.directory.path(), Pace::Instant)).await.unwrap();
    assert!(account.opened.is_owner() && !guest.is_owner());
    let (owner, guest) = (Client::new(&account.sdk_config()), Client::new(&guest.sdk_config()));
    guest.create_bucket().bucket("bank").send().await.unwrap();
    let body = vec![7; 2_000_000];
    guest.put_object().bucket("bank").key("a b/ü").body(ByteStream::from(body.clone())).send().await.unwrap();
    let seen = owner.get_object().bucket("bank").key("a b/ü").send().await.unwrap();
    assert!(seen.body.collect().await.unwrap().into_bytes() == body);
    let heads = (0..20).map(|_| guest.head_object().bucket("bank").key("a b/ü").send());
    for head in futures::future::join_all(heads).await {
        assert_eq!(head.unwrap().content_length(), Some(2_000_000));
    }
    let missing = guest.head_object().bucket("bank").key("none").send().await.unwrap_err();
    assert!(missing.into_service_error().is_not_found());
}

#[tokio::test]
async fn a_guest_takes_over_when_the_owner_ends() {
    let account = account().await;
    let second = open(options(account.directory.path(), Pace::Instant)).await.unwrap();
    Client::new(&account.sdk_config()).create_bucket().bucket("bank").send().await.unwrap();
    let guest = Client::new(&second.sdk_config());
    guest.head_bucket().bucket("bank").send().await.unwrap();
    account.opened.close().await;
    guest.head_bucket().bucket("bank").send().await.unwrap();
    assert!(second.is_owner());
}

#[tokio::test]
async fn a_closed_account_refuses_and_leaves_no_socket() {
    let account = account().await;
    let client = Client::new(&account.sdk_config());
    let socket = account.directory.path().join("socket");
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    account.opened.close().await;
    assert!(client.list_buckets().send().await.is_err());
    assert!(!socket.exists());
}

#[tokio::test]
async fn an_owner_that_does_not_answer_is_named() {
    let directory = tempfile::tempdir().unwrap();
    // What a hung process looks like from outside: the lock is held, the socket is there, nobody accepts.
    let lock = std::fs::File::create(directory.path().join("lock")).unwrap();
    lock.try_lock().unwrap();
    let socket = directory.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::fs::write(directory.path().join("lock"), serde_json::json!({ "pid": 4711, "socket": socket }).to_string()).unwrap();
    let impatient = Options { patience: Duration::from_millis(50), ..options(directory.path(), Pace::Instant) };
    let error = open(impatient).await.err().unwrap();
    assert!(matches!(error, LocalError::Busy { pid: Some(4711), .. }), "{error}");
    assert!(error.to_string().contains("4711") && error.to_string().contains("--state-dir"), "{error}");
}

#[tokio::test]
async fn a_very_long_state_directory_works_too() {
    let directory = tempfile::tempdir().unwrap();
    let long = directory.path().join("x".repeat(120));
    let owner = open(options(&long, Pace::Instant)).await.unwrap();
    let guest = open(options(&long, Pace::Instant)).await.unwrap();
    assert!(!guest.is_owner());
    Client::new(&guest.sdk_config()).create_bucket().bucket("bank").send().await.unwrap();
    owner.close().await;
}

#[tokio::test]
async fn what_a_killed_process_leaves_opens_again() {
    let account = account().await;
    let s3 = Client::new(&account.sdk_config());
    s3.create_bucket().bucket("bank").send().await.unwrap();
    s3.put_object().bucket("bank").key("kept").body(ByteStream::from_static(b"1")).send().await.unwrap();
    // A copy of the directory while its owner lives is what a kill would leave: no shutdown has run.
    let copy = tempfile::tempdir().unwrap();
    let copied = std::process::Command::new("cp").arg("-a").arg(account.directory.path().join(".")).arg(copy.path()).status().unwrap();
    assert!(copied.success());
    let again = open(options(copy.path(), Pace::Instant)).await.unwrap();
    assert!(again.is_owner(), "the lock of a process that is gone is free");
    let s3 = Client::new(&again.sdk_config());
    let kept = s3.get_object().bucket("bank").key("kept").send().await.unwrap();
    assert_eq!(kept.body.collect().await.unwrap().into_bytes(), "1");
}

#[tokio::test]
async fn a_checkpoint_brings_the_account_back() {
    let account = account().await;
    let s3 = Client::new(&account.sdk_config());
    s3.create_bucket().bucket("bank").send().await.unwrap();
    s3.put_object().bucket("bank").key("k").body(ByteStream::from_static(b"saved")).send().await.unwrap();
    let directory = account.directory.path().to_owned();
    assert!(matches!(checkpoint::save(&directory, "before", &clock()), Err(LocalError::InUse { .. })));
    account.opened.close().await;
    checkpoint::save(&directory, "before", &clock()).unwrap();

    let account = account.reopen().await;
    let s3 = Client::new(&account.sdk_config());
    s3.put_object().bucket("bank").key("k").body(ByteStream::from_static(b"changed")).send().await.unwrap();
    account.opened.close().await;
    checkpoint::restore(&directory, "before").unwrap();

    let account = account.reopen().await;
    let s3 = Client::new(&account.sdk_config());
    let restored = s3.get_object().bucket("bank").key("k").send().await.unwrap();
    assert_eq!(restored.body.collect().await.unwrap().into_bytes(), "saved");
    account.opened.close().await;
    checkpoint::reset(&directory).unwrap();
    let account = account.reopen().await;
    assert!(Client::new(&account.sdk_config()).list_buckets().send().await.unwrap().buckets().is_empty());
}

#[tokio::test]
async fn other_tools_reach_it_on_a_loopback_port_and_nowhere_else() {
    let account = account().await;
    let keys = || Keys::open(account.directory.path(), None).unwrap();
    let at = |http: &str, postgres: Option<&str>| Addresses {
        http: http.parse().unwrap(),
        postgres: postgres.map(|address| address.parse().unwrap()),
        tls: false,
    };
    let real: SharedClock = Arc::new(SystemClock);
    for addresses in [at("0.0.0.0:0", None), at("127.0.0.1:0", Some("0.0.0.0:0"))] {
        let refused = Ports::open(&account.opened, keys(), Arc::clone(&real), addresses).await;
        assert!(matches!(refused, Err(LocalError::NotLoopback(_))));
    }
    let ports = Ports::open(&account.opened, keys(), real, at("127.0.0.1:0", None)).await.unwrap();
    let address = ports.addresses().http;
    let stop = CancellationToken::new();
    let serving = tokio::spawn(ports.run(stop.clone()));
    // As boto3 and the AWS CLI come: over TCP, with a real HTTP client and path-style addresses.
    let config = account.sdk_config().into_builder().http_client(aws_smithy_http_client::Builder::new().build_http());
    let config = config.endpoint_url(format!("http://{address}")).build();
    let unknown = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("InvalidClientTokenId"), "what the process signs with is no key outside");
    let key = keys().own().clone();
    let credentials = Credentials::new(key.id, key.secret.expose_secret(), None, None, "test");
    let config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build();
    let s3 = Client::from_conf(aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build());
    s3.create_bucket().bucket("bank").send().await.unwrap();
    s3.put_object().bucket("bank").key("k").body(ByteStream::from_static(b"over TCP")).send().await.unwrap();
    let seen = Client::new(&account.sdk_config()).get_object().bucket("bank").key("k").send().await.unwrap();
    assert_eq!(seen.body.collect().await.unwrap().into_bytes(), "over TCP");
    let caller = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.unwrap();
    assert_eq!(caller.account(), Some("000000000000"));
    stop.cancel();
    serving.await.unwrap();
}

#[tokio::test]
async fn the_warehouses_port_is_the_owners() {
    let account = account().await;
    let guest = open(options(account.directory.path(), Pace::Instant)).await.unwrap();
    let keys = Keys::open(account.directory.path(), None).unwrap();
    let addresses = Addresses { http: "127.0.0.1:0".parse().unwrap(), postgres: Some("127.0.0.1:0".parse().unwrap()), tls: false };
    let refused = Ports::open(&guest, keys, clock(), addresses).await;
    assert!(matches!(refused, Err(LocalError::InUse { .. })));
}

/// The state directory of the process that [`a_kill_at_any_moment_loses_nothing_that_was_answered`] kills.
const VICTIM: &str = "SHIFTDECK_TEST_VICTIM";

/// The process that `a_kill_at_any_moment_loses_nothing_that_was_answered` kills: it writes, and says what was answered. Started
/// as one of all tests it is nobody's victim.
#[tokio::test]
async fn victim() {
    let Ok(directory) = std::env::var(VICTIM) else { return };
    let opened = open(options(directory.as_ref(), Pace::Instant)).await.unwrap();
    let config = opened.sdk_config();
    let (s3, secrets) = (Client::new(&config), aws_sdk_secretsmanager::Client::new(&config));
    if s3.head_bucket().bucket("bank").send().await.is_err() {
        s3.create_bucket().bucket("bank").send().await.unwrap();
        secrets.create_secret().name("s").secret_string("0").send().await.unwrap();
    }
    for number in 1.. {
        let body = ByteStream::from(number.to_string().into_bytes());
        s3.put_object().bucket("bank").key(format!("k{}", number % 7)).body(body).send().await.unwrap();
        secrets.put_secret_value().secret_id("s").secret_string(number.to_string()).send().await.unwrap();
        println!("\nanswered {number}");
    }
}

#[tokio::test]
async fn a_kill_at_any_moment_loses_nothing_that_was_answered() {
    use std::io::BufRead;

    let directory = tempfile::tempdir().unwrap();
    for kill_after in [1, 2, 9, 40, 300] {
        let mut victim = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "embedded_account::victim", "--nocapture"])
            .env(VICTIM, directory.path())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let answered =
            |line: std::io::Result<String>| line.unwrap().strip_prefix("answered ").and_then(|number| number.parse::<u64>().ok());
        let mut lines = std::io::BufReader::new(victim.stdout.take().unwrap()).lines().filter_map(answered);
        assert!(lines.any(|number| number == kill_after), "the victim ended by itself");
        victim.kill().unwrap();
        victim.wait().unwrap();
        // What it still said between the order and its end.
        let last = lines.last().unwrap_or(kill_after);

        let opened = open(options(directory.path(), Pace::Instant)).await.unwrap();
        assert!(opened.is_owner());
        let config = opened.sdk_config();
        let (s3, secrets) = (Client::new(&config), aws_sdk_secretsmanager::Client::new(&config));
        let secret = secrets.get_secret_value().secret_id("s").send().await.unwrap();
        let secret: u64 = secret.secret_string().unwrap().parse().unwrap();
        assert!(secret == last || secret == last + 1, "{secret} after {last}");
        for key in 0..7_u64 {
            // The newest number of this key that was answered, or the one that was being written.
            let Some(newest) = (1..=last).rev().find(|number| number % 7 == key) else { continue };
            let object = s3.get_object().bucket("bank").key(format!("k{key}")).send().await.unwrap();
            let body = object.body.collect().await.unwrap().into_bytes();
            let found: u64 = std::str::from_utf8(&body).unwrap().parse().unwrap();
            assert!(found == newest || (found == last + 1 && found % 7 == key), "k{key}: {found}, not {newest}, after {last}");
        }
        opened.close().await;
        let content = std::fs::read_dir(directory.path().join("account/s3/bank/content")).unwrap().count();
        assert!(content <= 7, "{content} files for 7 objects");
    }
}

#[tokio::test]
async fn every_moment_of_the_walkthrough_is_prepared_on_the_side_and_restored() {
    use shiftdeck::demo::step::Step;
    use shiftdeck::ops::steps::{StepState, from_checklist};
    use shiftdeck::prepared::{self, Moment};
    let directory = tempfile::tempdir().unwrap();
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.data.sample_rows = 500;
    settings.mlops.auc_floor = 0.5;
    settings.local.state_dir = Some(directory.path().to_owned());
    let told = parking_lot::Mutex::new(Vec::new());
    prepared::prepare(&settings, &clock(), |step| told.lock().push(step)).await.unwrap();
    assert_eq!(told.into_inner().len(), 8);
    assert!(!directory.path().join("account").exists(), "the account itself is not touched");
    let settings = std::sync::Arc::new(settings);
    for (moment, done) in [(Moment::After(Step::Load), 4), (Moment::Before(Step::Foundation), 0), (Moment::Before(Step::Cleanup), 8)] {
        assert!(prepared::is_ready(&settings, moment).unwrap());
        prepared::restore(&settings, moment).unwrap();
        let connection = shiftdeck::target::open(&settings, clock(), shiftdeck::local::pace::Pace::Instant).await.unwrap();
        let (context, _events) = connection.context(settings.clone(), clock());
        let states = from_checklist(&shiftdeck::ops::checklist::read(&context).await.unwrap());
        let is_done = states.iter().filter(|(step, state)| *step != Step::Cleanup && matches!(state, StepState::Done(_))).count();
        assert_eq!(is_done, done, "{moment:?}: {states:?}");
        connection.close().await;
    }
    let mut others = (*settings).clone();
    others.data.sample_seed += 1;
    assert!(!prepared::is_ready(&others, Moment::After(Step::Load)).unwrap(), "other rows make another account");
}
