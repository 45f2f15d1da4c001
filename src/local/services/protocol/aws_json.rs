//! awsJson 1.1: the operation's name is in `X-Amz-Target`, input and output are JSON documents, times are seconds since 1970.

use chrono::{DateTime, Utc};
use serde_json::{Map, Number, Value};

use crate::local::service::{Request, Response, ServiceError, ServiceResult};

/// A parsed request: which operation, on what.
#[derive(Debug)]
pub struct Call<'a> {
    /// The operation, for example `ExecuteStatement`.
    pub operation: &'a str,
    /// Its input document.
    pub input: Input,
}

impl<'a> Call<'a> {
    /// Parses a request. `invalid` is the exception with which the service refuses a bad input
    /// (`ValidationException`, `InvalidRequestException`).
    pub fn parse(request: &'a Request, invalid: &'static str) -> ServiceResult<Self> {
        let operation = request
            .json_operation()
            .ok_or_else(|| ServiceError::new("UnknownOperationException", "the request has no X-Amz-Target header"))?;
        let fields = if request.body.iter().all(u8::is_ascii_whitespace) {
            Map::new()
        } else {
            match serde_json::from_slice(&request.body) {
                Ok(Value::Object(fields)) => fields,
                Ok(_) => return Err(ServiceError::new("SerializationException", "the body is not a JSON object")),
                Err(error) => return Err(ServiceError::new("SerializationException", format!("the body is not JSON: {error}"))),
            }
        };
        Ok(Call { operation, input: Input { fields, invalid, path: String::new() } })
    }

    /// The error for an operation that the service does not have here.
    pub fn unknown(&self) -> ServiceError {
        ServiceError::new("UnknownOperationException", format!("the embedded AWS does not support the operation {}", self.operation))
    }
}

/// Turns the result of an operation into its response. `null` is sent as an empty document.
pub fn respond(result: ServiceResult) -> Response {
    match result {
        Ok(Value::Null) => Response::new(200, "application/x-amz-json-1.1", "{}"),
        Ok(document) => Response::new(200, "application/x-amz-json-1.1", document.to_string()),
        Err(error) => error.json_response(),
    }
}

/// A time as awsJson sends it: seconds since 1970 with milliseconds.
pub fn epoch(at: DateTime<Utc>) -> Value {
    // Milliseconds since 1970 stay far below 2^53, so the division is exact to the millisecond.
    #[allow(clippy::cast_precision_loss)]
    let seconds = at.timestamp_millis() as f64 / 1000.0;
    Number::from_f64(seconds).map_or(Value::Null, Value::Number)
}

/// A document without its `null` members: awsJson leaves out what is not set.
#[must_use]
pub fn without_nulls(mut document: Value) -> Value {
    if let Some(fields) = document.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    document
}

/// The members of an input document (or of a structure in it), read by type. A member of the wrong type is refused by name; one that is
/// absent or `null` is `None`.
#[derive(Debug, Clone)]
pub struct Input {
    fields: Map<String, Value>,
    invalid: &'static str,
    path: String,
}

impl Input {
    /// Takes an existing document, for services that do not come by awsJson.
    pub fn new(fields: Map<String, Value>, invalid: &'static str) -> Self {
        Input { fields, invalid, path: String::new() }
    }

    /// All members.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// The service's exception for a bad input, with a sentence.
    pub fn invalid(&self, message: impl Into<String>) -> ServiceError {
        ServiceError::new(self.invalid, message)
    }

