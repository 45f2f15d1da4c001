//! The threads of the embedded AWS.
//!
//! Requests and statements have threads of their own. A statement is one long computation that gives way only now and then; a few of
//! them on the threads that answer requests would make every answer late, the one that cancels them and the one that tells another
//! process that this one is alive among them. On separate threads the operating system shares the processors out instead.

use std::io;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};

/// Threads that answer requests. They are few because requests are short.
const REQUEST_THREADS: usize = 2;

/// Fewest threads for statements: so many that never end leave others theirs whatever the machine.
const LEAST_STATEMENT_THREADS: usize = 4;

/// Most threads for statements. A statement takes one, so more would only cost memory.
const MOST_STATEMENT_THREADS: usize = 16;

/// Stack of a thread: planning a deeply nested statement recurses deeply, more so in an unoptimised build.
const STACK: usize = 8 << 20;

/// The runtimes of an account.
pub(super) struct Threads {
    requests: Runtime,
    statements: Runtime,
}

impl Threads {
    /// Starts the threads.
    pub(super) fn start() -> io::Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let statements = (2 * processors).clamp(LEAST_STATEMENT_THREADS, MOST_STATEMENT_THREADS);
        Ok(Threads { requests: runtime("shiftdeck-aws", REQUEST_THREADS)?, statements: runtime("shiftdeck-sql", statements)? })
    }

    /// Where requests are answered.
    pub(super) fn requests(&self) -> Handle {
        self.requests.handle().clone()
    }

    /// Where statements run.
    pub(super) fn statements(&self) -> Handle {
        self.statements.handle().clone()
    }

    /// Ends the threads, waiting `patience` at most for what they do. Blocks.
    pub(super) fn stop(self, patience: Duration) {
        let until = Instant::now() + patience;
        self.statements.shutdown_timeout(patience);
        self.requests.shutdown_timeout(until.saturating_duration_since(Instant::now()));
    }

    /// Ends the threads without waiting.
    pub(super) fn abandon(self) {
        self.statements.shutdown_background();
        self.requests.shutdown_background();
    }
}

fn runtime(name: &str, threads: usize) -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(threads).thread_name(name).thread_stack_size(STACK).enable_all().build()
}
