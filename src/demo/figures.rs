//! How figures are written for people: counts, durations, bytes, shares. The one place for all of them.

/// A whole number with thousands separators: `41,188`.
pub fn integer(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with thousands separators.
pub fn count(number: u64) -> String {
    integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A count with its noun: `1 row`, `41,188 rows`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A floating point number as exact as it is, with thousands separators before the point.
pub fn float(number: f64) -> String {
    if !number.is_finite() {
        return number.to_string();
    }
    let text = if number != 0.0 && !(1e-5..1e15).contains(&number.abs()) { format!("{number:e}") } else { number.to_string() };
    match text.split_once('.') {
        Some((whole, fraction)) => match whole.parse::<i64>() {
            Ok(0) if whole.starts_with('-') => text,
            Ok(value) => format!("{}.{fraction}", integer(value)),
            Err(_) => text,
        },
        None => text.parse::<i64>().map_or(text, integer),
    }
}

/// A number with up to `digits` decimals, without trailing zeros.
pub fn rounded(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A share of one as a percentage with one decimal: `11.3 %`.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A duration as people say it: `4 ms`, `1.4 s`, `12 s`, `3 min 05 s`, `1 h 02 min`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "0 s".to_owned();
    }
    if seconds < 0.9995 {
        return format!("{:.0} ms", seconds * 1000.0);
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// The time so far of something that goes on: whole seconds, so that it does not flicker.
pub fn so_far(seconds: f64) -> String {
    let whole = if seconds.is_finite() && seconds > 0.0 { seconds.floor() } else { 0.0 };
    if whole < 60.0 { format!("{whole:.0} s") } else { duration(whole) }
}

/// A number of bytes: `512 B`, `4.8 MB`.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if number < 1000 {
        return format!("{number} B");
    }
    let mut value = number as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators() {
        assert_eq!(integer(41_188), "41,188");
        assert_eq!(integer(-1_000), "-1,000");
        assert_eq!(integer(999), "999");
        assert_eq!([counted(1, "row"), counted(41_188, "row")], ["1 row", "41,188 rows"]);
        assert_eq!(integer(i64::MIN), "-9,223,372,036,854,775,808");
        assert_eq!(count(u64::MAX), integer(i64::MAX));
        assert_eq!(float(5228.1), "5,228.1");
        assert_eq!(float(-0.1), "-0.1");
        assert_eq!(float(12345.0), "12,345");
        assert_eq!(float(f64::NAN), "NaN");
        assert_eq!(rounded(0.1200, 3), "0.12");
        assert_eq!(rounded(100.0, 0), "100");
    }

    #[test]
    fn durations_are_as_people_say_them() {
        let said = [0.0042, 0.9996, 1.44, 9.97, 59.6, 185.0, 3725.0, f64::NAN].map(duration);
        assert_eq!(said, ["4 ms", "1.0 s", "1.4 s", "10 s", "1 min 00 s", "3 min 05 s", "1 h 02 min", "0 s"]);
        assert_eq!(so_far(3.99), "3 s");
        assert_eq!(so_far(61.2), "1 min 01 s");
    }

    #[test]
    fn bytes_have_a_unit() {
        assert_eq!([0, 999, 1_000, 4_834_728, 999_999, 1_000_000_000].map(bytes), ["0 B", "999 B", "1.0 kB", "4.8 MB", "1.0 MB", "1.0 GB"]);
    }
}