    /// A member as it came, `None` when absent or `null`.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// Whether a member was given.
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn name(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn wrong(&self, name: &str, expected: &str) -> ServiceError {
        self.invalid(format!("{} must be {expected}", self.name(name)))
    }

    fn absent(&self, name: &str) -> ServiceError {
        self.invalid(format!(
            "1 validation error detected: Value at '{}' failed to satisfy constraint: Member must not be null",
            self.name(name)
        ))
    }

    /// A text.
    pub fn text(&self, name: &str) -> ServiceResult<Option<&str>> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a string")),
        }
    }

    /// A text that has to be there and not empty.
    pub fn required_text(&self, name: &str) -> ServiceResult<&str> {
        match self.text(name)? {
            None => Err(self.absent(name)),
            Some("") => Err(self.invalid(format!(
                "1 validation error detected: Value '' at '{}' failed to satisfy constraint: Member must have length greater than or equal to 1",
                self.name(name)
            ))),
            Some(text) => Ok(text),
        }
    }

    /// A text that is one of `known`.
    pub fn one_of(&self, name: &str, known: &[&str]) -> ServiceResult<Option<&str>> {
        match self.text(name)? {
            Some(text) if !known.contains(&text) => Err(self.invalid(format!(
                "1 validation error detected: Value '{text}' at '{}' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
                self.name(name),
                known.join(", ")
            ))),
            text => Ok(text),
        }
    }

    /// A whole number.
    pub fn integer(&self, name: &str) -> ServiceResult<Option<i64>> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| self.wrong(name, "an integer")),
        }
    }

    /// A whole number between two bounds, both included.
    pub fn integer_within(&self, name: &str, least: i64, most: i64) -> ServiceResult<Option<i64>> {
        match self.integer(name)? {
            Some(number) if number < least || number > most => Err(self.invalid(format!(
                "1 validation error detected: Value '{number}' at '{}' failed to satisfy constraint: Member must be between {least} and {most}",
                self.name(name)
            ))),
            number => Ok(number),
        }
    }

    /// A number.
    pub fn number(&self, name: &str) -> ServiceResult<Option<f64>> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => value.as_f64().map(Some).ok_or_else(|| self.wrong(name, "a number")),
        }
    }

    /// A truth value.
    pub fn boolean(&self, name: &str) -> ServiceResult<Option<bool>> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => value.as_bool().map(Some).ok_or_else(|| self.wrong(name, "a boolean")),
        }
    }

    /// A list; empty when absent.
    pub fn list(&self, name: &str) -> ServiceResult<&[Value]> {
        match self.value(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.wrong(name, "a list")),
        }
    }

    /// A list of texts; empty when absent.
    pub fn texts(&self, name: &str) -> ServiceResult<Vec<String>> {
        self.list(name)?.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(|| self.wrong(name, "a list of strings"))).collect()
    }

    /// A structure, whose members' names are reported below this one's.
    pub fn object(&self, name: &str) -> ServiceResult<Option<Input>> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(Input { fields: fields.clone(), invalid: self.invalid, path: self.name(name) })),
            Some(_) => Err(self.wrong(name, "a structure")),
        }
    }

    /// A structure that has to be there.
    pub fn required_object(&self, name: &str) -> ServiceResult<Input> {
        self.object(name)?.ok_or_else(|| self.absent(name))
    }

    /// A list of structures; empty when absent.
    pub fn objects(&self, name: &str) -> ServiceResult<Vec<Input>> {
        self.list(name)?
            .iter()
            .enumerate()
            .map(|(index, item)| match item {
                Value::Object(fields) => {
                    Ok(Input { fields: fields.clone(), invalid: self.invalid, path: format!("{}.{}", self.name(name), index + 1) })
                }
                _ => Err(self.wrong(name, "a list of structures")),
            })
            .collect()
    }

    /// A list of tags, whose members are `key`/`value` or `Key`/`Value` depending on the service.
    pub fn tags(&self, name: &str) -> ServiceResult<Vec<(String, String)>> {
        self.objects(name)?
            .iter()
            .map(|tag| {
                let key = if tag.has("key") { "key" } else { "Key" };
                let value = if tag.has("value") { "value" } else { "Value" };
                Ok((tag.required_text(key)?.to_owned(), tag.text(value)?.unwrap_or_default().to_owned()))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use http::{HeaderMap, HeaderValue, Method};
    use serde_json::json;

    use super::*;

    fn request(target: Option<&str>, body: &str) -> Request {
        let mut headers = HeaderMap::new();
        if let Some(target) = target {
            headers.insert("x-amz-target", HeaderValue::from_str(target).unwrap());
        }
        Request { method: Method::POST, uri: "https://athena.us-east-1.amazonaws.com/".into(), headers, body: body.to_owned().into() }
    }

    #[test]
    fn a_call_is_operation_and_input() {
        let request = request(Some("RedshiftData.ExecuteStatement"), r#"{"Sql":"select 1","WithEvent":null}"#);
        let call = Call::parse(&request, "ValidationException").unwrap();
        assert_eq!(call.operation, "ExecuteStatement");
        assert_eq!(call.input.required_text("Sql").unwrap(), "select 1");
        assert!(!call.input.has("WithEvent"));
    }

    #[test]
    fn what_is_not_a_call_is_refused_by_name() {
        assert_eq!(Call::parse(&request(None, "{}"), "V").unwrap_err().code, "UnknownOperationException");
        assert_eq!(Call::parse(&request(Some("A.B"), "[1]"), "V").unwrap_err().code, "SerializationException");
        assert_eq!(Call::parse(&request(Some("A.B"), "{"), "V").unwrap_err().code, "SerializationException");
        assert!(Call::parse(&request(Some("A.B"), " "), "V").unwrap().input.fields().is_empty());
    }

    #[test]
    fn wrong_types_and_bounds_name_the_member() {
        let request = request(Some("A.B"), r#"{"n":"5","m":0,"s":7,"l":[1],"o":{"inner":3},"e":"Z","t":[{"Key":"a","Value":"b"}]}"#);
        let input = Call::parse(&request, "ValidationException").unwrap().input;
        assert_eq!(input.integer("n").unwrap_err().message, "n must be an integer");
        assert!(input.integer_within("m", 1, 100).unwrap_err().message.contains("between 1 and 100"));
        assert_eq!(input.text("s").unwrap_err().code, "ValidationException");
        assert_eq!(input.texts("l").unwrap_err().message, "l must be a list of strings");
        assert_eq!(input.object("o").unwrap().unwrap().text("inner").unwrap_err().message, "o.inner must be a string");
        assert!(input.one_of("e", &["A", "B"]).unwrap_err().message.contains("[A, B]"));
        assert!(input.required_text("absent").unwrap_err().message.contains("'absent'"));
        assert_eq!(input.tags("t").unwrap(), [("a".to_owned(), "b".to_owned())]);
    }

    #[test]
    fn times_are_epoch_seconds() {
        let at = DateTime::from_timestamp_millis(1_700_000_000_250).unwrap();
        assert_eq!(epoch(at), json!(1_700_000_000.25));
    }
}
