//! Reads the state of every resource of the demonstration.

use futures::future::{BoxFuture, FutureExt, join_all};

use super::error::op;
use super::steps::sql_model_state;
use super::{Context, OpError, data, stacks};
use crate::aws::{AwsError, AwsErrorKind};
use crate::config::settings::WarehouseKind;
use crate::demo::figures;
use crate::demo::pipeline_definition::code_objects;
use crate::demo::policies::DemoRole;
use crate::demo::resource::{ResourceState, ResourceStatus};
use crate::demo::stack::DemoStack;
use crate::demo::step::Step;

/// What a read found: state and detail.
type Reading = Result<(ResourceState, String), AwsError>;

/// A line before its state is known.
struct Line {
    id: String,
    kind: &'static str,
    name: String,
    purpose: &'static str,
    step: Step,
    depends_on: Vec<String>,
}

impl Line {
    fn new(kind: &'static str, name: &str, purpose: &'static str, step: Step) -> Line {
        let id = format!("{}/{name}", kind.to_lowercase().replace(' ', "-"));
        Line { id, kind, name: name.to_owned(), purpose, step, depends_on: Vec::new() }
    }

    fn after(mut self, others: &[&Line]) -> Line {
        self.depends_on = others.iter().map(|other| other.id.clone()).collect();
        self
    }

    fn read(&self, reading: Reading) -> ResourceStatus {
        let (state, detail) = reading.unwrap_or_else(|error| (ResourceState::Unknown, error.message));
        ResourceStatus {
            id: self.id.clone(),
            kind: self.kind,
            name: self.name.clone(),
            purpose: self.purpose,
            step: self.step,
            depends_on: self.depends_on.clone(),
            state,
            detail,
        }
    }
}

const MISSING: ResourceState = ResourceState::Missing;
const READY: ResourceState = ResourceState::Ready;

/// There with a detail, or missing.
fn present(found: Option<String>) -> (ResourceState, String) {
    found.map_or((MISSING, String::new()), |detail| (READY, detail))
}

/// The state that a service's status word means.
fn by_word(status: &str) -> ResourceState {
    match status.to_ascii_lowercase().as_str() {
        "available" | "active" | "inservice" | "completed" | "succeeded" | "complete" | "enabled" | "successful" => READY,
        "creating" | "pending" | "inprogress" | "executing" | "training" => ResourceState::Creating,
        "deleting" => ResourceState::Deleting,
        "failed" | "unavailable" | "outofservice" | "incompatible-network" => ResourceState::Failed,
        "" => ResourceState::Unknown,
        _ => ResourceState::Changing,
    }
}

/// The checklist, in dependency order. Independent reads run at the same time: two round trips of latency in all. A resource that cannot be read is `Unknown` with the reason; only a failure that concerns all
/// (no credentials, no network) is an error.
pub async fn read(context: &Context) -> Result<Vec<ResourceStatus>, OpError> {
    let (caller, lines) = tokio::join!(context.gateways.identity.caller(), join_all(lines(context)));
    if let Err(error) = caller
        && matches!(error.kind, AwsErrorKind::Expired | AwsErrorKind::Network)
    {
        return Err(op("", "could not read the account")(error));
    }
    Ok(lines.into_iter().flatten().collect())
}

type Lines<'a> = BoxFuture<'a, Vec<ResourceStatus>>;

