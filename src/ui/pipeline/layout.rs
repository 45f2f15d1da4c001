//! Where the steps of an execution are on the screen: levels from top to bottom, what can run at the same time side by side.
//!
//! A step that is alone on its level is as wide as the graph, so that most connectors are straight. A connector that passes over a level
//! gets a lane of its own there. Coordinates are cells of a sheet that may be larger than the screen; [`scroll`] chooses the part on show.

use std::collections::HashSet;

/// Columns of a box at least.
const NARROWEST: usize = 16;
/// Columns of the lane of a connector that passes by.
const LANE: usize = 3;
/// Where a connector leaves a box whose text stands on its border, from the left.
const RAIL: usize = 2;

/// A step to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The steps that it waits for, and what the way from there is called.
    pub parents: Vec<(usize, Option<String>)>,
}

/// How much room a step has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Density {
    /// Rows of a box, borders included.
    pub rows: usize,
    /// Rows between two levels.
    pub gap: usize,
}

/// The densities, the roomiest first. In the last two text stands on the borders.
pub const DENSITIES: [Density; 6] = [
    Density { rows: 5, gap: 1 },
    Density { rows: 4, gap: 1 },
    Density { rows: 3, gap: 1 },
    Density { rows: 3, gap: 0 },
    Density { rows: 2, gap: 1 },
    Density { rows: 2, gap: 0 },
];

impl Density {
    /// Whether text stands on the borders because there is nothing between them.
    pub fn is_tight(self) -> bool {
        self.rows == 2
    }
}

/// A box on the sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Column.
    pub x: usize,
    /// Row.
    pub y: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// A connector: points joined by straight lines, from the border of one box to that of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// The step it comes from.
    pub from: usize,
    /// The step it goes to.
    pub to: usize,
    /// Its corners.
    pub points: Vec<(usize, usize)>,
    /// What it is called, and where that is written.
    pub label: Option<(usize, usize, String)>,
    /// Whether it ends at the box `to`, and not in a lane.
    pub arrives: bool,
}

/// The steps on the sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// A box for every step.
    pub places: Vec<Place>,
    /// The connectors.
    pub wires: Vec<Wire>,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// How much room every step has.
    pub density: Density,
}

/// What stands on a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Step(usize),
    /// A connector that passes by: its number.
    Lane(usize),
}

/// One stretch of a connector, from one level to the next.
#[derive(Debug, Clone)]
struct Stretch {
    level: usize,
    from: Item,
    to: Item,
    ends: (usize, usize),
    label: Option<String>,
}

/// Places steps on a sheet of at least `width` columns, as roomily as `height` rows allow. `levels` are the steps in dependency order.
pub fn place(nodes: &[Node], levels: &[Vec<usize>], width: usize, height: usize) -> Sheet {
    let (mut rows, stretches) = route(nodes, levels);
    order(&mut rows, &stretches);
    let needed = rows.iter().map(|row| row_width(row, NARROWEST)).max().unwrap_or(0);
    let width = width.max(needed).max(NARROWEST);
    let [roomiest, others @ ..] = DENSITIES;
    let mut sheet = draw(nodes.len(), &rows, &stretches, width, roomiest);
    for density in others {
        if sheet.height <= height {
            break;
        }
        sheet = draw(nodes.len(), &rows, &stretches, width, density);
    }
    sheet
}

/// The levels with the lanes of connectors that pass over them, and the connectors cut at the levels.
fn route(nodes: &[Node], levels: &[Vec<usize>]) -> (Vec<Vec<Item>>, Vec<Stretch>) {
    let mut rows: Vec<Vec<Item>> = levels.iter().map(|level| level.iter().copied().map(Item::Step).collect()).collect();
    let mut level_of = vec![0; nodes.len()];
    for (level, steps) in levels.iter().enumerate() {
        for step in steps {
            level_of[*step] = level;
        }
    }
    let mut stretches = Vec::new();
    let mut lanes = 0;
    for (to, node) in nodes.iter().enumerate() {
        for (from, label) in &node.parents {
            let (start, end) = (level_of[*from], level_of[to]);
            // What is implied by a way over other steps is not drawn; a way with a name always is.
            if end <= start || (label.is_none() && implied(nodes, *from, to)) {
                continue;
            }
            let mut at = Item::Step(*from);
            for level in start..end {
                let next = if level + 1 == end {
                    Item::Step(to)
                } else {
                    lanes += 1;
                    rows[level + 1].push(Item::Lane(lanes));
                    Item::Lane(lanes)
                };
                let label = label.clone().filter(|_| level == start);
                stretches.push(Stretch { level, from: at, to: next, ends: (*from, to), label });
                at = next;
            }
        }
    }
    (rows, stretches)
}

