//! Data of one's own: every spelling in circulation is read, and a bad file is refused before anything is made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use shiftdeck::demo::sample;

use crate::program::Machine;

const HEADER: &str = "age,job,marital,education,default,housing,loan,contact,month,day_of_week,duration,campaign,pdays,previous,poutcome,\
                      emp.var.rate,cons.price.idx,cons.conf.idx,euribor3m,nr.employed,y";

/// A few made-up customers.
fn rows(count: u32) -> Vec<String> {
    String::from_utf8(sample::generate(count, 3)).unwrap().lines().skip(1).map(str::to_owned).collect()
}

fn file(header: &str, rows: &[String]) -> String {
    format!("{header}\n{}\n", rows.join("\n"))
}

/// The rows that the lake step found.
fn loaded(machine: &Machine, name: &str) -> u64 {
    let events = machine.events(&["run", "foundation", "lake", "--data", name, "--json"]);
    let lake = events.iter().find(|event| event["step"] == "lake" && event["detail"]["rows"].is_u64()).unwrap();
    lake["detail"]["rows"].as_u64().unwrap()
}

#[test]
fn every_spelling_of_a_file_is_the_same_data() {
    let machine = Machine::new();
    let rows = rows(300);
    machine.file("plain.csv", file(HEADER, &rows));
    assert_eq!(loaded(&machine, "plain.csv"), 300);
    let quoted = |line: &str| line.split(',').map(|field| format!("\"{field}\"")).collect::<Vec<_>>().join(";");
    let header = HEADER.replace('.', "_").replace("default", "defaulted");
    let lines: Vec<String> = std::iter::once(header.as_str()).chain(rows.iter().map(String::as_str)).map(quoted).collect();
    machine.file("other.csv", format!("\u{feff}{}\r\n", lines.join("\r\n")));
    // The same data: the lake step has nothing to do.
    let events = machine.events(&["run", "lake", "--data", "other.csv", "--json"]);
    let ended = events.iter().find(|event| event["event"] == "skipped" || event["event"] == "succeeded").unwrap();
    assert!(ended["event"] == "skipped" || ended["detail"]["changed"] == false, "{ended}");
}

#[test]
fn a_bad_file_is_refused_before_anything_is_made() {
    let machine = Machine::new();
    let good = rows(120);
    let replaced = |at: usize, column: usize, cell: &str| {
        let mut rows = good.clone();
        let mut cells: Vec<&str> = good[at].split(',').collect();
        cells[column] = cell;
        rows[at] = cells.join(",");
        file(HEADER, &rows)
    };
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("missing", file(&HEADER.replace("campaign,", ""), &good).into_bytes(), &["line 1", "`campaign`"]),
        ("extra", file(&format!("{HEADER},Campain"), &good).into_bytes(), &["line 1, column 22", "did you mean `campaign`"]),
        ("number", replaced(4, 10, "soon").into_bytes(), &["line 6, column 11", "`duration` is `soon`"]),
        ("target", replaced(9, 20, "maybe").into_bytes(), &["line 11, column 21", "`maybe`"]),
        ("fields", file(HEADER, &[good[0].clone(), "1,2".into()]).into_bytes(), &["line 3", "2 fields"]),
        ("utf8", [replaced(0, 1, "x").into_bytes(), vec![0xff]].concat(), &["line 122", "UTF-8"]),
        ("empty", vec![], &["is empty"]),
        ("header", format!("{HEADER}\n").into_bytes(), &["no row"]),
    ];
    for (name, content, expected) in cases {
        let path = machine.file(&format!("{name}.csv"), content);
        let ended = machine.run(&["run", "--all", "--data", path.to_str().unwrap()]);
        assert_eq!(ended.code, Some(2), "{name}: {}{}", ended.stdout, ended.stderr);
        for text in [&format!("{name}.csv") as &str].iter().chain(expected) {
            assert!(ended.stderr.contains(text), "{name}: {text}\nnot in\n{}", ended.stderr);
        }
    }
    let ended = machine.run(&["run", "--all", "--data", "nowhere.csv"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("nowhere.csv"), "{}", ended.stderr);
    let status: serde_json::Value = serde_json::from_str(&machine.done(&["status", "--json"])).unwrap();
    // The account's own Athena workgroup is not made by the demonstration.
    let resources = status["resources"].as_array().unwrap().iter();
    for resource in resources.filter(|resource| resource["id"] != "athena-workgroup/primary") {
        assert_eq!(resource["state"], "missing", "{resource}");
    }
}