/// One future per line or group of lines that one call answers, in the order of the checklist.
fn lines(context: &Context) -> Vec<Lines<'_>> {
    let s = &context.scenario;
    let g = &context.gateways;
    let bucket = Line::new("S3 bucket", &s.bucket, "Holds the data, the pipeline's files and the models", Step::Foundation);
    let role = |role: DemoRole| Line::new("IAM role", role.name(s), role.purpose(), Step::Foundation);
    let roles = DemoRole::ALL.map(role);
    let secret = Line::new("Secret", &s.secret, "Login of the warehouse", Step::Foundation);
    let warehouse = match context.settings.warehouse.kind {
        WarehouseKind::Serverless => Line::new("Workgroup", &s.warehouse, "Computes the warehouse's queries", Step::Foundation),
        WarehouseKind::Provisioned => Line::new("Cluster", &s.warehouse, "The warehouse", Step::Foundation),
    };
    // What lies in the network depends on it, when the settings ask for one.
    let network = stacks::is_wanted(context, DemoStack::Network).then(|| line_of(context, DemoStack::Network));
    let function =
        Line::new("Function", &s.function, "Unloads the table for the pipeline", Step::Foundation).after(&[&roles[1], &warehouse]);
    let group = Line::new("Model group", &s.model_group, "The registry of trained models", Step::Foundation);
    let key = data::object_key(context);
    let csv = Line::new("CSV", &key, "The data as a file", Step::Lake).after(&[&bucket]);
    let athena = Line::new("Athena workgroup", &context.settings.lake.workgroup, "Runs the queries on the lake", Step::Lake);
    let database = Line::new("Lake database", &s.glue_database, "Keeps the lake's tables together", Step::Lake).after(&[&athena]);
    let table = Line::new("Lake table", &s.glue_table, "Says how to read the file", Step::Lake).after(&[&csv, &database]);
    let external =
        Line::new("External schema", &s.external_schema, "Shows the lake inside the warehouse", Step::Load).after(&[&warehouse, &table]);
    let schema = Line::new("Schema", &s.schema, "Keeps the warehouse's tables together", Step::Load).after(&[&warehouse]);
    let loaded =
        Line::new("Table", &format!("{}.{}", s.schema, s.table), "The data in the warehouse", Step::Load).after(&[&schema, &external]);
    let scripts = Line::new("Scripts", &s.pipeline_prefix, "What the pipeline's jobs run", Step::Pipeline).after(&[&bucket]);
    let pipeline =
        Line::new("Pipeline", &s.pipeline, "From the table to a registered model", Step::Pipeline).after(&[&roles[2], &function, &scripts]);
    let execution = Line::new("Execution", &format!("{} (newest)", s.pipeline), "The newest run of the pipeline", Step::Pipeline)
        .after(&[&pipeline, &loaded]);
    let unload = Line::new("Unload", &s.unload_prefix, "The table as the pipeline reads it", Step::Pipeline).after(&[&execution]);
    let package = Line::new("Model package", &format!("{} (newest)", s.model_group), "The newest registered model", Step::Pipeline)
        .after(&[&group, &execution]);
    let model = Line::new("Model", &format!("{}-v*", s.demo), "A registered model made ready to serve", Step::Deploy).after(&[&package]);
    let config =
        Line::new("Endpoint config", &format!("{}-v*", s.staging_endpoint), "Which model on which instance", Step::Deploy).after(&[&model]);
    let staging = Line::new("Endpoint", &s.staging_endpoint, "Answers predictions", Step::Deploy).after(&[&config]);
    let production =
        Line::new("Endpoint", &s.production_endpoint, "Answers predictions in production, on request", Step::Deploy).after(&[&staging]);
    let ml = Line::new("SQL model", &s.ml_model, "A model made by one statement", Step::RedshiftMl).after(&[&loaded]);
    let ml_function = Line::new("SQL function", &s.ml_function, "The model inside any query", Step::RedshiftMl).after(&[&ml]);

    let mut all: Vec<Lines<'_>> = Vec::new();
    all.extend(DemoStack::ALL.map(|stack| stack_line(context, stack)));
    all.push(
        async move {
            let found = g.objects.bucket_exists(&s.bucket).await;
            vec![bucket.read(found.map(|exists| present(exists.then(|| format!("s3://{}", s.bucket)))))]
        }
        .boxed(),
    );
    for (line, role) in roles.into_iter().zip(DemoRole::ALL) {
        all.push(async move { vec![line.read(g.roles.find(role.name(s)).await.map(|found| present(found.map(|role| role.arn))))] }.boxed());
    }
    all.push(
        async move {
            let found = g.secrets.find(&s.secret).await.map(|found| match found {
                Some(secret) if secret.deleted => (ResourceState::Deleting, "scheduled for deletion".to_owned()),
                found => present(found.map(|_| "never shown".to_owned())),
            });
            vec![secret.read(found)]
        }
        .boxed(),
    );
    all.push(match context.settings.warehouse.kind {
        WarehouseKind::Serverless => serverless(context, warehouse, network),
        WarehouseKind::Provisioned => provisioned(context, warehouse, network),
    });
    all.push(
        async move {
            let found = g.functions.find(&s.function).await.map(|found| match found {
                Some(function) => (by_word(&function.state), function.state),
                None => (MISSING, String::new()),
            });
            vec![function.read(found)]
        }
        .boxed(),
    );
    all.push(
        async move {
            let found = g.registry.group(&s.model_group).await.map(|found| match found {
                Some(group) => (by_word(&group.status), group.status),
                None => (MISSING, String::new()),
            });
            vec![group.read(found)]
        }
        .boxed(),
    );
    all.push(
        async move {
            let found = g.objects.info(&s.bucket, &key).await;
            let found = found.map(|found| {
                present(found.map(|object| match object.metadata.get("shiftdeck-rows").and_then(|rows| rows.parse().ok()) {
                    Some(rows) => format!("{}, {}", figures::counted(rows, "row"), figures::bytes(object.size)),
                    None => figures::bytes(object.size),
                }))
            });
            vec![csv.read(found)]
        }
        .boxed(),
    );
    all.push(
        async move {
            let found = g.lake.workgroup(&context.settings.lake.workgroup).await.map(|found| match found {
                Some(state) => (by_word(&state), state.to_lowercase()),
                None => (MISSING, String::new()),
            });
            vec![athena.read(found)]
        }
        .boxed(),
    );
    all.push(async move { vec![database.read(g.lake.database(&s.glue_database).await.map(present))] }.boxed());
    all.push(
        async move {
            let found = g.lake.table(&s.glue_database, &s.glue_table).await;
            vec![table.read(found.map(|found| present(found.map(|_| format!("over s3://{}/{}", s.bucket, s.data_prefix)))))]
        }
        .boxed(),
    );
    all.push(inside_warehouse(context, external, schema, loaded));
    all.push(
        async move {
            let found = g.objects.list(&s.bucket, &format!("{}code/", s.pipeline_prefix)).await.map(|objects| {
                let wanted = code_objects(s);
                let there = wanted.iter().filter(|(key, _)| objects.iter().any(|object| object.key == *key)).count();
                match there {
                    0 => (MISSING, String::new()),
                    all if all == wanted.len() => (READY, format!("{all} scripts")),
                    some => (ResourceState::Changing, format!("{some} of {} scripts", wanted.len())),
                }
            });
            vec![scripts.read(found)]
        }
        .boxed(),
    );
    all.push(
        async move {
            let found = g.pipelines.find(&s.pipeline).await.map(|found| match found {
                Some(pipeline) => (by_word(&pipeline.status), pipeline.status),
                None => (MISSING, String::new()),
            });
            vec![pipeline.read(found)]
        }
        .boxed(),
    );
    all.push(
        async move {
            let found = g.pipelines.executions(&s.pipeline, 1).await.map(|found| match found.into_iter().next() {
                Some(newest) => match newest.status.as_str() {
                    "Stopped" => (ResourceState::Failed, newest.status),
                    status => (by_word(status), newest.failure.unwrap_or(newest.status)),
                },
                None => (MISSING, String::new()),
            });
            vec![execution.read(found)]
        }
        .boxed(),
    );
    all.push(
        async move {
            let found = g.objects.list(&s.bucket, &s.unload_prefix).await.map(|objects| {
                let size = objects.iter().map(|object| object.size).sum();
                present(
                    (!objects.is_empty())
                        .then(|| format!("{}, {}", figures::counted(objects.len() as u64, "object"), figures::bytes(size))),
                )
            });
            vec![unload.read(found)]
        }
        .boxed(),
    );
    all.push(
        async move {
            let found = g.registry.packages(&s.model_group).await.map(|found| match found.into_iter().next() {
                Some(newest) => (by_word(&newest.status), format!("version {}, {:?}", newest.version, newest.approval)),
                None => (MISSING, String::new()),
            });
            vec![package.read(found)]
        }
        .boxed(),
    );
    all.push(
        async move {
            let prefix = format!("{}-v", s.demo);
            let found = g.endpoints.models(&prefix).await.map(|found| {
                present(
                    found
                        .into_iter()
                        .map(|model| model.name)
                        .filter(|name| name.starts_with(&prefix))
                        .max_by_key(|name| (name.len(), name.clone())),
                )
            });
            vec![model.read(found)]
        }
        .boxed(),
    );
    all.push(
        async move {
            let prefix = format!("{}-v", s.staging_endpoint);
            let found = g.endpoints.configs(&prefix).await.map(|found| {
                present(
                    found
                        .into_iter()
                        .map(|config| config.name)
                        .filter(|name| name.starts_with(&prefix))
                        .max_by_key(|name| (name.len(), name.clone())),
                )
            });
            vec![config.read(found)]
        }
        .boxed(),
    );
    for (line, name) in [(staging, &s.staging_endpoint), (production, &s.production_endpoint)] {
        all.push(
            async move {
                let found = g.endpoints.find(name).await.map(|found| match found {
                    Some(endpoint) => (by_word(&endpoint.status), endpoint.failure.unwrap_or(endpoint.status)),
                    None => (MISSING, String::new()),
                });
                vec![line.read(found)]
            }
            .boxed(),
        );
    }
    all.push(
        async move {
            let (state, detail) = match sql_model_state(context).await {
                Ok(Some(state)) => (by_word(if state == "READY" { "available" } else { &state }), state.to_lowercase()),
                Ok(None) => (MISSING, String::new()),
                Err(_) if !warehouse_may_hold_something(context).await => (MISSING, String::new()),
                Err(error) => (ResourceState::Unknown, error.why),
            };
            let function = if state == READY { (READY, "ready".to_owned()) } else { (state, detail.clone()) };
            vec![ml.read(Ok((state, detail))), ml_function.read(Ok(function))]
        }
        .boxed(),
    );
    all
}

