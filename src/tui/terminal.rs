//! Takes the terminal and gives it back, whatever happens.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, KeyboardEnhancementFlags,
    PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{execute, queue};
use parking_lot::Mutex;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Rect, Size};

use super::cast::Cast;
use super::images::{Placed, Protocol};
use crate::app::explore::Image;
use crate::ui::theme::Depth;

/// Name of the thread of the screen: a panic there means that the terminal has to be given back.
pub const THREAD: &str = "screen";

/// Whether the terminal is ours now.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The bytes of a frame. Flushing does nothing: a frame is written to the terminal in one piece, or not at all when nothing changed.
#[derive(Debug, Default, Clone)]
pub struct FrameBytes(Arc<Mutex<Vec<u8>>>);

impl Write for FrameBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal while it is ours.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<CrosstermBackend<FrameBytes>>,
    bytes: FrameBytes,
    mouse: bool,
    last: Vec<u8>,
    placed: Placed,
    cast: Option<(Cast, Instant)>,
    /// Why the recording has ended before the screen.
    broken_cast: Option<io::Error>,
}

impl Screen {
    /// Takes the terminal; what is drawn goes to `cast`, too.
    pub fn take(mouse: bool, images: Option<Protocol>, cast: Option<Cast>) -> io::Result<Screen> {
        enter(mouse)?;
        let bytes = FrameBytes::default();
        match Terminal::new(CrosstermBackend::new(bytes.clone())) {
            Ok(terminal) => {
                let cast = cast.map(|cast| (cast, Instant::now()));
                Ok(Screen { terminal, bytes, mouse, last: Vec::new(), placed: Placed::new(images), cast, broken_cast: None })
            }
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }

    /// Draws a frame and writes what has changed since the last one.
    pub fn draw<T>(&mut self, render: impl FnOnce(&mut ratatui::Frame<'_>) -> T) -> io::Result<T> {
        let mut drawn = None;
        self.terminal.draw(|frame| drawn = Some(render(frame)))?;
        let bytes = std::mem::take(&mut *self.bytes.0.lock());
        // A frame that changes nothing says only where the cursor is; saying that twice is not needed.
        if bytes != self.last {
            let mut out = io::stdout().lock();
            out.write_all(b"\x1b[?2026h")?;
            out.write_all(&bytes)?;
            out.write_all(b"\x1b[?2026l")?;
            out.flush()?;
            self.record(&bytes);
        }
        self.last = if bytes.len() <= 64 { bytes } else { Vec::new() };
        drawn.ok_or_else(|| io::Error::other("the frame was not drawn"))
    }

    /// Adds a frame to the recording. One that cannot be written ends it, and never the screen.
    fn record(&mut self, bytes: &[u8]) {
        let Some((cast, began)) = &mut self.cast else { return };
        let area = self.terminal.get_frame().area();
        if let Err(error) = cast.frame(began.elapsed(), (area.width, area.height), bytes) {
            self.cast = None;
            self.broken_cast = Some(error);
        }
    }

    /// Why the recording has ended, once.
    pub fn broken_cast(&mut self) -> Option<io::Error> {
        self.broken_cast.take()
    }

    /// Whether the image on the screen is in the way of the frame that was drawn: then it has to be drawn anew from nothing.
    pub fn is_in_the_way_of(&self, image: Option<&(Rect, Arc<Image>)>) -> bool {
        self.placed.is_in_the_way_of(image)
    }

    /// Makes an image the one on the screen, or removes the one there.
    pub fn place(&mut self, image: Option<&(Rect, Arc<Image>)>) -> io::Result<()> {
        let bytes = self.placed.change(image)?;
        if bytes.is_empty() {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        out.write_all(&bytes)?;
        out.flush()
    }

    /// Makes the next frame draw everything anew.
    pub fn invalidate(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.last.clear();
        self.placed.forget();
        // `Terminal::clear` would ask the terminal where its cursor is, and wait for the answer among the keys.
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }

    /// Gives the terminal back and stops the process as the shell expects. The stop comes a moment after this returns; wait for it before
    /// [`Screen::resume`].
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        // The whole group: what started this program in the foreground waits with it.
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
        Ok(())
    }

    /// Gives the terminal to another program until it ends.
    pub fn lend<T>(&mut self, to: impl FnOnce() -> T) -> io::Result<T> {
        give_back();
        let answer = to();
        self.resume()?;
        Ok(answer)
    }

    /// Takes the terminal again after the process was stopped.
    pub fn resume(&mut self) -> io::Result<()> {
        enter(self.mouse)?;
        self.invalidate()
    }

    /// Puts text on the clipboard of the terminal (OSC 52). Terminals that do not allow it ignore it.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        let mut out = io::stdout().lock();
        write!(out, "\x1b]52;c;{encoded}\x07")?;
        out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    // After a stop that came from outside the mode is thought to be raw, but the shell has changed it meanwhile.
    disable_raw_mode()?;
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let mut out = io::stdout().lock();
    queue!(out, EnterAlternateScreen, Hide, EnableBracketedPaste)?;
    // Terminals that do not know it ignore it; those that do can tell Ctrl-Enter from Enter.
    queue!(out, PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES))?;
    if mouse {
        queue!(out, EnableMouseCapture)?;
    }
    out.flush()
}

/// Gives the terminal back, once. Errors are of no use here: the terminal may be gone.
pub fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = execute!(out, PopKeyboardEnhancementFlags, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// From now on a panic on the thread of the screen gives the terminal back before it is reported. A panic of a job is reported on the
/// screen by who runs the job, and must not write over it.
pub fn guard_panics() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let on_screen = std::thread::current().name() == Some(THREAD);
        if on_screen {
            give_back();
        }
        if on_screen || !TAKEN.load(Ordering::SeqCst) {
            previous(info);
        } else {
            tracing::error!("{info}");
        }
    }));
}

/// How many colours the terminal shows, by what its environment says.
pub fn depth(variable: impl Fn(&str) -> Option<String>) -> Depth {
    if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return Depth::None;
    }
    let term = variable("TERM").unwrap_or_default();
    let colours = variable("COLORTERM").unwrap_or_default();
    if term == "dumb" || term.ends_with("-m") || term.starts_with("vt1") || term.starts_with("vt2") {
        Depth::None
    } else if colours == "truecolor" || colours == "24bit" || term.ends_with("-direct") {
        Depth::True
    } else if term.contains("256") {
        Depth::Palette
    } else {
        Depth::Sixteen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_the_environment() {
        let with = |pairs: &'static [(&'static str, &'static str)]| {
            depth(move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(with(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(with(&[("TERM", "xterm-256color")]), Depth::Palette);
        assert_eq!(with(&[("TERM", "linux")]), Depth::Sixteen);
        assert_eq!(with(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), Depth::None);
        assert_eq!(with(&[("TERM", "xterm"), ("NO_COLOR", "")]), Depth::Sixteen);
        assert_eq!(with(&[("TERM", "dumb")]), Depth::None);
    }
}
