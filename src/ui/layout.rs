//! Where the panes are.

use ratatui::layout::Rect;

use crate::app::{Model, Pane};

/// From this size on the working panes are shown together.
pub const OVERVIEW: (u16, u16) = (100, 28);

/// Columns that Pipeline and Predict need to stand side by side.
const SIDE_BY_SIDE: u16 = 66;

/// Where everything is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The line on top: name, tabs, account.
    pub header: Rect,
    /// Everything between header and the lines at the bottom.
    pub body: Rect,
    /// The panes on the screen.
    pub panes: Vec<(Pane, Rect)>,
    /// The line that says what is happening.
    pub activity: Rect,
    /// The line that says what can be done.
    pub hints: Rect,
    /// Whether the working panes are shown together.
    pub overview: bool,
}

/// Decides where everything is. The same size and the same focus give the same places, whatever the panes have to say.
pub fn plan(area: Rect, model: &Model) -> Plan {
    let header = Rect { height: 1, ..area };
    let hints = Rect { y: area.bottom() - 1, height: 1, ..area };
    let activity = Rect { y: area.bottom() - 2, height: 1, ..area };
    let body = Rect { y: area.y + 1, height: area.height - 3, ..area };
    let overview = area.width >= OVERVIEW.0 && area.height >= OVERVIEW.1 && !model.zoomed && !model.enlarged();
    let panes = match (overview, model.walkthrough.presenting.is_some()) {
        (false, _) => vec![(model.focus, body)],
        (true, false) => together(body, model.focus),
        (true, true) => on_stage(body, model),
    };
    Plan { header, body, panes, activity, hints, overview }
}

/// While a presentation is on: what is said on the left, and beside it what it is about.
fn on_stage(body: Rect, model: &Model) -> Vec<(Pane, Rect)> {
    let beside = match model.focus {
        Pane::Walkthrough => model.walkthrough.notes(model.walkthrough.current().step).pane,
        pane => pane,
    };
    if beside == Pane::Walkthrough {
        return vec![(Pane::Walkthrough, body)];
    }
    let width = (u32::from(body.width) * 38 / 100).clamp(44, 80) as u16;
    let left = Rect { width, ..body };
    vec![(Pane::Walkthrough, left), (beside, Rect { x: body.x + width, width: body.width - width, ..body })]
}

fn together(body: Rect, focus: Pane) -> Vec<(Pane, Rect)> {
    let left_width = (u32::from(body.width) * 38 / 100).clamp(44, 80) as u16;
    let left = Rect { width: left_width, ..body };
    let right = Rect { x: body.x + left_width, width: body.width - left_width, ..body };
    let steps = (u32::from(left.height) * 56 / 100) as u16;
    let mut panes = vec![
        (Pane::Walkthrough, Rect { height: steps, ..left }),
        (Pane::Resources, Rect { y: left.y + steps, height: left.height - steps, ..left }),
    ];
    if matches!(focus, Pane::Explore | Pane::Activity) {
        panes.push((focus, right));
        return panes;
    }
    let upper = (u32::from(right.height) * 56 / 100) as u16;
    panes.push((Pane::Sql, Rect { height: upper, ..right }));
    let lower = Rect { y: right.y + upper, height: right.height - upper, ..right };
    if lower.width >= SIDE_BY_SIDE {
        let pipeline = (u32::from(lower.width) * 48 / 100) as u16;
        panes.push((Pane::Pipeline, Rect { width: pipeline, ..lower }));
        panes.push((Pane::Predict, Rect { x: lower.x + pipeline, width: lower.width - pipeline, ..lower }));
    } else {
        panes.push((if focus == Pane::Predict { Pane::Predict } else { Pane::Pipeline }, lower));
    }
    panes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::app::tests::model;
    use crate::app::walkthrough::Remote;

    #[test]
    fn panes_cover_the_body_without_overlap_at_every_size() {
        for (width, height) in [(20, 6), (80, 24), (100, 28), (119, 36), (120, 36), (160, 45), (200, 60), (400, 120)] {
            for focus in Pane::ALL {
                for (zoomed, presented) in [(false, false), (true, false), (false, true), (true, true)] {
                    let mut model = model();
                    model.focus = focus;
                    model.zoomed = zoomed;
                    model.large = presented && width % 2 == 1;
                    model.walkthrough.presenting = presented.then(|| Remote::new(model.now, false));
                    let plan = plan(Rect::new(0, 0, width, height), &model);
                    let area: u32 = plan.panes.iter().map(|(_, pane)| pane.area()).sum();
                    assert_eq!(area, plan.body.area(), "{width}x{height} {focus:?}");
                    for (index, (_, a)) in plan.panes.iter().enumerate() {
                        assert!(plan.body.contains(a.as_position()) && a.right() <= plan.body.right() && a.bottom() <= plan.body.bottom());
                        assert!(plan.panes[index + 1..].iter().all(|(_, b)| a.intersection(*b).area() == 0));
                    }
                    assert!(plan.panes.iter().any(|(pane, _)| *pane == focus), "what has the focus is on the screen");
                }
            }
        }
    }

    #[test]
    fn a_large_presentation_has_one_pane_at_every_size() {
        let mut model = model();
        model.large = true;
        let panes = |model: &Model| plan(Rect::new(0, 0, 200, 60), model).panes.len();
        assert!(panes(&model) > 1, "nothing is presented");
        model.walkthrough.presenting = Some(Remote::new(model.now, false));
        assert_eq!(panes(&model), 1);
    }

    #[test]
    fn the_working_panes_are_shown_together_when_there_is_room() {
        let plan = plan(Rect::new(0, 0, 160, 45), &model());
        let shown: Vec<Pane> = plan.panes.iter().map(|(pane, _)| *pane).collect();
        assert_eq!(shown, [Pane::Walkthrough, Pane::Resources, Pane::Sql, Pane::Pipeline, Pane::Predict]);
    }
}