/// Whether a longer way leads from one step to another.
fn implied(nodes: &[Node], from: usize, to: usize) -> bool {
    let mut seen = HashSet::new();
    let mut open: Vec<usize> = nodes[to].parents.iter().map(|(parent, _)| *parent).filter(|parent| *parent != from).collect();
    while let Some(step) = open.pop() {
        if step == from {
            return true;
        }
        if seen.insert(step) {
            open.extend(nodes[step].parents.iter().map(|(parent, _)| *parent));
        }
    }
    false
}

/// Puts what hangs together below each other: each level in the order of the middle of what is above.
fn order(rows: &mut [Vec<Item>], stretches: &[Stretch]) {
    for level in 1..rows.len() {
        let (above, below) = rows.split_at_mut(level);
        let above = &above[level - 1];
        let middle = |item: &Item| {
            let places: Vec<f64> = stretches
                .iter()
                .filter(|stretch| stretch.level + 1 == level && stretch.to == *item)
                .filter_map(|stretch| above.iter().position(|other| *other == stretch.from))
                .map(|at| (at as f64 + 0.5) / above.len() as f64)
                .collect();
            if places.is_empty() { 0.5 } else { places.iter().sum::<f64>() / places.len() as f64 }
        };
        below[0].sort_by(|a, b| middle(a).total_cmp(&middle(b)));
    }
}

fn row_width(row: &[Item], step: usize) -> usize {
    let columns: usize = row.iter().map(|item| if matches!(item, Item::Step(_)) { step } else { LANE }).sum();
    columns + row.len().saturating_sub(1)
}

fn draw(count: usize, rows: &[Vec<Item>], stretches: &[Stretch], width: usize, density: Density) -> Sheet {
    let spans: Vec<Vec<(usize, usize)>> = rows.iter().map(|row| spread(row, width)).collect();
    let span = |level: usize, item: Item| {
        let at = rows[level].iter().position(|other| *other == item).unwrap_or(0);
        spans[level].get(at).copied().unwrap_or((0, width))
    };
    // Where each stretch begins and ends, in columns.
    let columns: Vec<(usize, usize)> = stretches
        .iter()
        .map(|stretch| {
            let upper = (span(stretch.level, stretch.from), matches!(stretch.from, Item::Step(_)));
            let lower = (span(stretch.level + 1, stretch.to), matches!(stretch.to, Item::Step(_)));
            join(upper, lower, density)
        })
        .collect();
    let mut tops = Vec::with_capacity(rows.len());
    let mut gaps = Vec::with_capacity(rows.len());
    let mut y = 0;
    for level in 0..rows.len() {
        tops.push(y);
        let here = stretches.iter().zip(&columns).filter(|(stretch, _)| stretch.level == level);
        let needs = here.fold(0, |most, (stretch, (from, to))| {
            most.max(usize::from(stretch.label.is_some()) + usize::from(from != to)).max(usize::from(from != to))
        });
        let gap = if level + 1 == rows.len() { 0 } else { density.gap.max(needs) };
        gaps.push(gap);
        y += density.rows + gap;
    }
    let mut places = vec![Place::default(); count];
    for (level, row) in rows.iter().enumerate() {
        for (item, (x, wide)) in row.iter().zip(&spans[level]) {
            if let Item::Step(step) = item {
                places[*step] = Place { x: *x, y: tops[level], width: *wide, height: density.rows };
            }
        }
    }
    let wires = stretches
        .iter()
        .zip(&columns)
        .map(|(stretch, (from, to))| {
            // A lane has no border: the connector goes through its rows.
            let start = match stretch.from {
                Item::Step(_) => tops[stretch.level] + density.rows - 1,
                Item::Lane(_) => tops[stretch.level],
            };
            let end = tops[stretch.level + 1];
            let mut points = vec![(*from, start)];
            if from != to {
                // It bends in the last row between the levels.
                let row = tops[stretch.level] + density.rows + gaps[stretch.level] - 1;
                points.extend([(*from, row), (*to, row)]);
            }
            points.push((*to, end));
            let label = stretch.label.clone().map(|text| (*from + 2, tops[stretch.level] + density.rows, text));
            Wire { from: stretch.ends.0, to: stretch.ends.1, points, label, arrives: matches!(stretch.to, Item::Step(_)) }
        })
        .collect();
    Sheet { places, wires, width, height: y, density }
}

