//! `CloudFormation`: stacks of networks and studios, from templates in JSON. The query protocol, XML out.
//!
//! `template` reads a template, `parameters` settles what is given to it, `references` and `evaluate` make plain values of its functions,
//! `order` says what comes first, `resources` knows the types, `plan` works out what will happen and when, and `stack` is what is kept.
//! [`usage`] is what other services ask, and are asked.

mod actions;
mod describe;
mod domains;
mod evaluate;
mod order;
mod parameters;
mod plan;
mod pseudo;
mod references;
mod resources;
mod stack;
mod template;
pub mod usage;

pub use domains::OPERATIONS as DOMAIN_OPERATIONS;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::resources::World;
use self::stack::Stack;
use super::kept::Kept;
use super::protocol::aws_json::{self, Call};
use super::protocol::aws_query::{self, Form, Xml};
use crate::local::account::Account;
use crate::local::service::{Request, Response, Service, ServiceResult};
use crate::local::store::StoreError;

const NAMESPACE: &str = "http://cloudformation.amazonaws.com/doc/2010-05-15/";
const INVALID: &str = "ValidationError";

/// The service.
pub struct CloudFormation {
    account: Account,
    state: Kept<State>,
}

/// Every stack, the newest last; those that are gone too.
#[derive(Clone, Default, Serialize, Deserialize)]
struct State {
    stacks: Vec<Stack>,
}

impl CloudFormation {
    /// Opens the service of an account.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn open(account: Account) -> Result<Self, StoreError> {
        let state = Kept::open(&account.store, "services/cloudformation")?;
        Ok(CloudFormation { account, state })
    }

    /// Everything that the stacks have made and that is there now, but for that of one stack.
    fn world(&self, state: &State, but: Option<&str>) -> World {
        let others = state.stacks.iter().filter(|stack| Some(stack.id.as_str()) != but);
        let things = others.flat_map(|stack| stack.present(&self.account)).map(|member| member.made.clone());
        World { region: self.account.region.to_string(), account: self.account.id.to_string(), things: things.collect() }
    }

    async fn dispatch(&self, form: &Form) -> ServiceResult<Xml> {
        match form.action.as_str() {
            "CreateStack" => self.create_stack(form),
            "UpdateStack" => self.update_stack(form),
            "DeleteStack" => self.delete_stack(form).await,
            "DescribeStacks" => self.describe_stacks(form),
            "DescribeStackEvents" => self.describe_stack_events(form),
            "DescribeStackResources" => self.describe_stack_resources(form),
            "ListStackResources" => self.list_stack_resources(form),
            "ListStacks" => self.list_stacks(form),
            "GetTemplate" => self.get_template(form),
            "ValidateTemplate" => self.validate_template(form),
            _ => Err(form.unknown()),
        }
    }

    /// The questions of other services, which come as JSON.
    fn answer(&self, request: &Request) -> ServiceResult {
        let call = Call::parse(request, INVALID)?;
        match call.operation {
            usage::CHECK_NETWORK => self.check_network(&call.input),
            operation => self.domain_operation(operation, &call.input).unwrap_or_else(|| Err(call.unknown())),
        }
    }
}

#[async_trait]
impl Service for CloudFormation {
    fn signing_name(&self) -> &'static str {
        "cloudformation"
    }

    async fn handle(&self, request: Request) -> Response {
        if request.json_operation().is_some() {
            return aws_json::respond(self.answer(&request));
        }
        let id = Uuid::new_v4().to_string();
        match Form::parse(&request, INVALID) {
            Ok(form) => aws_query::respond(NAMESPACE, &form.action, &id, self.dispatch(&form).await),
            Err(error) => aws_query::respond(NAMESPACE, "", &id, Err(error)),
        }
    }
}
