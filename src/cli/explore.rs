//! `shiftdeck explore`: columns of the data against the answer, computed by SQL where the data is.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::failure::{Failure, exit};
use super::output::{Output, columns, thousands};
use super::session::Session;
use crate::config::Settings;
use crate::demo::figures;
use crate::ops::Context;
use crate::ops::exploration::{self, Correlations, Density, Picture, Table, svg};
use crate::ops::query::QueryEngine;

/// Cells of the longest bar.
const BAR: f64 = 32.0;

/// Look at columns: frequencies, distributions, shares of yes with their intervals
#[derive(Debug, Args)]
pub struct Explore {
    /// Columns; without any, all of them
    #[arg(value_name = "COLUMN")]
    pub columns: Vec<String>,
    /// Compare by this column instead of the target; `COLUMN=VALUE` names what counts as yes
    #[arg(long, value_name = "COLUMN[=VALUE]")]
    pub by: Option<String>,
    /// Instead: how the numeric columns move together
    #[arg(long, conflicts_with_all = ["columns", "density"])]
    pub correlations: bool,
    /// Instead: two numeric columns against each other
    #[arg(long, num_args = 2, value_names = ["X", "Y"], conflicts_with = "columns")]
    pub density: Option<Vec<String>>,
    /// Who computes
    #[arg(long, value_enum, default_value_t = Engine::Redshift)]
    pub engine: Engine,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Where a picture goes: a file for one, a folder for several; `-` is standard output
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Short for --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

/// Who computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The warehouse.
    Redshift,
    /// The lake.
    Athena,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One JSON object for each column.
    Json,
    /// A picture.
    Svg,
}

/// What was found.
enum Found {
    Picture(Picture),
    Correlations(Correlations),
    Density(Density),
}

impl Found {
    fn name(&self) -> String {
        match self {
            Found::Picture(picture) => picture.column.name.clone(),
            Found::Correlations(_) => "correlations".to_owned(),
            Found::Density(density) => format!("{}-{}", density.x, density.y),
        }
    }

    fn json(&self) -> Value {
        match self {
            Found::Picture(picture) => json!(picture),
            Found::Correlations(correlations) => json!(correlations),
            Found::Density(density) => json!(density),
        }
    }

    fn svg(&self) -> String {
        match self {
            Found::Picture(picture) => svg::picture(picture),
            Found::Correlations(correlations) => svg::correlations(correlations),
            Found::Density(density) => svg::density(density),
        }
    }
}

/// Explores and writes.
///
/// # Errors
/// When there is no table, a column is unknown, or the pictures cannot be written.
pub async fn run(arguments: &Explore, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    let format = if arguments.json { Format::Json } else { arguments.format };
    let session = Session::open(settings).await?;
    let context = session.quiet();
    let engine = match arguments.engine {
        Engine::Redshift => QueryEngine::Redshift,
        Engine::Athena => QueryEngine::Athena,
    };
    let mut table = exploration::table(&context, engine).await?;
    if let Some(by) = &arguments.by {
        let positive = table.positive.clone();
        let (column, value) = by.split_once('=').unwrap_or((by, &positive));
        table = table.by(column, value)?;
    }
    let found = ask(&context, &table, arguments).await?;
    match format {
        Format::Table => found.iter().try_for_each(|found| write_table(&mut output, found))?,
        Format::Json => found.iter().try_for_each(|found| output.json(&found.json()))?,
        Format::Svg => write_pictures(&mut output, &found, arguments.output.as_deref())?,
    }
    output.flush()?;
    session.close().await;
    Ok(())
}

async fn ask(context: &Context, table: &Table, arguments: &Explore) -> Result<Vec<Found>, Failure> {
    if arguments.correlations {
        return Ok(vec![Found::Correlations(exploration::correlations(context, table).await?)]);
    }
    if let Some([x, y]) = arguments.density.as_deref() {
        return Ok(vec![Found::Density(exploration::density(context, table, x, y).await?)]);
    }
    let names: Vec<&str> = match arguments.columns.is_empty() {
        true => table.columns.iter().map(|column| column.name.as_str()).collect(),
        false => arguments.columns.iter().map(String::as_str).collect(),
    };
    // Unknown names are told before anything is computed.
    names.iter().try_for_each(|name| table.column(name).map(drop))?;
    let pictures = futures::future::try_join_all(names.iter().map(|name| exploration::picture(context, table, name))).await?;
    Ok(pictures.into_iter().map(Found::Picture).collect())
}

