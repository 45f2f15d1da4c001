//! The panes of the screen.

/// A pane. The order is that of the number keys and of `Tab`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pane {
    /// The nine steps.
    Walkthrough,
    /// The resource checklist.
    Resources,
    /// The SQL console.
    Sql,
    /// The pipeline execution.
    Pipeline,
    /// The prediction form.
    Predict,
    /// Pictures of the data.
    Explore,
    /// API calls.
    Activity,
}

impl Pane {
    /// Every pane, in order.
    pub const ALL: [Pane; 7] =
        [Pane::Walkthrough, Pane::Resources, Pane::Sql, Pane::Pipeline, Pane::Predict, Pane::Explore, Pane::Activity];

    /// The title on the screen. Scripts that drive the program look for it.
    pub const fn title(self) -> &'static str {
        match self {
            Pane::Walkthrough => "Walkthrough",
            Pane::Resources => "Resources",
            Pane::Sql => "SQL",
            Pane::Pipeline => "Pipeline",
            Pane::Predict => "Predict",
            Pane::Explore => "Explore",
            Pane::Activity => "Activity",
        }
    }

    /// The number key, from 1.
    pub const fn number(self) -> usize {
        self as usize + 1
    }

    /// The pane of a title, in any case.
    pub fn by_title(title: &str) -> Option<Pane> {
        Pane::ALL.into_iter().find(|pane| pane.title().eq_ignore_ascii_case(title))
    }

    /// The next pane, around the end.
    pub fn next(self) -> Pane {
        Pane::ALL[(self as usize + 1) % Pane::ALL.len()]
    }

    /// The pane before, around the start.
    pub fn previous(self) -> Pane {
        Pane::ALL[(self as usize + Pane::ALL.len() - 1) % Pane::ALL.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_forward_and_back_ends_where_it_began() {
        for pane in Pane::ALL {
            assert_eq!(pane.next().previous(), pane);
            assert_eq!(Pane::by_title(&pane.title().to_lowercase()), Some(pane));
        }
    }
}
