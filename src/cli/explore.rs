//! `shiftdeck explore`: columns of the data against the answer, computed by SQL where the data is.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::failure::{Failure, exit};
use super::output::{Output, columns, thousands};
use super::session::Session;
use crate::config::Settings;
use crate::demo::figures;
use crate::ops::Context;
use crate::ops::exploration::{self, Found, Picture, Subject, Table, drawing};
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
    /// Instead: every numeric column against every other
    #[arg(long, conflicts_with_all = ["columns", "density", "correlations"])]
    pub pairs: bool,
    /// Instead: two numeric columns against each other
    #[arg(long, num_args = 2, value_names = ["X", "Y"], conflicts_with = "columns")]
    pub density: Option<Vec<String>>,
    /// Instead: the months of the campaign in their order
    #[arg(long, conflicts_with_all = ["columns", "density", "correlations", "pairs"])]
    pub order: bool,
    /// Instead: what an audience is told about the data, with its figures
    #[arg(long, conflicts_with_all = ["columns", "density", "correlations", "pairs", "order", "by"])]
    pub findings: bool,
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
    /// A picture of lines and letters.
    Svg,
    /// A picture of pixels.
    Png,
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
        Format::Json => found.iter().try_for_each(|found| output.json(&document(found)))?,
        Format::Svg => write_pictures(&mut output, &found, arguments.output.as_deref(), "svg", svg)?,
        Format::Png => write_pictures(&mut output, &found, arguments.output.as_deref(), "png", png)?,
    }
    output.flush()?;
    session.close().await;
    Ok(())
}

async fn ask(context: &Context, table: &Table, arguments: &Explore) -> Result<Vec<Found>, Failure> {
    let whole = if arguments.correlations {
        Some(Subject::Correlations)
    } else if arguments.pairs {
        Some(Subject::Matrix)
    } else if arguments.order {
        Some(Subject::Order)
    } else if arguments.findings {
        Some(Subject::Findings)
    } else if let Some([x, y]) = arguments.density.as_deref() {
        Some(Subject::Density(x.clone(), y.clone()))
    } else {
        None
    };
    if let Some(subject) = whole {
        return Ok(vec![exploration::find(context, table, &subject).await?]);
    }
    let names: Vec<&str> = match arguments.columns.is_empty() {
        true => table.columns.iter().map(|column| column.name.as_str()).collect(),
        false => arguments.columns.iter().map(String::as_str).collect(),
    };
    // Unknown names are told before anything is computed.
    names.iter().try_for_each(|name| table.column(name).map(drop))?;
    let subjects: Vec<Subject> = names.into_iter().map(|name| Subject::Column(name.to_owned())).collect();
    Ok(futures::future::try_join_all(subjects.iter().map(|subject| exploration::find(context, table, subject))).await?)
}

fn document(found: &Found) -> Value {
    match found {
        Found::Picture(picture) => json!(picture),
        Found::Correlations(correlations) => json!(correlations),
        Found::Matrix(matrix) => json!(matrix),
        Found::Density(density) => json!(density),
        Found::Order(order) => json!(order),
        Found::Findings(findings) => json!(findings),
    }
}

fn svg(found: &Found) -> Result<Vec<u8>, Failure> {
    Ok(drawing::svg(&drawing::drawing(found)).into_bytes())
}

fn png(found: &Found) -> Result<Vec<u8>, Failure> {
    drawing::png(&drawing::drawing(found)).map_err(|error| Failure::Told {
        code: exit::FAILED,
        what: format!("could not draw {}", found.name()),
        why: Some(error.to_string()),
        next: Some("Take --format svg, which has no pixels.".to_owned()),
    })
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
        Found::Matrix(matrix) => {
            let mut rows = vec![["across", "upwards", "cells", "rows", "most rows lie in"].map(str::to_owned).to_vec()];
            rows.extend(matrix.pairs.iter().map(|pair| {
                let fullest = pair.by_rows().first().map_or_else(String::new, |cell| {
                    let range = |name: &str, from: f64, step: f64| format!("{name} {from} – {}", from + step);
                    format!("{}, {}", range(&pair.x, cell.x, pair.x_step), range(&pair.y, cell.y, pair.y_step))
                });
                vec![pair.x.clone(), pair.y.clone(), thousands(pair.cells.len() as u64), thousands(pair.rows()), fullest]
            }));
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
        Found::Order(order) => {
            let mut rows = vec![["month", "calls", "yes", "95 % interval"].map(str::to_owned).to_vec()];
            rows.extend(order.periods.iter().map(|period| {
                let interval = format!("{} to {}", figures::percent(period.rate_low), figures::percent(period.rate_high));
                vec![period.label(), thousands(period.rows), figures::percent(period.rate), interval]
            }));
            columns(&rows).iter().try_for_each(|line| output.line(line))?;
            let halves = (figures::percent(order.first_half), figures::percent(order.second_half));
            output.line(&format!("The first half of the calls: {} yes, the second half: {}", halves.0, halves.1))
        }
        Found::Findings(findings) => findings.findings.iter().try_for_each(|finding| output.line(&finding.sentence)),
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

fn write_pictures(
    output: &mut Output,
    found: &[Found],
    path: Option<&Path>,
    ending: &str,
    draw: fn(&Found) -> Result<Vec<u8>, Failure>,
) -> Result<(), Failure> {
    let path = path.filter(|path| *path != Path::new("-"));
    let (Some(path), [_, _, ..]) = (path, found) else {
        return match (path, found) {
            (Some(path), [only]) => write_file(path, &draw(only)?),
            (None, [only]) => write_stream(output, &draw(only)?, ending),
            _ => Err(Failure::Told {
                code: exit::USAGE,
                what: format!("{} pictures need a folder", found.len()),
                why: Some("one file holds one picture".to_owned()),
                next: Some("Give a folder with -o, or name one column.".to_owned()),
            }),
        };
    };
    std::fs::create_dir_all(path).map_err(|error| Failure::io(format!("could not make the folder {}", path.display()), &error))?;
    found.iter().try_for_each(|found| {
        let name = exploration::file_name(&found.name());
        write_file(&path.join(format!("{name}.{ending}")), &draw(found)?)
    })
}

fn write_stream(output: &mut Output, content: &[u8], ending: &str) -> Result<(), Failure> {
    if output.terminal && ending == "png" {
        return Err(Failure::usage("a PNG is no text for a terminal", "Give a file with -o, or take --format svg."));
    }
    output.write_all(content).map_err(|error| Failure::io("could not write to standard output", &error))
}

fn write_file(path: &Path, content: &[u8]) -> Result<(), Failure> {
    exploration::replace(path, content).map_err(|error| Failure::Told {
        code: exit::FAILED,
        what: "could not write the picture".to_owned(),
        why: Some(error.to_string()),
        next: Some("Give another place with -o.".to_owned()),
    })
}
