//! The login of the warehouse, as it is kept in Secrets Manager.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::error::op;
use super::{Context, OpError};
use crate::demo::scenario::Scenario;

/// The login. It cannot be printed: `Debug` of a [`SecretString`] shows nothing.
#[derive(Debug)]
pub(super) struct Login {
    /// Password of the administrator.
    pub password: SecretString,
    /// Host and port, once the warehouse has told them. Empty means that the warehouse may not yet have this password.
    pub host: Option<(String, u16)>,
    /// The whole document.
    document: SecretString,
}

impl Login {
    /// Reads the login, if there is one that makes sense.
    pub async fn read(context: &Context) -> Result<Option<Login>, OpError> {
        let name = &context.scenario.secret;
        let value = context.gateways.secrets.value(name).await.map_err(op(name, "could not read the login"))?;
        Ok(value.and_then(Login::parse))
    }

    fn parse(document: SecretString) -> Option<Login> {
        let value: Value = serde_json::from_str(document.expose_secret()).ok()?;
        let password = value.get("password")?.as_str().filter(|password| !password.is_empty())?;
        let host = value.get("host").and_then(Value::as_str).filter(|host| !host.is_empty());
        let port = value.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok()).unwrap_or(5439);
        Some(Login { password: SecretString::from(password), host: host.map(|host| (host.to_owned(), port)), document })
    }

    /// The document to keep. Its members are those that the original notebooks read.
    pub fn document(scenario: &Scenario, password: &SecretString, host: Option<&(String, u16)>) -> SecretString {
        let document = json!({
            "username": scenario.admin_user,
            "password": password.expose_secret(),
            "engine": "redshift",
            "host": host.map(|(host, _)| host.as_str()).unwrap_or_default(),
            "port": host.map_or(5439, |(_, port)| *port),
            "dbClusterIdentifier": scenario.warehouse,
            "db": scenario.database,
            // What Secrets Manager itself calls it.
            "dbname": scenario.database,
            "database_name_redshift": scenario.database,
            "database_name_glue": scenario.glue_database,
            "schema_redshift": scenario.schema,
            "schema_athena": scenario.external_schema,
            "table_name_glue": scenario.glue_table,
            "table_name_redshift": scenario.table,
        });
        SecretString::from(document.to_string())
    }

    /// Whether the document kept is the one that it should be.
    pub fn is(&self, wanted: &SecretString) -> bool {
        let parse = |text: &SecretString| serde_json::from_str::<Value>(text.expose_secret()).ok();
        parse(&self.document) == parse(wanted)
    }
}
