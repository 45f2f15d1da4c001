//! Asks before something is removed from a real account.

use std::io::{self, BufRead, IsTerminal, Write};

use super::failure::{Failure, exit};
use crate::config::Settings;
use crate::config::settings::TargetKind;

/// Lets a destructive action on `aws` go on after `--yes`, or after the person has typed the demonstration's name. The embedded AWS needs
/// no confirmation: nothing in it is lost that cannot be made again.
///
/// # Errors
/// When there is nobody to ask, or the answer is another.
pub fn destructive(settings: &Settings, yes: bool, action: &str) -> Result<(), Failure> {
    if yes || settings.aws.target != TargetKind::Aws {
        return Ok(());
    }
    let name = &settings.demo.name;
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::precondition(
            format!("{action} on `aws` has to be confirmed, and there is no terminal to ask on"),
            "Look at `shiftdeck cleanup --dry-run`, then add --yes.",
        ));
    }
    eprint!("{action} on `aws` cannot be undone. Type the name of the demonstration, {name}, to go on: ");
    let asked = |error: io::Error| Failure::io("could not ask for confirmation", &error);
    io::stderr().flush().map_err(asked)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(asked)?;
    if answer.trim() == name {
        Ok(())
    } else {
        Err(Failure::Told { code: exit::CANCELLED, what: "not confirmed; nothing was changed".to_owned(), why: None, next: None })
    }
}

/// Lets something that everyone will see go on after `--yes`, or after the person has typed the name of what it changes. It is asked on
/// every target: production is production.
///
/// # Errors
/// When there is nobody to ask, or the answer is another.
pub fn approval(yes: bool, action: &str, name: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::precondition(
            format!("{action} has to be approved, and there is no terminal to ask on"),
            "Add --yes when you have decided.",
        ));
    }
    eprint!("{action}. Type {name} to go on: ");
    let asked = |error: io::Error| Failure::io("could not ask for approval", &error);
    io::stderr().flush().map_err(asked)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(asked)?;
    if answer.trim() == name {
        Ok(())
    } else {
        Err(Failure::Told { code: exit::CANCELLED, what: "not approved; nothing was changed".to_owned(), why: None, next: None })
    }
}
