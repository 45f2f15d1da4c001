//! Repository and stages: from a commit to production, through the SDK.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use aws_sdk_codecommit::error::ProvideErrorMetadata as _;
use aws_sdk_codecommit::primitives::Blob;
use aws_sdk_codecommit::types::{DeleteFileEntry, PutFileEntry};
use shiftdeck::demo::step::Step;
use shiftdeck::ops::project::{self, Decision, ProjectView};
use shiftdeck::ops::{Context, OpErrorKind, endpoints, models, steps};

use crate::common;
use crate::deployment::{run, settings};

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_keeps_files_by_commit() {
    let account = common::account().await;
    let client = aws_sdk_codecommit::Client::new(&account.sdk_config());
    let made = client.create_repository().repository_name("r").repository_description("d").tags("a", "b").send().await.unwrap();
    let arn = made.repository_metadata().unwrap().arn().unwrap().to_owned();
    let again = client.create_repository().repository_name("r").send().await.unwrap_err();
    assert!(again.into_service_error().is_repository_name_exists_exception());
    let file = |path: &str, content: &str| PutFileEntry::builder().file_path(path).file_content(Blob::new(content)).build().unwrap();
    let commit = |parent: Option<String>| client.create_commit().repository_name("r").branch_name("main").set_parent_commit_id(parent);
    let first = commit(None).commit_message("one").author_name("a").put_files(file("a.txt", "1")).put_files(file("d/b.txt", "2"));
    let first = first.send().await.unwrap();
    assert_eq!(first.files_added().len(), 2);
    let id = first.commit_id().unwrap().to_owned();
    assert_eq!(id.len(), 40);
    let unnamed = commit(None).put_files(file("a.txt", "3")).send().await.unwrap_err();
    assert!(unnamed.into_service_error().is_parent_commit_id_required_exception());
    let same = commit(Some(id.clone())).put_files(file("a.txt", "1")).send().await.unwrap_err();
    assert!(same.into_service_error().is_no_change_exception());
    let second = commit(Some(id.clone())).put_files(file("a.txt", "3"));
    let second = second.delete_files(DeleteFileEntry::builder().file_path("d/b.txt").build().unwrap()).send().await.unwrap();
    let stale = commit(Some(id.clone())).put_files(file("a.txt", "4")).send().await.unwrap_err();
    assert!(stale.into_service_error().is_parent_commit_id_outdated_exception());

    let account = account.reopen().await;
    let client = aws_sdk_codecommit::Client::new(&account.sdk_config());
    let content = async |specifier: Option<&str>, path: &str| {
        let request = client.get_file().repository_name("r").file_path(path).set_commit_specifier(specifier.map(str::to_owned));
        request.send().await.map(|file| String::from_utf8(file.file_content().as_ref().to_vec()).unwrap())
    };
    assert_eq!(content(None, "a.txt").await.unwrap(), "3");
    assert_eq!(content(Some(&id), "/a.txt").await.unwrap(), "1");
    assert_eq!(content(Some(&id), "d/b.txt").await.unwrap(), "2");
    assert!(content(Some("main"), "d/b.txt").await.unwrap_err().into_service_error().is_file_does_not_exist_exception());
    let head = client.get_branch().repository_name("r").branch_name("main").send().await.unwrap();
    assert_eq!(head.branch().unwrap().commit_id(), second.commit_id());
    let described = client.get_commit().repository_name("r").commit_id(second.commit_id().unwrap()).send().await.unwrap();
    assert_eq!(described.commit().unwrap().parents(), std::slice::from_ref(&id));
    let folder = client.get_folder().repository_name("r").folder_path("/").commit_specifier(&id).send().await.unwrap();
    assert_eq!((folder.files().len(), folder.sub_folders()[0].absolute_path()), (1, Some("d")));
    let put = client.put_file().repository_name("r").branch_name("main").file_path("c").file_content(Blob::new("5"));
    put.parent_commit_id(second.commit_id().unwrap()).send().await.unwrap();
    assert_eq!(content(Some("main"), "c").await.unwrap(), "5");
    let differences =
        client.get_differences().repository_name("r").before_commit_specifier(&id).after_commit_specifier("main").send().await;
    assert_eq!(differences.unwrap().differences().len(), 3);
    assert_eq!(client.list_tags_for_resource().resource_arn(arn).send().await.unwrap().tags().unwrap()["a"], "b");
    assert_eq!(client.list_repositories().send().await.unwrap().repositories().len(), 1);
    client.delete_repository().repository_name("r").send().await.unwrap();
    let gone = client.get_repository().repository_name("r").send().await.unwrap_err();
    assert_eq!(gone.code(), Some("RepositoryDoesNotExistException"));
    account.close().await;
}

fn stage<'a>(view: &'a ProjectView, name: &str) -> &'a project::StageView {
    view.stages.iter().find(|stage| stage.name == name).unwrap()
}

