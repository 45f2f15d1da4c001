//! In which order rows are shown, and which.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::filter::Filter;
use super::{Store, StoreError, Work};
use crate::ops::query::CellRef;

/// A column to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortKey {
    /// Which column.
    pub column: usize,
    /// Whether the greatest comes first.
    pub descending: bool,
    /// Whether NULL comes before everything else.
    pub nulls_first: bool,
}

/// What rows are shown, and in which order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arrangement {
    /// Columns to sort by, the most important first.
    pub sort: Vec<SortKey>,
    /// Which rows.
    pub filter: Filter,
}

impl Arrangement {
    /// Whether it is the result as it came.
    pub fn is_plain(&self) -> bool {
        self.sort.is_empty() && self.filter.is_empty()
    }
}

/// Computes which rows of the store are shown, in their order. Rows that are equal stay in the order in which they came.
///
/// # Errors
/// When it is cancelled or the disk refuses.
pub fn arrange(store: &Store, arrangement: &Arrangement, work: &Work) -> Result<Vec<u32>, StoreError> {
    let sieve = arrangement.filter.sieve(store.columns());
    let blocks = store.blocks();
    let filtered = !arrangement.filter.is_empty();
    let every = vec![true; store.columns().len()];
    let parts: Vec<(Vec<u32>, Vec<Keys>)> = blocks
        .par_iter()
        .map(|block| {
            work.proceed()?;
            let mut rows = Vec::new();
            let mut keys: Vec<Keys> = arrangement.sort.iter().map(|_| Keys::default()).collect();
            if !filtered && keys.is_empty() {
                // Positions are 32 bits wide: four thousand million rows.
                rows.extend((0..block.rows()).map(|at| (block.start as u32).wrapping_add(at as u32)));
                return Ok((rows, keys));
            }
            let loaded = block.load()?;
            if keys.is_empty()
                && let Some(needle) = sieve.only_anywhere()
            {
                needle.rows(&loaded, &every, |at| rows.push((block.start as u32).wrapping_add(at as u32)));
                return Ok((rows, keys));
            }
            for (at, row) in loaded.rows().enumerate() {
                if filtered && !sieve.lets_through(row) {
                    continue;
                }
                rows.push((block.start as u32).wrapping_add(at as u32));
                for (key, sort) in keys.iter_mut().zip(&arrangement.sort) {
                    key.push(row.cell(sort.column));
                }
            }
            Ok((rows, keys))
        })
        .collect::<Result<_, StoreError>>()?;
    let mut rows = Vec::with_capacity(parts.iter().map(|(rows, _)| rows.len()).sum());
    let mut keys: Vec<Keys> = arrangement.sort.iter().map(|_| Keys::default()).collect();
    for (part, part_keys) in parts {
        rows.extend(part);
        for (key, more) in keys.iter_mut().zip(part_keys) {
            key.append(more);
        }
    }
    if keys.is_empty() {
        return Ok(rows);
    }
    work.proceed()?;
    let columns: Vec<(Sorted, SortKey)> = keys.into_iter().map(Keys::ready).zip(arrangement.sort.iter().copied()).collect();
    let Some(((first, key), others)) = columns.split_first() else { return Ok(rows) };
    // A number says most of the time which row comes first; only where it does not the cells are looked at.
    let (codes, exact) = first.codes(key);
    let mut order: Vec<(u64, u32)> = codes.into_iter().zip(0..).collect();
    let full = |a: u32, b: u32| {
        let (a, b) = (a as usize, b as usize);
        let of_first = if exact { Ordering::Equal } else { first.compare(a, b, key) };
        of_first.then_with(|| {
            others.iter().map(|(column, key)| column.compare(a, b, key)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        })
    };
    if exact && others.is_empty() {
        order.par_sort_unstable();
    } else {
        order.par_sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| full(a.1, b.1)).then(a.1.cmp(&b.1)));
    }
    work.proceed()?;
    Ok(order.into_iter().map(|(_, at)| rows[at as usize]).collect())
}

/// The cells of a column to sort by, one after the other.
#[derive(Default)]
struct Keys {
    kinds: Vec<Kind>,
    numbers: Vec<u64>,
    text: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Integer,
    Float,
    Boolean,
    Text,
}

