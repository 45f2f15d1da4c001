//! Writes a recording as it happens, on a thread of its own: whoever makes calls only puts them into a queue.
//!
//! The queue is bounded. A call that does not fit, because the disk is slow beyond measure, is counted, written down as lost, and told at
//! the end.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::call::{Entry, Exchange, Header, Mark, Outcome, Request, Trailer};
use super::codec;
use super::format::{FrameWriter, Kind};
use super::mask::{Mask, Private};
use super::secrets;
use crate::demo::clock::SharedClock;

/// Messages that wait for the disk at most.
const WAITING: usize = 16 * 1024;
/// Bytes that wait for the disk at most.
const WAITING_BYTES: usize = 256 * 1024 * 1024;
/// How long calls are gathered for one frame, which compresses better than one for each. What a crash takes is not more than this.
const GATHERED: Duration = Duration::from_millis(100);
/// A frame of so many bytes before compression is written at once.
const FRAME: usize = 1024 * 1024;

/// How a recording ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The file.
    pub path: PathBuf,
    /// Calls in it.
    pub calls: u64,
    /// Calls that are missing in it.
    pub lost: u64,
    /// Why nothing more could be written, when that was so.
    pub failure: Option<String>,
}

/// Records into one file. Clones share it.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    clock: SharedClock,
    began: DateTime<Utc>,
    queue: SyncSender<Message>,
    /// Bytes that wait.
    waiting: Arc<AtomicUsize>,
    /// Calls that did not fit.
    lost: Arc<AtomicU64>,
}

enum Message {
    Begin(Box<(Header, Private)>),
    Exchange(Box<Exchange>, usize),
    Mark(Mark),
    Finish(SyncSender<Summary>),
}

/// The recorders of this process: an account that is opened again, after a new login, goes on in the same file.
static OPEN: Mutex<Vec<Recorder>> = Mutex::new(Vec::new());

