//! Keys as the tables write them, and as people read them.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers, as the table writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Chord {
    /// Reads `ctrl-r`, `f5`, `G`, `alt-enter`. `None` for what is not a key; a test makes sure that the table has none.
    pub fn parse(text: &str) -> Option<Chord> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            if let Some(tail) = rest.strip_prefix("ctrl-") {
                modifiers |= KeyModifiers::CONTROL;
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix("alt-") {
                modifiers |= KeyModifiers::ALT;
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix("shift-") {
                modifiers |= KeyModifiers::SHIFT;
                rest = tail;
            } else {
                break;
            }
        }
        let code = match rest {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "backtab" => KeyCode::BackTab,
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "pgup" => KeyCode::PageUp,
            "pgdn" => KeyCode::PageDown,
            "backspace" => KeyCode::Backspace,
            "delete" => KeyCode::Delete,
            "space" => KeyCode::Char(' '),
            _ => {
                let mut chars = rest.chars();
                match (chars.next(), chars.next()) {
                    (Some(single), None) => KeyCode::Char(single),
                    (Some('f'), Some(_)) => KeyCode::F(rest[1..].parse().ok()?),
                    _ => return None,
                }
            }
        };
        Some(Chord { code, modifiers })
    }

    /// Its press.
    pub fn press(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }

    /// Whether a key press is this chord. Shift counts through the character that it makes, or where the table names it.
    pub fn matches(&self, key: &KeyEvent) -> bool {
        let relevant = KeyModifiers::CONTROL | KeyModifiers::ALT | (self.modifiers & KeyModifiers::SHIFT);
        self.code == key.code && self.modifiers & relevant == key.modifiers & relevant
    }
}

/// How a key is written for people: `Ctrl-R`, `F5`, `↓`.
pub fn key_label(key: &str) -> String {
    let (prefix, base) = match key.rsplit_once('-') {
        Some((prefix, base)) if !prefix.is_empty() && !base.is_empty() => (prefix, base),
        _ => ("", key),
    };
    let base = match base {
        "enter" => "Enter".to_owned(),
        "esc" => "Esc".to_owned(),
        "tab" => "Tab".to_owned(),
        "backtab" => "Shift-Tab".to_owned(),
        "up" => "↑".to_owned(),
        "down" => "↓".to_owned(),
        "left" => "←".to_owned(),
        "right" => "→".to_owned(),
        "home" => "Home".to_owned(),
        "end" => "End".to_owned(),
        "pgup" => "PgUp".to_owned(),
        "pgdn" => "PgDn".to_owned(),
        "backspace" => "Backspace".to_owned(),
        "delete" => "Del".to_owned(),
        "space" => "Space".to_owned(),
        other if other.len() > 1 && other.starts_with('f') => other.to_uppercase(),
        // An upper-case letter behind Alt is another key than the lower-case one.
        other if !prefix.is_empty() && other.chars().all(char::is_uppercase) => format!("Shift-{other}"),
        other if !prefix.is_empty() => other.to_uppercase(),
        other => other.to_owned(),
    };
    match prefix {
        "" => base,
        "ctrl" => format!("Ctrl-{base}"),
        "alt" => format!("Alt-{base}"),
        "shift" => format!("Shift-{base}"),
        other => format!("{other}-{base}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_for_people() {
        assert_eq!(key_label("ctrl-r"), "Ctrl-R");
        assert_eq!(key_label("f5"), "F5");
        assert_eq!(key_label("-"), "-");
        assert_eq!(key_label("R"), "R");
        assert_eq!(key_label("alt-enter"), "Alt-Enter");
        assert_eq!(key_label("shift-space"), "Shift-Space");
    }

    #[test]
    fn shift_counts_where_it_is_named() {
        let matches =
            |chord: &str, modifiers| Chord::parse(chord).is_some_and(|chord| chord.matches(&KeyEvent::new(KeyCode::Char(' '), modifiers)));
        assert!(matches("space", KeyModifiers::NONE) && matches("space", KeyModifiers::SHIFT));
        assert!(matches("shift-space", KeyModifiers::SHIFT) && !matches("shift-space", KeyModifiers::NONE));
    }
}
