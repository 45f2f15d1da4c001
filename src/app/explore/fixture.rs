//! An exploration with the figures of the published data set, for tests of the screen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use crate::app::explore::Image;
use std::sync::Arc;

use super::{Ask, Msg, State};
use crate::app::Effect;
use crate::demo::dataset::{ColumnType, DataSet};
use crate::demo::findings::{Finding, Part};
use crate::demo::ranking::wilson;
use crate::ops::exploration::{
    Bar, ClassFigures, Column, Correlations, Density, DensityCell, Findings, Found, Matrix, Order, Period, Picture, Preview, Previews,
    Subject, Table,
};
use crate::ops::query::QueryEngine;

const ROWS: u64 = 41_188;
const YES: u64 = 4_640;
const MONTHS: &[(&str, u64, u64)] = &[
    ("mar", 546, 276),
    ("apr", 2632, 539),
    ("may", 13769, 886),
    ("jun", 5318, 559),
    ("jul", 7174, 649),
    ("aug", 6178, 655),
    ("sep", 570, 256),
    ("oct", 718, 315),
    ("nov", 4101, 416),
    ("dec", 182, 89),
];
const JOBS: &[(&str, u64, u64)] = &[
    ("admin.", 10422, 1352),
    ("blue-collar", 9254, 638),
    ("technician", 6743, 730),
    ("services", 3969, 323),
    ("management", 2924, 328),
    ("retired", 1720, 434),
    ("entrepreneur", 1456, 124),
    ("self-employed", 1421, 149),
    ("housemaid", 1060, 106),
    ("unemployed", 1014, 144),
    ("student", 875, 275),
    ("unknown", 330, 37),
];
const AGES: &[(u64, u64, u64)] = &[
    (10, 75, 34),
    (20, 5594, 888),
    (30, 16938, 1715),
    (40, 10526, 834),
    (50, 6862, 697),
    (60, 724, 251),
    (70, 319, 144),
    (80, 140, 72),
    (90, 10, 5),
];
/// Month, year, calls, yes.
const PERIODS: &[(&str, usize, u64, u64)] = &[
    ("may", 1, 7763, 240),
    ("jun", 1, 4374, 188),
    ("jul", 1, 6685, 407),
    ("aug", 1, 5175, 271),
    ("oct", 1, 67, 42),
    ("nov", 1, 3616, 190),
    ("dec", 1, 10, 1),
    ("mar", 2, 282, 126),
    ("apr", 2, 2458, 442),
    ("may", 2, 5794, 524),
    ("jun", 2, 715, 264),
    ("jul", 2, 178, 66),
    ("aug", 2, 770, 264),
    ("sep", 2, 267, 106),
    ("oct", 2, 447, 180),
    ("nov", 2, 357, 168),
    ("dec", 2, 172, 88),
    ("mar", 3, 264, 150),
    ("apr", 3, 174, 97),
    ("may", 3, 212, 122),
    ("jun", 3, 229, 107),
    ("jul", 3, 311, 176),
    ("aug", 3, 233, 120),
    ("sep", 3, 303, 150),
    ("oct", 3, 204, 93),
    ("nov", 3, 128, 58),
];
/// Below the diagonal.
const CORRELATIONS: &[&[f64]] = &[
    &[],
    &[-0.00],
    &[0.00, -0.07],
    &[-0.03, -0.05, 0.05],
    &[0.02, 0.02, -0.08, -0.59],
    &[-0.00, -0.03, 0.15, 0.27, -0.42],
    &[0.00, 0.01, 0.13, 0.08, -0.20, 0.78],
    &[0.13, -0.01, -0.01, -0.09, -0.05, 0.20, 0.06],
    &[0.01, -0.03, 0.14, 0.30, -0.45, 0.97, 0.69, 0.28],
    &[-0.02, -0.04, 0.14, 0.37, -0.50, 0.91, 0.52, 0.10, 0.95],
];
const PREVIEWS: &[(&str, &[u64])] = &[
    ("age", &[75, 5594, 16938, 10526, 6862, 724, 319, 140, 10]),
    ("job", &[10422, 9254, 6743, 3969, 2924, 1720, 1456, 1421, 1060, 1014, 875, 330]),
    ("marital", &[24928, 11568, 4612, 80]),
    ("education", &[12168, 9515, 6045, 5243, 4176, 2292, 1731, 18]),
    ("defaulted", &[32588, 8597, 3]),
    ("housing", &[21576, 18622, 990]),
    ("loan", &[33950, 6248, 990]),
    ("contact", &[26144, 15044]),
    ("month", &[546, 2632, 13769, 5318, 7174, 6178, 570, 718, 4101, 182]),
    ("day_of_week", &[8623, 8514, 8134, 8090, 7827]),
    ("duration", &[36235, 3992, 754, 147, 36, 9, 9, 4, 1, 1]),
    ("campaign", &[36204, 3890, 688, 219, 102, 45, 25, 7, 7, 0, 0, 1]),
    ("pdays", &[1515, 0, 0, 0, 0, 0, 0, 0, 0, 39673]),
    ("previous", &[35563, 0, 4561, 0, 754, 0, 216, 0, 70, 0, 18, 0, 5, 0, 1]),
    ("poutcome", &[35563, 4252, 1373]),
    ("emp_var_rate", &[1071, 1835, 0, 9957, 635, 0, 3693, 0, 0, 23997]),
    ("cons_price_idx", &[1037, 625, 539, 6791, 2458, 3880, 5175, 241, 14660, 765, 311, 4374, 332]),
    ("cons_conf_idx", &[128, 486, 8252, 10, 6685, 9083, 674, 13241, 438, 350, 1127, 267, 447]),
    ("euribor3m", &[3890, 9326, 282, 0, 0, 5, 9, 3589, 24071, 16]),
    ("nr_employed", &[635, 773, 1721, 172, 0, 1663, 8534, 0, 0, 0, 10, 11446, 0, 16234]),
];

