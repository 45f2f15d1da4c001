//! Who may connect: the users of the account's warehouses, with their passwords.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::failure::{Failure, Outcome};
use crate::local::account::Account;
use crate::local::engine::{Dialect, Session};
use crate::local::services::warehouse::{self, Credentials};

/// What a client says of itself at its start.
pub(super) struct Login {
    user: String,
    database: String,
    application: String,
}

impl Login {
    /// Reads the parameters of the start.
    pub fn of(parameters: &BTreeMap<String, String>) -> Outcome<Self> {
        let given = |name: &str| parameters.get(name).cloned();
        let user = given("user").filter(|user| !user.is_empty());
        let user = user.ok_or_else(|| Failure::fatal("28000", "no PostgreSQL user name specified in startup packet"))?;
        let database = given("database").unwrap_or_else(|| user.clone()).to_lowercase();
        Ok(Login { user, database, application: given("application_name").unwrap_or_default() })
    }

    /// Checks the password and opens a session.
    pub async fn open(&self, account: &Account, password: String) -> Outcome<Session> {
        let credentials = Credentials { user: self.user.clone(), password: SecretString::from(password) };
        let right = warehouse::any_takes(account, &credentials).await.map_err(|error| Failure::fatal("XX000", error.message))?;
        if !right {
            return Err(Failure::fatal("28P01", format!("password authentication failed for user \"{}\"", self.user)));
        }
        if !account.engine.databases(Dialect::Redshift).contains(&self.database) {
            return Err(Failure::fatal("3D000", format!("database \"{}\" does not exist", self.database)));
        }
        let mut session = account.engine.session(Dialect::Redshift, &self.database);
        session.user.clone_from(&self.user);
        if !self.application.is_empty() {
            session.variables.insert("application_name".to_owned(), self.application.clone());
        }
        Ok(session)
    }

    /// What the client is told of the server, as Redshift tells it.
    pub fn server(&self) -> [(&'static str, &str); 10] {
        [
            ("server_version", "8.0.2"),
            ("server_encoding", "UTF8"),
            ("client_encoding", "UTF8"),
            ("DateStyle", "ISO, MDY"),
            ("TimeZone", "UTC"),
            ("integer_datetimes", "on"),
            ("is_superuser", "on"),
            ("standard_conforming_strings", "on"),
            ("session_authorization", &self.user),
            ("application_name", &self.application),
        ]
    }
}