impl Keys {
    fn push(&mut self, cell: CellRef<'_>) {
        let (kind, number) = match cell {
            CellRef::Null => (Kind::Null, 0),
            CellRef::Integer(value) => (Kind::Integer, value.cast_unsigned()),
            CellRef::Float(value) => (Kind::Float, value.to_bits()),
            CellRef::Boolean(value) => (Kind::Boolean, u64::from(value)),
            CellRef::Text(text) => {
                self.text.extend(text.as_bytes());
                (Kind::Text, self.text.len() as u64)
            }
        };
        self.kinds.push(kind);
        self.numbers.push(number);
    }

    fn append(&mut self, more: Keys) {
        let base = self.text.len() as u64;
        self.numbers.extend(more.numbers.iter().zip(&more.kinds).map(|(number, kind)| match kind {
            Kind::Text => number + base,
            _ => *number,
        }));
        self.kinds.extend(more.kinds);
        self.text.extend(more.text);
    }

    /// Where the texts lie, by row.
    fn spans(&self) -> Vec<(usize, usize)> {
        let mut start = 0;
        self.kinds
            .iter()
            .zip(&self.numbers)
            .map(|(kind, end)| {
                if *kind != Kind::Text {
                    return (start, start);
                }
                let span = (start, *end as usize);
                start = span.1;
                span
            })
            .collect()
    }

    /// Decides once how the column is compared.
    fn ready(self) -> Sorted {
        let only = |allowed: &[Kind]| self.kinds.iter().all(|kind| *kind == Kind::Null || allowed.contains(kind));
        let nulls: Vec<bool> = self.kinds.iter().map(|kind| *kind == Kind::Null).collect();
        if only(&[Kind::Integer]) || only(&[Kind::Boolean]) {
            let values = self.numbers.iter().map(|number| number.cast_signed()).collect();
            return Sorted { nulls, values: Values::Integers(values) };
        }
        if only(&[Kind::Integer, Kind::Float]) {
            let values = self.numbers.iter().zip(&self.kinds).map(|(number, kind)| match kind {
                Kind::Integer => number.cast_signed() as f64,
                _ => f64::from_bits(*number),
            });
            return Sorted { nulls, values: Values::Floats(values.collect()) };
        }
        let spans = self.spans();
        if only(&[Kind::Text])
            && let Some(values) = decimals(&nulls, &spans, &self.text)
        {
            return Sorted { nulls, values: Values::Decimals(values) };
        }
        // Numbers among texts are compared as they are written.
        let mut text = Vec::with_capacity(self.text.len());
        let mut ends = Vec::with_capacity(self.kinds.len());
        for (at, kind) in self.kinds.iter().enumerate() {
            let number = self.numbers[at];
            match kind {
                Kind::Null => {}
                Kind::Text => text.extend(&self.text[spans[at].0..spans[at].1]),
                Kind::Integer => text.extend(number.cast_signed().to_string().bytes()),
                Kind::Float => text.extend(f64::from_bits(number).to_string().bytes()),
                Kind::Boolean => text.extend(if number == 1 { "true" } else { "false" }.bytes()),
            }
            ends.push(text.len());
        }
        Sorted { nulls, values: Values::Texts { text, ends } }
    }
}

/// Decimals of one scale, when every text is one. The services send decimals as text.
fn decimals(nulls: &[bool], spans: &[(usize, usize)], text: &[u8]) -> Option<Vec<i128>> {
    let parsed: Option<Vec<(i128, u32)>> =
        spans.par_iter().zip(nulls).map(|((from, to), null)| if *null { Some((0, 0)) } else { decimal(&text[*from..*to]) }).collect();
    let parsed = parsed?;
    let scale = parsed.iter().map(|(_, scale)| *scale).max()?;
    parsed.into_iter().map(|(value, own)| value.checked_mul(10_i128.checked_pow(scale - own)?)).collect()
}

/// Digits and scale.
fn decimal(text: &[u8]) -> Option<(i128, u32)> {
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, text),
    };
    let (mut value, mut scale, mut point, mut any) = (0_i128, 0, false, false);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                any = true;
                value = value.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
                scale += u32::from(point);
            }
            b'.' if !point => point = true,
            _ => return None,
        }
    }
    any.then_some((if negative { -value } else { value }, scale))
}

/// A column made ready for comparing.
struct Sorted {
    nulls: Vec<bool>,
    values: Values,
}

enum Values {
    Integers(Vec<i64>),
    Floats(Vec<f64>),
    Decimals(Vec<i128>),
    Texts { text: Vec<u8>, ends: Vec<usize> },
}

