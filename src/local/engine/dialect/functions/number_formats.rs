//! Numbers as text by a template of Redshift's ("Numeric format strings" in its documentation). Where that says nothing, such as how far
//! something is set in, PostgreSQL's `to_char` is followed, which Redshift's comes from.

/// A number as the digits that a template shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    negative: bool,
    /// The digits before the point, without zeros in front; nothing for zero.
    whole: String,
    /// As many digits as were asked for.
    fraction: String,
}

impl Number {
    /// A number with so many digits behind the point.
    pub(super) fn of_float(number: f64, decimals: usize) -> Self {
        Self::of_text(number.is_sign_negative() && number != 0.0, &format!("{:.decimals$}", number.abs()))
    }

    /// `digits / 10^scale`, rounded half away from zero.
    pub(super) fn of_decimal(digits: i128, scale: usize, decimals: usize) -> Self {
        let digits_of = digits.unsigned_abs();
        let power = |exponent: usize| u32::try_from(exponent).ok().and_then(|exponent| 10_u128.checked_pow(exponent));
        let kept = match scale.checked_sub(decimals).filter(|dropped| *dropped > 0) {
            // A power beyond what 38 digits hold leaves nothing of them.
            Some(dropped) => power(dropped).map_or(0, |unit| digits_of / unit + u128::from(digits_of % unit >= unit / 2)),
            None => digits_of,
        };
        let shown = scale.min(decimals);
        let padded = format!("{kept:0>width$}", width = shown + 1);
        let (whole, fraction) = padded.split_at(padded.len() - shown);
        let zeros = "0".repeat(decimals - shown);
        Self::of_text(digits < 0, &format!("{whole}.{fraction}{zeros}"))
    }

    fn of_text(negative: bool, text: &str) -> Self {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        Number { negative, whole: whole.trim_start_matches('0').to_owned(), fraction: fraction.to_owned() }
    }
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// `9`, or `0`, which is shown where nothing else is.
    Digit {
        zero: bool,
    },
    Point,
    Comma,
    /// `S`: the sign, at the digits.
    Sign,
    /// `SG`: the sign, here.
    SignHere,
    /// `PL`.
    Plus,
    /// `MI`.
    Minus,
    /// `PR`: negative numbers in angle brackets.
    Brackets,
    /// `TH` or `th`.
    Ordinal {
        upper: bool,
    },
    /// `RN` or `rn`.
    Roman {
        upper: bool,
    },
    /// Anything else is shown as it is.
    Text(String),
}

/// How a number is written.
#[derive(Debug, Clone)]
pub(super) struct Template {
    parts: Vec<Part>,
    /// Whether places that are not used are blanks (`FM` says that they are not).
    fill: bool,
}

impl Template {
    pub(super) fn new(format: &str) -> Self {
        let (mut parts, mut fill) = (Vec::new(), true);
        let mut rest = format;
        while let Some(first) = rest.chars().next() {
            let pair = rest.get(..2).unwrap_or_default();
            let upper = pair.chars().all(|letter| letter.is_ascii_uppercase());
            let part = match pair.to_ascii_uppercase().as_str() {
                "FM" => {
                    fill = false;
                    rest = &rest[2..];
                    continue;
                }
                "SG" => Some(Part::SignHere),
                "PL" => Some(Part::Plus),
                "MI" => Some(Part::Minus),
                "PR" => Some(Part::Brackets),
                "TH" => Some(Part::Ordinal { upper }),
                "RN" => Some(Part::Roman { upper }),
                _ => None,
            };
            if let Some(part) = part {
                parts.push(part);
                rest = &rest[2..];
                continue;
            }
            rest = &rest[first.len_utf8()..];
            parts.push(match first {
                '9' => Part::Digit { zero: false },
                '0' => Part::Digit { zero: true },
                '.' | 'D' | 'd' => Part::Point,
                ',' | 'G' | 'g' => Part::Comma,
                'S' | 's' => Part::Sign,
                'L' | 'l' => Part::Text("$".to_owned()),
                '"' => {
                    let (quoted, behind) = rest.split_once('"').unwrap_or((rest, ""));
                    rest = behind;
                    Part::Text(quoted.to_owned())
                }
                other => Part::Text(other.to_string()),
            });
        }
        Template { parts, fill }
    }

    /// How many digits behind the point are shown.
    pub(super) fn decimals(&self) -> usize {
        self.digits(self.point()..self.parts.len())
    }

    fn point(&self) -> usize {
        self.parts.iter().position(|part| *part == Part::Point).unwrap_or(self.parts.len())
    }

    fn digits(&self, range: std::ops::Range<usize>) -> usize {
        self.parts[range].iter().filter(|part| matches!(part, Part::Digit { .. })).count()
    }

