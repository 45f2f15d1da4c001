//! What other programs do with the terminal: edit the text of a tab, and log in.

use std::io::Write as _;
use std::process::Command;

/// What edits: `$VISUAL`, `$EDITOR`, or what every system has.
pub fn program(variable: impl Fn(&str) -> Option<String>) -> String {
    ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| variable(name).filter(|value| !value.trim().is_empty()))
        .unwrap_or_else(|| "vi".to_owned())
}

/// Lets `program` edit a text, and gives it back; the error is a sentence. The file is the reader's alone and goes away.
pub fn edit(program: &str, text: &str, line: usize) -> Result<String, String> {
    let mut file = tempfile::Builder::new()
        .prefix("shiftdeck-")
        .suffix(".sql")
        .tempfile()
        .map_err(|error| format!("No file could be made for the text: {error}"))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.flush())
        .map_err(|error| format!("The text could not be written to a file: {error}"))?;
    // The variable may hold arguments, as in `code --wait`; the shell takes it apart as it does everywhere.
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{program} {}\"$1\"", if takes_line(program) { format!("+{line} ") } else { String::new() }))
        .arg("sh")
        .arg(file.path())
        .status()
        .map_err(|error| format!("{program} could not be started: {error}"))?;
    if !status.success() {
        return Err(format!("{program} ended with {status}; the text is as it was"));
    }
    // Some write another file under the name, so it is opened anew.
    std::fs::read_to_string(file.path()).map_err(|error| format!("The text could not be read back: {error}"))
}

/// Lets a shell run the command that logs in; the error is a sentence.
pub fn log_in(command: &str) -> Result<(), String> {
    // On the terminal, before anything that the program may ask.
    eprintln!("{command}");
    let status =
        Command::new("sh").arg("-c").arg(command).status().map_err(|error| format!("`{command}` could not be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{command}` ended with {status}; nothing has changed")) }
}

/// Whether a program goes to a line given as `+12`.
fn takes_line(program: &str) -> bool {
    let name = program.split_whitespace().next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    matches!(name, "vi" | "vim" | "nvim" | "nano" | "emacs" | "emacsclient" | "micro" | "joe" | "kak")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_readers_choice_comes_first() {
        let with = |pairs: &'static [(&'static str, &'static str)]| {
            program(move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(with(&[("EDITOR", "nano"), ("VISUAL", "code --wait")]), "code --wait");
        assert_eq!(with(&[("EDITOR", "nano"), ("VISUAL", " ")]), "nano");
        assert_eq!(with(&[]), "vi");
    }

    #[test]
    fn what_the_program_leaves_comes_back() {
        let append = edit("f() { printf ' two' >> \"$1\"; }; f", "one", 1).unwrap();
        assert_eq!(append, "one two");
        assert!(log_in("true").is_ok() && log_in("false").unwrap_err().contains("nothing has changed"));
        assert!(edit("false #", "one", 1).unwrap_err().contains("the text is as it was"));
    }
}
