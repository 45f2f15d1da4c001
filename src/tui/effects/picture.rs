//! Writes the screen as a picture.

use std::io;
use std::path::{Path, PathBuf};

use ratatui::buffer::Buffer;

use super::Runner;
use crate::app::Msg;
use crate::ops::export::write_new;
use crate::tui::{BACK, FRONT};
use crate::ui::picture::{png, svg};

/// What the files are called.
const STEM: &str = "shiftdeck";

impl Runner {
    /// Writes a frame as SVG and as PNG into the current directory.
    pub fn write_picture(&self, frame: Buffer) {
        let written = move || match write(&frame, Path::new(".")) {
            Ok(files) => Ok(format!("Written: {}, in the current directory", files.map(|file| name(&file)).join(" and "))),
            Err(error) => Err(format!("The picture was not written: {error}")),
        };
        let failed = || Msg::Written(Err("The picture was not written; run with -v to keep a log".to_owned()));
        self.job(async move { tokio::task::spawn_blocking(written).await.map_or_else(|_| failed(), Msg::Written) }, failed);
    }
}

/// Writes both files, under names that nothing has yet: the same one, unless somebody takes it in between.
fn write(frame: &Buffer, folder: &Path) -> io::Result<[PathBuf; 2]> {
    let pixels = png(frame, BACK, FRONT).map_err(io::Error::other)?;
    let scaling = write_new(folder, STEM, "svg", svg(frame, BACK, FRONT).as_bytes())?;
    let stem = scaling.file_stem().map_or_else(|| STEM.into(), |stem| stem.to_string_lossy().into_owned());
    Ok([scaling, write_new(folder, &stem, "png", &pixels)?])
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn both_files_have_one_name_and_what_is_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut frame = Buffer::empty(Rect::new(0, 0, 20, 4));
        frame.set_string(1, 1, "✔ done", Style::new());
        let names = |files: [PathBuf; 2]| files.map(|file| name(&file));
        assert_eq!(names(write(&frame, folder.path()).unwrap()), ["shiftdeck.svg", "shiftdeck.png"]);
        assert_eq!(names(write(&frame, folder.path()).unwrap()), ["shiftdeck-2.svg", "shiftdeck-2.png"]);
        let png = std::fs::read(folder.path().join("shiftdeck.png")).unwrap();
        assert_eq!(&png[1..4], b"PNG");
    }
}
