//! The views of the pane.

/// What the pane shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum View {
    /// The values of the selected column, and how many of each say yes.
    #[default]
    Distribution,
    /// The selected column among those who say yes and among those who do not.
    Answers,
    /// How the numeric columns move together.
    Correlations,
    /// Every numeric column against every other.
    Pairs,
    /// The selected numeric column against another one.
    Density,
    /// The months of the campaign.
    Order,
    /// What an audience is told.
    Findings,
}

impl View {
    /// Every view, in order.
    pub const ALL: [View; 7] =
        [View::Distribution, View::Answers, View::Correlations, View::Pairs, View::Density, View::Order, View::Findings];

    /// The title on the screen.
    pub const fn title(self) -> &'static str {
        match self {
            View::Distribution => "Values",
            View::Answers => "By answer",
            View::Correlations => "Correlations",
            View::Pairs => "Pairs",
            View::Density => "Density",
            View::Order => "Time",
            View::Findings => "Findings",
        }
    }

    /// Whether it is of a column, so that the columns stand beside it.
    pub const fn of_column(self) -> bool {
        !matches!(self, View::Order | View::Findings)
    }

    /// Whether its picture can be an image: one whose parts are selected all the time, or that a file shows otherwise, stays made of characters.
    pub const fn as_image(self) -> bool {
        matches!(self, View::Distribution | View::Correlations | View::Pairs | View::Density)
    }

    /// The view so many places on, around the ends.
    pub fn step(self, by: isize) -> View {
        let count = View::ALL.len() as isize;
        View::ALL[(self as isize + by).rem_euclid(count) as usize]
    }
}
