//! What a process has of what could be forgotten to be given back.

use serde::Serialize;

use crate::demo::figures;

/// Memory, files and tasks of the process.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Held {
    /// Memory, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    resident_bytes: Option<u64>,
    /// Open files and connections, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    open_files: Option<u64>,
    /// Tasks that have not ended.
    tasks: u64,
}

impl Held {
    /// What this process has. Memory and files are told by Linux only.
    pub(super) fn now() -> Held {
        let resident = || {
            let status = std::fs::read_to_string("/proc/self/status").ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
        };
        // One of them is the directory that is read.
        let open_files = std::fs::read_dir("/proc/self/fd").ok().map(|open| (open.count() as u64).saturating_sub(1));
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks() as u64;
        Held { resident_bytes: resident(), open_files, tasks }
    }

    /// The same in words.
    pub(super) fn line(self) -> String {
        let memory = self.resident_bytes.map(figures::bytes);
        let files = self.open_files.map(|files| figures::counted(files, "file"));
        memory.into_iter().chain(files).chain([figures::counted(self.tasks, "task")]).collect::<Vec<_>>().join(", ")
    }
}