    /// A number that has as many decimals as the template; `#` in place of digits when it does not fit.
    pub(super) fn write(&self, number: &Number) -> String {
        if let Some(upper) = self.parts.iter().find_map(|part| if let Part::Roman { upper } = part { Some(*upper) } else { None }) {
            return self.roman(number, upper);
        }
        let point = self.point();
        let places = self.digits(0..point);
        if number.whole.len() > places {
            let hidden = |part: &Part| match part {
                Part::Digit { .. } => "#".to_owned(),
                Part::Point => ".".to_owned(),
                Part::Comma => ",".to_owned(),
                Part::Text(text) => text.clone(),
                _ => String::new(),
            };
            return self.parts.iter().map(hidden).collect();
        }
        Writing { template: self, number, point, places, out: String::new(), started: false }.done()
    }

    /// Numbers from 1 to 3999 in Roman numerals, set to the right of the fifteen places of the longest one.
    fn roman(&self, number: &Number, upper: bool) -> String {
        const WIDTH: usize = 15;
        const NUMERALS: [(u32, &str); 13] = [
            (1000, "M"),
            (900, "CM"),
            (500, "D"),
            (400, "CD"),
            (100, "C"),
            (90, "XC"),
            (50, "L"),
            (40, "XL"),
            (10, "X"),
            (9, "IX"),
            (5, "V"),
            (4, "IV"),
            (1, "I"),
        ];
        let value = number.whole.parse::<u32>().ok().filter(|value| !number.negative && (1..4000).contains(value));
        let Some(mut value) = value else { return "#".repeat(WIDTH) };
        let mut out = String::new();
        for (worth, numeral) in NUMERALS {
            while value >= worth {
                out.push_str(numeral);
                value -= worth;
            }
        }
        let out = if upper { out } else { out.to_lowercase() };
        if self.fill { format!("{out:>WIDTH$}") } else { out }
    }
}

/// A number that is being written by a template.
struct Writing<'a> {
    template: &'a Template,
    number: &'a Number,
    /// Where the point is among the parts.
    point: usize,
    /// Digits before it.
    places: usize,
    out: String,
    /// Whether a digit or the point was written.
    started: bool,
}