fn table(engine: QueryEngine) -> Arc<Table> {
    let data = DataSet::bank();
    let columns = data.inputs().iter().map(|column| Column {
        name: column.name.clone(),
        numeric: column.kind.is_number(),
        whole: column.kind == ColumnType::Integer,
    });
    Arc::new(Table { engine, name: "dm.data".into(), target: data.target.name.clone(), positive: "yes".into(), columns: columns.collect() })
}

fn picture(name: &str, numeric: bool, bars: Vec<Bar>, classes: Vec<ClassFigures>) -> Found {
    let (rows, yes) = bars.iter().fold((0, 0), |(rows, yes), bar| (rows + bar.rows, yes + bar.yes));
    let sql = format!(
        "SELECT {name} AS value, count(*) AS customers, sum(CASE WHEN y = 'yes' THEN 1 ELSE 0 END) AS subscribed\nFROM dm.data\nGROUP BY 1\nORDER BY 2 DESC, 1"
    );
    let base_rate = yes as f64 / rows as f64;
    let column = Column { name: name.into(), numeric, whole: numeric };
    Found::Picture(Picture { column, by: "y".into(), rows, yes, base_rate, bars, classes, sql: vec![sql] })
}

fn category(name: &str, bars: &[(&str, u64, u64)]) -> Found {
    let bar = |(label, rows, yes): &(&str, u64, u64)| Bar::new((*label).into(), None, format!("{name} = '{label}'"), *rows, *yes);
    picture(name, false, bars.iter().map(bar).collect(), vec![])
}

fn ages() -> Found {
    let bar = |(from, rows, yes): &(u64, u64, u64)| {
        let condition = format!("age >= {from} AND age < {}", from + 10);
        Bar::new(format!("{from} – {}", from + 10), Some(*from as f64), condition, *rows, *yes)
    };
    let class = |class: &str, rows, mean, deviation, five| ClassFigures { class: class.into(), rows, mean, deviation, five };
    let classes = vec![
        class("no", 36548, 39.9112, 9.8981, [17.0, 32.0, 38.0, 47.0, 95.0]),
        class("yes", 4640, 40.9131, 13.8375, [17.0, 31.0, 37.0, 50.0, 98.0]),
    ];
    picture("age", true, AGES.iter().map(bar).collect(), classes)
}

