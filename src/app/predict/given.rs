//! A customer that is pasted into the form: a JSON object, or a CSV of a header and a row. Columns that it does not name stay as they are.

use serde_json::Value;

use super::{Customer, Field, Origin, State};
use crate::app::effect::Effect;
use crate::demo::dataset::normalise;
use crate::demo::feature_schema::ColumnKind;
use crate::demo::figures;
use crate::demo::quoted::quoted;

/// Bytes of a pasted row at most. A row has some hundred; a page of them is a batch.
const LARGEST: usize = 1 << 20;

/// Reads names and values.
fn read(text: &str) -> Result<Vec<(String, Value)>, String> {
    let text = text.trim().trim_start_matches('\u{feff}');
    if text.len() > LARGEST {
        return Err(format!("{} are too much", figures::bytes(text.len() as u64)));
    }
    if text.starts_with('{') {
        return match serde_json::from_str(text) {
            Ok(Value::Object(cells)) => Ok(cells.into_iter().map(|(name, value)| (normalise(&name), value)).collect()),
            Ok(_) => Err("it is no JSON object".to_owned()),
            Err(error) => Err(format!("it is no JSON: {error}")),
        };
    }
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    if lines.next().is_none() {
        return Err("it is neither a JSON object nor a CSV of a header and a row".to_owned());
    }
    let delimiter = if header.matches(';').count() > header.matches(',').count() { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().map_err(|error| error.to_string())?.iter().map(normalise).collect();
    let record = reader.records().next().ok_or("there is no row below the header")?.map_err(|error| error.to_string())?;
    Ok(names.into_iter().zip(record.iter().map(|cell| if cell.is_empty() { Value::Null } else { Value::from(cell) })).collect())
}

impl State {
    /// Fills the form from a pasted text; says in a sentence what became of it.
    ///
    /// # Errors
    /// The text is no customer; then the form is as it was.
    pub fn paste(&mut self, text: &str) -> Result<(String, Vec<Effect>), String> {
        let Some(model) = self.model.clone() else { return Err("there is no form to fill yet".to_owned()) };
        let cells = read(text)?;
        let target = &model.schema.target.name;
        let actual = cells.iter().find(|(name, _)| name == target).and_then(|(_, value)| value.as_str());
        let actual = actual.filter(|actual| model.schema.truth(actual).is_some()).map(str::to_owned);
        let (mut filled, mut unknown) = (0, Vec::new());
        for (name, value) in cells.iter().filter(|(name, _)| name != target) {
            match self.fields.iter_mut().find(|field| field.column.name == *name) {
                Some(field) => {
                    let mut given = Field::new(field.column.clone(), value);
                    if matches!(given.column.kind, ColumnKind::Number { .. }) {
                        given.text = given.text.trim().to_owned();
                        given.original.clone_from(&given.text);
                    }
                    *field = given;
                    filled += 1;
                }
                None => unknown.push(name.as_str()),
            }
        }
        if filled == 0 {
            let first = unknown.first().map_or(String::new(), |name| format!(": `{}` is none", quoted(name)));
            return Err(format!("it names no column of the form{first}"));
        }
        self.customer = Some(Customer { origin: Origin::Given, number: 0, actual, seen: None });
        self.forget_answers();
        let mut told = format!("{} filled", figures::counted(filled, "field"));
        if let Some(first) = unknown.first() {
            let others = if unknown.len() == 1 { String::new() } else { format!(" and {} more", unknown.len() - 1) };
            told.push_str(&format!("; `{}`{others} left out, the form has no such column", quoted(first)));
        }
        Ok((told, self.ask_and_recognise()))
    }
}
