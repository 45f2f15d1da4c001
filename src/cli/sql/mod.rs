//! `shiftdeck sql`: queries, one or many, in the format that the next program wants.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::{ArgGroup, Args};

use super::failure::Failure;
use super::output::{Output, seconds, thousands};
use super::pipeline::name_and_value;
use super::session::Session;
use crate::config::Settings;
use crate::demo::sql_script::statements;
use crate::ops::export::{Draft, Format, RowWriter};
use crate::ops::query::{self, QueryEngine, QueryRequest, QueryResult};
use crate::ops::{Context, OpErrorKind};

/// Rows of a page: the most that Athena gives at once.
const PAGE: usize = 1000;

/// Query the warehouse or the lake
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("text").args(["execute", "file"])),
    after_help = "Without -e and -f the SQL is read from standard input. Several statements are separated by semicolons; the first that \
                  fails ends the script.\nQuotes of the shell: -e \"select count(*) from dm.data where job = 'admin.'\""
)]
pub struct Sql {
    /// Who answers
    #[arg(long, value_enum, default_value = "redshift")]
    pub engine: QueryEngine,
    /// The SQL; may be given several times
    #[arg(short, long, value_name = "SQL")]
    pub execute: Vec<String>,
    /// A file with SQL, `-` for standard input
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Value of a named parameter (`:name` in the SQL)
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub parameters: Vec<(String, String)>,
    /// How results are written
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// Write to a file, which appears when the results are complete; `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Runs the statements one after the other.
///
/// # Errors
/// The first that fails, with the service's own message.
pub async fn run(arguments: &Sql, settings: &Arc<Settings>, output: Output) -> Result<(), Failure> {
    let script = read_script(arguments)?;
    let found = statements(&script);
    if found.is_empty() {
        return Err(Failure::usage("there is no statement to run", "Give SQL by -e, -f or standard input."));
    }
    let to_file = arguments.output.as_deref().filter(|path| *path != Path::new("-"));
    if arguments.format == Format::Parquet {
        if found.len() > 1 {
            return Err(Failure::usage("a Parquet file holds one result", "Give one statement, or use another format."));
        }
        if to_file.is_none() && output.terminal {
            return Err(Failure::usage("Parquet is not for a terminal", "Name a file with -o."));
        }
    }
    let session = Session::open(settings).await?;
    let context = session.quiet();
    let truncate = output.terminal && to_file.is_none();
    let mut sink = match to_file {
        Some(path) => Sink::file(path)?,
        None => Sink::Standard(output),
    };
    let count = found.len();
    let mut result = Ok(());
    for (index, statement) in found.iter().enumerate() {
        let mut writer = arguments.format.writer(truncate);
        let request = QueryRequest {
            engine: arguments.engine,
            sql: statement.text.to_owned(),
            parameters: arguments.parameters.clone(),
            page_size: PAGE,
        };
        result = one(&context, request, writer.as_mut(), &mut sink, arguments.format).await;
        if let Err(failure) = &mut result {
            if let Failure::Told { what, .. } = failure
                && count > 1
            {
                *what = format!("statement {} of {count} (line {}): {what}", index + 1, statement.line);
            }
            break;
        }
    }
    let written = sink.finish(result.is_ok());
    session.close().await;
    result.and(written)
}

async fn one(
    context: &Context,
    request: QueryRequest,
    writer: &mut (dyn RowWriter + Send),
    sink: &mut Sink,
    format: Format,
) -> Result<(), Failure> {
    let began = Instant::now();
    let result = match query::run(context, request, &mut |_| {}).await {
        Ok(result) => result,
        Err(mut error) => {
            if error.kind == OpErrorKind::Failed && error.fix.is_none() {
                error.fix = Some("Correct the statement, or see with `shiftdeck status` whether what it needs is there.".to_owned());
            }
            return Err(error.into());
        }
    };
    if result.columns.is_empty() {
        if format == Format::Table {
            let changed = result.total_rows.map(|rows| format!("{} rows, ", thousands(rows))).unwrap_or_default();
            eprintln!("done ({changed}{})", seconds(began.elapsed().as_secs_f64()));
        }
        return Ok(());
    }
    let rows = stream(context, &result, writer, sink).await?;
    if format == Format::Table {
        let scanned = result.scanned_bytes.map(|bytes| format!(", {} scanned", bytes_in_words(bytes))).unwrap_or_default();
        let noun = if rows == 1 { "row" } else { "rows" };
        // What was written so far belongs above this line.
        sink.flush()?;
        eprintln!("{} {noun}, {}{scanned}", thousands(rows), seconds(began.elapsed().as_secs_f64()));
    }
    Ok(())
}

/// Writes all pages, each as it arrives; gives the number of rows.
async fn stream(context: &Context, result: &QueryResult, writer: &mut (dyn RowWriter + Send), sink: &mut Sink) -> Result<u64, Failure> {
    let failed = |error: io::Error| Failure::io("could not write the result", &error);
    writer.begin(&result.columns, sink).map_err(failed)?;
    let mut rows = result.page.rows.len() as u64;
    writer.page(&result.page, sink).map_err(failed)?;
    let mut next = result.page.next.clone();
    while let Some(token) = next {
        let page = query::page(context, result, &token).await?;
        rows += page.rows.len() as u64;
        writer.page(&page, sink).map_err(failed)?;
        next = page.next;
    }
    writer.end(sink).map_err(failed)?;
    Ok(rows)
}

fn read_script(arguments: &Sql) -> Result<String, Failure> {
    if !arguments.execute.is_empty() {
        return Ok(arguments.execute.join(";\n"));
    }
    let bytes = match arguments.file.as_deref() {
        Some(path) if path != Path::new("-") => std::fs::read(path).map_err(|error| Failure::Told {
            code: super::failure::exit::USAGE,
            what: format!("{} cannot be read", path.display()),
            why: Some(error.to_string()),
            next: None,
        })?,
        _ => {
            let mut bytes = vec![];
            io::stdin().lock().read_to_end(&mut bytes).map_err(|error| Failure::io("standard input cannot be read", &error))?;
            bytes
        }
    };
    String::from_utf8(bytes).map_err(|error| {
        Failure::usage(format!("the SQL is not UTF-8 from byte {} on", error.utf8_error().valid_up_to() + 1), "Save it as UTF-8.")
    })
}

/// Where results go.
enum Sink {
    Standard(Output),
    File(Draft),
}

impl Sink {
    /// A new file beside `path`, which takes its place at the end.
    fn file(path: &Path) -> Result<Self, Failure> {
        let draft = Draft::new(path).map_err(|error| Failure::io(format!("{} cannot be written", path.display()), &error))?;
        Ok(Sink::File(draft))
    }

    fn flush(&mut self) -> Result<(), Failure> {
        Write::flush(self).map_err(|error| Failure::io("could not write the result", &error))
    }

    /// Keeps what was written, or drops the file when it is not complete.
    fn finish(self, complete: bool) -> Result<(), Failure> {
        match self {
            Sink::Standard(mut output) => output.flush(),
            Sink::File(draft) if complete => {
                let what = format!("{} cannot be written", draft.path().display());
                draft.keep().map_err(|error| Failure::io(what, &error))
            }
            Sink::File(_) => Ok(()),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Standard(output) => Write::write(output, bytes),
            Sink::File(draft) => draft.write(bytes),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Standard(output) => Write::flush(output),
            Sink::File(draft) => draft.flush(),
        }
    }
}

/// `3.4 MB`, in powers of ten as AWS bills.
fn bytes_in_words(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if value < 1000.0 {
            return if unit == "bytes" { format!("{bytes} bytes") } else { format!("{value:.1} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}
