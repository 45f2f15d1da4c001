//! Stacks: the embedded CloudFormation through the SDK, and the demonstration's own two from foundation to cleanup.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata as _;
use aws_sdk_cloudformation::types::{OnFailure, Parameter, ResourceStatus, Stack, StackStatus, Tag};
use serde_json::{Value, json};
use shiftdeck::aws::stacks::StackState;
use shiftdeck::config::Settings;
use shiftdeck::config::settings::WarehouseKind;
use shiftdeck::demo::event::{Event, EventKind};
use shiftdeck::demo::resource::ResourceState;
use shiftdeck::demo::stack::DemoStack;
use shiftdeck::demo::step::Step;
use shiftdeck::local::pace::Pace;
use shiftdeck::ops::steps::{self, StepOutcome};
use shiftdeck::ops::{OpError, OpErrorKind, checklist, plan, stacks};

use crate::common::{self, TestAccount};
use crate::program::{Machine, finish};

const CIDR: &str = "10.76.0.0/16";
const SUBNETS: &str = "10.76.0.0/18,10.76.64.0/18,10.76.128.0/18";

fn client(account: &TestAccount) -> Client {
    Client::new(&account.sdk_config())
}

fn parameters(pairs: &[(&str, &str)]) -> Option<Vec<Parameter>> {
    Some(pairs.iter().map(|(name, value)| Parameter::builder().parameter_key(*name).parameter_value(*value).build()).collect())
}

/// Begins to make the demonstration's network.
async fn network(client: &Client, name: &str, cidr: &str, subnets: &str) -> String {
    let request = client.create_stack().stack_name(name).template_body(DemoStack::Network.template());
    let request = request.set_parameters(parameters(&[("Cidr", cidr), ("SubnetCidrs", subnets)]));
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    request.tags(tag("shiftdeck:demo", "BankDM")).send().await.unwrap().stack_id().unwrap().to_owned()
}

async fn found(client: &Client, stack: &str) -> Stack {
    client.describe_stacks().stack_name(stack).send().await.unwrap().stacks()[0].clone()
}

fn outputs(stack: &Stack) -> BTreeMap<&str, &str> {
    stack.outputs().iter().map(|output| (output.output_key().unwrap(), output.output_value().unwrap())).collect()
}

/// Resource, status and reason of everything that happened, the oldest first.
async fn happened(client: &Client, stack: &str) -> Vec<(String, String, String)> {
    let said = client.describe_stack_events().stack_name(stack).send().await.unwrap();
    let told = said.stack_events().iter().rev().map(|event| {
        let status = event.resource_status().unwrap().as_str().to_owned();
        (event.logical_resource_id().unwrap().to_owned(), status, event.resource_status_reason().unwrap_or_default().to_owned())
    });
    told.collect()
}

