//! Pictures as files, each whole or not there at all.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::Found;
use super::drawing::{self, PngError};
use crate::ops::export::Draft;

/// Files of one name that are looked past before it is given up.
const NAMES: usize = 1000;

/// Why a picture was not written.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// It cannot be drawn.
    #[error(transparent)]
    Png(#[from] PngError),
    /// The file cannot be written.
    #[error("{path} cannot be written: {source}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The name of what was found as the name of a file: nothing that leads elsewhere.
pub fn file_name(name: &str) -> String {
    name.chars().map(|letter| if letter.is_alphanumeric() || "-_".contains(letter) { letter } else { '_' }).collect()
}

/// Writes a file, over what is there.
///
/// # Errors
/// The file cannot be written.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), SaveError> {
    let write = || {
        let mut draft = Draft::new(path)?;
        draft.write_all(content)?;
        draft.keep()
    };
    write().map_err(|source| SaveError::Write { path: path.to_owned(), source })
}

/// Writes what was found as SVG and as PNG into a folder, under a name that nothing has yet. Gives both files.
///
/// # Errors
/// A file cannot be written.
pub fn save_beside(found: &Found, folder: &Path) -> Result<[PathBuf; 2], SaveError> {
    let drawing = drawing::drawing(found);
    let contents = [("svg", drawing::svg(&drawing).into_bytes()), ("png", drawing::png(&drawing)?)];
    let name = format!("explore-{}", file_name(&found.name()));
    let paths = |number: usize| {
        let name = if number == 1 { name.clone() } else { format!("{name}-{number}") };
        contents.each_ref().map(|(ending, _)| folder.join(format!("{name}.{ending}")))
    };
    let free = (1..NAMES).map(paths).find(|paths| !paths.iter().any(|path| path.exists())).unwrap_or_else(|| paths(NAMES));
    for (path, (_, content)) in free.iter().zip(&contents) {
        let write = || {
            let mut draft = Draft::new(path)?;
            draft.write_all(content)?;
            draft.keep_new()
        };
        write().map_err(|source| SaveError::Write { path: path.clone(), source })?;
    }
    Ok(free)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::ops::exploration::Correlations;

    #[test]
    fn nothing_that_is_there_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let found = Found::Correlations(Correlations { columns: vec!["a".into()], matrix: vec![vec![Some(1.0)]], sql: String::new() });
        let names = |paths: [PathBuf; 2]| paths.map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
        assert_eq!(names(save_beside(&found, folder.path()).unwrap()), ["explore-correlations.svg", "explore-correlations.png"]);
        assert_eq!(names(save_beside(&found, folder.path()).unwrap()), ["explore-correlations-2.svg", "explore-correlations-2.png"]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
        let error = save_beside(&found, &folder.path().join("nowhere")).unwrap_err();
        assert!(error.to_string().contains("explore-correlations.svg cannot be written"), "{error}");
        assert_eq!(file_name("../a b"), "___a_b");
    }
}
