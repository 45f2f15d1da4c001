//! `DATEFORMAT` and `TIMEFORMAT`: how the texts of dates and times are read.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

/// How dates or times are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum TimeFormat {
    /// ISO 8601 only.
    #[default]
    Standard,
    /// Any form that Redshift recognises.
    Auto,
    /// Seconds since 1970.
    EpochSeconds,
    /// Milliseconds since 1970.
    EpochMilliseconds,
    /// A pattern, as chrono writes it.
    Pattern(String),
}

/// Parts of patterns, the longest first, and chrono's.
const PARTS: [(&str, &str); 20] = [
    ("YYYY", "%Y"),
    ("MONTH", "%B"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("DAY", "%A"),
    ("MON", "%b"),
    ("DDD", "%j"),
    ("YY", "%y"),
    ("MM", "%m"),
    ("DD", "%d"),
    ("DY", "%a"),
    ("HH", "%H"),
    ("MI", "%M"),
    ("SS", "%S"),
    ("US", "%6f"),
    ("MS", "%3f"),
    ("AM", "%p"),
    ("PM", "%p"),
    ("OF", "%#z"),
    ("TZ", "%#z"),
];

impl TimeFormat {
    /// The format that a statement names; `None` for a pattern that has unknown parts.
    pub fn named(text: &str) -> Option<TimeFormat> {
        match text.trim().to_lowercase().as_str() {
            "auto" => return Some(TimeFormat::Auto),
            "epochsecs" => return Some(TimeFormat::EpochSeconds),
            "epochmillisecs" => return Some(TimeFormat::EpochMilliseconds),
            _ => {}
        }
        let upper = text.to_uppercase();
        let twelve = upper.contains("AM") || upper.contains("PM");
        let mut pattern = String::new();
        let mut at = 0;
        while at < text.len() {
            let rest = upper.get(at..)?;
            if let Some((part, chrono)) = PARTS.iter().find(|(part, _)| rest.starts_with(part)) {
                pattern.push_str(if *part == "HH" && twelve { "%I" } else { chrono });
                at += part.len();
                continue;
            }
            let c = text.get(at..)?.chars().next()?;
            if c.is_ascii_alphabetic() && c != 'T' && c != 't' {
                return None;
            }
            if c == '%' {
                pattern.push('%');
            }
            pattern.push(c);
            at += c.len_utf8();
        }
        Some(TimeFormat::Pattern(pattern))
    }

    /// Reads a date.
    pub fn date(&self, text: &str) -> Option<NaiveDate> {
        match self {
            TimeFormat::Standard => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(),
            TimeFormat::Auto => any_date(text),
            TimeFormat::Pattern(pattern) => {
                let date = NaiveDate::parse_from_str(text, pattern).ok();
                date.or_else(|| NaiveDateTime::parse_from_str(text, pattern).ok().map(|time| time.date()))
            }
            TimeFormat::EpochSeconds | TimeFormat::EpochMilliseconds => self.time(text).map(|(time, _)| time.date()),
        }
    }

    /// Reads a date and time, with its offset from UTC in seconds where one is written.
    pub fn time(&self, text: &str) -> Option<(NaiveDateTime, Option<i32>)> {
        let epoch = |milliseconds: i64| chrono::DateTime::from_timestamp_millis(milliseconds).map(|time| (time.naive_utc(), Some(0)));
        match self {
            TimeFormat::EpochSeconds => {
                let seconds = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && seconds.abs() < 1e12)?;
                epoch((seconds * 1000.0) as i64)
            }
            TimeFormat::EpochMilliseconds => epoch(text.parse::<i64>().ok()?),
            TimeFormat::Pattern(pattern) => {
                if let Ok(time) = chrono::DateTime::parse_from_str(text, pattern) {
                    return Some((time.naive_local(), Some(time.offset().local_minus_utc())));
                }
                let time = NaiveDateTime::parse_from_str(text, pattern).ok();
                let time = time.or_else(|| NaiveDate::parse_from_str(text, pattern).ok()?.and_hms_opt(0, 0, 0))?;
                Some((time, None))
            }
            TimeFormat::Standard | TimeFormat::Auto => self.written(text),
        }
    }

    fn written(&self, text: &str) -> Option<(NaiveDateTime, Option<i32>)> {
        let (text, offset) = zone(text.trim());
        // `03:04:05 PM` has its last word behind another blank.
        let half = text.rsplit_once(' ').filter(|(_, half)| half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm"));
        let (text, half) = half.map_or((text, None), |(text, half)| (text, Some(half)));
        let split = text.split_once('T').or_else(|| text.rsplit_once(' ')).filter(|(_, time)| time.contains(':'));
        let (date, time) = match (split, half) {
            (Some((date, time)), None) => (date.trim(), Some(time.to_owned())),
            (Some((date, time)), Some(half)) => (date.trim(), Some(format!("{time} {half}"))),
            (None, None) => (text, None),
            (None, Some(_)) => return None,
        };
        let date = self.date(date)?;
        let time = match time {
            None => NaiveTime::MIN,
            Some(time) => clock(&time, *self == TimeFormat::Auto)?,
        };
        Some((date.and_time(time), offset))
    }
}

/// Reads `15:04[:05[.678]]`, and where `lenient` also `3:04 PM`.
pub(super) fn clock(text: &str, lenient: bool) -> Option<NaiveTime> {
    let formats: &[&str] = if lenient { &["%H:%M:%S%.f", "%H:%M", "%I:%M:%S%.f %p", "%I:%M %p"] } else { &["%H:%M:%S%.f", "%H:%M"] };
    formats.iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok())
}