/// A whole number whose order is that of the signed one.
fn ordered(value: i64) -> u64 {
    value.cast_unsigned() ^ (1 << 63)
}

impl Sorted {
    /// A number for each row that is less where the row comes first, and whether equal numbers are equal cells.
    fn codes(&self, key: &SortKey) -> (Vec<u64>, bool) {
        let code = |at: usize| match &self.values {
            Values::Integers(values) => ordered(values[at]),
            Values::Floats(values) => match values[at] {
                value if value.is_nan() => u64::MAX,
                // Zero has one order, whatever its sign.
                0.0 => ordered(0),
                value if value > 0.0 => ordered(value.to_bits().cast_signed()),
                value => !value.to_bits(),
            },
            // What does not fit is at one of the ends.
            Values::Decimals(values) => ordered(i64::try_from(values[at]).unwrap_or(if values[at] > 0 { i64::MAX } else { i64::MIN })),
            Values::Texts { .. } => {
                let text = self.text(at);
                let mut bytes = [0; 8];
                let length = text.len().min(8);
                bytes[..length].copy_from_slice(&text[..length]);
                u64::from_be_bytes(bytes)
            }
        };
        // The ends are for NULL. Other cells there are not told from their neighbours.
        let mut exact = !matches!(self.values, Values::Texts { .. });
        let codes = (0..self.nulls.len()).map(|at| {
            if self.nulls[at] {
                return if key.nulls_first { 0 } else { u64::MAX };
            }
            let code = if key.descending { !code(at) } else { code(at) };
            let inside = code.clamp(1, u64::MAX - 1);
            exact &= code == inside;
            inside
        });
        (codes.collect(), exact)
    }

    fn text(&self, at: usize) -> &[u8] {
        match &self.values {
            Values::Texts { text, ends } => &text[at.checked_sub(1).map_or(0, |before| ends[before])..ends[at]],
            _ => &[],
        }
    }

