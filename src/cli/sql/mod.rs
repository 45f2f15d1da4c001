//! `shiftdeck sql`: queries, one or many, in the format that the next program wants.

mod caret;
mod ceiling;
mod dry_run;
mod guard;

use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::{ArgGroup, Args, ValueEnum};

use super::failure::{Failure, exit};
use super::output::{Output, seconds, thousands};
use super::pipeline::name_and_value;
use super::session::Session;
use crate::config::{Settings, settings};
use crate::demo::figures;
use crate::demo::sql_script::statements;
use crate::ops::export::{Draft, Format, RowWriter};
use crate::ops::prices;
use crate::ops::query::{self, QueryEngine, QueryEvent, QueryRequest, QueryResult, SessionUse, cost, parameters};
use crate::ops::{Context, OpErrorKind};

/// Rows of a page: the most that Athena gives at once.
const PAGE: usize = 1000;

/// Seconds that the session of a script is kept between two of its statements.
const SESSION_SECONDS: i32 = 600;

/// Query the warehouse or the lake
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("text").args(["execute", "file"])),
    after_help = "Without -e and -f the SQL is read from standard input. Several statements are separated by semicolons; the first that \
                  fails ends the script, unless --on-error says otherwise. On the warehouse they share a session: temporary tables, SET and \
                  transactions live from one to the next.\nQuotes of the shell: -e \"select count(*) from dm.data where job = 'admin.'\""
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
    /// Value of a named parameter (`:name` in the SQL), sent as a parameter
    #[arg(short, long = "param", visible_alias = "parameter", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub parameters: Vec<(String, String)>,
    /// Whether a script ends with the first statement that fails
    #[arg(long, value_enum, value_name = "WHAT", default_value = "stop")]
    pub on_error: OnError,
    /// Read every statement and say what would run, and what it may read and cost; nothing is run
    #[arg(long)]
    pub dry_run: bool,
    /// Run what destroys without asking; on `aws` a DELETE or UPDATE without WHERE, TRUNCATE and DROP are asked about (setting sql.guard)
    #[arg(short, long)]
    pub yes: bool,
    /// How results are written
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// Write to a file, which appears when the results are complete; `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What a script does after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnError {
    /// It ends
    Stop,
    /// It goes on; the exit code is that of the first failure
    Continue,
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
    if arguments.dry_run {
        return dry_run::run(arguments, settings, output, &found).await;
    }
    guard::check(arguments, settings, &found)?;
    let session = Session::open(settings).await?;
    let context = session.quiet();
    let colour = output.colour;
    let truncate = output.terminal && to_file.is_none();
    let mut sink = match to_file {
        Some(path) => Sink::file(path)?,
        None => Sink::Standard(output),
    };
    let count = found.len();
    let mut result = Ok(());
    // The statements of a script share what lives in a session of the warehouse.
    let mut shared = match (arguments.engine, count) {
        (QueryEngine::Redshift, 2..) => SessionUse::Open { keep: SESSION_SECONDS },
        _ => SessionUse::None,
    };
    let mut written_before = false;
    for (index, statement) in found.iter().enumerate() {
        let mut writer = arguments.format.writer(truncate);
        let request = QueryRequest {
            engine: arguments.engine,
            sql: statement.text.to_owned(),
            parameters: match count {
                // A single statement gets them all: a value without a place is a mistake that the service names.
                1 => arguments.parameters.clone(),
                _ => parameters::used(statement.text, &arguments.parameters),
            },
            page_size: PAGE,
        };
        let mut one = One { context: &context, session: &mut shared, sink: &mut sink, format: arguments.format, separate: written_before };
        let ended = one.run(request, writer.as_mut(), session.settings.sql.clone()).await;
        match ended {
            Ok(wrote) => written_before |= wrote,
            Err(mut failure) => {
                if let Failure::Told { what, .. } = &mut failure
                    && count > 1
                {
                    *what = format!("statement {} of {count} (line {}): {what}", index + 1, statement.line);
                }
                let goes_on = arguments.on_error == OnError::Continue && matches!(&failure, Failure::Told { code: exit::FAILED, .. });
                if !goes_on {
                    result = result.and(Err(failure));
                    break;
                }
                sink.flush()?;
                failure.tell(!colour);
                result = result.and(Err(Failure::Silent(failure.code())));
            }
        }
    }
    if let SessionUse::In { id, .. } = shared {
        close(&context, id).await;
    }
    let written = sink.finish(result.is_ok());
    session.close().await;
    result.and(written)
}

