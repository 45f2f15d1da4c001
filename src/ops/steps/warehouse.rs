//! The warehouse and its login: serverless (namespace and workgroup) or provisioned (subnet group and cluster).
//!
//! The login is kept before the warehouse is made, so that no moment exists at which the warehouse has a password that nobody knows. The
//! host in it is filled last: a login without a host says that the warehouse may have another password.

use secrecy::SecretString;

use super::passwords;
use super::stacks::Network;
use crate::aws::cluster::NewCluster;
use crate::aws::serverless::{NewNamespace, NewWorkgroup};
use crate::aws::{OrThere, Tags};
use crate::config::settings::WarehouseKind;
use crate::ops::OpError;
use crate::ops::error::op;
use crate::ops::login::Login;
use crate::ops::report::Run;

/// The password, and whether the warehouse has to be told of it when it exists already.
pub struct Password {
    value: SecretString,
    unsure: bool,
    /// Whether the login was made just now.
    pub made: bool,
}

/// Finds the login or makes one.
pub async fn ensure_login(run: &Run<'_>, tags: &Tags) -> Result<Password, OpError> {
    let context = run.context;
    let name = &context.scenario.secret;
    let gateway = &context.gateways.secrets;
    let found = gateway.find(name).await.map_err(op(name, "could not look for the login"))?;
    if let Some(info) = &found {
        if info.deleted {
            run.say(name, "taking back the deletion of the login")?;
            gateway.restore(name).await.map_err(op(name, "could not take back the deletion of the login"))?;
        }
        if let Some(login) = Login::read(context).await? {
            return Ok(Password { unsure: login.host.is_none(), value: login.password, made: info.deleted });
        }
    }
    run.say(name, "generating the warehouse's password and keeping it secret")?;
    let value = passwords::generate()?;
    let document = Login::document(&context.scenario, &value, None);
    if found.is_some() {
        gateway.put(name, &document).await.map_err(op(name, "could not keep the login"))?;
    } else {
        gateway
            .create(name, "Login of the demonstration's warehouse", &document, tags)
            .await
            .or_there()
            .map_err(op(name, "could not keep the login"))?;
    }
    Ok(Password { value, unsure: true, made: true })
}

/// Makes or mends the warehouse and waits until it can be used; gives whether anything was changed.
pub async fn ensure(run: &Run<'_>, role: &str, password: &Password, network: &Network, tags: &Tags) -> Result<bool, OpError> {
    let (host, mut changed) = match run.context.settings.warehouse.kind {
        WarehouseKind::Serverless => serverless(run, role, password, network, tags).await?,
        WarehouseKind::Provisioned => provisioned(run, role, password, network, tags).await?,
    };
    let context = run.context;
    let name = &context.scenario.secret;
    let wanted = Login::document(&context.scenario, &password.value, Some(&host));
    let kept = Login::read(context).await?;
    if !kept.is_some_and(|kept| kept.is(&wanted)) {
        run.say(name, "completing the login with the warehouse's address")?;
        context.gateways.secrets.put(name, &wanted).await.map_err(op(name, "could not keep the login"))?;
        changed = true;
    }
    Ok(changed)
}

async fn serverless(
    run: &Run<'_>,
    role: &str,
    password: &Password,
    network: &Network,
    tags: &Tags,
) -> Result<((String, u16), bool), OpError> {
    let context = run.context;
    let name = &context.scenario.warehouse;
    let gateway = &context.gateways.serverless;
    let settings = &context.settings.warehouse;
    let mut changed = false;
    let (namespace, workgroup) =
        tokio::try_join!(async { gateway.namespace(name).await.map_err(op(name, "could not read the namespace")) }, async {
            gateway.workgroup(name).await.map_err(op(name, "could not read the workgroup"))
        },)?;
    match namespace.filter(|namespace| namespace.status != "DELETING") {
        None => {
            run.say(name, "creating the namespace: database, administrator, role")?;
            let database = &context.scenario.database;
            let admin = &context.scenario.admin_user;
            let new = NewNamespace { name, database, admin, password: &password.value, role, tags };
            let what = "the namespace, once IAM's new role is known";
            let made = context
                .gateways
                .poll
                .while_role_settles(&context.cancel, what, || async { gateway.create_namespace(&new).await.or_there() })
                .await;
            made.map_err(op(name, "could not create the namespace"))?;
            changed = true;
        }
        Some(namespace) => {
            available_namespace(run).await?;
            if password.unsure {
                run.say(name, "giving the administrator the password of the login")?;
                let admin = &context.scenario.admin_user;
                gateway.set_password(name, admin, &password.value).await.map_err(op(name, "could not set the password"))?;
                changed = true;
            }
            if !namespace.roles.iter().any(|attached| attached.contains(role)) {
                run.say(name, "attaching the role")?;
                available_namespace(run).await?;
                gateway.attach_role(name, role).await.map_err(op(name, "could not attach the role"))?;
                changed = true;
            }
        }
    }
    available_namespace(run).await?;
    if let Some(workgroup) = &workgroup {
        stays(run, &workgroup.subnets, network)?;
    } else {
        run.say(name, format!("creating the workgroup with {} RPU", settings.base_capacity))?;
        let (subnets, security_groups) = (&network.subnets, &network.groups);
        let new = NewWorkgroup { name, namespace: name, capacity: settings.base_capacity, subnets, security_groups, tags };
        gateway.create_workgroup(&new).await.or_there().map_err(op(name, "could not create the workgroup"))?;
        changed = true;
    }
    let endpoint = context
        .gateways
        .poll
        .until(&context.cancel, "the workgroup to be available", None, || async {
            Ok(gateway.workgroup(name).await?.filter(|workgroup| workgroup.status == "AVAILABLE").and_then(|workgroup| workgroup.endpoint))
        })
        .await
        .map_err(op(name, "the workgroup did not become available"))?;
    Ok((endpoint, changed))
}