#[tokio::test]
async fn a_stack_comes_and_goes_and_tells_of_it() {
    let account = common::account().await;
    let client = client(&account);
    let id = network(&client, "net", CIDR, SUBNETS).await;
    let stack = found(&client, "net").await;
    assert_eq!((stack.stack_status(), stack.stack_id()), (Some(&StackStatus::CreateComplete), Some(id.as_str())));
    assert_eq!(stack.tags()[0].value(), Some("BankDM"));
    let given = outputs(&stack);
    assert!(given["VpcId"].starts_with("vpc-0") && given["SecurityGroupId"].starts_with("sg-0"));
    assert_eq!(given["SubnetIds"].split(',').filter(|subnet| subnet.starts_with("subnet-0")).count(), 3);

    let events = happened(&client, &id).await;
    assert_eq!((events[0].0.as_str(), events[0].1.as_str(), events[0].2.as_str()), ("net", "CREATE_IN_PROGRESS", "User Initiated"));
    assert_eq!(
        events.iter().filter(|event| event.0 == "Vpc").map(|event| event.1.as_str()).collect::<Vec<_>>(),
        ["CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    );
    assert_eq!((events.last().unwrap().0.as_str(), events.last().unwrap().1.as_str()), ("net", "CREATE_COMPLETE"));

    let resources = client.describe_stack_resources().stack_name("net").send().await.unwrap();
    assert_eq!(resources.stack_resources().len(), 11);
    assert!(resources.stack_resources().iter().all(|it| it.resource_status() == Some(&ResourceStatus::CreateComplete)));
    let by_id = client.describe_stack_resources().physical_resource_id(given["VpcId"]).logical_resource_id("Vpc").send().await.unwrap();
    assert_eq!(by_id.stack_resources()[0].resource_type(), Some("AWS::EC2::VPC"));
    let listed = client.list_stack_resources().stack_name(&id).send().await.unwrap();
    assert_eq!(listed.stack_resource_summaries().len(), 11);
    let template = client.get_template().stack_name("net").send().await.unwrap();
    assert_eq!(template.template_body(), Some(DemoStack::Network.template()));
    let validated = client.validate_template().template_body(DemoStack::Network.template()).send().await.unwrap();
    assert_eq!(validated.parameters().len(), 4);
    assert_eq!(client.list_stacks().stack_status_filter(StackStatus::CreateComplete).send().await.unwrap().stack_summaries().len(), 1);

    // A restart changes nothing.
    let account = account.reopen().await;
    let client = Client::new(&account.sdk_config());
    assert_eq!(happened(&client, "net").await, events);
    client.delete_stack().stack_name("net").send().await.unwrap();
    let gone = client.describe_stacks().stack_name("net").send().await.unwrap_err();
    assert_eq!((gone.code(), gone.message()), (Some("ValidationError"), Some("Stack with id net does not exist")));
    assert_eq!(found(&client, &id).await.stack_status(), Some(&StackStatus::DeleteComplete));
    let last = happened(&client, &id).await;
    assert_eq!(last.iter().rfind(|event| event.0 != "net").unwrap().0, "Vpc", "the network goes last: {last:?}");
    client.delete_stack().stack_name("net").send().await.unwrap();
    assert!(client.describe_stacks().send().await.unwrap().stacks().is_empty());
    account.close().await;
}

#[tokio::test]
async fn what_is_asked_for_twice_is_made_once() {
    let account = common::account().await;
    let client = client(&account);
    let create = |token: &str| {
        let request = client.create_stack().stack_name("net").template_body(DemoStack::Network.template()).client_request_token(token);
        request.set_parameters(parameters(&[("Cidr", CIDR), ("SubnetCidrs", SUBNETS)])).send()
    };
    let first = create("one").await.unwrap();
    assert_eq!(create("one").await.unwrap().stack_id(), first.stack_id());
    assert!(create("two").await.unwrap_err().into_service_error().is_already_exists_exception());
    let update = client.update_stack().stack_name("net").use_previous_template(true);
    let kept = |name: &str| Parameter::builder().parameter_key(name).use_previous_value(true).build();
    let same = update.clone().parameters(kept("Cidr")).parameters(kept("SubnetCidrs")).send().await.unwrap_err();
    assert_eq!(same.message(), Some("No updates are to be performed."));
    let other = update.clone().parameters(kept("Cidr")).parameters(kept("SubnetCidrs"));
    let port = Parameter::builder().parameter_key("Port").parameter_value("5440").build();
    let refused = other.parameters(port).send().await.unwrap_err();
    assert!(refused.message().unwrap().contains("does not change the resources of a stack (WarehousePortFromItself)"), "{refused:?}");
    let tagged = update.parameters(kept("Cidr")).parameters(kept("SubnetCidrs"));
    tagged.tags(Tag::builder().key("a").value("b").build()).send().await.unwrap();
    let stack = found(&client, "net").await;
    assert_eq!((stack.stack_status(), stack.tags()[0].key()), (Some(&StackStatus::UpdateComplete), Some("a")));
    account.close().await;
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_or_rolled_back() {
    let account = common::account().await;
    let client = client(&account);
    let refused = async |template: &str, pairs: &[(&str, &str)]| {
        let request = client.create_stack().stack_name("net").template_body(template).set_parameters(parameters(pairs));
        request.send().await.unwrap_err().message().unwrap().to_owned()
    };
    assert!(refused("Resources: {}", &[]).await.contains("looks like YAML"));
    assert_eq!(refused(DemoStack::Network.template(), &[]).await, "Parameters: [Cidr, SubnetCidrs] must have values");
    let four = [("Cidr", CIDR), ("SubnetCidrs", SUBNETS), ("Zones", "4")];
    assert_eq!(refused(DemoStack::Network.template(), &four).await, "Parameter 'Zones' must be one of AllowedValues");
    let two = [("Cidr", CIDR), ("SubnetCidrs", "10.76.0.0/18,10.76.64.0/18")];
    assert!(refused(DemoStack::Network.template(), &two).await.contains("nonexistent value at index 2"));
    assert!(client.describe_stacks().send().await.unwrap().stacks().is_empty());

    network(&client, "net", "10.76.0.0/15", SUBNETS).await;
    let stack = found(&client, "net").await;
    assert_eq!(stack.stack_status(), Some(&StackStatus::RollbackComplete));
    assert!(stack.outputs().is_empty());
    let events = happened(&client, "net").await;
    let failed = events.iter().find(|event| event.1 == "CREATE_FAILED").unwrap();
    assert!(failed.0 == "Vpc" && failed.2.contains("The CIDR '10.76.0.0/15' is invalid."), "{failed:?}");
    client.delete_stack().stack_name("net").send().await.unwrap();

    let unknown = json!({ "Resources": { "Bucket": { "Type": "AWS::S3::Bucket" } } }).to_string();
    client.create_stack().stack_name("b").template_body(unknown).on_failure(OnFailure::DoNothing).send().await.unwrap();
    assert_eq!(found(&client, "b").await.stack_status(), Some(&StackStatus::CreateFailed));
    let events = happened(&client, "b").await;
    assert!(events.iter().any(|event| event.0 == "Bucket" && event.2.contains("no resources of the type AWS::S3::Bucket")), "{events:?}");
    account.close().await;
}

#[tokio::test]
async fn a_stack_takes_its_time_and_what_was_under_way_is_over_after_a_restart() {
    let account = common::account_at(Pace::Live).await;
    let client = client(&account);
    let id = network(&client, "net", CIDR, SUBNETS).await;
    let stack = found(&client, "net").await;
    assert_eq!(stack.stack_status(), Some(&StackStatus::CreateInProgress));
    assert!(stack.outputs().is_empty(), "nothing is given before it is there");
    assert!(happened(&client, "net").await.len() < 35, "not everything has come about");
    let account = account.reopen_at(Pace::Live).await;
    let client = Client::new(&account.sdk_config());
    assert_eq!(found(&client, "net").await.stack_status(), Some(&StackStatus::CreateComplete));
    client.delete_stack().stack_name("net").send().await.unwrap();
    assert_eq!(found(&client, "net").await.stack_status(), Some(&StackStatus::DeleteInProgress));

    // One that is being made can be removed: what had not begun never comes about.
    let other = network(&client, "other", CIDR, SUBNETS).await;
    client.delete_stack().stack_name("other").send().await.unwrap();
    let account = account.reopen().await;
    let client = Client::new(&account.sdk_config());
    for id in [&id, &other] {
        assert_eq!(found(&client, id).await.stack_status(), Some(&StackStatus::DeleteComplete));
    }
    assert!(happened(&client, &other).await.iter().all(|event| event.0 != "other" || event.1 != "CREATE_COMPLETE"));
    account.close().await;
}

#[tokio::test]
async fn events_come_in_pages_and_only_the_new_ones_are_asked_for() {
    let account = common::account().await;
    let client = client(&account);
    let resources: BTreeMap<String, Value> =
        (0..60).map(|number| (format!("Gateway{number}"), json!({ "Type": "AWS::EC2::InternetGateway" }))).collect();
    let template = json!({ "Resources": resources }).to_string();
    client.create_stack().stack_name("many").template_body(template).send().await.unwrap();
    let first = client.describe_stack_events().stack_name("many").send().await.unwrap();
    assert!(first.stack_events().len() == 100 && first.next_token().is_some());
    let gateway = &account.gateways().stacks;
    let events = gateway.events("many", None).await.unwrap();
    // Each gateway three times, and the stack's beginning and end.
    assert_eq!(events.len(), 182);
    assert!(events[0].is_of_stack() && events[0].status == "CREATE_IN_PROGRESS");
    assert!(events[181].is_of_stack() && events[181].status == "CREATE_COMPLETE");
    let ids: std::collections::BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids.len(), events.len(), "every event has an id of its own");
    let new = gateway.events("many", Some(&events[178].id)).await.unwrap();
    assert_eq!(new, events[179..]);
    assert_eq!(gateway.events("many", Some(&events[181].id)).await.unwrap(), []);
    let found = gateway.find("many").await.unwrap().unwrap();
    assert_eq!((found.state, gateway.find("none").await.unwrap()), (StackState::Complete, None));
    account.close().await;
}

#[tokio::test]
async fn a_network_that_a_warehouse_lies_in_stays() {
    let account = common::account().await;
    let client = client(&account);
    let warehouse = aws_sdk_redshiftserverless::Client::new(&account.sdk_config());
    warehouse.create_namespace().namespace_name("www").db_name("w").send().await.unwrap();
    let workgroup = |name: &str, subnet: &str| {
        warehouse.create_workgroup().workgroup_name(name).namespace_name("www").base_capacity(4).subnet_ids(subnet).send()
    };
    // As long as no network is known, ids are those of networks from before.
    workgroup("before", "subnet-0123456789abcdef0").await.unwrap();
    warehouse.delete_workgroup().workgroup_name("before").send().await.unwrap();
    let id = network(&client, "net", CIDR, SUBNETS).await;
    let refused = workgroup("www", "subnet-0123456789abcdef0").await.unwrap_err().into_service_error();
    assert!(refused.is_validation_exception());
    assert_eq!(refused.message(), Some("The subnet ID 'subnet-0123456789abcdef0' does not exist"));
    let stack = found(&client, "net").await;
    let subnet = outputs(&stack)["SubnetIds"].split(',').next().unwrap().to_owned();
    let grouped = warehouse.create_workgroup().workgroup_name("www").namespace_name("www").base_capacity(4).subnet_ids(&subnet);
    let wrong = grouped.clone().security_group_ids("sg-0123456789abcdef0").send().await.unwrap_err().into_service_error();
    assert_eq!(wrong.message(), Some("The security group 'sg-0123456789abcdef0' does not exist"));
    grouped.security_group_ids(outputs(&stack)["SecurityGroupId"]).send().await.unwrap();

    client.delete_stack().stack_name("net").send().await.unwrap();
    let stack = found(&client, "net").await;
    assert_eq!(stack.stack_status(), Some(&StackStatus::DeleteFailed));
    let why = stack.stack_status_reason().unwrap();
    assert!(why.starts_with("The following resource(s) failed to delete: [") && why.contains("SecurityGroup"), "{why}");
    let events = happened(&client, "net").await;
    let held = events.iter().find(|event| event.1 == "DELETE_FAILED" && event.2.contains("The subnet")).unwrap();
    assert!(held.2.contains(&format!("The subnet '{subnet}' has dependencies and cannot be deleted.")), "{held:?}");
    warehouse.delete_workgroup().workgroup_name("www").send().await.unwrap();
    client.delete_stack().stack_name("net").send().await.unwrap();
    assert_eq!(found(&client, &id).await.stack_status(), Some(&StackStatus::DeleteComplete));

    let clusters = aws_sdk_redshift::Client::new(&account.sdk_config());
    network(&client, "again", CIDR, SUBNETS).await;
    let group = clusters.create_cluster_subnet_group().cluster_subnet_group_name("g").description("d").subnet_ids(subnet);
    assert!(group.send().await.unwrap_err().into_service_error().is_invalid_subnet());
    account.close().await;
}

fn settings() -> Settings {
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.data.sample_rows = 1000;
    settings.stacks.network = true;
    settings.stacks.studio = true;
    settings
}

async fn run(account: &TestAccount, settings: &Settings, step: Step) -> (Result<StepOutcome, OpError>, Vec<Event>) {
    let (context, mut events) = account.context(settings);
    let result = steps::run(&context, step).await;
    let mut heard = Vec::new();
    while let Ok(event) = events.try_recv() {
        heard.push(event);
    }
    (result, heard)
}

/// The states that were told of a resource of a stack.
fn told<'e>(events: &'e [Event], stack: &str, resource: &str) -> Vec<&'e str> {
    let of = events.iter().filter(|event| event.detail.get("stack") == Some(&json!(stack)) && event.resource.as_deref() == Some(resource));
    of.map(|event| event.detail["state"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foundation_with_both_stacks_is_laid_once_and_taken_away() {
    let account = common::account().await;
    let settings = settings();
    let (context, _events) = account.context(&settings);
    let planned = plan::plan(&context, &[Step::Foundation]).await.unwrap().remove(0).resources;
    let of = |name: &str| planned.iter().find(|it| it.kind == "Stack" && it.name == name).unwrap();
    assert_eq!((of("BankDM-network").action, of("BankDM-studio").usd_per_hour), (plan::Action::Create, None));

    let (result, events) = run(&account, &settings, Step::Foundation).await;
    let outcome = result.unwrap_or_else(|error| panic!("{error}"));
    assert!(outcome.changed && outcome.message.ends_with("and the stacks `BankDM-network` and `BankDM-studio`"), "{}", outcome.message);
    assert_eq!(told(&events, "BankDM-network", "Vpc"), ["CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"]);
    assert_eq!(told(&events, "BankDM-network", "BankDM-network"), ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]);
    assert_eq!(told(&events, "BankDM-studio", "Domain").last(), Some(&"CREATE_COMPLETE"));
    let vpc = events.iter().find(|event| event.resource.as_deref() == Some("Vpc") && event.detail["state"] == "CREATE_COMPLETE").unwrap();
    assert_eq!(
        (vpc.event, vpc.message.as_str(), &vpc.detail["type"]),
        (EventKind::Progress, "AWS::EC2::VPC CREATE_COMPLETE", &json!("AWS::EC2::VPC"))
    );
    assert!(vpc.detail["physical_id"].as_str().unwrap().starts_with("vpc-0"));

    // The warehouse lies in the network, with its group, and so does the studio.
    let listed = stacks::list(&context).await.unwrap();
    assert!(listed.iter().all(|stack| stack.wanted && stack.status.as_deref() == Some("CREATE_COMPLETE")), "{listed:?}");
    let given = &listed[0].outputs;
    let warehouse = aws_sdk_redshiftserverless::Client::new(&account.sdk_config());
    let workgroup = warehouse.get_workgroup().workgroup_name("bankdm").send().await.unwrap().workgroup().unwrap().clone();
    assert_eq!(workgroup.subnet_ids().join(","), given["SubnetIds"]);
    assert_eq!(workgroup.security_group_ids(), [given["SecurityGroupId"].clone()]);
    let sagemaker = aws_sdk_sagemaker::Client::new(&account.sdk_config());
    let domain = sagemaker.describe_domain().domain_id(&listed[1].outputs["DomainId"]).send().await.unwrap();
    assert_eq!((domain.vpc_id(), domain.subnet_ids().len()), (Some(given["VpcId"].as_str()), 3));
    let cloud = client(&account);
    let tags = found(&cloud, "BankDM-network").await.tags().iter().map(|tag| tag.key().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(tags, ["shiftdeck:created", "shiftdeck:demo", "shiftdeck:owner"]);

    let lines = checklist::read(&context).await.unwrap();
    let stack = |name: &str| lines.iter().find(|line| line.id == format!("stack/{name}")).unwrap();
    assert_eq!(stack("BankDM-network").state, ResourceState::Ready);
    assert_eq!(stack("BankDM-network").detail, format!("{}, 3 subnets", given["VpcId"]));
    assert_eq!(stack("BankDM-studio").depends_on, ["stack/BankDM-network"]);
    let workgroup = lines.iter().find(|line| line.kind == "Workgroup").unwrap();
    assert!(workgroup.depends_on.contains(&"stack/BankDM-network".to_owned()), "{workgroup:?}");

    let (again, events) = run(&account, &settings, Step::Foundation).await;
    assert!(!again.unwrap().changed);
    assert!(events.iter().all(|event| !event.detail.contains_key("stack")), "nothing happened to a stack: {events:?}");

    // A cleanup needs no settings to find them: they carry the tag.
    let mut plain = settings.clone();
    plain.stacks = Default::default();
    let (unasked, _events) = account.context(&plain);
    let lines = checklist::read(&unasked).await.unwrap();
    assert_eq!(lines.iter().filter(|line| line.kind == "Stack" && line.state == ResourceState::Ready).count(), 2);
    let planned = steps::cleanup_plan(&unasked).await.unwrap();
    let at = |kind: &str, name: &str| planned.iter().position(|it| it.kind == kind && it.name == name).unwrap();
    assert!(at("Workgroup", "bankdm") < at("Stack", "BankDM-network"), "{planned:?}");
    assert!(at("Stack", "BankDM-studio") < at("Stack", "BankDM-network"), "{planned:?}");
    assert!(at("Stack", "BankDM-network") < at("IAM role", "BankDM-SageMaker"), "{planned:?}");
    let (result, events) = run(&account, &plain, Step::Cleanup).await;
    result.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(told(&events, "BankDM-network", "Vpc"), ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]);
    assert_eq!(steps::cleanup_plan(&context).await.unwrap(), []);
    assert!(cloud.describe_stacks().send().await.unwrap().stacks().is_empty());
    let domains = sagemaker.list_domains().send().await.unwrap();
    assert!(domains.domains().is_empty());
    let lines = checklist::read(&unasked).await.unwrap();
    assert!(lines.iter().all(|line| line.kind != "Stack"), "nobody asks for them any more");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_lies_in_the_network_too() {
    let account = common::account().await;
    let mut settings = settings();
    settings.stacks.studio = false;
    settings.warehouse.kind = WarehouseKind::Provisioned;
    assert!(run(&account, &settings, Step::Foundation).await.0.unwrap().changed);
    let (context, _events) = account.context(&settings);
    let given = stacks::list(&context).await.unwrap().remove(0).outputs;
    let group = context.gateways.cluster.subnet_group("bankdm-subnet").await.unwrap().unwrap();
    assert_eq!(group.subnets.join(","), given["SubnetIds"]);
    let client = aws_sdk_redshift::Client::new(&account.sdk_config());
    let cluster = client.describe_clusters().send().await.unwrap().clusters()[0].clone();
    assert_eq!(cluster.vpc_security_groups()[0].vpc_security_group_id(), Some(given["SecurityGroupId"].as_str()));
    assert!(!run(&account, &settings, Step::Foundation).await.0.unwrap().changed);
    let lines = checklist::read(&context).await.unwrap();
    for line in &lines {
        for other in &line.depends_on {
            assert!(lines.iter().any(|line| line.id == *other), "{} depends on {other}, which is not in the list", line.id);
        }
    }
    run(&account, &settings, Step::Cleanup).await.0.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(steps::cleanup_plan(&context).await.unwrap(), []);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_that_cannot_be_made_fails_with_the_reason_of_its_resource() {
    let account = common::account().await;
    let mut settings = settings();
    // A network that nobody made, where others are known.
    settings.stacks.vpc_id = "vpc-0123456789abcdef0".into();
    settings.stacks.subnet_ids = vec!["subnet-0123456789abcdef0".into()];
    let (result, events) = run(&account, &settings, Step::Foundation).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind, error.resource.as_deref()), (OpErrorKind::Failed, Some("BankDM-studio")));
    assert!(error.why.starts_with("Domain (AWS::SageMaker::Domain): "), "{error}");
    assert!(error.why.contains("The vpc ID 'vpc-0123456789abcdef0' does not exist"), "{error}");
    assert!(error.fix.as_deref().unwrap().contains("[stacks]"), "{error:?}");
    assert_eq!(told(&events, "BankDM-studio", "BankDM-studio").last(), Some(&"ROLLBACK_COMPLETE"));
    let (context, _events) = account.context(&settings);
    let line = checklist::read(&context).await.unwrap().into_iter().find(|line| line.id == "stack/BankDM-studio").unwrap();
    assert_eq!((line.state, line.detail.as_str()), (ResourceState::Failed, "ROLLBACK_COMPLETE"));

    // Corrected, the stack that was rolled back is replaced.
    settings.stacks.vpc_id.clear();
    settings.stacks.subnet_ids.clear();
    let (result, events) = run(&account, &settings, Step::Foundation).await;
    assert!(result.unwrap_or_else(|error| panic!("{error}")).changed);
    let said: Vec<&str> = events.iter().map(|event| event.message.as_str()).collect();
    assert!(said.contains(&"the stack stands at ROLLBACK_COMPLETE: deleting it, and making it again"), "{said:?}");
    assert_eq!(
        told(&events, "BankDM-studio", "BankDM-studio"),
        ["DELETE_IN_PROGRESS", "DELETE_COMPLETE", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    );
    run(&account, &settings, Step::Cleanup).await.0.unwrap_or_else(|error| panic!("{error}"));
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_of_somebody_else_is_not_touched() {
    let account = common::account().await;
    let cloud = client(&account);
    let template = json!({ "Resources": { "Gateway": { "Type": "AWS::EC2::InternetGateway" } } }).to_string();
    cloud.create_stack().stack_name("BankDM-network").template_body(template).send().await.unwrap();
    let settings = settings();
    let error = run(&account, &settings, Step::Foundation).await.0.unwrap_err();
    assert!(error.resource.as_deref() == Some("BankDM-network") && error.why.contains("did not make it"), "{error}");
    run(&account, &settings, Step::Cleanup).await.0.unwrap();
    assert_eq!(found(&cloud, "BankDM-network").await.stack_status(), Some(&StackStatus::CreateComplete));
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_that_is_being_made_is_followed_and_one_that_holds_is_told() {
    let account = common::account_at(Pace::Live).await;
    let mut settings = settings();
    settings.stacks.studio = false;
    let cloud = client(&account);
    // Somebody began it a moment ago.
    network(&cloud, "BankDM-network", CIDR, SUBNETS).await;
    let (result, events) = run(&account, &settings, Step::Foundation).await;
    assert!(result.unwrap_or_else(|error| panic!("{error}")).changed);
    assert!(events.iter().any(|event| event.message == "the stack is at CREATE_IN_PROGRESS: waiting for it"), "{events:?}");
    assert_eq!(told(&events, "BankDM-network", "BankDM-network"), ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]);

    // Something else lies in the network: the cleanup says what stays, and why, and goes on with the rest.
    let account = account.reopen().await;
    let (context, _events) = account.context(&settings);
    let given = stacks::list(&context).await.unwrap().remove(0).outputs;
    let subnet = given["SubnetIds"].split(',').next().unwrap().to_owned();
    let warehouse = aws_sdk_redshiftserverless::Client::new(&account.sdk_config());
    warehouse.create_namespace().namespace_name("theirs").db_name("theirs").send().await.unwrap();
    let workgroup = warehouse.create_workgroup().workgroup_name("theirs").namespace_name("theirs").base_capacity(4);
    workgroup.subnet_ids(&subnet).send().await.unwrap();
    let (result, _) = run(&account, &settings, Step::Cleanup).await;
    let error = result.unwrap_err();
    assert!(error.why.contains("SubnetA (AWS::EC2::Subnet): ") && error.why.contains("has dependencies and cannot be deleted"), "{error}");
    let left: Vec<&str> = steps::cleanup_plan(&context).await.unwrap().iter().map(|removal| removal.kind).collect();
    assert_eq!(left, ["Stack"]);
    warehouse.delete_workgroup().workgroup_name("theirs").send().await.unwrap();
    run(&account, &settings, Step::Cleanup).await.0.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(steps::cleanup_plan(&context).await.unwrap(), []);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foundation_with_stacks_is_cancelled_at_every_word_and_completed() {
    let account = common::account().await;
    let settings = settings();
    account.cancelled_at_every_word(&settings, 150, async |context| steps::run(context, Step::Foundation).await).await;
    assert!(!run(&account, &settings, Step::Foundation).await.0.unwrap().changed);
    let (context, _events) = account.context(&settings);
    assert!(stacks::list(&context).await.unwrap().iter().all(|stack| stack.status.as_deref() == Some("CREATE_COMPLETE")));
    account.close().await;
}

/// The settings that ask for both stacks.
const ASKED: [&str; 4] = ["--set", "stacks.network=true", "--set", "stacks.studio=true"];

fn with<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    arguments.iter().copied().chain(ASKED).collect()
}

#[test]
fn a_foundation_that_is_killed_while_a_stack_is_made_goes_on_with_it() {
    let machine = Machine::new();
    // At pace `live` the stack takes some seconds: there is time to kill it.
    let mut child = machine.command(&with(&["run", "foundation", "--json", "--set", "local.pace=live"])).spawn().unwrap();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if event["detail"]["type"] == "AWS::EC2::VPC" {
            break;
        }
    }
    // SIGKILL: nothing of the program runs after it.
    child.kill().unwrap();
    assert_eq!(finish(child).code, None);

    let events = machine.events(&with(&["run", "foundation", "--json"]));
    assert_eq!(events.last().unwrap()["steps"]["foundation"]["changed"], true);
    // The stack of the first run is used, not made again.
    let began =
        events.iter().filter(|event| event["detail"]["stack"] == "BankDM-network" && event["detail"]["state"] == "CREATE_IN_PROGRESS");
    assert_eq!(began.count(), 0, "{events:?}");
    let again = machine.events(&with(&["run", "foundation", "--json"]));
    assert_eq!(again.last().unwrap()["steps"]["foundation"]["changed"], false);
    machine.done(&["cleanup", "--yes"]);
    assert!(machine.done(&["cleanup", "--dry-run"]).contains("nothing to remove"));
}

#[test]
fn stacks_are_listed_and_their_events_are_a_table() {
    let machine = Machine::new();
    let plain = machine.done(&["stack", "list"]);
    assert!(plain.contains("network  BankDM-network  not asked for") && plain.contains("studio"), "{plain}");
    let missing = machine.run(&["stack", "events", "network"]);
    assert_eq!(missing.code, Some(3), "{}", missing.stderr);
    assert!(missing.stderr.contains("Stack") && missing.stderr.contains("`shiftdeck stack list`"), "{}", missing.stderr);
    let planned = machine.done(&with(&["run", "foundation", "--dry-run"]));
    assert!(planned.contains("BankDM-network") && planned.contains("BankDM-studio"), "{planned}");
    machine.done(&with(&["run", "foundation"]));
    let listed: Value = serde_json::from_str(&machine.done(&["stack", "list", "--json"])).unwrap();
    assert_eq!((&listed["stacks"][0]["status"], &listed["stacks"][0]["wanted"]), (&json!("CREATE_COMPLETE"), &json!(false)));
    assert!(listed["stacks"][0]["outputs"]["VpcId"].as_str().unwrap().starts_with("vpc-0"));
    let table = machine.done(&["stack", "events", "network"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("time") && lines[0].ends_with("reason"), "{table}");
    assert!(lines[1].contains("BankDM-network") && lines[1].ends_with("CREATE_IN_PROGRESS  User Initiated"), "{table}");
    assert!(table.contains("Resource creation Initiated"), "{table}");
    let events: Value = serde_json::from_str(&machine.done(&["stack", "events", "BankDM-network", "--json"])).unwrap();
    let events = events["events"].as_array().unwrap();
    assert_eq!(events.len(), lines.len() - 1);
    assert_eq!((&events[0]["state"], &events[0]["resource"]), (&json!("CREATE_IN_PROGRESS"), &json!("BankDM-network")));
}
