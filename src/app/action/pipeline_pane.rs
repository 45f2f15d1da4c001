//! What can be done with the pipeline, the registry, endpoints and the project.

use super::{Action, Command, Scope, action};
use crate::app::Pane;
use crate::app::pipeline::{Command as P, View};

const PIPELINE: Scope = Scope::Pane(Pane::Pipeline);
const GRAPH: Scope = Scope::View(View::Graph);
const RUNS: Scope = Scope::View(View::Runs);
const MODELS: Scope = Scope::View(View::Models);
const ENDPOINTS: Scope = Scope::View(View::Endpoints);
const PROJECT: Scope = Scope::View(View::Project);

const fn on(command: P) -> Command {
    Command::Pipeline(command)
}

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(PIPELINE, on(P::Start), "pipeline.start", "start", "Start the pipeline, its parameters as they are or changed", &["s"]),
    action(PIPELINE, on(P::Stop), "pipeline.stop", "stop", "Stop the execution that is running", &["S"]),
    action(PIPELINE, on(P::Open), "pipeline.open", "open", "Look into what is selected", &["enter"]),
    action(
        PIPELINE,
        on(P::NextView),
        "pipeline.view-next",
        "view",
        "Next view: graph, runs, models, endpoints, definition, project",
        &["right", "l", "ctrl-pgdn"],
    ),
    action(PIPELINE, on(P::PreviousView), "pipeline.view-previous", "", "View before", &["left", "h", "ctrl-pgup"]),
    action(PIPELINE, on(P::Show(View::Graph)), "pipeline.graph", "", "Show the execution as a graph", &["g"]),
    action(PIPELINE, on(P::Show(View::Runs)), "pipeline.runs", "", "Show the executions so far", &["u"]),
    action(PIPELINE, on(P::Show(View::Models)), "pipeline.models", "", "Show the versions of the model", &["m"]),
    action(PIPELINE, on(P::Show(View::Endpoints)), "pipeline.endpoints", "", "Show the endpoints", &["e"]),
    action(PIPELINE, on(P::Show(View::Definition)), "pipeline.definition", "", "Show what differs from the deployed definition", &["i"]),
    action(PIPELINE, on(P::Show(View::Project)), "pipeline.project", "", "Show repository and stages of the project", &["p"]),
    action(PIPELINE, Command::Refresh, "pipeline.refresh", "refresh", "Read what is shown again", &["r"]),
    action(PIPELINE, Command::Down, "pipeline.next", "", "Select the next step, or the next row", &["down", "j"]),
    action(PIPELINE, Command::Up, "pipeline.previous", "", "Select the step or row before", &["up", "k"]),
    action(PIPELINE, Command::PageDown, "pipeline.page-down", "", "One page down", &["pgdn"]),
    action(PIPELINE, Command::PageUp, "pipeline.page-up", "", "One page up", &["pgup"]),
    action(PIPELINE, Command::First, "pipeline.first", "", "First step or row", &["home"]),
    action(PIPELINE, Command::Last, "pipeline.last", "", "Last step or row; in a log, follow it", &["end"]),
    // The graph, and what is said about a step.
    action(
        Scope::Detail,
        on(P::NextSection),
        "step.section-next",
        "section",
        "Next section of the step: about, result, data, log",
        &["right", "l", "ctrl-pgdn"],
    ),
    action(Scope::Detail, on(P::PreviousSection), "step.section-previous", "", "Section before", &["left", "h", "ctrl-pgup"]),
    action(Scope::Detail, on(P::Search), "step.search", "search", "Search the log", &["/"]),
    action(Scope::Detail, on(P::FindNext), "step.search-next", "", "Next line with what was searched", &["n"]),
    action(Scope::Detail, on(P::FindPrevious), "step.search-previous", "", "Line before with what was searched", &["N"]),
    action(Scope::Detail, on(P::FollowLog), "step.follow", "follow", "Follow the log at its end", &["f"]),
    action(GRAPH, on(P::Retry), "pipeline.retry", "retry", "Start again from the step that failed", &["t"]),
    action(
        GRAPH,
        on(P::Again),
        "pipeline.again",
        "again",
        "Run again with the same parameters; unchanged steps come from the cache",
        &["a"],
    ),
    action(GRAPH, on(P::Beside), "pipeline.beside", "", "Show one execution only, or the one before beside it", &["b"]),
    // Runs.
    action(RUNS, on(P::Mark), "runs.mark", "mark", "Mark the execution for a comparison", &["space"]),
    action(RUNS, on(P::Compare), "runs.compare", "compare", "Compare the marked executions, or this one with the one before", &["d", "c"]),
    action(RUNS, on(P::Beside), "runs.beside", "beside", "Show it in the graph, beside the other one", &["b"]),
    action(RUNS, on(P::Retry), "runs.retry", "retry", "Start it again from the step that failed", &["t"]),
    action(RUNS, on(P::Again), "runs.again", "again", "Run again with its parameters", &["a"]),
    // Models.
    action(MODELS, on(P::Approve), "models.approve", "approve", "Approve the version, with a reason", &["a"]),
    action(MODELS, on(P::Reject), "models.reject", "reject", "Reject the version, with a reason", &["n"]),
    action(MODELS, on(P::Deploy), "models.deploy", "deploy", "Deploy the version", &["y"]),
    action(MODELS, on(P::Mark), "models.mark", "", "Mark the version for a comparison", &["space"]),
    action(
        MODELS,
        on(P::Compare),
        "models.compare",
        "compare",
        "Compare the marked versions, or this one with the one before",
        &["d", "c"],
    ),
    action(MODELS, on(P::Score), "models.score", "score", "Score a table or a file with the version", &["b"]),
    action(MODELS, on(P::NewData), "models.new-data", "new data", "Let new rows arrive, train again, compare", &["f"]),
    action(MODELS, on(P::PromoteNew), "models.promote", "promote", "Promote what was trained on the new rows", &["P"]),
    // Endpoints.
    action(ENDPOINTS, on(P::Deploy), "endpoints.deploy", "deploy", "Deploy an approved version", &["y"]),
    action(ENDPOINTS, on(P::Smoke), "endpoints.smoke", "smoke test", "Ask the endpoint about rows whose answer is known", &["t"]),
    action(
        ENDPOINTS,
        on(P::AskCustomers),
        "endpoints.ask",
        "ask",
        "Let 200 customers of the test split ask the endpoint, one by one",
        &["a"],
    ),
    action(ENDPOINTS, on(P::Promote), "endpoints.promote", "promote", "Put on production what answers on staging", &["P"]),
    action(ENDPOINTS, on(P::Rollback), "endpoints.rollback", "roll back", "Put the version before back", &["b"]),
    action(
        ENDPOINTS,
        on(P::Split),
        "endpoints.split",
        "split",
        "Split the requests between two versions, or ask one in the shadow",
        &["w"],
    ),
    // Project.
    action(PROJECT, on(P::Commit), "project.commit", "commit", "Commit the source of the pipeline to the repository", &["c"]),
    action(PROJECT, on(P::RetryStage), "project.retry", "retry", "Try the stage that failed again", &["t"]),
    action(PROJECT, on(P::ApproveStage), "project.approve", "approve", "Approve the step that waits for a person", &["a"]),
    action(PROJECT, on(P::RefuseStage), "project.refuse", "refuse", "Refuse the step that waits for a person", &["n"]),
];