    fn compare(&self, a: usize, b: usize, key: &SortKey) -> Ordering {
        match (self.nulls[a], self.nulls[b]) {
            (true, true) => return Ordering::Equal,
            (true, false) => return if key.nulls_first { Ordering::Less } else { Ordering::Greater },
            (false, true) => return if key.nulls_first { Ordering::Greater } else { Ordering::Less },
            (false, false) => {}
        }
        let order = match &self.values {
            Values::Integers(values) => values[a].cmp(&values[b]),
            // NaN is the greatest, as in both services.
            Values::Floats(values) => values[a].partial_cmp(&values[b]).unwrap_or_else(|| values[a].is_nan().cmp(&values[b].is_nan())),
            Values::Decimals(values) => values[a].cmp(&values[b]),
            Values::Texts { .. } => self.text(a).cmp(self.text(b)),
        };
        if key.descending { order.reverse() } else { order }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;
    use crate::ops::query::{Cell, Page, QueryColumn};
    use crate::ops::results::Spill;
    use crate::ops::results::filter::{Condition, Test};

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    fn sorted(cells: Vec<Cell>, descending: bool, nulls_first: bool) -> Vec<u32> {
        let columns = vec![QueryColumn { name: "c".into(), type_name: String::new(), numeric: false }];
        let store = Store::new(columns, Page { rows: cells.into_iter().map(|cell| vec![cell]).collect(), next: None });
        let sort = vec![SortKey { column: 0, descending, nulls_first }];
        arrange(&store, &Arrangement { sort, filter: Filter::default() }, &Work::unheard()).unwrap()
    }

    #[test]
    fn each_type_is_sorted_as_what_it_is() {
        assert_eq!(sorted(vec![Cell::Integer(10), Cell::Integer(-3), Cell::Integer(9)], false, false), [1, 2, 0]);
        assert_eq!(sorted(vec![Cell::Float(f64::NAN), Cell::Integer(2), Cell::Float(1.5)], false, false), [2, 1, 0]);
        assert_eq!(sorted(vec![text("10.5"), text("9.75"), text("-1")], false, false), [2, 1, 0], "decimals come as text");
        assert_eq!(sorted(vec![text("10"), text("9"), text("x")], false, false), [0, 1, 2], "not all are decimals");
        assert_eq!(sorted(vec![text("0.10000000000000000000000001"), text("0.1")], false, false), [1, 0], "decimals are exact");
        assert_eq!(sorted(vec![Cell::Boolean(true), Cell::Boolean(false)], false, false), [1, 0]);
        assert_eq!(sorted(vec![text("b"), Cell::Integer(1), text("a")], true, false), [0, 2, 1]);
        let ends =
            vec![Cell::Integer(i64::MIN + 1), Cell::Integer(i64::MAX), Cell::Null, Cell::Integer(i64::MIN), Cell::Integer(i64::MAX - 1)];
        assert_eq!(sorted(ends.clone(), false, false), [3, 0, 4, 1, 2], "the ends of what there is are told apart, too");
        assert_eq!(sorted(ends, true, true), [2, 1, 4, 0, 3]);
        let signs = vec![Cell::Float(0.0), Cell::Float(-0.5), Cell::Float(-0.0), Cell::Float(f64::INFINITY), Cell::Float(-2e300)];
        assert_eq!(sorted(signs, false, false), [4, 1, 0, 2, 3]);
        let long = ["prefixed b", "prefixed", "prefixed a", "prefixed\0"].map(text).to_vec();
        assert_eq!(sorted(long, false, false), [1, 3, 2, 0]);
        let large = ["99999999999999999999999", "-99999999999999999999999", "99999999999999999999998", "1"].map(text).to_vec();
        assert_eq!(sorted(large, false, false), [1, 3, 2, 0]);
    }

    #[test]
    fn nulls_are_where_they_are_asked_to_be() {
        let cells = || vec![Cell::Integer(1), Cell::Null, Cell::Integer(2)];
        assert_eq!(sorted(cells(), false, false), [0, 2, 1]);
        assert_eq!(sorted(cells(), true, false), [2, 0, 1]);
        assert_eq!(sorted(cells(), false, true), [1, 0, 2]);
        assert_eq!(sorted(cells(), true, true), [1, 2, 0]);
    }

    #[test]
    fn cancelled_work_ends() {
        let work = Work::unheard();
        work.cancel().cancel();
        let store = Store::new(Vec::new(), Page { rows: vec![vec![]; 10], next: None });
        assert!(matches!(arrange(&store, &Arrangement::default(), &work), Err(StoreError::Cancelled)));
    }

    fn any_row() -> impl Strategy<Value = Vec<Cell>> {
        let cell = || prop_oneof![Just(Cell::Null), (-5_i64..5).prop_map(Cell::Integer), "[ab]{0,3}".prop_map(Cell::Text)];
        (cell(), cell(), 0_i64..1000).prop_map(|(a, b, n)| vec![a, b, Cell::Integer(n)])
    }

    proptest! {
        #[test]
        fn spilled_or_not_by_block_or_not_the_answer_is_the_same(
            rows in proptest::collection::vec(any_row(), 1..200),
            size in 1_usize..40,
            descending: bool,
            nulls_first: bool,
            filtered: bool,
        ) {
            let columns: Vec<QueryColumn> =
                ["a", "b", "n"].map(|name| QueryColumn { name: name.into(), type_name: String::new(), numeric: name == "n" }).to_vec();
            let directory = tempfile::tempdir().unwrap();
            let spill = Spill::new(directory.path().to_owned(), 300);
            let whole = Store::new(columns.clone(), Page { rows: rows.clone(), next: None });
            let parts = Store::new(columns, Page { rows: Vec::new(), next: Some(String::new()) });
            for chunk in rows.chunks(size) {
                parts.append(Page { rows: chunk.to_vec(), next: None }, &spill).unwrap();
            }
            let key = |column, descending| SortKey { column, descending, nulls_first };
            let conditions = if filtered { vec![Condition { column: 2, test: Test::parse("<500").unwrap() }] } else { Vec::new() };
            let wanted = Arrangement {
                sort: vec![key(0, descending), key(1, !descending)],
                filter: Filter { conditions, anywhere: None },
            };
            let order = arrange(&whole, &wanted, &Work::unheard()).unwrap();
            prop_assert_eq!(&order, &arrange(&parts, &wanted, &Work::unheard()).unwrap());
            // Every row that the filter lets through, once; equal rows in the order in which they came.
            let shown = rows.iter().filter(|row| !filtered || matches!(row[2], Cell::Integer(n) if n < 500)).count();
            prop_assert_eq!(order.len(), shown);
            for pair in order.windows(2) {
                let (a, b) = (&rows[pair[0] as usize], &rows[pair[1] as usize]);
                if a[0] == b[0] && a[1] == b[1] {
                    prop_assert!(pair[0] < pair[1]);
                }
            }
        }
    }
}
