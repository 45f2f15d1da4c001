//! The query protocol: a form with an `Action` in, XML out.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use quick_xml::escape::escape;

use crate::local::service::{Request, Response, ServiceError, ServiceResult};

/// A parsed request: the action and its parameters (`Tags.Tag.1.Key`).
#[derive(Debug)]
pub struct Form {
    /// The action, for example `DescribeClusters`.
    pub action: String,
    fields: BTreeMap<String, String>,
    invalid: &'static str,
}

impl Form {
    /// Parses a form body. `invalid` is the service's error for a bad parameter.
    pub fn parse(request: &Request, invalid: &'static str) -> ServiceResult<Self> {
        let source = if request.body.is_empty() { request.query().as_bytes() } else { &request.body[..] };
        let mut fields: BTreeMap<String, String> = url::form_urlencoded::parse(source).into_owned().collect();
        let action = fields.remove("Action").ok_or_else(|| ServiceError::new("MissingAction", "the request has no Action parameter"))?;
        Ok(Form { action, fields, invalid })
    }

    /// The error for an action that the service does not have here.
    pub fn unknown(&self) -> ServiceError {
        ServiceError::new("InvalidAction", format!("the embedded AWS does not support the action {}", self.action))
    }

    /// The service's error for a bad parameter, with a sentence.
    pub fn invalid(&self, message: impl Into<String>) -> ServiceError {
        ServiceError::new(self.invalid, message)
    }

    /// A parameter.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// A parameter that has to be there and not empty.
    pub fn required(&self, name: &str) -> ServiceResult<&str> {
        self.text(name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| ServiceError::new("MissingParameter", format!("The request must contain the parameter {name}.")))
    }

    /// A whole number.
    pub fn integer(&self, name: &str) -> ServiceResult<Option<i64>> {
        self.text(name)
            .map(|text| text.parse().map_err(|_| self.invalid(format!("The parameter {name} must be an integer, not `{text}`."))))
            .transpose()
    }

    /// A truth value.
    pub fn boolean(&self, name: &str) -> ServiceResult<Option<bool>> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(text) => Err(self.invalid(format!("The parameter {name} must be true or false, not `{text}`."))),
        }
    }

    /// The list `name` whose items are called `item`, as in `IamRoles.IamRoleArn.1`; clients that say `member` are understood too.
    pub fn texts(&self, name: &str, item: &str) -> Vec<String> {
        (1..)
            .map_while(|index| {
                self.text(&format!("{name}.{item}.{index}")).or_else(|| self.text(&format!("{name}.member.{index}"))).map(str::to_owned)
            })
            .collect()
    }

    /// The structures of the list `name`, as in `Parameters.member.1.ParameterKey`: their fields by name.
    pub fn members(&self, name: &str) -> Vec<BTreeMap<&str, &str>> {
        let of = |index: usize| -> BTreeMap<&str, &str> {
            let prefix = format!("{name}.member.{index}.");
            let fields = self.fields.range(prefix.clone()..).take_while(|(field, _)| field.starts_with(&prefix));
            fields.map(|(field, value)| (&field[prefix.len()..], value.as_str())).collect()
        };
        (1..).map(of).take_while(|fields| !fields.is_empty()).collect()
    }

    /// The tags `Tags.Tag.1.Key`, `Tags.Tag.1.Value`, ….
    pub fn tags(&self) -> Vec<(String, String)> {
        (1..)
            .map_while(|index| {
                let key = self.text(&format!("Tags.Tag.{index}.Key"))?;
                Some((key.to_owned(), self.text(&format!("Tags.Tag.{index}.Value")).unwrap_or_default().to_owned()))
            })
            .collect()
    }
}

/// XML as it is written: elements nest by closures, text is escaped.
#[derive(Debug, Default)]
pub struct Xml(String);

impl Xml {
    /// `<name>text</name>`. Element names are the program's own and need no escaping.
    pub fn text(&mut self, name: &str, text: impl AsRef<str>) -> &mut Self {
        self.element(name, |xml| xml.0.push_str(&escape(text.as_ref())))
    }

    /// `<name>text</name>` when there is a text.
    pub fn optional(&mut self, name: &str, text: Option<impl AsRef<str>>) -> &mut Self {
        if let Some(text) = text {
            self.text(name, text);
        }
        self
    }

    /// A number, a truth value or anything else whose display needs no thought.
    pub fn value(&mut self, name: &str, value: impl ToString) -> &mut Self {
        self.text(name, value.to_string())
    }