fn write_table(output: &mut Output, found: &Found) -> Result<(), Failure> {
    match found {
        Found::Picture(picture) => write_picture(output, picture),
        Found::Correlations(correlations) => {
            let mut rows = vec![std::iter::once(String::new()).chain(correlations.columns.iter().cloned()).collect::<Vec<_>>()];
            for (name, values) in correlations.columns.iter().zip(&correlations.matrix) {
                let cells = values.iter().map(|value| value.map_or_else(|| "–".to_owned(), |value| format!("{value:+.2}")));
                rows.push(std::iter::once(name.clone()).chain(cells).collect());
            }
            columns(&rows).iter().try_for_each(|line| output.line(line))
        }
        Found::Density(density) => {
            let mut rows = vec![vec![density.x.clone(), density.y.clone(), "rows".to_owned(), "yes".to_owned()]];
            rows.extend(density.cells.iter().map(|cell| {
                let range = |from: f64, step: f64| format!("{from} – {}", from + step);
                vec![range(cell.x, density.x_step), range(cell.y, density.y_step), thousands(cell.rows), thousands(cell.yes)]
            }));
            columns(&rows).iter().try_for_each(|line| output.line(line))
        }
    }
}

fn write_picture(output: &mut Output, picture: &Picture) -> Result<(), Failure> {
    let heading = format!("{} — {} rows, {} yes", picture.column.name, thousands(picture.rows), figures::percent(picture.base_rate));
    output.line(&output.paint("1", &heading))?;
    if !picture.classes.is_empty() {
        let mut rows = vec![["  answer", "rows", "mean", "deviation", "min", "25 %", "median", "75 %", "max"].map(str::to_owned).to_vec()];
        for class in &picture.classes {
            let mut row =
                vec![format!("  {}", class.class), thousands(class.rows), format!("{:.3}", class.mean), format!("{:.3}", class.deviation)];
            row.extend(class.five.iter().map(|value| format!("{value}")));
            rows.push(row);
        }
        columns(&rows).iter().try_for_each(|line| output.line(line))?;
    }
    let most = picture.bars.iter().map(|bar| bar.rows).max().unwrap_or(1).max(1) as f64;
    let rows: Vec<Vec<String>> = picture
        .bars
        .iter()
        .map(|bar| {
            // At most BAR cells.
            let cells = (bar.rows as f64 / most * BAR).ceil() as usize;
            let interval = format!("{} to {}", figures::percent(bar.rate_low), figures::percent(bar.rate_high));
            vec![format!("  {}", bar.label), thousands(bar.rows), "█".repeat(cells), figures::percent(bar.rate), interval]
        })
        .collect();
    columns(&rows).iter().try_for_each(|line| output.line(line))?;
    output.line("")
}

fn write_pictures(output: &mut Output, found: &[Found], path: Option<&std::path::Path>) -> Result<(), Failure> {
    let path = path.filter(|path| *path != std::path::Path::new("-"));
    let (Some(path), [_, _, ..]) = (path, found) else {
        return match (path, found) {
            (Some(path), [only]) => write_file(path, &only.svg()),
            (None, [only]) => output.line(only.svg().trim_end()),
            _ => Err(Failure::Told {
                code: exit::USAGE,
                what: format!("{} pictures need a folder", found.len()),
                why: Some("one file holds one picture".to_owned()),
                next: Some("Give a folder with -o, or name one column.".to_owned()),
            }),
        };
    };
    std::fs::create_dir_all(path).map_err(|error| Failure::io(format!("could not make the folder {}", path.display()), &error))?;
    found.iter().try_for_each(|found| write_file(&path.join(format!("{}.svg", file_name(&found.name()))), &found.svg()))
}

/// A column's name as the name of a file: nothing that leads elsewhere.
fn file_name(name: &str) -> String {
    name.chars().map(|letter| if letter.is_alphanumeric() || "-_".contains(letter) { letter } else { '_' }).collect()
}

/// Written beside and renamed: a file under its name is a whole file.
fn write_file(path: &std::path::Path, content: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::io(format!("could not write {}", path.display()), &error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut draft, content.as_bytes()).map_err(failed)?;
    draft.persist(path).map_err(|error| failed(error.error)).map(drop)
}
