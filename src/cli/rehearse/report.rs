//! The report of a rehearsal, to hand on: Markdown, the same as a page for browsers, and the screens as pictures.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use super::{checks, mark};
use crate::app::walkthrough::Beat;
use crate::cli::failure::Failure;
use crate::config::Settings;
use crate::demo::figures;
use crate::demo::step::Step;
use crate::ops::query::QueryEngine;
use crate::ops::query::scrub::scrub;
use crate::tui::rehearsal::{Rehearsed, Seen};

/// Writes the report into a new directory.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write(directory: &Path, rehearsed: &Rehearsed, settings: &Settings) -> io::Result<()> {
    std::fs::create_dir_all(directory.join("screens"))?;
    for seen in &rehearsed.seen {
        std::fs::write(directory.join(picture(seen.step, seen.beat, "svg")), &seen.svg)?;
        std::fs::write(directory.join(picture(seen.step, seen.beat, "txt")), &seen.text)?;
    }
    std::fs::write(directory.join("report.md"), markdown(rehearsed, settings))?;
    std::fs::write(directory.join("report.html"), html(rehearsed, settings))
}

/// The screens of a report, as text.
///
/// # Errors
/// When they cannot be read, or there are none.
pub(super) fn seen(directory: &Path) -> Result<Vec<Seen>, Failure> {
    let mut all = Vec::new();
    for (step, beat) in Step::ALL.into_iter().flat_map(|step| Beat::ALL.map(|beat| (step, beat))) {
        let path = directory.join(picture(step, beat, "txt"));
        match std::fs::read_to_string(&path) {
            Ok(text) => all.push(Seen { step, beat, text, svg: String::new() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::io(format!("{} cannot be read", path.display()), &error)),
        }
    }
    if all.is_empty() {
        return Err(Failure::usage(
            format!("{} has no screens of a rehearsal", directory.display()),
            "Name a directory that `shiftdeck rehearse --report` has written.",
        ));
    }
    Ok(all)
}

/// The path of a screen in the report.
fn picture(step: Step, beat: Beat, kind: &str) -> String {
    format!("screens/{}-{}-{}.{kind}", step.number(), step.name(), beat.name())
}

fn title(settings: &Settings) -> String {
    format!("{} on {}", settings.demo.name, settings.aws.target.name())
}

fn engine(engine: QueryEngine) -> &'static str {
    engine.title()
}

fn took(seconds: Option<f64>) -> String {
    seconds.map(figures::duration).unwrap_or_default()
}

fn markdown(rehearsed: &Rehearsed, settings: &Settings) -> String {
    let mut text = format!("# {}\n\n| step | took | planned | what came of it | checks |\n|---|---|---|---|---|\n", title(settings));
    // Writing to a string cannot fail, here and below.
    for went in &rehearsed.steps {
        let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
        let mark = if went.is_right() { "✔" } else { "✖" };
        let _ = writeln!(
            text,
            "| {mark} {} | {} | {} min | {} | {} |",
            cell(&went.title),
            took(went.seconds),
            went.minutes,
            cell(&went.message),
            cell(&checks(went))
        );
    }
    text.push_str("\n## Screens\n");
    for seen in &rehearsed.seen {
        let _ = write!(text, "\n### {} · {}\n\n![]({})\n", seen.step.title(), seen.beat.name(), picture(seen.step, seen.beat, "svg"));
    }
    if !rehearsed.statements.is_empty() {
        text.push_str("\n## Statements\n");
        for ran in &rehearsed.statements {
            let _ =
                write!(text, "\n{}, {}:\n\n```sql\n{}\n```\n", engine(ran.engine), figures::duration(ran.seconds), scrub(&ran.sql).trim());
        }
    }
    text
}

fn html(rehearsed: &Rehearsed, settings: &Settings) -> String {
    let title = escaped(&title(settings));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1c1e21;background:#fff}}\
         table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;padding:.4rem .8rem .4rem 0;border-bottom:1px solid #d8dadf;vertical-align:top}}\
         img{{width:100%;border-radius:8px}}pre{{background:#f4f5f7;padding:1rem;overflow:auto;border-radius:8px}}.bad{{color:#a3000d}}</style>\n\
         <h1>{title}</h1>\n<table><tr><th>step<th>took<th>planned<th>what came of it<th>checks\n"
    );
    for went in &rehearsed.steps {
        let told =
            went.checks.iter().map(|(verdict, told)| format!("{} {}", mark(*verdict), escaped(told))).collect::<Vec<_>>().join("<br>");
        let class = if went.is_right() { "" } else { " class=\"bad\"" };
        let _ = writeln!(
            page,
            "<tr{class}><td>{}<td>{}<td>{} min<td>{}<td>{told}",
            escaped(&went.title),
            took(went.seconds),
            went.minutes,
            escaped(&went.message)
        );
    }
    page.push_str("</table>\n<h2>Screens</h2>\n");
    for seen in &rehearsed.seen {
        let name = format!("{} · {}", seen.step.title(), seen.beat.name());
        let _ = writeln!(
            page,
            "<h3>{}</h3>\n<img alt=\"{}\" src=\"{}\">",
            escaped(&name),
            escaped(&name),
            picture(seen.step, seen.beat, "svg")
        );
    }
    if !rehearsed.statements.is_empty() {
        page.push_str("<h2>Statements</h2>\n");
        for ran in &rehearsed.statements {
            let sql = scrub(&ran.sql);
            let _ = writeln!(page, "<p>{}, {}</p>\n<pre>{}</pre>", engine(ran.engine), figures::duration(ran.seconds), escaped(sql.trim()));
        }
    }
    page.push_str("</html>\n");
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::app::walkthrough::check::Verdict;
    use crate::ops::console::history::Ran;
    use crate::tui::rehearsal::Went;

    #[test]
    fn a_report_has_steps_screens_and_statements() {
        let rehearsed = Rehearsed {
            steps: vec![Went {
                step: Step::Load,
                title: "Load <it>".into(),
                minutes: 4,
                seconds: Some(1.5),
                message: "41,188 rows | equal".into(),
                done: true,
                checks: vec![(Verdict::Holds, "rows > 0".into()), (Verdict::Fails, "auc >= 0.7".into())],
            }],
            seen: vec![Seen { step: Step::Load, beat: Beat::Say, text: "x".into(), svg: "<svg/>".into() }],
            statements: vec![Ran {
                at: chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
                engine: QueryEngine::Redshift,
                sql: "CREATE USER u PASSWORD 'Canary123'".into(),
                seconds: 0.2,
                rows: None,
                scanned: None,
                error: None,
                parameters: vec![],
            }],
            figures: serde_json::Map::new(),
            seconds: 3.0,
        };
        let settings = crate::config::load::load(&crate::config::Sources::default()).unwrap().settings;
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("report");
        write(&directory, &rehearsed, &settings).unwrap();
        let read = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap();
        assert_eq!(read("screens/4-load-say.svg"), "<svg/>");
        let (page, text) = (read("report.html"), read("report.md"));
        assert!(page.contains("Load &lt;it&gt;") && page.contains("<tr class=\"bad\">") && page.contains("✖ auc &gt;= 0.7"), "{page}");
        assert!(text.contains("| ✖ Load <it> | 1.5 s | 4 min | 41,188 rows \\| equal |"), "{text}");
        assert!(!page.contains("Canary123") && !text.contains("Canary123"), "{text}");
    }
}