    /// A time, ISO 8601 with milliseconds.
    pub fn time(&mut self, name: &str, at: DateTime<Utc>) -> &mut Self {
        self.text(name, at.to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    /// `<name>…</name>`.
    pub fn element(&mut self, name: &str, inner: impl FnOnce(&mut Xml)) -> &mut Self {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push('>');
        inner(self);
        self.0.push_str("</");
        // An attribute (`name xmlns="…"`) belongs to the opening tag only.
        self.0.push_str(name.split(' ').next().unwrap_or(name));
        self.0.push('>');
        self
    }

    /// `<name><item>…</item>…</name>`.
    pub fn list<T>(&mut self, name: &str, item: &str, items: impl IntoIterator<Item = T>, mut inner: impl FnMut(&mut Xml, T)) -> &mut Self {
        self.element(name, |xml| {
            for each in items {
                xml.element(item, |xml| inner(xml, each));
            }
        })
    }

    /// What another one has written.
    pub fn append(&mut self, other: Xml) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    /// The text so far.
    pub fn into_text(self) -> String {
        self.0
    }
}

/// Writes the tags of a resource as `<Tags><Tag><Key>…`.
pub fn write_tags<'a>(xml: &mut Xml, tags: impl IntoIterator<Item = (&'a String, &'a String)>) {
    xml.list("Tags", "Tag", tags, |xml, (key, value)| {
        xml.text("Key", key).text("Value", value);
    });
}

/// Turns the result of an action into its response: `<ActionResponse><ActionResult>…`, or `<ErrorResponse>`.
pub fn respond(namespace: &str, action: &str, request_id: &str, result: ServiceResult<Xml>) -> Response {
    let mut xml = Xml(r#"<?xml version="1.0" encoding="UTF-8"?>"#.to_owned());
    let status = match &result {
        Ok(body) => {
            xml.element(&format!("{action}Response xmlns=\"{namespace}\""), |xml| {
                xml.element(&format!("{action}Result"), |xml| xml.0.push_str(&body.0)).element("ResponseMetadata", |xml| {
                    xml.text("RequestId", request_id);
                });
            });
            200
        }
        Err(error) => {
            xml.element(&format!("ErrorResponse xmlns=\"{namespace}\""), |xml| {
                xml.element("Error", |xml| {
                    let side = if error.status < 500 { "Sender" } else { "Receiver" };
                    xml.text("Type", side).text("Code", &error.code).text("Message", &error.message);
                })
                .text("RequestId", request_id);
            });
            error.status
        }
    };
    let mut response = Response::new(status, "text/xml", xml.into_text());
    if let Ok(id) = http::HeaderValue::from_str(request_id) {
        response.headers.insert("x-amzn-requestid", id);
    }
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use http::{HeaderMap, Method};

    use super::*;

    fn form(body: &str) -> Form {
        let request = Request {
            method: Method::POST,
            uri: "https://redshift.us-east-1.amazonaws.com/".into(),
            headers: HeaderMap::new(),
            body: body.to_owned().into(),
        };
        Form::parse(&request, "InvalidParameterValue").unwrap()
    }

    #[test]
    fn forms_have_lists_and_tags() {
        let form = form(
            "Action=CreateCluster&Version=2012-12-01&ClusterIdentifier=bank+dm&IamRoles.IamRoleArn.1=arn%3Aa&IamRoles.IamRoleArn.2=arn%3Ab&Tags.Tag.1.Key=k&Tags.Tag.1.Value=v&Port=x",
        );
        assert_eq!(form.action, "CreateCluster");
        assert_eq!(form.required("ClusterIdentifier").unwrap(), "bank dm");
        assert_eq!(form.texts("IamRoles", "IamRoleArn"), ["arn:a", "arn:b"]);
        assert_eq!(form.tags(), [("k".to_owned(), "v".to_owned())]);
        assert_eq!(form.integer("Port").unwrap_err().code, "InvalidParameterValue");
        assert!(form.members("Parameters").is_empty());
        assert_eq!(form.required("NodeType").unwrap_err().code, "MissingParameter");
    }

    #[test]
    fn lists_have_structures() {
        let form = form("Action=CreateStack&P.member.1.Key=a&P.member.1.Value=b&P.member.2.Key=c&P.member.10.Key=not+reached");
        let members = form.members("P");
        assert_eq!(members, [BTreeMap::from([("Key", "a"), ("Value", "b")]), BTreeMap::from([("Key", "c")])]);
    }

    #[test]
    fn answers_and_errors_are_xml() {
        let mut body = Xml::default();
        body.list("Clusters", "Cluster", ["a<b"], |xml, name| {
            xml.text("ClusterIdentifier", name);
        });
        let response = respond("http://redshift.amazonaws.com/doc/2012-12-01/", "DescribeClusters", "r-1", Ok(body));
        assert_eq!(
            String::from_utf8_lossy(&response.body),
            r#"<?xml version="1.0" encoding="UTF-8"?><DescribeClustersResponse xmlns="http://redshift.amazonaws.com/doc/2012-12-01/"><DescribeClustersResult><Clusters><Cluster><ClusterIdentifier>a&lt;b</ClusterIdentifier></Cluster></Clusters></DescribeClustersResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></DescribeClustersResponse>"#
        );
        let error = ServiceError::new("ClusterNotFound", "Cluster x not found.").with_status(404);
        let response = respond("ns", "DescribeClusters", "r-2", Err(error));
        assert_eq!(response.status, 404);
        assert!(String::from_utf8_lossy(&response.body).contains("<Code>ClusterNotFound</Code>"));
    }
}
