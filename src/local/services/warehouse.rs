//! What clusters and namespaces have in common: the administrator's login, names, and how the Data API asks for a warehouse.
//!
//! All warehouses of the embedded account are doors to one engine: a cluster and a namespace that exist at the same time see the same
//! databases, and the data goes with the last of them.

use std::sync::{Arc, OnceLock};

use rand::TryRngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::local::account::Account;
use crate::local::service::{ServiceError, ServiceResult};

/// The operation with which services ask the two warehouse services about a warehouse. It is not one of AWS's.
pub const DESCRIBE_WAREHOUSE: &str = "DescribeWarehouse";

/// Rounds of hashing: a guess costs about a millisecond, a login once a process too.
const ROUNDS: u32 = 4096;

/// The administrator's name and password. Of the password only a salted hash is kept, so that nothing can give it back.
#[derive(Clone, Serialize, Deserialize)]
pub struct Login {
    /// User name.
    pub user: String,
    salt: String,
    hash: String,
    /// The cheap hash of the password that was right the last time, so that only the first login of a process is slow. Copies share it.
    #[serde(skip)]
    known: Arc<OnceLock<[u8; 32]>>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Login {
    /// A login with a password.
    pub fn new(user: &str, password: &str) -> ServiceResult<Self> {
        let salt = random_text(16)?;
        let hash = slow_hash(&salt, password);
        let login = Login { user: user.to_owned(), salt, hash, known: Arc::default() };
        login.known.get_or_init(|| fast_hash(&login.salt, password));
        Ok(login)
    }

    /// Whether name and password are right.
    pub fn matches(&self, user: &str, password: &str) -> bool {
        if user != self.user {
            return false;
        }
        let fast = fast_hash(&self.salt, password);
        if self.known.get() == Some(&fast) {
            return true;
        }
        let right = slow_hash(&self.salt, password) == self.hash;
        if right {
            self.known.get_or_init(|| fast);
        }
        right
    }
}

fn fast_hash(salt: &str, password: &str) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update([0]).chain_update(password).finalize().into()
}

fn slow_hash(salt: &str, password: &str) -> String {
    let mut hash = fast_hash(salt, password);
    for _ in 0..ROUNDS {
        hash = Sha256::new().chain_update(hash).chain_update(salt).finalize().into();
    }
    hex(&hash)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hex digits of `bytes` bytes from the operating system's cryptographic source.
pub fn random_text(bytes: usize) -> ServiceResult<String> {
    let mut random = vec![0; bytes];
    OsRng.try_fill_bytes(&mut random).map_err(|error| {
        ServiceError::new("InternalServerException", format!("no randomness from the system: {error}")).with_status(500)
    })?;
    Ok(hex(&random))
}

/// Checks an administrator's password by Redshift's rules, and says which is broken. The password is not part of the sentence.
pub fn check_password(password: &str) -> Result<(), &'static str> {
    if !(8..=64).contains(&password.chars().count()) {
        return Err("must be between 8 and 64 characters in length");
    }
    if !password.chars().any(|c| c.is_ascii_uppercase()) {
        return Err("must contain at least one uppercase letter");
    }
    if !password.chars().any(|c| c.is_ascii_lowercase()) {
        return Err("must contain at least one lowercase letter");
    }
    if !password.chars().any(|c| c.is_ascii_digit()) {
        return Err("must contain one number");
    }
    if !password.chars().all(|c| ('!'..='~').contains(&c) && !"/@\"'\\".contains(c)) {
        return Err("can use any ASCII characters with ASCII codes 33-126, except ' (single quote), \" (double quote), \\, /, or @");
    }
    Ok(())
}

/// Checks an administrator's name: lower-case letters and digits, a letter first, 1 to 127 characters, not `PUBLIC`.
pub fn check_user(user: &str) -> Result<(), &'static str> {
    let mut characters = user.chars();
    if !characters.next().is_some_and(|c| c.is_ascii_lowercase()) {
        return Err("must begin with a lowercase letter");
    }
    if user.len() > 127 || !characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_+.@-".contains(c)) {
        return Err("must be 1 to 127 lowercase letters, digits, plus sign (+), underscore (_), period (.), at symbol (@), or hyphen (-)");
    }
    if user == "public" {
        return Err("is a reserved word");
    }
    Ok(())
}

/// Checks the name of a database: lower-case letters, digits, `_` and `$`, a letter first, 1 to 64 characters.
pub fn check_database(name: &str) -> Result<(), &'static str> {
    let mut characters = name.chars();
    if name.len() > 64
        || !characters.next().is_some_and(|c| c.is_ascii_lowercase())
        || !characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '$')
    {
        return Err("must be 1 to 64 lowercase letters, digits, underscores or dollar signs and begin with a letter");
    }
    Ok(())
}

/// What a warehouse service answers to [`DESCRIBE_WAREHOUSE`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warehouse {
    /// Its status, in lower case: `available`, `creating`, ….
    pub status: String,
    /// Name of its administrator, if it has one with a password.
    pub user: Option<String>,
    /// Whether the login that was given is right; `None` when none was given.
    pub login: Option<bool>,
}