fn line_of(context: &Context, stack: DemoStack) -> Line {
    Line::new("Stack", stack.name(&context.scenario), stack.purpose(), Step::Foundation)
}

/// A stack, when the settings ask for it, or when it is there all the same.
fn stack_line(context: &Context, stack: DemoStack) -> Lines<'_> {
    let mut line = line_of(context, stack);
    if stack == DemoStack::Studio && stacks::is_wanted(context, DemoStack::Network) && context.settings.stacks.vpc_id.is_empty() {
        line = line.after(&[&line_of(context, DemoStack::Network)]);
    }
    async move {
        let found = context.gateways.stacks.find(stack.name(&context.scenario)).await;
        let wanted = stacks::is_wanted(context, stack);
        match found {
            Ok(Some(found)) if wanted || context.is_ours(&found.tags) => vec![line.read(Ok(stacks::shown(&found)))],
            Ok(_) if wanted => vec![line.read(Ok((MISSING, String::new())))],
            Err(error) if wanted => vec![line.read(Err(error))],
            // Nobody asked for it, and it is not there, or who looks may not know.
            Ok(_) | Err(_) => Vec::new(),
        }
    }
    .boxed()
}

fn serverless(context: &Context, workgroup: Line, network: Option<Line>) -> Lines<'_> {
    let (s, g) = (&context.scenario, &context.gateways);
    async move {
        if context.settings.warehouse.existing {
            // Its namespace may have any name, and is not the demonstration's matter.
            let found = g.serverless.workgroup(&s.warehouse).await.map(|found| match found {
                Some(found) => (by_word(&found.status), format!("{}, {} RPU, only used", found.status.to_lowercase(), found.capacity)),
                None => (MISSING, "it should be there already".to_owned()),
            });
            return vec![workgroup.read(found)];
        }
        let namespace = Line::new("Namespace", &s.warehouse, "The warehouse: database, users, roles", Step::Foundation);
        let workgroup = workgroup.after(&[Some(&namespace), network.as_ref()].into_iter().flatten().collect::<Vec<_>>());
        let (space, group) = tokio::join!(g.serverless.namespace(&s.warehouse), g.serverless.workgroup(&s.warehouse));
        let space = space.map(|found| match found {
            Some(found) => (by_word(&found.status), found.status.to_lowercase()),
            None => (MISSING, String::new()),
        });
        let group = group.map(|found| match found {
            Some(found) => (by_word(&found.status), format!("{}, {} RPU", found.status.to_lowercase(), found.capacity)),
            None => (MISSING, String::new()),
        });
        vec![namespace.read(space), workgroup.read(group)]
    }
    .boxed()
}