/// The columns of what is on a level: start and width.
fn spread(row: &[Item], width: usize) -> Vec<(usize, usize)> {
    let steps = row.iter().filter(|item| matches!(item, Item::Step(_))).count();
    let lanes = row.len() - steps;
    let room = width.saturating_sub(lanes * LANE + row.len().saturating_sub(1));
    let (each, mut more) = (room.checked_div(steps).unwrap_or(0), room.checked_rem(steps).unwrap_or(0));
    let mut x = 0;
    row.iter()
        .map(|item| {
            let wide = match item {
                Item::Lane(_) => LANE,
                Item::Step(_) => {
                    let extra = usize::from(more > 0);
                    more -= extra;
                    each + extra
                }
            };
            let span = (x, wide);
            x += wide + 1;
            span
        })
        .collect()
}

/// The columns where a connector leaves one box and enters another: the same one where they lie above each other.
fn join(((x1, w1), box1): ((usize, usize), bool), ((x2, w2), box2): ((usize, usize), bool), density: Density) -> (usize, usize) {
    let anchor = |x: usize, wide: usize, is_box: bool| {
        let centre = x + wide / 2;
        if is_box && density.is_tight() { (x + RAIL).min(centre) } else { centre }
    };
    let (upper, lower) = (anchor(x1, w1, box1), anchor(x2, w2, box2));
    let inside = |column: usize, x: usize, wide: usize, is_box: bool| {
        if is_box { column > x && column + 1 < x + wide } else { column == x + wide / 2 }
    };
    if inside(lower, x1, w1, box1) {
        (lower, lower)
    } else if inside(upper, x2, w2, box2) {
        (upper, upper)
    } else {
        (upper, lower)
    }
}