impl Writing<'_> {
    fn done(mut self) -> String {
        let parts = &self.template.parts;
        let last_digit = parts.iter().rposition(|part| matches!(part, Part::Digit { .. }));
        let first_zero = parts[..self.point].iter().position(|part| matches!(part, Part::Digit { zero: true }));
        let decimals = self.decimals();
        let (mut before, mut behind) = (0_usize, 0_usize);
        for (index, part) in parts.iter().enumerate() {
            match part {
                Part::Digit { .. } if index > self.point => {
                    if behind < decimals.len() {
                        self.out.push_str(&decimals[behind..=behind]);
                    }
                    behind += 1;
                }
                Part::Digit { .. } => {
                    let skipped = self.places - self.number.whole.len();
                    match before.checked_sub(skipped).and_then(|at| self.number.whole.get(at..=at)) {
                        Some(digit) => {
                            self.start();
                            self.out.push_str(digit);
                        }
                        None if first_zero.is_some_and(|zero| index >= zero) || self.lone_zero(before) => {
                            self.start();
                            self.out.push('0');
                        }
                        None => self.blank(),
                    }
                    before += 1;
                }
                Part::Point => {
                    self.start();
                    self.out.push('.');
                }
                Part::Comma if self.started => self.out.push(','),
                Part::Comma => self.blank(),
                // In front of the digits the sign waits for the first of them.
                Part::Sign if last_digit.is_some_and(|last| index > last) => self.out.push(if self.number.negative { '-' } else { '+' }),
                Part::Sign => {}
                Part::SignHere => self.out.push(if self.number.negative { '-' } else { '+' }),
                Part::Plus if self.number.negative => self.blank(),
                Part::Plus => self.out.push('+'),
                Part::Minus if self.number.negative => self.out.push('-'),
                Part::Minus => self.blank(),
                Part::Brackets if self.number.negative => self.out.push('>'),
                Part::Brackets => self.blank(),
                Part::Ordinal { upper } => self.ordinal(*upper),
                Part::Text(text) => self.out.push_str(text),
                // Written by itself.
                Part::Roman { .. } => {}
            }
        }
        self.out
    }

    /// The digits behind the point that are shown: without fill, no zeros at the end that the template does not ask for.
    fn decimals(&self) -> String {
        let asked = self.template.parts[self.point..].iter().filter(|part| matches!(part, Part::Digit { .. }));
        let least = asked.enumerate().filter(|(_, part)| matches!(part, Part::Digit { zero: true })).map(|(index, _)| index + 1).last();
        let mut text = self.number.fraction.clone();
        while !self.template.fill && text.len() > least.unwrap_or(0) && text.ends_with('0') {
            text.pop();
        }
        text
    }

    /// Whether this place is the one that a zero without decimals stands in.
    fn lone_zero(&self, before: usize) -> bool {
        self.number.whole.is_empty() && before + 1 == self.places && self.point == self.template.parts.len()
    }

    fn blank(&mut self) {
        if self.template.fill {
            self.out.push(' ');
        }
    }

    /// Writes the sign before the first digit, unless the template has a place for it.
    fn start(&mut self) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let parts = &self.template.parts;
        let has = |wanted: &[Part]| parts.iter().any(|part| wanted.contains(part));
        let last_digit = parts.iter().rposition(|part| matches!(part, Part::Digit { .. }));
        let sign = parts.iter().position(|part| *part == Part::Sign);
        if sign.is_some_and(|sign| last_digit.is_some_and(|last| sign > last)) || has(&[Part::SignHere, Part::Minus]) {
            return;
        }
        match (self.number.negative, has(&[Part::Brackets])) {
            (true, true) => self.out.push('<'),
            (true, false) => self.out.push('-'),
            (false, _) if sign.is_some() => self.out.push('+'),
            // The plus has its own place.
            (false, _) if has(&[Part::Plus]) => {}
            (false, _) => self.blank(),
        }
    }

    /// `st`, `nd`, `rd` or `th`; nothing behind numbers that are negative or have decimals.
    fn ordinal(&mut self, upper: bool) {
        if self.number.negative || self.point < self.template.parts.len() {
            return;
        }
        let whole = self.number.whole.as_str();
        let teens = whole.len() > 1 && whole.as_bytes()[whole.len() - 2] == b'1';
        let suffix = match whole.chars().last() {
            Some('1') if !teens => "st",
            Some('2') if !teens => "nd",
            Some('3') if !teens => "rd",
            _ => "th",
        };
        if upper { self.out.push_str(&suffix.to_uppercase()) } else { self.out.push_str(suffix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(number: f64, format: &str) -> String {
        let template = Template::new(format);
        template.write(&Number::of_float(number, template.decimals()))
    }

    #[test]
    fn places_and_fill() {
        assert_eq!(float(1234.5, "999,999.99"), "   1,234.50");
        assert_eq!(float(7.0, "000"), " 007");
        assert_eq!(float(0.5, "999.99"), "    .50");
        assert_eq!(float(0.0, "999"), "   0");
        assert_eq!(float(12345.0, "999"), "###");
        assert_eq!(float(1234.5, "FM999,999.99"), "1,234.5");
        assert_eq!(float(-0.5, "FM990.0"), "-0.5");
        assert_eq!(float(5.0, "FM990.00"), "5.00");
        assert_eq!(float(12454.8, "L99G999D9"), "$ 12,454.8");
    }

    /// The examples of `TO_CHAR` in the documentation.
    #[test]
    fn signs() {
        assert_eq!(float(-125.88, "S999D99"), "-125.88");
        assert_eq!(float(-125.88, "999D99S"), "125.88-");
        assert_eq!(float(-125.88, "$S999.99"), "$-125.88");
        assert_eq!(float(125.88, "999D99S"), "125.88+");
        assert_eq!(float(5.0, "SG99"), "+ 5");
        assert_eq!(float(-22.7, "999.9MI"), " 22.7-");
        assert_eq!(float(-22.7, "999.9PR"), " <22.7>");
        assert_eq!(float(22.7, "999.9PR"), "  22.7 ");
        assert_eq!(float(22.7, "PL99.9"), "+22.7");
    }

    #[test]
    fn ordinals_and_numerals() {
        assert_eq!(
            [1.0, 2.0, 3.0, 4.0, 11.0, 112.0, 122.0].map(|number| float(number, "FM999th")),
            ["1st", "2nd", "3rd", "4th", "11th", "112th", "122nd"]
        );
        assert_eq!(float(5.0, "9TH"), " 5TH");
        assert_eq!(float(-5.0, "9th"), "-5");
        assert_eq!(float(485.0, "RN"), "        CDLXXXV");
        assert_eq!([float(3888.0, "FMRN"), float(4.0, "FMrn"), float(0.0, "RN")], ["MMMDCCCLXXXVIII", "iv", "###############"]);
    }

    #[test]
    fn decimals_keep_their_digits() {
        let number = |digits, scale, decimals| Number::of_decimal(digits, scale, decimals);
        let exact = |whole: &str, fraction: &str| Number { negative: false, whole: whole.into(), fraction: fraction.into() };
        assert_eq!(number(12_345_678_901_234_567_890, 2, 2), exact("123456789012345678", "90"));
        assert_eq!(number(2_675, 3, 2), exact("2", "68"));
        assert_eq!(number(5, 3, 2), exact("", "01"));
        assert_eq!(number(7, 0, 2), exact("7", "00"));
        assert_eq!(number(4, 3, 0), exact("", ""));
        assert_eq!(number(-5, 0, 0), Number { negative: true, ..exact("5", "") });
    }
}