/// Splits `Z`, `UTC`, `+02`, `-05:30` off the end of a time.
fn zone(text: &str) -> (&str, Option<i32>) {
    for name in ["Z", "UTC", "GMT"] {
        if let Some(rest) = text.strip_suffix(name)
            && rest.ends_with(|c: char| c.is_ascii_digit() || c == ' ')
        {
            return (rest.trim_end(), Some(0));
        }
    }
    let Some(at) = text.rfind(['+', '-']).filter(|at| text.get(..*at).is_some_and(|before| before.contains(':'))) else {
        return (text, None);
    };
    let (time, written) = text.split_at(at);
    let (sign, digits) = (if written.starts_with('-') { -1 } else { 1 }, written.get(1..).unwrap_or_default().replace(':', ""));
    let parsed = match digits.len() {
        1 | 2 => digits.parse::<i32>().ok().map(|hours| hours * 3600),
        4 => digits.parse::<i32>().ok().map(|packed| packed / 100 * 3600 + packed % 100 * 60),
        _ => None,
    };
    match parsed {
        Some(seconds) => (time.trim_end(), Some(sign * seconds)),
        None => (text, None),
    }
}

/// The time in UTC.
pub(super) fn utc(time: NaiveDateTime, offset: Option<i32>) -> NaiveDateTime {
    time - TimeDelta::seconds(i64::from(offset.unwrap_or(0)))
}

fn any_date(text: &str) -> Option<NaiveDate> {
    const FORMS: [&str; 11] = [
        "%Y-%m-%d",
        "%Y/%m/%d",
        "%Y.%m.%d",
        "%m/%d/%Y",
        "%m-%d-%Y",
        "%m.%d.%Y",
        "%d-%b-%Y",
        "%d %b %Y",
        "%b-%d-%Y",
        "%b %d, %Y",
        "%B %d, %Y",
    ];
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return NaiveDate::parse_from_str(text, "%Y%m%d").ok();
    }
    FORMS.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn time(format: &str, text: &str) -> Option<String> {
        TimeFormat::named(format).unwrap().time(text).map(|(time, offset)| utc(time, offset).to_string())
    }

    #[test]
    fn patterns_are_redshifts() {
        assert_eq!(time("DD.MM.YYYY HH24:MI:SS", "06.05.2024 15:04:09").as_deref(), Some("2024-05-06 15:04:09"));
        assert_eq!(time("MM/DD/YYYY HH:MI PM", "05/06/2024 03:04 PM").as_deref(), Some("2024-05-06 15:04:00"));
        assert_eq!(time("YYYYMMDD", "20240506").as_deref(), Some("2024-05-06 00:00:00"));
        assert_eq!(time("epochsecs", "1714000000").as_deref(), Some("2024-04-24 23:06:40"));
        assert_eq!(time("epochmillisecs", "1714000000123").as_deref(), Some("2024-04-24 23:06:40.123"));
        assert_eq!(TimeFormat::named("YYYY-QX"), None);
    }

    #[test]
    fn auto_takes_what_people_write() {
        for text in
            ["2024-05-06 15:04:09", "2024-05-06T15:04:09Z", "05/06/2024 3:04:09 PM", "May 6, 2024 15:04:09", "2024-05-06 17:04:09+02"]
        {
            assert_eq!(time("auto", text).as_deref(), Some("2024-05-06 15:04:09"), "{text}");
        }
        assert_eq!(TimeFormat::Auto.date("06-May-2024"), NaiveDate::from_ymd_opt(2024, 5, 6));
        assert_eq!(TimeFormat::Standard.date("05/06/2024"), None);
        assert_eq!(TimeFormat::Standard.time("2024-05-06").map(|(time, _)| time.to_string()).as_deref(), Some("2024-05-06 00:00:00"));
    }
}
