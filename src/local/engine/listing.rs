//! `SHOW FUNCTIONS`: the functions of Trino that the embedded lake has, in the columns that Trino shows.

/// The list; its first line says what a line is.
const LIST: &str = include_str!("functions.txt");

/// Functions whose answer is another one each time.
const RANDOM: [&str; 3] = ["rand", "random", "uuid"];

/// Functions in the order of their names, a row a signature: name, result, arguments, kind, whether it always gives the same, what it is for.
pub(super) fn functions() -> impl Iterator<Item = [String; 6]> {
    LIST.lines().filter(|line| !line.starts_with('#')).filter_map(parts).flat_map(|(kind, name, signatures, purpose)| {
        let same = (!RANDOM.contains(&name)).to_string();
        signatures
            .split("; ")
            .filter_map(result)
            .map(move |(result, arguments)| [name.to_owned(), result, arguments, kind.to_owned(), same.clone(), purpose.to_owned()])
    })
}

fn parts(line: &str) -> Option<(&str, &str, &str, &str)> {
    let (kind, rest) = line.split_once(' ')?;
    let (name, rest) = rest.split_once(": ")?;
    let (signatures, purpose) = rest.split_once(" - ")?;
    Some((kind, name, signatures, purpose))
}

/// `result(arguments)`: the arguments are what the last pair of parentheses of the line's end holds.
fn result(signature: &str) -> Option<(String, String)> {
    let inner = signature.strip_suffix(')')?;
    let mut depth = 0_usize;
    for (at, c) in inner.char_indices().rev() {
        match c {
            ')' => depth += 1,
            '(' if depth == 0 => return Some((inner[..at].to_owned(), inner[at + 1..].replace(',', ", "))),
            '(' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        let written = LIST.lines().filter(|line| !line.starts_with('#')).count();
        let mut names: Vec<String> = functions().map(|row| row[0].clone()).collect();
        names.dedup();
        assert_eq!(names.len(), written);
        assert!(functions().all(|row| !row[1].is_empty() && ["scalar", "aggregate", "window"].contains(&row[3].as_str())));
        assert_eq!(result("array(E)(array(E),array(E))"), Some(("array(E)".to_owned(), "array(E), array(E)".to_owned())));
    }
}
