//! The views of the pane, and the sections of what is said about a step.

/// What the pane shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum View {
    /// An execution, drawn.
    #[default]
    Graph,
    /// The executions so far.
    Runs,
    /// The model registry.
    Models,
    /// What answers.
    Endpoints,
    /// The definition: what is deployed and what would be.
    Definition,
    /// Repository and stages of the SageMaker project.
    Project,
}

impl View {
    /// Every view, in order.
    pub const ALL: [View; 6] = [View::Graph, View::Runs, View::Models, View::Endpoints, View::Definition, View::Project];

    /// The title on the screen.
    pub const fn title(self) -> &'static str {
        match self {
            View::Graph => "Graph",
            View::Runs => "Runs",
            View::Models => "Models",
            View::Endpoints => "Endpoints",
            View::Definition => "Definition",
            View::Project => "Project",
        }
    }
}

/// A part of what is said about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Section {
    /// Why the step exists, how it is going, and the most important of everything else.
    #[default]
    About,
    /// What only this kind of step has: the learning curve, the checks, the figures, the conditions.
    Result,
    /// What goes in and comes out.
    Data,
    /// The log.
    Log,
}

impl Section {
    /// The sections of a kind of step.
    pub fn of(matter: Matter) -> &'static [Section] {
        match matter {
            Matter::Plain => &[Section::About, Section::Data, Section::Log],
            // A condition is decided by the service: nothing of it goes in, comes out or is logged.
            Matter::Gate => &[Section::About, Section::Result],
            _ => &[Section::About, Section::Result, Section::Data, Section::Log],
        }
    }

    /// The title on the screen.
    pub const fn title(self, matter: Matter) -> &'static str {
        match self {
            Section::About => "About",
            Section::Result => matter.title(),
            Section::Data => "Data",
            Section::Log => "Log",
        }
    }
}

/// What only some steps have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Matter {
    /// Nothing of its own.
    Plain,
    /// Checks of the data.
    Checks,
    /// A learning curve.
    Curve,
    /// Figures of the model.
    Figures,
    /// Conditions.
    Gate,
}

impl Matter {
    /// The title of its section.
    pub const fn title(self) -> &'static str {
        match self {
            Matter::Plain => "",
            Matter::Checks => "Checks",
            Matter::Curve => "Learning curve",
            Matter::Figures => "Figures",
            Matter::Gate => "Conditions",
        }
    }
}