fn correlations() -> Found {
    let columns: Vec<String> = table(QueryEngine::Redshift).numeric().map(str::to_owned).collect();
    let value = |row: usize, column: usize| if row == column { Some(1.0) } else { Some(CORRELATIONS[row.max(column)][row.min(column)]) };
    let matrix = (0..columns.len()).map(|row| (0..columns.len()).map(|column| value(row, column)).collect()).collect();
    Found::Correlations(Correlations { columns, matrix, sql: "SELECT 1\nFROM dm.data".into() })
}

fn density(x: &str, y: &str) -> Found {
    let cell = |across: u32, upwards: u32| {
        let (from_middle, height) = (f64::from(across) - 11.0, f64::from(upwards));
        // At most a few thousand.
        let rows = (3000.0 * (-from_middle * from_middle / 40.0 - height / 2.2).exp()) as u64;
        DensityCell { x: 16.0 + 2.0 * f64::from(across), y: 2.0 * height, rows, yes: rows / 9 }
    };
    let cells = (0..41).flat_map(|across| (0..28).map(move |upwards| cell(across, upwards)));
    let cells = cells.filter(|cell| cell.rows > 0).collect();
    Found::Density(Density { x: x.into(), y: y.into(), x_step: 2.0, y_step: 2.0, cells, sql: "SELECT 1\nFROM dm.data".into() })
}

/// Each pair as narrow as its coefficient is large.
fn matrix() -> Found {
    let columns: Vec<String> = table(QueryEngine::Redshift).numeric().map(str::to_owned).collect();
    let pair = |x: usize, y: usize| {
        let r = CORRELATIONS[y][x];
        let cell = |across: i32, upwards: i32| {
            let (a, b) = (f64::from(across) / 5.5 - 1.0, f64::from(upwards) / 5.5 - 1.0);
            let apart = (b - r * a).powi(2) / (1.05 - r * r) + a * a;
            // Far fewer rows than a count holds.
            let rows = (4000.0 * (-6.0 * apart).exp()) as u64;
            DensityCell { x: f64::from(across), y: f64::from(upwards), rows, yes: rows / 9 }
        };
        let cells = (0..12).flat_map(|across| (0..12).map(move |upwards| cell(across, upwards))).filter(|cell| cell.rows > 0).collect();
        Density { x: columns[x].clone(), y: columns[y].clone(), x_step: 1.0, y_step: 1.0, cells, sql: String::new() }
    };
    let pairs = (0..columns.len()).flat_map(|x| (x + 1..columns.len()).map(move |y| (x, y))).map(|(x, y)| pair(x, y)).collect();
    let Found::Correlations(correlations) = correlations() else { unreachable!() };
    Found::Matrix(Matrix { pairs, left_out: 0, correlations, sql: "SELECT 1\nFROM dm.data".into(), columns })
}

fn order() -> Found {
    let period = |(month, year, rows, yes): &(&str, usize, u64, u64)| {
        let (rate_low, rate_high) = wilson(*yes, *rows);
        let condition = format!("month = '{month}' AND nr_employed = {year}");
        Period {
            month: (*month).into(),
            year: *year,
            condition,
            rows: *rows,
            yes: *yes,
            rate: *yes as f64 / *rows as f64,
            rate_low,
            rate_high,
        }
    };
    let periods = PERIODS.iter().map(period).collect();
    let (base_rate, first_half, second_half) = (YES as f64 / ROWS as f64, 0.0463, 0.1789);
    Found::Order(Order { periods, rows: ROWS, base_rate, first_half, second_half, sql: "SELECT 1\nFROM dm.data".into() })
}

