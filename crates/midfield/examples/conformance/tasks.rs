//! Tools whose calls run as tasks, where the client knows tasks.

use std::time::Duration;

use midfield::prelude::*;
use midfield::types::TaskSupport;

#[derive(Deserialize, JsonSchema)]
struct Computation {
    /// How long it takes.
    seconds: f64,
    /// What it is called.
    #[serde(default)]
    label: String,
}

#[derive(Deserialize, JsonSchema)]
struct Deletion {
    /// What is deleted.
    filename: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Confirmation {
    /// Whether to go on.
    confirm: bool,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct UserName {
    /// How the user is called.
    name: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Entered {
    /// A name.
    name: String,
    /// Whether it is right.
    confirm: bool,
}

pub(crate) fn tools() -> Vec<Tool> {
    vec![
        Tool::new("slow_compute", slow_compute)
            .task(TaskSupport::Optional)
            .description("Takes as long as it is told to."),
        Tool::new("failing_job", failing_job)
            .task(TaskSupport::Required)
            .description("Fails after a while."),
        Tool::new("protocol_error_job", protocol_error_job)
            .task(TaskSupport::Required)
            .description("Ends with an error of the protocol."),
        Tool::new("confirm_delete", confirm_delete)
            .task(TaskSupport::Required)
            .asks(Asks::form())
            .form::<Confirmation>()
            .description("Asks before it deletes nothing."),
        Tool::new("multi_input", multi_input)
            .task(TaskSupport::Required)
            .asks(Asks::form())
            .form::<Entered>()
            .description("Asks two things at once."),
        Tool::new("test_tool_with_task", ask_first)
            .task(TaskSupport::Required)
            .becomes_task()
            .asks(Asks::form())
            .form::<UserName>()
            .description("Asks first, and becomes a task then."),
    ]
}

async fn slow_compute(cx: Context, Args(computation): Args<Computation>) -> String {
    let Computation { seconds, label } = computation;
    let duration = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    cx.sleep("computing", duration).await;
    format!("computed {label} in {seconds} s")
}

async fn failing_job(cx: Context) -> Result<String> {
    cx.sleep("trying", Duration::from_secs(1)).await;
    Err(Error::tool("this job fails, as it is meant to"))
}

async fn protocol_error_job() -> Result<String> {
    Err(Error::resource_not_found("test://of-a-job"))
}

async fn confirm_delete(cx: Context, Args(deletion): Args<Deletion>) -> Result<String> {
    let question = format!("Delete {}?", deletion.filename);
    let answer = cx.elicit::<Confirmation>("confirm", question).await?;
    Ok(match answer.accepted() {
        Some(Confirmation { confirm: true }) => format!("deleted {}", deletion.filename),
        _ => format!("kept {}", deletion.filename),
    })
}

async fn multi_input(cx: Context) -> Result<String> {
    let (first, second) = tokio::join!(
        cx.elicit::<Entered>("first_name", "What is the first name?"),
        cx.elicit::<Entered>("second_name", "What is the second name?"),
    );
    let name = |answer: Answer<Entered>| answer.accepted().map_or(String::new(), |it| it.name);
    Ok(format!("{} and {}", name(first?), name(second?)))
}

async fn ask_first(cx: Context) -> Result<String> {
    let answer = cx.elicit::<UserName>("user_name", "Who are you?").await?;
    cx.become_task().await;
    cx.sleep("working", Duration::from_millis(200)).await;
    let name = answer.accepted().map_or(String::new(), |it| it.name);
    Ok(format!("Hello, {name}!"))
}
