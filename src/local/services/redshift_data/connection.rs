//! Who connects to which warehouse.

use secrecy::SecretString;
use serde_json::{Value, json};

use super::record::Target;
use super::{INVALID, RedshiftData};
use crate::local::engine::Dialect;
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::Input;
use crate::local::services::warehouse::{self, Credentials};

/// A target, and why the warehouse refuses the connection if it does. A refused connection is not an error of `ExecuteStatement`, but
/// of the statement.
pub(super) struct Connection {
    pub target: Target,
    pub refused: Option<String>,
}

impl RedshiftData {
    /// Finds the warehouse that an input names and logs in.
    pub(super) async fn connect(&self, input: &Input) -> ServiceResult<Connection> {
        let workgroup = input.text("WorkgroupName")?;
        let cluster = input.text("ClusterIdentifier")?;
        let secret = input.text("SecretArn")?;
        let db_user = input.text("DbUser")?;
        let (service, name) = match (workgroup, cluster) {
            (Some(workgroup), None) => ("redshift-serverless", workgroup),
            (None, Some(cluster)) => ("redshift", cluster),
            (Some(_), Some(_)) => return Err(input.invalid("ClusterIdentifier and WorkgroupName cannot be given together.")),
            (None, None) => return Err(input.invalid("ClusterIdentifier or WorkgroupName must be provided.")),
        };
        match (cluster, db_user, secret) {
            (Some(_), None, None) => return Err(input.invalid("DbUser or SecretArn must be provided with ClusterIdentifier.")),
            (Some(_), Some(_), Some(_)) => return Err(input.invalid("DbUser and SecretArn cannot be given together.")),
            (None, Some(_), _) => return Err(input.invalid("DbUser cannot be given with WorkgroupName.")),
            _ => {}
        }
        let credentials = match secret {
            Some(secret) => Some(self.read_secret(secret).await?),
            None => None,
        };
        let database = match (input.text("Database")?, &credentials) {
            (Some(database), _) if !database.is_empty() => database.to_owned(),
            (_, Some(Secret { database: Some(database), .. })) => database.clone(),
            _ => return Err(input.invalid("Database must be provided.")),
        };
        let login = credentials.as_ref().map(|secret| &secret.credentials);
        let found = warehouse::describe(&self.inner.account, service, name, login).await?;
        let Some(found) = found else {
            return Err(ServiceError::new(INVALID, format!("Redshift endpoint doesn't exist in this region: {name}.")));
        };
        if found.status != "available" && found.status != "modifying" {
            return Err(ServiceError::new(INVALID, format!("Redshift endpoint {name} is not available: it is {}.", found.status)));
        }
        let user = match (login, db_user, &found.user) {
            (Some(login), _, _) => login.user.clone(),
            (None, Some(user), _) => user.to_owned(),
            (None, None, Some(admin)) => admin.clone(),
            (None, None, None) => format!("IAM:{}", self.inner.account.id),
        };
        let refused = if found.login == Some(false) {
            Some(format!("FATAL: password authentication failed for user \"{user}\""))
        } else if db_user.is_some() && found.user.as_deref() != db_user {
            Some(format!("FATAL: user \"{user}\" does not exist"))
        } else if !self.inner.account.engine.databases(Dialect::Redshift).contains(&database) {
            Some(format!("FATAL: database \"{database}\" does not exist"))
        } else {
            None
        };
        let target = Target {
            workgroup: workgroup.map(str::to_owned),
            cluster: cluster.map(str::to_owned),
            secret: secret.map(str::to_owned),
            user,
            database,
        };
        Ok(Connection { target, refused })
    }

    /// Like [`RedshiftData::connect`], for operations that answer at once: a refused connection is their error.
    pub(super) async fn connect_now(&self, input: &Input) -> ServiceResult<Target> {
        let connection = self.connect(input).await?;
        match connection.refused {
            None => Ok(connection.target),
            Some(why) => Err(ServiceError::new("DatabaseConnectionException", why).with_status(500)),
        }
    }

    async fn read_secret(&self, secret: &str) -> ServiceResult<Secret> {
        let answer = self.inner.account.services.json("secretsmanager", "GetSecretValue", &json!({ "SecretId": secret })).await;
        let answer = answer.map_err(|error| {
            ServiceError::new(INVALID, format!("The secret {secret} cannot be read from Secrets Manager: {}", error.message))
        })?;
        let malformed = |why: &str| ServiceError::new(INVALID, format!("The secret {secret} is not a database login: {why}."));
        let text = answer.get("SecretString").and_then(Value::as_str).ok_or_else(|| malformed("it has no SecretString"))?;
        let mut login: Value = serde_json::from_str(text).map_err(|_| malformed("it is not a JSON object"))?;
        let user = login.get("username").and_then(Value::as_str).ok_or_else(|| malformed("it has no username"))?.to_owned();
        let database = ["database", "db", "dbname"].iter().find_map(|name| login.get(*name)).and_then(Value::as_str).map(str::to_owned);
        match login.get_mut("password").map(Value::take) {
            Some(Value::String(password)) => {
                Ok(Secret { credentials: Credentials { user, password: SecretString::from(password) }, database })
            }
            _ => Err(malformed("it has no password")),
        }
    }
}

/// What a secret holds for us.
struct Secret {
    credentials: Credentials,
    database: Option<String>,
}
