//! A screen without what time makes of it: so that the same presentation can be held against itself.

/// The words of a screen, line by line, without durations, times of day, the identifiers that services make up, lines that only separate, and the
/// line that says which call was made last.
pub fn words(screen: &str) -> Vec<String> {
    let lines: Vec<&str> = screen.lines().collect();
    // The last call is in the line above the hints.
    let activity = lines.len().checked_sub(2);
    lines.iter().enumerate().filter(|(index, _)| Some(*index) != activity).map(|(_, line)| line_words(line)).collect()
}

fn line_words(line: &str) -> String {
    let plain: String = line.chars().map(|c| if ('\u{2500}'..='\u{257f}').contains(&c) { ' ' } else { c }).collect();
    let mut words: Vec<&str> = Vec::new();
    for word in plain.split_whitespace() {
        match words.last() {
            // A duration has its unit behind it; minutes have seconds behind them.
            Some(number) if is_unit(word) && is_number(number) => {
                words.pop();
            }
            _ if is_time(word) || is_made_up(word) => {}
            _ => words.push(word),
        }
    }
    words.join(" ")
}

fn is_unit(word: &str) -> bool {
    matches!(word.trim_end_matches([',', ')', '.']), "ns" | "µs" | "ms" | "s" | "min" | "h")
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
}

/// `12:34` and `12:34:56`.
fn is_time(word: &str) -> bool {
    let mut parts = word.split(':');
    let two = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    word.contains(':') && parts.all(two)
}

/// Twelve and more hexadecimal digits, with or without hyphens: an execution, a statement, a part of a location.
fn is_made_up(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_hexdigit).count();
    digits >= 12
        && word.chars().any(|c| c.is_ascii_digit())
        && word.split(['/', '…', ':', '-', '.', '(', ')']).any(|part| part.len() >= 8 && part.chars().all(|c| c.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_time_makes_is_left_out_and_figures_are_not() {
        let screen =
            "╭─ Pipeline ── 12:34 ─╮\n│ ✔ Train   1.2 s  AUC 0.758 │\n│ 41,188 rows · 12 ms · 1 min 05 s  x│\nIAM GetRole 3 ms\n q quit";
        assert_eq!(words(screen), ["Pipeline", "✔ Train AUC 0.758", "41,188 rows · · x", "q quit"]);
    }

    #[test]
    fn identifiers_are_left_out_and_names_are_not() {
        assert_eq!(line_words("run 0f3a9c81-77de-4f6e-9a51-000000000000 of BankDM-Pipeline"), "run of BankDM-Pipeline");
        assert_eq!(line_words("s3://bankdm/unload/9f8e7d6c5b4a/0000_part_00.gz x"), "x");
        assert_eq!(line_words("the decade 1234 facade"), "the decade 1234 facade");
    }
}
