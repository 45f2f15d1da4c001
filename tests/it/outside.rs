//! What other programs ask of the embedded account reaches the screens that show it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use secrecy::ExposeSecret as _;
use shiftdeck::aws::activity::ApiCall;
use shiftdeck::local::pace::Pace;
use shiftdeck::target::{self, AccessKey, Addresses, Outside};
use tokio_util::sync::CancellationToken;

use crate::common;

async fn next(outside: &Outside) -> ApiCall {
    tokio::time::timeout(Duration::from_secs(60), outside.next()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_screen_hears_what_other_programs_ask_and_what_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.local.state_dir = Some(directory.path().to_owned());
    let stop = CancellationToken::new();
    let (ready, listening) = tokio::sync::oneshot::channel();
    let key = AccessKey::new("AKIAOUTSIDE", "the secret of the test");
    let (served, until) = (settings.clone(), stop.clone());
    let server = tokio::spawn(async move {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let addresses = Addresses { http: any, postgres: None, tls: false };
        let announce = |served: target::Served| drop(ready.send((served.addresses.http, served.key)));
        target::serve(&served, common::clock(), Pace::Instant, addresses, Some(key), until, announce).await
    });
    let (address, key) = tokio::time::timeout(Duration::from_secs(60), listening).await.unwrap().unwrap();
    let outside = Outside::open(&settings).unwrap();

    let client = |secret: &str| {
        let credentials = Credentials::new(&key.id, secret, None, None, "test");
        let config = aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(common::REGION))
            .endpoint_url(format!("http://{address}"))
            .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(credentials))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build())
    };
    let s3 = client(key.secret.expose_secret());
    s3.create_bucket().bucket("from-outside").send().await.unwrap();
    let made = next(&outside).await;
    assert_eq!((made.service.as_str(), made.operation.as_str(), made.error.as_deref()), ("S3", "CreateBucket", None));
    assert_eq!(made.from.as_deref(), Some("aws-sdk-rust"), "{made:?}");
    s3.get_object().bucket("from-outside").key("not there").send().await.unwrap_err();
    let missing = next(&outside).await;
    assert_eq!((missing.operation.as_str(), missing.error.as_deref()), ("GetObject", Some("NoSuchKey")));
    client("another secret").list_buckets().send().await.unwrap_err();
    assert_eq!(next(&outside).await.error.as_deref(), Some("SignatureDoesNotMatch"));
    stop.cancel();
    server.await.unwrap().unwrap();
}
