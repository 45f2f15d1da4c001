//! The plan of a statement, as a tree that can be walked through.

use crossterm::event::{KeyCode, KeyEvent};

use super::Outcome;
use crate::app::list::ListState;
use crate::ops::query::QueryEngine;
use crate::ops::query::plan::Plan;

/// A plan on the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanView {
    /// Whose plan.
    pub engine: QueryEngine,
    /// The statement, in one line.
    pub sql: String,
    /// The plan.
    pub plan: Plan,
    /// The selected node.
    pub list: ListState,
}

impl PlanView {
    /// A plan.
    pub fn new(engine: QueryEngine, sql: String, plan: Plan) -> PlanView {
        PlanView { engine, sql, plan, list: ListState::default() }
    }

    /// The share of the whole cost that a node has without what is below it, between 0 and 1.
    pub fn own_share(&self, index: usize) -> Option<f64> {
        let total = self.plan.nodes.iter().filter_map(|node| node.cost).fold(0.0, f64::max);
        let node = self.plan.nodes.get(index)?;
        let below: f64 = self.plan.nodes[index + 1..]
            .iter()
            .take_while(|other| other.depth > node.depth)
            .filter(|other| other.depth == node.depth + 1)
            .filter_map(|other| other.cost)
            .fold(0.0, f64::max);
        // Redshift's costs of a lone maximum are absolute: a node of more than a million million is the planner's way to say "avoid".
        (total > 0.0).then(|| ((node.cost.unwrap_or(0.0) - below) / total).clamp(0.0, 1.0))
    }

    pub(super) fn key(&mut self, key: KeyEvent, page: usize) -> Outcome {
        let len = self.plan.nodes.len();
        let page = isize::try_from(page.max(1)).unwrap_or(10);
        match key.code {
            KeyCode::Down | KeyCode::Char('j') => self.list.move_by(1, len),
            KeyCode::Up | KeyCode::Char('k') => self.list.move_by(-1, len),
            KeyCode::PageDown | KeyCode::Char(' ') => self.list.move_by(page, len),
            KeyCode::PageUp => self.list.move_by(-page, len),
            KeyCode::Home | KeyCode::Char('g') => self.list.first(),
            KeyCode::End | KeyCode::Char('G') => self.list.last(len),
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => return Outcome::Close(None),
            _ => return Outcome::Ignored,
        }
        Outcome::Consumed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::query::plan;

    #[test]
    fn a_node_has_what_its_children_do_not_have() {
        let lines = [
            "XN Sort  (cost=100.00..100.00 rows=1 width=4)".to_owned(),
            "  ->  XN Hash Join  (cost=0.00..80.00 rows=1 width=4)".to_owned(),
            "        ->  XN Seq Scan on a  (cost=0.00..60.00 rows=1 width=4)".to_owned(),
            "        ->  XN Seq Scan on b  (cost=0.00..10.00 rows=1 width=4)".to_owned(),
        ];
        let view = PlanView::new(QueryEngine::Redshift, String::new(), plan::read(&lines));
        let shares: Vec<u32> = (0..4).filter_map(|at| view.own_share(at)).map(|share| (share * 100.0).round() as u32).collect();
        assert_eq!(shares, [20, 20, 60, 10]);
    }
}