impl Recorder {
    /// The recorder of this process into a file, which is made, for its owner alone, when it is not being recorded into yet.
    ///
    /// # Errors
    /// When there is such a file already, or it cannot be made.
    pub fn open(path: &Path, clock: SharedClock) -> io::Result<Recorder> {
        let path = std::path::absolute(path)?;
        let mut open = OPEN.lock();
        if let Some(recorder) = open.iter().find(|recorder| recorder.shared.path == path) {
            return Ok(recorder.clone());
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let frames = FrameWriter::begin(file)?;
        let (queue, messages) = sync_channel(WAITING);
        let (waiting, lost) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
        let writer = Writer {
            path: path.clone(),
            frames,
            mask: None,
            before: Vec::new(),
            payload: Vec::new(),
            calls: 0,
            told_lost: 0,
            last: Duration::ZERO,
            failure: None,
            waiting: Arc::clone(&waiting),
            lost: Arc::clone(&lost),
        };
        std::thread::Builder::new().name("recording".into()).spawn(move || writer.run(&messages))?;
        let began = clock.now();
        let recorder = Recorder { shared: Arc::new(Shared { path, clock, began, queue, waiting, lost }) };
        open.push(recorder.clone());
        Ok(recorder)
    }

    /// When the recording began.
    pub fn began(&self) -> DateTime<Utc> {
        self.shared.began
    }

    /// Says what is recorded, and what must not be kept of it. Nothing is written before. Said again, by an account that was opened
    /// again, it counts for nothing.
    pub fn begin(&self, header: Header, private: Private) {
        self.put(Message::Begin(Box::new((header, private))));
    }

    /// A step of the walkthrough begins or ends.
    pub fn mark(&self, step: &str, begins: bool, at: DateTime<Utc>) {
        self.put(Message::Mark(Mark { step: step.to_owned(), begins, at: self.since(at) }));
    }

    /// A request is being sent.
    pub(super) fn sent(&self, request: Request) -> Sent {
        Sent { start: self.since(self.shared.clock.now()), recorder: self.clone(), request }
    }

    fn since(&self, at: DateTime<Utc>) -> Duration {
        // A clock that is set back makes nothing come before the beginning.
        (at - self.shared.began).to_std().unwrap_or_default()
    }

    fn put(&self, message: Message) {
        match self.shared.queue.try_send(message) {
            Ok(()) => {}
            Err(TrySendError::Full(Message::Exchange(_, bytes)) | TrySendError::Disconnected(Message::Exchange(_, bytes))) => {
                self.shared.waiting.fetch_sub(bytes, Ordering::Relaxed);
                self.shared.lost.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => tracing::warn!("the recording has no room for what is not a call"),
        }
    }

    fn keep(&self, exchange: Exchange) {
        let answer = match &exchange.outcome {
            Outcome::Answer(answer) => answer.body.len(),
            Outcome::Failure { .. } => 0,
        };
        let bytes = exchange.request.body.bytes().len() + answer;
        if self.shared.waiting.load(Ordering::Relaxed) > WAITING_BYTES {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.shared.waiting.fetch_add(bytes, Ordering::Relaxed);
        self.put(Message::Exchange(Box::new(exchange), bytes));
    }

    /// Ends the recording and waits until it is on disk; nothing is recorded into the file from then on. Blocks: not for an async task.
    pub fn finish(&self) -> Summary {
        OPEN.lock().retain(|open| !Arc::ptr_eq(&open.shared, &self.shared));
        let (told, ended) = sync_channel(1);
        let gone = || Summary {
            path: self.shared.path.clone(),
            calls: 0,
            lost: self.shared.lost.load(Ordering::Relaxed),
            failure: Some("the thread that writes has ended".to_owned()),
        };
        // This may wait for room: the writer is at work.
        match self.shared.queue.send(Message::Finish(told)) {
            Ok(()) => ended.recv().unwrap_or_else(|_| gone()),
            Err(_) => gone(),
        }
    }
}

/// Ends every recording of this process. Blocks until they are on disk.
pub fn finish_all() -> Vec<Summary> {
    let open = OPEN.lock().clone();
    open.iter().map(Recorder::finish).collect()
}

/// A request that has no answer yet.
pub struct Sent {
    recorder: Recorder,
    request: Request,
    start: Duration,
}

impl Sent {
    /// Whether the answer has no body but the length of one.
    pub(super) fn is_head(&self) -> bool {
        self.request.method == "HEAD"
    }

    /// What came of it.
    pub(super) fn ended(self, outcome: Outcome) {
        let Sent { recorder, request, start } = self;
        let duration = recorder.since(recorder.shared.clock.now()).saturating_sub(start);
        recorder.keep(Exchange { request, outcome, start, duration });
    }
}

/// The thread's part.
struct Writer {
    path: PathBuf,
    frames: FrameWriter<File>,
    /// There once it is known what must not be kept.
    mask: Option<Mask>,
    /// What came before that.
    before: Vec<Message>,
    /// What has not been written yet.
    payload: Vec<u8>,
    calls: u64,
    /// Lost calls that have been written down.
    told_lost: u64,
    /// The end of what came last.
    last: Duration,
    failure: Option<String>,
    waiting: Arc<AtomicUsize>,
    lost: Arc<AtomicU64>,
}

impl Writer {
    fn run(mut self, messages: &Receiver<Message>) {
        let mut due: Option<Instant> = None;
        loop {
            let message = match due {
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => messages.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match message {
                Ok(Message::Finish(told)) => {
                    let summary = self.finish();
                    // Whoever asked may not want to know any more.
                    let _ = told.send(summary);
                    return;
                }
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => self.flush(),
                Err(RecvTimeoutError::Disconnected) => {
                    let summary = self.finish();
                    tracing::debug!(?summary, "the recording has ended");
                    return;
                }
            }
            if self.payload.len() >= FRAME {
                self.flush();
            }
            due = match (self.payload.is_empty(), due) {
                (true, _) => None,
                (false, Some(due)) => Some(due),
                (false, None) => Some(Instant::now() + GATHERED),
            };
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Begin(begin) => {
                if self.mask.is_none() {
                    let (header, private) = *begin;
                    let mask = Mask::new(&private);
                    self.header(&header, &mask);
                    self.mask = Some(mask);
                    std::mem::take(&mut self.before).into_iter().for_each(|message| self.take(message));
                }
            }
            message if self.mask.is_none() => self.before.push(message),
            Message::Exchange(mut exchange, bytes) => {
                self.waiting.fetch_sub(bytes, Ordering::Relaxed);
                if let Some(mask) = &mut self.mask {
                    secrets::clean(&mut exchange, mask);
                }
                self.last = self.last.max(exchange.end());
                self.add(&Entry::Exchange(exchange));
                self.calls += u64::from(self.failure.is_none());
            }
            Message::Mark(mark) => {
                self.last = self.last.max(mark.at);
                self.add(&Entry::Mark(mark));
            }
            Message::Finish(_) => {}
        }
    }

    fn header(&mut self, header: &Header, mask: &Mask) {
        let written = serde_json::to_string(header).map_err(io::Error::other);
        let written = written.and_then(|text| self.frames.write(Kind::Header, mask.text(&text).as_bytes()));
        self.note(written);
    }

    fn add(&mut self, entry: &Entry) {
        let encoded = codec::encode(entry, &mut self.payload).map_err(io::Error::other);
        self.note(encoded);
    }

    /// Writes what is gathered, and how many calls are missing.
    fn flush(&mut self) {
        let lost = self.lost.load(Ordering::Relaxed);
        if lost > self.told_lost {
            self.add(&Entry::Lost(lost - self.told_lost));
            self.told_lost = lost;
        }
        let payload = std::mem::take(&mut self.payload);
        if payload.is_empty() || self.failure.is_some() {
            return;
        }
        let written = self.frames.write(Kind::Calls, &payload);
        self.note(written);
    }

    fn note(&mut self, written: io::Result<()>) {
        if let Err(error) = written
            && self.failure.is_none()
        {
            tracing::error!(%error, path = %self.path.display(), "the recording cannot be written any further");
            self.failure = Some(error.to_string());
        }
    }

    fn finish(&mut self) -> Summary {
        self.flush();
        if self.failure.is_none() && self.mask.is_some() {
            let trailer = Trailer { calls: self.calls, lost: self.told_lost, lasted: self.last };
            let text = serde_json::to_vec(&trailer).map_err(io::Error::other);
            let written = text.and_then(|text| self.frames.write(Kind::Trailer, &text)).and_then(|()| self.frames.get_ref().sync_all());
            self.note(written);
        } else if self.mask.is_none() {
            // No account was opened: there is nothing to play.
            if let Err(error) = std::fs::remove_file(&self.path) {
                tracing::debug!(%error, "the empty recording stays");
            }
        }
        Summary { path: self.path.clone(), calls: self.calls, lost: self.lost.load(Ordering::Relaxed), failure: self.failure.clone() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::os::unix::fs::PermissionsExt as _;

    use bytes::Bytes;

    use super::*;
    use crate::demo::clock::FixedClock;
    use crate::recording::call::{Answer, Content};
    use crate::recording::reader::{self, Ending};

    fn clock() -> SharedClock {
        Arc::new(FixedClock(DateTime::from_timestamp(1_700_000_000, 0).unwrap()))
    }

    fn header() -> Header {
        Header {
            program: "0.1.0".into(),
            began: clock().now(),
            target: "aws".into(),
            account: "210987654321".into(),
            region: "us-east-1".into(),
            demo: "BankDM".into(),
            warehouse: "serverless".into(),
            data: "sample".into(),
            settings: "names.bucket = \"bankdm-210987654321\"".into(),
        }
    }

    fn sent(recorder: &Recorder, body: &str) {
        let request = Request {
            service: "sts".into(),
            operation: "GetCallerIdentity".into(),
            method: "POST".into(),
            path: "/".into(),
            query: String::new(),
            headers: vec![],
            body: Content::Whole(Bytes::from_static(b"Action=GetCallerIdentity")),
        };
        let answer = Answer { status: 200, headers: vec![], body: Bytes::from(body.to_owned()) };
        recorder.sent(request).ended(Outcome::Answer(answer));
    }

    #[test]
    fn what_came_before_the_caller_was_known_is_masked_too() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.rec");
        let recorder = Recorder::open(&path, clock()).unwrap();
        sent(&recorder, "<Account>210987654321</Account>");
        recorder.mark("load", true, recorder.began() + chrono::TimeDelta::seconds(2));
        recorder.begin(header(), Private { account: "210987654321".into(), names: vec![] });
        sent(&recorder, "<Account>210987654321</Account>");
        let summary = recorder.finish();
        assert_eq!((summary.calls, summary.lost, summary.failure), (2, 0, None));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let recording = reader::read(&path).unwrap();
        assert_eq!((recording.ending, recording.calls.len(), recording.marks.len()), (Ending::Whole, 2, 1));
        assert!(recording.header.settings.contains("bankdm-000000000000"));
        for call in &recording.calls {
            let Outcome::Answer(answer) = &call.outcome else { panic!("{call:?}") };
            assert_eq!(answer.body, "<Account>000000000000</Account>");
        }
    }

    #[test]
    fn a_file_that_is_there_is_not_written_over_and_one_that_is_open_is_shared() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.rec");
        let recorder = Recorder::open(&path, clock()).unwrap();
        let again = Recorder::open(&path, clock()).unwrap();
        assert!(Arc::ptr_eq(&recorder.shared, &again.shared));
        recorder.begin(header(), Private::default());
        recorder.finish();
        assert_eq!(Recorder::open(&path, clock()).err().map(|error| error.kind()), Some(io::ErrorKind::AlreadyExists));
    }

    #[test]
    fn without_an_account_no_file_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.rec");
        let summary = Recorder::open(&path, clock()).unwrap().finish();
        assert_eq!((summary.calls, path.exists()), (0, false));
    }

    #[test]
    fn a_recording_whose_end_was_not_written_can_be_played() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.rec");
        let recorder = Recorder::open(&path, clock()).unwrap();
        recorder.begin(header(), Private::default());
        sent(&recorder, "a");
        recorder.finish();
        let whole = std::fs::read(&path).unwrap();
        // The trailer is the last frame; its first byte is where the frame of the call ends.
        std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        let recording = reader::read(&path).unwrap();
        assert_eq!((recording.ending, recording.calls.len()), (Ending::Early, 1));
    }

    #[test]
    fn what_does_not_fit_is_counted_and_written_down() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.rec");
        let recorder = Recorder::open(&path, clock()).unwrap();
        recorder.begin(header(), Private::default());
        recorder.shared.waiting.fetch_add(WAITING_BYTES + 1, Ordering::Relaxed);
        sent(&recorder, "no room");
        recorder.shared.waiting.fetch_sub(WAITING_BYTES + 1, Ordering::Relaxed);
        sent(&recorder, "room");
        let summary = recorder.finish();
        assert_eq!((summary.calls, summary.lost), (1, 1));
        let recording = reader::read(&path).unwrap();
        assert_eq!((recording.calls.len(), recording.lost), (1, 1));
    }
}