fn provisioned(context: &Context, cluster: Line, network: Option<Line>) -> Lines<'_> {
    let (s, g) = (&context.scenario, &context.gateways);
    async move {
        let group = Line::new("Subnet group", &s.subnet_group, "The network of the warehouse", Step::Foundation);
        let group = group.after(&network.iter().collect::<Vec<_>>());
        let asked = network.is_some() || !context.settings.warehouse.subnet_ids.is_empty();
        let with_group = asked && !context.settings.warehouse.existing;
        let (subnets, found) = tokio::join!(g.cluster.subnet_group(&s.subnet_group), g.cluster.find(&s.warehouse));
        let found = found.map(|found| match found {
            Some(found) => (by_word(&found.status), format!("{}, {} × {}", found.status, found.nodes.1, found.nodes.0)),
            None => (MISSING, String::new()),
        });
        let mut lines = Vec::new();
        if with_group {
            lines.push(group.read(subnets.map(|found| match found {
                Some(found) => (by_word(&found.status), figures::counted(found.subnets.len() as u64, "subnet")),
                None => (MISSING, String::new()),
            })));
            lines.push(cluster.after(&[&group]).read(found));
        } else {
            lines.push(cluster.read(found));
        }
        lines
    }
    .boxed()
}

/// What is in the warehouse.
fn inside_warehouse(context: &Context, external: Line, schema: Line, table: Line) -> Lines<'_> {
    let (s, g) = (&context.scenario, &context.gateways);
    async move {
        let place = context.warehouse();
        let (schemas, tables) = tokio::join!(g.statements.schemas(&place), g.statements.tables(&place, &s.schema));
        if schemas.is_err() && !warehouse_may_hold_something(context).await {
            return [external, schema, table].iter().map(|line| line.read(Ok((MISSING, String::new())))).collect();
        }
        let has = |name: &str| schemas.clone().map(|schemas| present(schemas.iter().any(|schema| schema == name).then(String::new)));
        let tables = tables.map(|tables| present(tables.iter().any(|table| table.name == s.table).then(String::new)));
        vec![external.read(has(&s.external_schema)), schema.read(has(&s.schema)), table.read(tables)]
    }
    .boxed()
}

/// Whether there may be something in the warehouse: in one that does not exist, or is only being made, is nothing.
async fn warehouse_may_hold_something(context: &Context) -> bool {
    let (name, gateways) = (&context.scenario.warehouse, &context.gateways);
    let status = match context.settings.warehouse.kind {
        WarehouseKind::Serverless => gateways.serverless.workgroup(name).await.map(|found| found.map(|workgroup| workgroup.status)),
        WarehouseKind::Provisioned => gateways.cluster.find(name).await.map(|found| found.map(|cluster| cluster.status)),
    };
    match status {
        Ok(found) => found.is_some_and(|status| by_word(&status) != ResourceState::Creating),
        // One that cannot be asked about may.
        Err(_) => true,
    }
}