/// Says so when a warehouse that is there lies in another network than the one that was asked for: it is not moved.
fn stays(run: &Run<'_>, subnets: &[String], network: &Network) -> Result<(), OpError> {
    let elsewhere = !network.vpc.is_empty() && !subnets.iter().all(|subnet| network.subnets.contains(subnet));
    if elsewhere {
        run.say(
            &run.context.scenario.warehouse,
            format!("the warehouse lies in another network than {} and stays there; a cleanup and a new foundation move it", network.vpc),
        )?;
    }
    Ok(())
}

async fn available_namespace(run: &Run<'_>) -> Result<(), OpError> {
    let context = run.context;
    let name = &context.scenario.warehouse;
    let gateway = &context.gateways.serverless;
    context
        .gateways
        .poll
        .until(&context.cancel, "the namespace to be available", None, || async {
            Ok(gateway.namespace(name).await?.filter(|namespace| namespace.status == "AVAILABLE").map(drop))
        })
        .await
        .map_err(op(name, "the namespace did not become available"))
}

async fn provisioned(
    run: &Run<'_>,
    role: &str,
    password: &Password,
    network: &Network,
    tags: &Tags,
) -> Result<((String, u16), bool), OpError> {
    let context = run.context;
    let name = &context.scenario.warehouse;
    let gateway = &context.gateways.cluster;
    let settings = &context.settings.warehouse;
    let mut changed = false;
    let group = &context.scenario.subnet_group;
    let with_group = !network.subnets.is_empty();
    if with_group {
        match gateway.subnet_group(group).await.map_err(op(group, "could not read the subnet group"))? {
            Some(found) => stays(run, &found.subnets, network)?,
            None => {
                run.say(group, "creating the subnet group")?;
                gateway
                    .create_subnet_group(group, "Subnets of the demonstration's warehouse", &network.subnets, tags)
                    .await
                    .or_there()
                    .map_err(op(group, "could not create the subnet group"))?;
                changed = true;
            }
        }
    }
    match gateway.find(name).await.map_err(op(name, "could not read the cluster"))? {
        None => {
            run.say(name, format!("creating the cluster: {} × {}", settings.nodes, settings.node_type))?;
            let new = NewCluster {
                name,
                database: &context.scenario.database,
                admin: &context.scenario.admin_user,
                password: &password.value,
                node_type: &settings.node_type,
                nodes: settings.nodes,
                role,
                subnet_group: with_group.then_some(group.as_str()),
                security_groups: &network.groups,
                tags,
            };
            let what = "the cluster, once IAM's new role is known";
            let made =
                context.gateways.poll.while_role_settles(&context.cancel, what, || async { gateway.create(&new).await.or_there() }).await;
            made.map_err(op(name, "could not create the cluster"))?;
            changed = true;
        }
        Some(found) => {
            if password.unsure {
                available_cluster(run, role, false).await?;
                run.say(name, "giving the administrator the password of the login")?;
                gateway.set_password(name, &password.value).await.map_err(op(name, "could not set the password"))?;
                changed = true;
            }
            if !found.roles.iter().any(|(attached, _)| attached == role) {
                run.say(name, "attaching the role")?;
                available_cluster(run, role, false).await?;
                gateway.attach_role(name, role).await.map_err(op(name, "could not attach the role"))?;
                changed = true;
            }
        }
    }
    let endpoint = available_cluster(run, role, true).await?;
    Ok((endpoint, changed))
}

/// Waits until the cluster is available and, when asked, its role in sync; gives its address.
async fn available_cluster(run: &Run<'_>, role: &str, with_role: bool) -> Result<(String, u16), OpError> {
    let context = run.context;
    let name = &context.scenario.warehouse;
    let gateway = &context.gateways.cluster;
    context
        .gateways
        .poll
        .until(&context.cancel, "the cluster to be available", None, || async {
            let found = gateway.find(name).await?.filter(|cluster| cluster.status == "available");
            let ready = found.filter(|cluster| !with_role || cluster.roles.iter().any(|(arn, status)| arn == role && status == "in-sync"));
            Ok(ready.and_then(|cluster| cluster.endpoint))
        })
        .await
        .map_err(op(name, "the cluster did not become available"))
}