fn findings() -> Found {
    let finding = |id, column: &str, sentence: &str, parts: &[(&str, f64)]| {
        let parts: Vec<Part> = parts.iter().map(|(label, figure)| Part { label: (*label).into(), figure: *figure }).collect();
        Finding { id, sentence: sentence.into(), figure: parts[0].figure, column: column.to_owned(), parts }
    };
    let findings = vec![
        finding("mostly_no", "job", "88.7 % of the customers said no.", &[("no", 0.8873), ("yes", 0.1127)]),
        finding(
            "unknown_values",
            "defaulted",
            "Many values are unknown: `defaulted` 20.9 %, `education` 4.2 %, `housing` 2.4 % of the customers.",
            &[("defaulted", 0.2087), ("education", 0.042), ("housing", 0.024), ("loan", 0.024), ("job", 0.008), ("marital", 0.0019)],
        ),
        finding("mostly_may", "month", "33.4 % of the calls were in May, 0.4 % in December.", &[("May", 0.3343), ("December", 0.0044)]),
        finding(
            "never_contacted",
            "pdays",
            "`pdays` is 999 for 96.3 %: never contacted before.",
            &[("never before", 0.9632), ("before", 0.0368)],
        ),
        finding(
            "rarer_blue_collar",
            "job",
            "Blue-collar workers: 22.5 % of all, 13.8 % of those who said yes.",
            &[("of all", 0.2247), ("of the yes", 0.1375)],
        ),
        finding(
            "rarer_married",
            "marital",
            "Married customers: 60.5 % of all, 54.6 % of those who said yes.",
            &[("of all", 0.6052), ("of the yes", 0.5457)],
        ),
        finding(
            "rarer_default_unknown",
            "defaulted",
            "Customers of whom nobody knows whether they defaulted: 20.9 % of all, 9.5 % of those who said yes.",
            &[("of all", 0.2087), ("of the yes", 0.0955)],
        ),
        finding(
            "rarer_telephone",
            "contact",
            "Customers called on a landline: 36.5 % of all, 17.0 % of those who said yes.",
            &[("of all", 0.3653), ("of the yes", 0.1696)],
        ),
        finding(
            "rarer_may",
            "month",
            "Customers called in May: 33.4 % of all, 19.1 % of those who said yes.",
            &[("of all", 0.3343), ("of the yes", 0.1909)],
        ),
        finding(
            "economy_moves_together",
            "euribor3m",
            "The economic columns move together: `emp_var_rate` and `euribor3m` correlate with 0.97; 5 of 10 pairs with 0.5 or more.",
            &[
                ("emp_var_rate · euribor3m", 0.9722),
                ("euribor3m · nr_employed", 0.9452),
                ("emp_var_rate · nr_employed", 0.907),
                ("emp_var_rate · cons_price_idx", 0.7753),
            ],
        ),
    ];
    let sql = vec!["SELECT 1".into(), "SELECT 2".into(), "SELECT 3".into()];
    Found::Findings(Findings { findings, rows: ROWS, yes: YES, sql })
}

/// What the outside answers.
pub fn answer(ask: &Ask) -> Option<Msg> {
    match ask {
        Ask::Open { ticket, engine } => Some(Msg::Opened(*ticket, Ok(table(*engine)))),
        Ask::Preview { ticket, .. } => {
            let preview = |(column, rows): &(&str, &[u64])| Preview {
                column: (*column).into(),
                parts: rows.iter().map(|rows| (*rows, rows / 9)).collect(),
            };
            let previews = Previews { rows: ROWS, yes: YES, columns: PREVIEWS.iter().map(preview).collect() };
            Some(Msg::Previewed(*ticket, Ok(Arc::new(previews))))
        }
        Ask::Find { ticket, subject, .. } => {
            let found = match subject {
                Subject::Column(name) if name == "age" => ages(),
                Subject::Column(name) if name == "month" => category("month", MONTHS),
                Subject::Column(name) => category(name, JOBS),
                Subject::Correlations => correlations(),
                Subject::Matrix => matrix(),
                Subject::Density(x, y) => density(x, y),
                Subject::Order => order(),
                Subject::Findings => findings(),
            };
            Some(Msg::Found(*ticket, subject.clone(), Ok(Arc::new(found))))
        }
        Ask::Draw { ticket, order, .. } => {
            let image = Image { size: order.room, bytes: b"an image".to_vec() };
            Some(Msg::Drawn(*ticket, order.clone(), Ok(Arc::new(image))))
        }
        Ask::Save { .. } | Ask::Cancel => None,
    }
}

/// Answers everything that a state asks for, until it asks no more.
pub fn serve(state: &mut State) {
    loop {
        let asks = state.want();
        if asks.is_empty() {
            return;
        }
        for effect in asks {
            if let Effect::Explore(ask) = effect
                && let Some(msg) = answer(&ask)
            {
                state.update(msg);
            }
        }
    }
}
