//! TLS on the warehouse's port: a certificate for `localhost` that is made once for the state directory and signs itself. A client that is
//! given it as a root (`sslrootcert`) can check that it speaks with this server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Datelike as _, Utc};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio_rustls::TlsAcceptor;

use crate::local::LocalError;
use crate::local::store::Store;

/// The directory of the certificate, below the state directory.
const DIRECTORY: &str = "tls";
/// The document with the certificate and its key.
const DOCUMENT: &str = "warehouse";
/// The certificate alone, for clients.
const FILE: &str = "warehouse.pem";
/// The names that the certificate is for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// How long it is valid.
const YEARS: i32 = 10;

/// What clients are told of the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The file that they take it from.
    pub path: PathBuf,
    /// SHA-256 of it, as OpenSSL writes it.
    pub fingerprint: String,
}

/// Certificate and key as they are kept: DER in base 64.
#[derive(Serialize, Deserialize)]
struct Document {
    certificate: String,
    key: String,
    /// The last day on which it is valid.
    ends: DateTime<Utc>,
}

/// The certificate with what answers by it.
pub(super) struct Tls {
    pub acceptor: TlsAcceptor,
    pub certificate: Certificate,
}

impl Tls {
    /// The certificate of a state directory, made now when there is none that is valid.
    ///
    /// # Errors
    /// When it cannot be read, made or kept.
    pub fn open(state_dir: &Path, now: DateTime<Utc>) -> Result<Self, LocalError> {
        let store = Store::open(state_dir.join(DIRECTORY))?;
        let path = store.root().join(FILE);
        let document = match store.load::<Document>(DOCUMENT)?.filter(|document| document.ends > now) {
            Some(document) => document,
            None => {
                let document = make(now).map_err(|error| failed(&path, error))?;
                store.save(DOCUMENT, &document)?;
                document
            }
        };
        let certificate = STANDARD.decode(&document.certificate).map_err(|error| failed(&path, error))?;
        let key = STANDARD.decode(&document.key).map_err(|error| failed(&path, error))?;
        store.replace(&path, pem(&certificate).as_bytes())?;
        let fingerprint = Sha256::digest(&certificate).iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":");
        let config = config(certificate, key).map_err(|error| failed(&path, error))?;
        Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), certificate: Certificate { path, fingerprint } })
    }
}

/// A key, and a certificate for it that it signs itself.
fn make(now: DateTime<Utc>) -> Result<Document, rcgen::Error> {
    let mut params = CertificateParams::new(NAMES.map(str::to_owned))?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "shiftdeck: the embedded warehouse");
    params.distinguished_name = name;
    // From the day before: clocks of other time zones are on it still.
    let (first, last) = (now - chrono::TimeDelta::days(1), now.year() + YEARS);
    let day = |number: u32| u8::try_from(number).unwrap_or(1);
    params.not_before = date_time_ymd(first.year(), day(first.month()), day(first.day()));
    params.not_after = date_time_ymd(last, 1, 1);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let ends = chrono::NaiveDate::from_ymd_opt(last, 1, 1).unwrap_or_default().and_time(chrono::NaiveTime::MIN).and_utc();
    Ok(Document { certificate: STANDARD.encode(certificate.der()), key: STANDARD.encode(key.serialize_der()), ends })
}

fn config(certificate: Vec<u8>, key: Vec<u8>) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(certificate)], key)
}

/// A certificate as a file has it (RFC 7468).
fn pem(certificate: &[u8]) -> String {
    let text = STANDARD.encode(certificate);
    let lines: Vec<&str> = (0..text.len()).step_by(64).filter_map(|from| text.get(from..(from + 64).min(text.len()))).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

fn failed(path: &Path, error: impl std::fmt::Display) -> LocalError {
    LocalError::Io { path: path.to_owned(), source: std::io::Error::other(format!("the certificate cannot be used: {error}")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_certificate_is_made_once_and_again_when_it_has_ended() {
        let directory = tempfile::tempdir().unwrap();
        let first = Tls::open(directory.path(), at("2026-05-06T07:08:09Z")).unwrap().certificate;
        assert_eq!(Tls::open(directory.path(), at("2035-12-31T00:00:00Z")).unwrap().certificate, first);
        assert_ne!(Tls::open(directory.path(), at("2036-01-02T00:00:00Z")).unwrap().certificate.fingerprint, first.fingerprint);
    }

    #[test]
    fn only_the_user_reads_the_files() {
        let directory = tempfile::tempdir().unwrap();
        let certificate = Tls::open(directory.path(), at("2026-05-06T07:08:09Z")).unwrap().certificate;
        for file in [certificate.path.clone(), certificate.path.with_extension("json")] {
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        }
        let text = std::fs::read_to_string(&certificate.path).unwrap();
        assert!(text.starts_with("-----BEGIN CERTIFICATE-----\n") && text.lines().all(|line| line.len() <= 64), "{text}");
        assert!(!text.contains("PRIVATE"));
        assert_eq!(certificate.fingerprint.len(), 95);
    }
}