/// The first row or column to show so that `from..to` is among `room` of `all`, as near as possible to where `offset` was.
pub fn scroll(offset: usize, (from, to): (usize, usize), all: usize, room: usize) -> usize {
    let last = all.saturating_sub(room);
    let offset = offset.min(last);
    if from < offset || to - from >= room {
        from.min(last)
    } else if to > offset + room {
        (to - room).min(last)
    } else {
        offset
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn nodes(parents: &[&[usize]]) -> Vec<Node> {
        parents.iter().map(|parents| Node { parents: parents.iter().map(|parent| (*parent, None)).collect() }).collect()
    }

    fn overlap(a: &Place, b: &Place) -> bool {
        a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
    }

    /// Every connector is made of straight lines, leaves the lower border of its box and ends at the upper border of the other.
    fn check(sheet: &Sheet) {
        for (index, place) in sheet.places.iter().enumerate() {
            assert!(place.x + place.width <= sheet.width && place.y + place.height <= sheet.height);
            assert!(sheet.places[index + 1..].iter().all(|other| !overlap(place, other)), "{sheet:?}");
        }
        for wire in &sheet.wires {
            assert!(wire.points.windows(2).all(|pair| pair[0].0 == pair[1].0 || pair[0].1 == pair[1].1), "{wire:?}");
            let (x, y) = *wire.points.last().unwrap();
            if wire.arrives {
                let to = sheet.places[wire.to];
                assert!(y == to.y && x > to.x && x + 1 < to.x + to.width, "{wire:?} {to:?}");
            }
        }
    }

    #[test]
    fn a_chain_is_one_straight_line() {
        let sheet = place(&nodes(&[&[], &[0], &[1]]), &[vec![0], vec![1], vec![2]], 40, 20);
        check(&sheet);
        assert_eq!(sheet.density, Density { rows: 5, gap: 1 });
        assert!(sheet.places.iter().all(|place| place.width == 40));
        assert!(sheet.wires.iter().all(|wire| wire.points.len() == 2 && wire.points[0].0 == 20));
    }

    #[test]
    fn less_height_makes_boxes_lower_and_then_they_are_scrolled() {
        let (nodes, levels) = (nodes(&[&[], &[0], &[1]]), [vec![0], vec![1], vec![2]]);
        let heights: Vec<usize> = [17, 16, 13, 10, 8, 7, 3].iter().map(|rows| place(&nodes, &levels, 40, *rows).height).collect();
        assert_eq!(heights, [17, 14, 11, 9, 8, 6, 6]);
        assert_eq!(scroll(0, (4, 6), 6, 3), 3);
        assert_eq!(scroll(3, (0, 2), 6, 3), 0);
        assert_eq!(scroll(1, (2, 4), 6, 3), 1, "what is visible does not move");
    }

    #[test]
    fn branches_stand_side_by_side_with_their_names_above() {
        let mut graph = nodes(&[&[], &[0], &[0]]);
        graph[1].parents[0].1 = Some("register".into());
        graph[2].parents[0].1 = Some("refuse".into());
        for rows in [40, 6] {
            let sheet = place(&graph, &[vec![0], vec![1, 2]], 60, rows);
            check(&sheet);
            let [left, right] = [sheet.places[1], sheet.places[2]];
            assert!(left.y == right.y && left.x + left.width < right.x);
            assert_eq!(sheet.wires.iter().filter(|wire| wire.label.is_some()).count(), 2);
            for wire in &sheet.wires {
                let (x, y, _) = wire.label.clone().unwrap();
                assert!(y == sheet.places[0].y + sheet.places[0].height && x > wire.points[0].0, "beside its line, between the boxes");
            }
        }
    }

    #[test]
    fn what_passes_over_a_level_has_a_lane_there_and_what_is_implied_is_not_drawn() {
        // 0 → 1 → 2 → 3, 0 → 3 is implied; 4 → 3 passes over the level of 2.
        let graph = nodes(&[&[], &[0], &[1], &[2, 0, 4], &[0]]);
        let sheet = place(&graph, &[vec![0], vec![1, 4], vec![2], vec![3]], 70, 60);
        check(&sheet);
        assert!(!sheet.wires.iter().any(|wire| (wire.from, wire.to) == (0, 3)));
        let passing: Vec<&Wire> = sheet.wires.iter().filter(|wire| (wire.from, wire.to) == (4, 3)).collect();
        assert_eq!(passing.len(), 2);
        assert!(sheet.places[2].width < 70, "the lane takes its columns from the step beside it");
    }

    #[test]
    fn many_branches_make_the_sheet_wider_than_the_screen() {
        let graph = nodes(&[&[], &[0], &[0], &[0], &[0], &[0]]);
        let sheet = place(&graph, &[vec![0], vec![1, 2, 3, 4, 5]], 40, 20);
        check(&sheet);
        assert_eq!(sheet.width, 5 * NARROWEST + 4);
        assert!(sheet.places[0].width == sheet.width);
    }

    proptest::proptest! {
        /// Any graph at any size: no box lies over another, and every connector ends where it should.
        #[test]
        fn any_graph_can_be_placed(
            edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..30),
            count in 1_usize..12,
            width in 1_usize..120,
            height in 1_usize..80,
        ) {
            let mut graph: Vec<Node> = vec![Node { parents: Vec::new() }; count];
            for (a, b) in edges {
                let (from, to) = (a.min(b) % count, a.max(b) % count);
                if from < to && !graph[to].parents.iter().any(|(parent, _)| *parent == from) {
                    graph[to].parents.push((from, None));
                }
            }
            let mut level = vec![0; count];
            for step in 0..count {
                level[step] = graph[step].parents.iter().map(|(parent, _)| level[*parent] + 1).max().unwrap_or(0);
            }
            let levels: Vec<Vec<usize>> = (0..=level.iter().copied().max().unwrap_or(0))
                .map(|at| (0..count).filter(|step| level[*step] == at).collect())
                .collect();
            check(&place(&graph, &levels, width, height));
        }
    }
}