/// Ends the session of a script. It would end by itself, and a failure to end it earlier is none of the script.
async fn close(context: &Context, id: String) {
    let request = QueryRequest { engine: QueryEngine::Redshift, sql: "ROLLBACK".to_owned(), parameters: Vec::new(), page_size: 1 };
    if let Err(error) = query::run_in(context, request, &SessionUse::In { id, keep: 0 }, &mut |_| {}).await {
        tracing::info!("the session of the script was not closed: {error}");
    }
}

/// Runs one statement.
struct One<'a> {
    context: &'a Context,
    session: &'a mut SessionUse,
    sink: &'a mut Sink,
    format: Format,
    /// Whether something is written above.
    separate: bool,
}

impl One<'_> {
    /// Gives whether rows were written.
    async fn run(&mut self, request: QueryRequest, writer: &mut (dyn RowWriter + Send), rules: settings::Sql) -> Result<bool, Failure> {
        ceiling::check(self.context, &request, &rules).await?;
        let (context, format) = (self.context, self.format);
        let sink = &mut *self.sink;
        let began = Instant::now();
        let sql = request.sql.clone();
        let engine = request.engine;
        let mut opened = None;
        let mut hear = |event| {
            if let QueryEvent::Sent { session: Some(id), .. } = event {
                opened = Some(id);
            }
        };
        let answer = query::run_in(context, request, self.session, &mut hear).await;
        if let Some(id) = opened {
            *self.session = SessionUse::In { id, keep: SESSION_SECONDS };
        }
        let result = match answer {
            Ok(result) => result,
            Err(mut error) => {
                if error.kind == OpErrorKind::Failed {
                    error.why = caret::with_place(&error.why, &sql);
                    error.fix.get_or_insert_with(|| {
                        "Correct the statement, or see with `shiftdeck status` whether what it needs is there.".to_owned()
                    });
                }
                return Err(error.into());
            }
        };
        if result.columns.is_empty() {
            if format == Format::Table {
                let changed = result.total_rows.map(|rows| format!("{}, ", figures::counted(rows, "row"))).unwrap_or_default();
                eprintln!("done ({changed}{})", seconds(began.elapsed().as_secs_f64()));
            }
            return Ok(false);
        }
        // Results below each other are told apart by an empty line; JSON is told apart by its brackets.
        if self.separate && matches!(format, Format::Table | Format::Csv | Format::Markdown) {
            sink.write_all(b"\n").map_err(|error| Failure::io("could not write the result", &error))?;
        }
        let rows = stream(context, &result, writer, sink).await?;
        if format == Format::Table {
            let size = result.result_bytes.map(|bytes| format!(", {}", bytes_in_words(bytes))).unwrap_or_default();
            let scanned = result.scanned_bytes.map(|bytes| format!(", {} scanned", bytes_in_words(bytes))).unwrap_or_default();
            let usd = result.scanned_bytes.and_then(|bytes| cost::usd(engine, bytes));
            let usd = usd.map(|usd| format!(", {}", prices::money(usd))).unwrap_or_default();
            let noun = if rows == 1 { "row" } else { "rows" };
            // What was written so far belongs above this line.
            sink.flush()?;
            eprintln!("{} {noun}{size}, {}{scanned}{usd}", thousands(rows), seconds(began.elapsed().as_secs_f64()));
        }
        Ok(true)
    }
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
            code: exit::USAGE,
            what: format!("{} cannot be read", path.display()),
            why: Some(error.to_string()),
            next: None,
        })?,
        None if io::stdin().is_terminal() => {
            return Err(Failure::usage("there is no SQL", "Give it with -e or -f, or on standard input; `-f -` reads what you type."));
        }
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
