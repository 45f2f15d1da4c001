//! The speaker's view: a second terminal that follows the screen that presents, whichever of them starts first.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use color_eyre::eyre::WrapErr;
use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures::StreamExt;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::sleep;

use super::effects::speaker::{BACK, ON};
use super::terminal::{self, Screen};
use crate::config::Settings;
use crate::demo::clock::SharedClock;
use crate::ops::stage::{Store, Told};
use crate::ui::speaker::{Heard, draw, plain};
use crate::ui::theme::{Depth, Theme};

/// How often the document is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// What is heard now.
fn hear(store: &Store) -> Heard {
    match store.told() {
        Ok(None) => Heard::Nothing,
        Ok(Some(told)) if alive(&told) => Heard::Told(Box::new(told)),
        Ok(Some(told)) => Heard::Gone(Box::new(told)),
        Err(error) => Heard::Broken(format!("{error}. Use the same version of shiftdeck in both terminals.")),
    }
}

/// Whether the process that presents is there, as whoever it runs.
fn alive(told: &Told) -> bool {
    let process = i32::try_from(told.process).ok().and_then(Pid::from_raw);
    process.is_some_and(|process| test_kill_process(process) != Err(Errno::SRCH))
}

/// The view as plain text.
pub fn once(store: &Store, clock: &SharedClock) -> String {
    plain(&hear(store), clock.now(), &Theme::named("mono", Depth::None))
}

/// Looks at the document until nobody listens: reads it when it has changed, and looks whether the process is there.
async fn follow(store: Store, heard: watch::Sender<Heard>) {
    let mut mark = store.mark();
    while !heard.is_closed() {
        sleep(LOOK).await;
        let now = store.mark();
        let gone = matches!(&*heard.borrow(), Heard::Told(told) if !alive(told));
        if now != mark || gone {
            mark = now;
            let store = store.clone();
            let Ok(found) = tokio::task::spawn_blocking(move || hear(&store)).await else { return };
            heard.send_if_modified(|heard| std::mem::replace(heard, found.clone()) != found);
        }
    }
}

/// Shows the view until the reader leaves, and gives the exit code.
///
/// # Errors
/// When the terminal cannot be used.
pub async fn run(settings: &Settings, store: Store, clock: SharedClock) -> color_eyre::Result<u8> {
    show(settings, store, clock).await.wrap_err("the terminal could not be used")
}

async fn show(settings: &Settings, store: Store, clock: SharedClock) -> io::Result<u8> {
    let (mut terminate, mut hang_up, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?, signal(SignalKind::interrupt())?);
    let theme = Theme::named(&settings.screen.theme, terminal::depth(|name| std::env::var(name).ok()));
    let mut screen = Screen::take(false, None, None)?;
    let (sender, mut heard) = watch::channel(hear(&store));
    tokio::spawn(follow(store.clone(), sender));
    let mut events = EventStream::new();
    loop {
        let view = heard.borrow_and_update().clone();
        let drives = store.socket().exists();
        let now = clock.now();
        screen.draw(|frame| draw(frame.buffer_mut(), &view, now, &theme, drives))?;
        // Only time that is shown makes a frame of its own, once a second.
        let second = 1000 - u64::from(now.timestamp_subsec_millis()).min(999);
        let ticks = matches!(view, Heard::Told(_));
        tokio::select! {
            event = events.next() => match event {
                None => return Ok(0),
                Some(event) => match event? {
                    Event::Key(key) if key.kind != KeyEventKind::Release => match press(&key) {
                        Press::Leave => return Ok(0),
                        Press::Send(bytes) if drives => pass_on(&store, bytes),
                        _ => {}
                    },
                    Event::Resize(..) => screen.invalidate()?,
                    _ => {}
                },
            },
            changed = heard.changed() => if changed.is_err() { return Ok(0) },
            () = sleep(Duration::from_millis(second)), if ticks => {}
            _ = terminate.recv() => return Ok(143),
            _ = hang_up.recv() => return Ok(129),
            _ = interrupt.recv() => return Ok(130),
        }
    }
}

/// What a key means here.
#[derive(Debug, PartialEq, Eq)]
enum Press {
    Leave,
    Send(&'static [u8]),
    Nothing,
}

fn press(key: &KeyEvent) -> Press {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c' | 'q') if control => Press::Leave,
        KeyCode::Char('q') => Press::Leave,
        KeyCode::Char(' ') if key.modifiers.contains(KeyModifiers::SHIFT) => Press::Send(BACK),
        KeyCode::Char(' ') | KeyCode::PageDown => Press::Send(ON),
        KeyCode::PageUp | KeyCode::Backspace => Press::Send(BACK),
        _ => Press::Nothing,
    }
}

/// Presses the remote of the screen that presents. One that does not listen any more shows in the view by itself.
fn pass_on(store: &Store, bytes: &[u8]) {
    let sent = UnixDatagram::unbound().and_then(|socket| {
        socket.set_nonblocking(true)?;
        socket.send_to(bytes, store.socket())
    });
    if let Err(error) = sent {
        tracing::debug!(%error, "the press did not reach the screen that presents");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn keys_of_the_view() {
        let key = |code, modifiers| press(&KeyEvent::new(code, modifiers));
        assert_eq!(key(KeyCode::Char('q'), KeyModifiers::NONE), Press::Leave);
        assert_eq!(key(KeyCode::Char('c'), KeyModifiers::CONTROL), Press::Leave);
        assert_eq!(key(KeyCode::Char(' '), KeyModifiers::NONE), Press::Send(ON));
        assert_eq!(key(KeyCode::Char(' '), KeyModifiers::SHIFT), Press::Send(BACK));
        assert_eq!(key(KeyCode::PageUp, KeyModifiers::NONE), Press::Send(BACK));
        assert_eq!(key(KeyCode::Char('x'), KeyModifiers::NONE), Press::Nothing);
    }

    #[test]
    fn a_presentation_that_was_killed_is_told_as_gone() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::at(home.path());
        assert_eq!(hear(&store), Heard::Nothing);
        let mut model = crate::app::tests::full_model();
        crate::app::update(&mut model, crate::app::Msg::Do(crate::app::action::Command::BeatOn));
        let mut told = crate::app::walkthrough::told::told(&model).unwrap();
        told.process = std::process::id();
        store.tell(&told).unwrap();
        assert!(matches!(hear(&store), Heard::Told(_)));
        // No process has the highest id that there can be.
        told.process = i32::MAX as u32;
        store.tell(&told).unwrap();
        assert!(matches!(hear(&store), Heard::Gone(_)));
        std::fs::write(home.path().join("stage/speaker.json"), "{").unwrap();
        assert!(matches!(hear(&store), Heard::Broken(_)));
    }
}
