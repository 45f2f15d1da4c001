//! Asks before something is removed from a real account.

use std::io::{self, BufRead, IsTerminal, Write};

use super::failure::{Failure, exit};
use crate::config::Settings;
use crate::config::settings::TargetKind;

/// Lets a destructive action on `aws` go on after `--yes`, or after the person has typed the demonstration's name. The embedded AWS needs
/// no confirmation: nothing in it is lost that cannot be made again. `look` is the command that tells beforehand what would go.
///
/// # Errors
/// When there is nobody to ask, or the answer is another.
pub fn destructive(settings: &Settings, yes: bool, action: &str, look: &str) -> Result<(), Failure> {
    if yes || settings.aws.target != TargetKind::Aws {
        return Ok(());
    }
    typed(&Question {
        refusal: format!("{action} on `aws` has to be confirmed, and there is no terminal to ask on"),
        refusal_fix: &format!("Look at `{look}`, then add --yes."),
        prompt: format!("{action} on `aws` cannot be undone. Type the name of the demonstration, {}, to go on: ", settings.demo.name),
        name: &settings.demo.name,
        otherwise: "not confirmed; nothing was changed",
    })
}

/// What a dry run says of a destructive action, where it is confirmed.
pub fn destructive_told(settings: &Settings, yes: bool, action: &str) -> Option<String> {
    let name = &settings.demo.name;
    (settings.aws.target == TargetKind::Aws).then(|| match yes {
        true => format!("{action} on `aws` cannot be undone; --yes confirms it."),
        false => format!("{action} on `aws` cannot be undone; it asks for {name} to be typed first (or --yes)."),
    })
}

/// The command that tells what a cleanup would remove.
pub const LOOK_AT_CLEANUP: &str = "shiftdeck cleanup --dry-run";

/// Lets something that everyone will see go on after `--yes`, or after the person has typed the name of what it changes. It is asked on
/// every target: production is production.
///
/// # Errors
/// When there is nobody to ask, or the answer is another.
pub fn approval(yes: bool, action: &str, name: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    typed(&Question {
        refusal: format!("{action} has to be approved, and there is no terminal to ask on"),
        refusal_fix: "Add --yes when you have decided.",
        prompt: format!("{action}. Type {name} to go on: "),
        name,
        otherwise: "not approved; nothing was changed",
    })
}

/// What a dry run says of an approval that is asked for.
pub fn approval_told(yes: bool, action: &str, name: &str) -> String {
    match yes {
        true => format!("{action}; --yes approves it."),
        false => format!("{action}; it asks for {name} to be typed first (or --yes)."),
    }
}

/// What a dry run says of an account that looks like production.
pub fn production_told(account: &str, phrase: &str) -> String {
    let which = which(account, phrase);
    format!("{which} is a production account by the setting aws.production; it asks for {phrase} to be typed first.")
}

fn which(account: &str, phrase: &str) -> String {
    if phrase == account { format!("the account {account}") } else { format!("the account {phrase} ({account})") }
}

/// Lets anything go on in an account that looks like production after the person has typed `phrase`, its alias or id. No flag stands for
/// this: who means it writes the alias into the settings.
///
/// # Errors
/// When there is nobody to ask, or the answer is another.
pub fn production(account: &str, phrase: &str) -> Result<(), Failure> {
    let which = which(account, phrase);
    typed(&Question {
        refusal: format!("{which} is a production account by the setting aws.production, and there is no terminal to ask on"),
        refusal_fix: &format!("Choose another --profile, or say that you mean it with --set aws.confirmed={phrase}."),
        prompt: format!("{which} is a production account by the setting aws.production. Type {phrase} to work in it: "),
        name: phrase,
        otherwise: "not confirmed; nothing was changed",
    })
}

/// A question that is answered by typing a name.
struct Question<'a> {
    /// What failed when there is nobody to ask, and what to do then.
    refusal: String,
    refusal_fix: &'a str,
    prompt: String,
    name: &'a str,
    /// What is said of another answer.
    otherwise: &'static str,
}

fn typed(question: &Question<'_>) -> Result<(), Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::precondition(question.refusal.clone(), question.refusal_fix));
    }
    eprint!("{}", question.prompt);
    let asked = |error: io::Error| Failure::io("could not ask", &error);
    io::stderr().flush().map_err(asked)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(asked)?;
    if answer.trim() == question.name {
        Ok(())
    } else {
        Err(Failure::Told { code: exit::CANCELLED, what: question.otherwise.to_owned(), why: None, next: None })
    }
}
