//! Figures in large characters: five dots high, drawn with blocks, so that they are read from the back of a room.

/// The characters, each as five lines of dots. What the figures of the program are written with, and letters for the words of a decision.
const FONT: [(char, [&str; 5]); 45] = [
    ('0', ["###", "# #", "# #", "# #", "###"]),
    ('1', [" # ", "## ", " # ", " # ", "###"]),
    ('2', ["###", "  #", "###", "#  ", "###"]),
    ('3', ["###", "  #", " ##", "  #", "###"]),
    ('4', ["# #", "# #", "###", "  #", "  #"]),
    ('5', ["###", "#  ", "###", "  #", "###"]),
    ('6', ["###", "#  ", "###", "# #", "###"]),
    ('7', ["###", "  #", "  #", " # ", " # "]),
    ('8', ["###", "# #", "###", "# #", "###"]),
    ('9', ["###", "# #", "###", "  #", "###"]),
    ('.', [" ", " ", " ", " ", "#"]),
    (',', ["  ", "  ", "  ", " #", "# "]),
    ('%', ["#  #", "  # ", " #  ", "#   ", "#  #"]),
    ('-', ["   ", "   ", "###", "   ", "   "]),
    ('−', ["   ", "   ", "###", "   ", "   "]),
    ('+', ["   ", " # ", "###", " # ", "   "]),
    (':', [" ", "#", " ", "#", " "]),
    (' ', [" ", " ", " ", " ", " "]),
    ('_', ["   ", "   ", "   ", "   ", "###"]),
    ('A', ["###", "# #", "###", "# #", "# #"]),
    ('B', ["## ", "# #", "## ", "# #", "## "]),
    ('C', ["###", "#  ", "#  ", "#  ", "###"]),
    ('D', ["## ", "# #", "# #", "# #", "## "]),
    ('E', ["###", "#  ", "## ", "#  ", "###"]),
    ('F', ["###", "#  ", "## ", "#  ", "#  "]),
    ('G', ["####", "#   ", "# ##", "#  #", "####"]),
    ('H', ["# #", "# #", "###", "# #", "# #"]),
    ('I', ["###", " # ", " # ", " # ", "###"]),
    ('J', ["  #", "  #", "  #", "# #", "###"]),
    ('K', ["#  #", "# # ", "##  ", "# # ", "#  #"]),
    ('L', ["#  ", "#  ", "#  ", "#  ", "###"]),
    ('M', ["#   #", "## ##", "# # #", "#   #", "#   #"]),
    ('N', ["#  #", "## #", "# ##", "#  #", "#  #"]),
    ('O', ["####", "#  #", "#  #", "#  #", "####"]),
    ('P', ["###", "# #", "###", "#  ", "#  "]),
    ('Q', ["#### ", "#  # ", "#  # ", "# ## ", "#####"]),
    ('R', ["### ", "#  #", "### ", "# # ", "#  #"]),
    ('S', [" ###", "#   ", " ## ", "   #", "### "]),
    ('T', ["###", " # ", " # ", " # ", " # "]),
    ('U', ["#  #", "#  #", "#  #", "#  #", "####"]),
    ('V', ["# #", "# #", "# #", "# #", " # "]),
    ('W', ["#   #", "#   #", "# # #", "## ##", "#   #"]),
    ('X', ["# #", "# #", " # ", "# #", "# #"]),
    ('Y', ["# #", "# #", " # ", " # ", " # "]),
    ('Z', ["###", "  #", " # ", "#  ", "###"]),
];

/// How large the dots are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Two columns and a row: five rows.
    Large,
    /// A column and half a row: three rows.
    Small,
}

/// A text in large characters, line by line, each as wide as the others; `None` where a character of it is not in the font.
pub fn lines(text: &str, scale: Scale) -> Option<Vec<String>> {
    let rows = dots(text)?;
    Some(match scale {
        Scale::Large => rows.iter().map(|row| row.chars().map(|dot| if dot == '#' { "██" } else { "  " }).collect()).collect(),
        Scale::Small => rows.chunks(2).map(|pair| halves(&pair[0], pair.get(1).map_or("", String::as_str))).collect(),
    })
}

/// The dots of a text in five lines, the characters a dot apart.
fn dots(text: &str) -> Option<[String; 5]> {
    let mut rows: [String; 5] = Default::default();
    for (at, character) in text.chars().enumerate() {
        let character = character.to_ascii_uppercase();
        let (_, shape) = FONT.iter().find(|(known, _)| *known == character)?;
        for (row, line) in rows.iter_mut().zip(shape) {
            if at > 0 {
                row.push(' ');
            }
            row.push_str(line);
        }
    }
    (!text.is_empty()).then_some(rows)
}

/// Two lines of dots as one of half blocks; a line that is not there is empty.
fn halves(upper: &str, lower: &str) -> String {
    let below = lower.chars().chain(std::iter::repeat(' '));
    upper
        .chars()
        .zip(below)
        .map(|dots| match dots {
            ('#', '#') => '█',
            ('#', _) => '▀',
            (_, '#') => '▄',
            _ => ' ',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_character_has_five_lines_of_one_width_and_is_there_once() {
        for (at, (character, shape)) in FONT.iter().enumerate() {
            assert!(shape.iter().all(|line| line.len() == shape[0].len()), "{character}");
            assert!(shape.iter().all(|line| line.chars().all(|dot| matches!(dot, '#' | ' '))), "{character}");
            assert!(!FONT[at + 1..].iter().any(|(other, _)| other == character), "{character}");
        }
        for characters in [('0'..='9').collect::<String>(), ('a'..='z').collect(), "0.758 91.4 % 41,188 −1 +2 3:1".into()] {
            assert!(lines(&characters, Scale::Large).is_some(), "{characters}");
        }
    }

    #[test]
    fn no_two_characters_look_alike() {
        for (at, (character, shape)) in FONT.iter().enumerate() {
            for (other, same) in &FONT[at + 1..] {
                assert!(shape != same || (*character, *other) == ('-', '−'), "{character} and {other}");
            }
        }
    }

    #[test]
    fn a_figure_is_five_or_three_rows_high() {
        assert_eq!(lines("0.7", Scale::Small).unwrap(), ["█▀█   ▀▀█", "█ █    ▄▀", "▀▀▀ ▀  ▀ "]);
        let large = lines("1", Scale::Large).unwrap();
        assert_eq!(large, ["  ██  ", "████  ", "  ██  ", "  ██  ", "██████"]);
        assert_eq!((lines("", Scale::Large), lines("日", Scale::Large)), (None, None));
    }
}
