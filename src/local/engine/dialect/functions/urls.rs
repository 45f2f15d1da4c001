//! Parts of URLs, and texts in them.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;
use url::Url;

use super::cells::Value;
use super::kernel::Kernel;

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    let text = DataType::Utf8;
    let part = |name: &'static str, part: fn(&Url) -> Option<String>| {
        Kernel::cells(name, &[DataType::Utf8], 1, DataType::Utf8, move |cells| {
            Ok(Value::maybe(Url::parse(cells[0].text()).ok().and_then(|url| part(&url))))
        })
    };
    vec![
        part("url_extract_host", |url| url.host_str().map(str::to_owned)),
        part("url_extract_path", |url| Some(url.path().to_owned())),
        part("url_extract_protocol", |url| Some(url.scheme().to_owned())),
        part("url_extract_query", |url| Some(url.query().unwrap_or_default().to_owned())),
        part("url_extract_fragment", |url| Some(url.fragment().unwrap_or_default().to_owned())),
        Kernel::cells("url_extract_port", std::slice::from_ref(&text), 1, DataType::Int64, |cells| {
            Ok(Url::parse(cells[0].text()).ok().and_then(|url| url.port()).map_or(Value::Null, |port| Value::Int(i64::from(port))))
        }),
        Kernel::cells("url_extract_parameter", &[text.clone(), text.clone()], 2, text.clone(), |cells| {
            let url = Url::parse(cells[0].text()).ok();
            let found =
                url.and_then(|url| url.query_pairs().find(|(name, _)| name == cells[1].text()).map(|(_, value)| value.into_owned()));
            Ok(Value::maybe(found))
        }),
        Kernel::cells("url_encode", std::slice::from_ref(&text), 1, text.clone(), |cells| {
            Ok(Value::Text(url::form_urlencoded::byte_serialize(cells[0].text().as_bytes()).collect()))
        }),
        Kernel::cells("url_decode", std::slice::from_ref(&text), 1, text.clone(), |cells| {
            // A text is a form with one name and no value.
            let escaped = cells[0].text().replace('&', "%26").replace('=', "%3D");
            let decoded = url::form_urlencoded::parse(escaped.as_bytes()).next().map(|(name, _)| name.into_owned());
            Ok(Value::Text(decoded.unwrap_or_default()))
        }),
    ]
}