/// Name and password, as a secret holds them.
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Password.
    pub password: secrecy::SecretString,
}

/// Asks `service` (`redshift` or `redshift-serverless`) about the warehouse `name`; `None` when there is none.
pub async fn describe(account: &Account, service: &str, name: &str, login: Option<&Credentials>) -> ServiceResult<Option<Warehouse>> {
    use secrecy::ExposeSecret as _;
    let mut question = json!({ "Name": name });
    if let Some(login) = login {
        question["User"] = Value::from(login.user.as_str());
        question["Password"] = Value::from(login.password.expose_secret());
    }
    let answer = account.services.json(service, DESCRIBE_WAREHOUSE, &question).await?;
    Ok(answer.get("Status").and_then(Value::as_str).map(|status| Warehouse {
        status: status.to_owned(),
        user: answer.get("User").and_then(Value::as_str).map(str::to_owned),
        login: answer.get("Login").and_then(Value::as_bool),
    }))
}

/// The answer to [`DESCRIBE_WAREHOUSE`]: `found` is status and login of the warehouse that was asked for.
pub fn answer(input: &super::protocol::aws_json::Input, found: Option<(&str, Option<&Login>)>) -> ServiceResult {
    let Some((status, login)) = found else { return Ok(json!({})) };
    let right = match (input.text("User")?, input.text("Password")?) {
        (Some(user), Some(password)) => Some(login.is_some_and(|login| login.matches(user, password))),
        _ => None,
    };
    Ok(json!({ "Status": status, "User": login.map(|login| &login.user), "Login": right }))
}

/// Whether a warehouse of the account takes a login. All warehouses are doors to one engine; who connects to its port names none of them.
pub async fn any_takes(account: &Account, login: &Credentials) -> ServiceResult<bool> {
    use secrecy::ExposeSecret as _;
    let question = json!({ "User": login.user, "Password": login.password.expose_secret() });
    for service in ["redshift-serverless", "redshift"] {
        let answer = account.services.json(service, DESCRIBE_WAREHOUSE, &question).await?;
        if answer.get("Login").and_then(Value::as_bool) == Some(true) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The answer to [`DESCRIBE_WAREHOUSE`] without a name: whether there is any, and whether one of them takes the login.
pub fn answer_any<'a>(input: &super::protocol::aws_json::Input, logins: impl Iterator<Item = Option<&'a Login>>) -> ServiceResult {
    let logins: Vec<Option<&Login>> = logins.collect();
    let right = match (input.text("User")?, input.text("Password")?) {
        (Some(user), Some(password)) => Some(logins.iter().flatten().any(|login| login.matches(user, password))),
        _ => None,
    };
    Ok(json!({ "Any": !logins.is_empty(), "Login": right }))
}

/// Whether the other warehouse service (`redshift` or `redshift-serverless`) has a warehouse, so that the data must stay.
pub async fn any_in(account: &Account, service: &str) -> ServiceResult<bool> {
    match account.services.json(service, DESCRIBE_WAREHOUSE, &json!({})).await {
        Ok(answer) => Ok(answer.get("Any").and_then(Value::as_bool).unwrap_or(false)),
        // An account that has only one of the two services.
        Err(error) if error.status == 404 => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_login_knows_its_password_and_does_not_hold_it() {
        let login = Login::new("bankdm", "Secret-Passw0rd").unwrap();
        let saved = serde_json::to_string(&login).unwrap();
        assert!(!saved.contains("Passw0rd") && !format!("{login:?}").contains("Passw0rd"));
        let loaded: Login = serde_json::from_str(&saved).unwrap();
        for login in [&login, &loaded] {
            assert!(!login.matches("bankdm", "secret-passw0rd"));
            assert!(!login.matches("other", "Secret-Passw0rd"));
            assert!(login.matches("bankdm", "Secret-Passw0rd"));
            assert!(login.matches("bankdm", "Secret-Passw0rd"));
        }
        assert_ne!(login.hash, Login::new("bankdm", "Secret-Passw0rd").unwrap().hash);
    }

    #[test]
    fn passwords_follow_the_rules() {
        assert_eq!(check_password("Abcdefg1"), Ok(()));
        for bad in ["Abc1", "abcdefg1", "ABCDEFG1", "Abcdefgh", "Abcdefg1/", "Abcdefg1 ", "Abcdefg1@", "Äbcdefg1X"] {
            assert!(check_password(bad).is_err(), "{bad}");
        }
        assert_eq!(check_user("bankdm"), Ok(()));
        assert!(check_user("1bank").is_err() && check_user("Bank").is_err() && check_user("public").is_err());
        assert_eq!(check_database("bank_dm"), Ok(()));
        assert!(check_database("").is_err() && check_database("Bank").is_err() && check_database("a-b").is_err());
    }
}
