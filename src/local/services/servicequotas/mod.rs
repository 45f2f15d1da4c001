//! `Service Quotas`: how much the account may have of what, and asking for more.
//!
//! `quotas` keeps the values, and is what the services that enforce them ask; here are the operations. What is asked for is granted at once.

mod quotas;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

pub(crate) use self::quotas::Quotas;
use self::quotas::{Change, code_of};
use crate::local::account::Account;
use crate::local::service::{Request, Response, Service, ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::{Call, Input, epoch, respond, without_nulls};
use crate::local::services::protocol::pages;

/// The one service that has quotas here: its code and its name.
const SAGEMAKER: (&str, &str) = ("sagemaker", "Amazon SageMaker");
/// Entries of a page, at most and when nobody says otherwise.
const PAGE: i64 = 100;
/// The largest value of a quota.
const LARGEST: f64 = 1e10;

/// The service.
pub struct ServiceQuotas {
    account: Account,
    quotas: Arc<Quotas>,
}

impl ServiceQuotas {
    /// Opens the service.
    pub(crate) fn open(account: Account, quotas: Arc<Quotas>) -> Self {
        ServiceQuotas { account, quotas }
    }

    fn dispatch(&self, request: &Request) -> ServiceResult {
        let call = Call::parse(request, "IllegalArgumentException")?;
        let input = &call.input;
        match call.operation {
            "ListServices" => list_services(input),
            "ListServiceQuotas" => self.list_service_quotas(input),
            "GetServiceQuota" => self.get_service_quota(input),
            "RequestServiceQuotaIncrease" => self.request_service_quota_increase(input),
            "GetRequestedServiceQuotaChange" => self.get_requested_service_quota_change(input),
            _ => Err(call.unknown()),
        }
    }

    fn list_service_quotas(&self, input: &Input) -> ServiceResult {
        service_code(input)?;
        let wanted = input.text("QuotaCode")?;
        // Nothing here has quotas of single resources.
        let of_resources = input.one_of("QuotaAppliedAtLevel", &["ACCOUNT", "RESOURCE", "ALL"])? == Some("RESOURCE");
        let names = Quotas::names().into_iter().filter(|name| !of_resources && wanted.is_none_or(|wanted| wanted == code_of(name)));
        let (page, next) = page(input, &format!("ListServiceQuotas {}", wanted.unwrap_or_default()), names.collect())?;
        let quotas: Vec<Value> = page.iter().map(|name| self.described(name)).collect();
        Ok(without_nulls(json!({ "Quotas": quotas, "NextToken": next })))
    }

    fn get_service_quota(&self, input: &Input) -> ServiceResult {
        Ok(json!({ "Quota": self.described(&named(input)?) }))
    }

    fn request_service_quota_increase(&self, input: &Input) -> ServiceResult {
        let name = named(input)?;
        let desired = input.number("DesiredValue")?.ok_or_else(|| input.invalid("DesiredValue must not be null"))?;
        if !(0.0..=LARGEST).contains(&desired) {
            return Err(input.invalid(format!("DesiredValue must be between 0 and {LARGEST}")));
        }
        let now = self.account.clock.now();
        let change = Change { id: uuid::Uuid::new_v4().simple().to_string(), quota: name, value: desired, at: now };
        self.quotas.raise(change.clone(), |now| {
            input.invalid(format!("You must provide a quota value greater than the current quota value, which is {now}"))
        })?;
        // What is asked for is looked at first: that it is granted is told by the next look.
        Ok(json!({ "RequestedQuota": self.requested(&change, "PENDING") }))
    }

    fn get_requested_service_quota_change(&self, input: &Input) -> ServiceResult {
        let id = input.required_text("RequestId")?;
        let change = self.quotas.change(id).ok_or_else(|| missing(format!("There is no request {id}")))?;
        Ok(json!({ "RequestedQuota": self.requested(&change, "APPROVED") }))
    }

    fn described(&self, name: &str) -> Value {
        let (code, title) = SAGEMAKER;
        json!({
            "ServiceCode": code,
            "ServiceName": title,
            "QuotaArn": self.arn(name),
            "QuotaCode": code_of(name),
            "QuotaName": name,
            "Value": self.quotas.value(name),
            "Unit": "None",
            "Adjustable": true,
            "GlobalQuota": false,
            "QuotaAppliedAtLevel": "ACCOUNT",
        })
    }

    fn requested(&self, change: &Change, status: &str) -> Value {
        let (code, title) = SAGEMAKER;
        json!({
            "Id": change.id,
            "ServiceCode": code,
            "ServiceName": title,
            "QuotaCode": code_of(&change.quota),
            "QuotaName": change.quota,
            "DesiredValue": change.value,
            "Status": status,
            "Created": epoch(change.at),
            "LastUpdated": epoch(change.at),
            "Requester": json!({ "accountId": &*self.account.id }).to_string(),
            "QuotaArn": self.arn(&change.quota),
            "GlobalQuota": false,
            "Unit": "None",
            "QuotaRequestedAtLevel": "ACCOUNT",
        })
    }

    fn arn(&self, name: &str) -> String {
        format!("arn:aws:servicequotas:{}:{}:{}/{}", self.account.region, self.account.id, SAGEMAKER.0, code_of(name))
    }
}

fn list_services(input: &Input) -> ServiceResult {
    let (page, next) = page(input, "ListServices", vec![SAGEMAKER.0.to_owned()])?;
    let services: Vec<Value> = page.iter().map(|code| json!({ "ServiceCode": code, "ServiceName": SAGEMAKER.1 })).collect();
    Ok(without_nulls(json!({ "Services": services, "NextToken": next })))
}

/// A page of names, which are in order, and the token of the next one. Of base64 this service's tokens have the ordinary letters, not those
/// for addresses.
fn page(input: &Input, scope: &str, names: Vec<String>) -> ServiceResult<(Vec<String>, Option<String>)> {
    let size = input.integer_within("MaxResults", 1, PAGE)?.unwrap_or(PAGE);
    let token = input.text("NextToken")?.map(|token| token.replace('+', "-").replace('/', "_"));
    // `size` is between 1 and 100.
    let page = pages::page(scope, names, String::clone, token.as_deref(), size as usize);
    let (page, next) = page.map_err(|_| ServiceError::new("InvalidPaginationTokenException", "Invalid token was provided."))?;
    Ok((page, next.map(|token| token.replace('-', "+").replace('_', "/"))))
}

fn missing(message: String) -> ServiceError {
    ServiceError::new("NoSuchResourceException", message)
}

/// Checks that the service asked about has quotas.
fn service_code(input: &Input) -> ServiceResult<()> {
    match input.required_text("ServiceCode")? {
        code if code == SAGEMAKER.0 => Ok(()),
        code => Err(missing(format!("The embedded AWS has no quotas of the service {code}; it has those of {}", SAGEMAKER.0))),
    }
}

/// The name of the quota whose code is given.
fn named(input: &Input) -> ServiceResult<String> {
    service_code(input)?;
    let code = input.required_text("QuotaCode")?;
    let name = Quotas::names().into_iter().find(|name| code_of(name) == code);
    name.ok_or_else(|| missing(format!("The service {} has no quota {code}", SAGEMAKER.0)))
}

#[async_trait]
impl Service for ServiceQuotas {
    fn signing_name(&self) -> &'static str {
        "servicequotas"
    }

    async fn handle(&self, request: Request) -> Response {
        respond(self.dispatch(&request))
    }
}