async fn decide(context: &Context, view: &ProjectView, yes: bool) {
    let action = &stage(view, "Approve").actions[0];
    let token = action.approval.clone().unwrap();
    let decision = Decision { stage: "Approve", action: &action.name, token: &token, yes, reason: "decided in a test" };
    project::approve(context, decision).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_goes_through_the_stages_to_production() {
    let account = common::account().await;
    let mut settings = settings();
    run(&account, &settings, &[Step::Foundation, Step::Lake, Step::Load]).await;
    {
        let (context, _events) = account.context(&settings);
        let refused = project::commit(&context, "no").await.unwrap_err();
        assert_eq!(refused.kind, OpErrorKind::Precondition, "{refused}");
        assert_eq!(project::project(&context).await.unwrap(), None);
    }
    settings.project.enabled = true;
    let (context, _events) = account.context(&settings);
    let committed = project::commit(&context, "The first source").await.unwrap();
    assert!(committed.changed && committed.execution.is_some());
    let mut seen = Vec::new();
    let view = project::follow(&context, committed.execution.as_deref(), &mut |view| seen.push(view.clone())).await.unwrap();
    assert_eq!(view.head.as_ref().unwrap().message, "The first source");
    assert_eq!(stage(&view, "Source").actions[0].summary, "The first source");
    assert_eq!(
        (stage(&view, "Build").status.as_str(), stage(&view, "Build").actions[0].summary.as_str()),
        ("Succeeded", "trained and registered version 1")
    );
    assert_eq!((stage(&view, "Approve").status.as_str(), stage(&view, "Deploy").status.as_str()), ("InProgress", "Waiting"));
    assert!(!seen.is_empty());
    // What waits for a person waits on after a restart.
    drop(context);
    let account = account.reopen().await;
    let (context, _events) = account.context(&settings);
    let view = project::project(&context).await.unwrap().unwrap();
    assert_eq!(models::show(&context, 1).await.unwrap().approval, models::ApprovalState::PendingManualApproval);
    decide(&context, &view, true).await;
    let view = project::follow(&context, None, &mut |_| {}).await.unwrap();
    assert_eq!(
        (stage(&view, "Deploy").status.as_str(), stage(&view, "Deploy").actions[0].summary.as_str()),
        ("Succeeded", "BankDM-prod serves version 1")
    );
    let model = models::show(&context, 1).await.unwrap();
    assert_eq!((model.approval, model.reason.as_deref()), (models::ApprovalState::Approved, Some("decided in a test")));
    assert_eq!(model.deployed, ["BankDM-prod"]);

    // The same source makes no commit; another one supersedes what waits, and a no stops it.
    let same = project::commit(&context, "again").await.unwrap();
    assert!(!same.changed && same.execution.is_none());
    drop(context);
    settings.mlops.num_round = 20;
    let (context, _events) = account.context(&settings);
    let second = project::commit(&context, "Fewer rounds").await.unwrap();
    assert!(second.changed);
    let view = project::follow(&context, second.execution.as_deref(), &mut |_| {}).await.unwrap();
    decide(&context, &view, false).await;
    let view = project::follow(&context, second.execution.as_deref(), &mut |_| {}).await.unwrap();
    assert_eq!(
        (stage(&view, "Approve").status.as_str(), stage(&view, "Approve").actions[0].summary.as_str()),
        ("Failed", "decided in a test")
    );
    assert_eq!(models::show(&context, 2).await.unwrap().approval, models::ApprovalState::Rejected);
    let production = endpoints::list(&context).await.unwrap().into_iter().find(|view| view.name == "BankDM-prod").unwrap();
    assert_eq!(production.variants[0].version, Some(1));

    // Cleanup takes the stages and the repository too.
    run(&account, &settings, &[Step::Cleanup]).await;
    assert_eq!(project::project(&context).await.unwrap(), None);
    assert_eq!(steps::cleanup_plan(&context).await.unwrap(), []);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_fails_says_why_and_can_be_retried_or_stopped() {
    let account = common::account().await;
    let mut settings = settings();
    settings.project.enabled = true;
    settings.mlops.auc_floor = 0.999;
    run(&account, &settings, &[Step::Foundation, Step::Lake, Step::Load]).await;
    let (context, _events) = account.context(&settings);
    let committed = project::commit(&context, "A gate that nothing passes").await.unwrap();
    let execution = committed.execution.unwrap();
    let view = project::follow(&context, Some(&execution), &mut |_| {}).await.unwrap();
    let build = stage(&view, "Build");
    assert_eq!(build.status, "Failed");
    assert!(build.actions[0].summary.contains("AUC"), "{}", build.actions[0].summary);
    project::retry(&context, "build").await.unwrap();
    let view = project::follow(&context, Some(&execution), &mut |_| {}).await.unwrap();
    assert_eq!(stage(&view, "Build").status, "Failed");

    let client = aws_sdk_codepipeline::Client::new(&account.sdk_config());
    let name = view.pipeline.clone();
    let details = client.list_action_executions().pipeline_name(&name).send().await.unwrap();
    assert_eq!(details.action_execution_details().len(), 2);
    let source = details.action_execution_details().last().unwrap();
    assert_eq!(source.output().unwrap().output_variables().unwrap()["CommitId"], committed.commit.id);
    let stopped = client.stop_pipeline_execution().pipeline_name(&name).pipeline_execution_id(&execution).send().await.unwrap_err();
    assert!(stopped.into_service_error().is_pipeline_execution_not_stoppable_exception());

    // Another script than the one that this program commits is refused, not pretended.
    let repository = aws_sdk_codecommit::Client::new(&account.sdk_config());
    let put = repository.put_file().repository_name(&view.repository).branch_name("main").file_path("deliver.py");
    put.file_content(Blob::new("print('hello')")).parent_commit_id(&committed.commit.id).send().await.unwrap();
    let view = project::follow(&context, None, &mut |_| {}).await.unwrap();
    assert!(stage(&view, "Build").actions[0].summary.contains("no equivalent"), "{:?}", stage(&view, "Build"));
    let executions = client.list_pipeline_executions().pipeline_name(&name).send().await.unwrap();
    assert_eq!(executions.pipeline_execution_summaries().len(), 2);
    assert_eq!(executions.pipeline_execution_summaries()[0].trigger().unwrap().trigger_type().unwrap().as_str(), "PollForSourceChanges");
    client.delete_pipeline().name(&name).send().await.unwrap();
    assert!(client.get_pipeline_state().name(&name).send().await.unwrap_err().into_service_error().is_pipeline_not_found_exception());
    account.close().await;
}
