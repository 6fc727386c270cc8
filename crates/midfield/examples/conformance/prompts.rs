//! Prompts: with and without arguments, with a resource, with a picture, and one that asks the user first.

use midfield::prelude::*;
use midfield::server::Typing;

use crate::contents::png;

#[derive(Deserialize, JsonSchema)]
struct Two {
    /// The first argument.
    arg1: String,
    /// The second argument.
    arg2: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Embedded {
    /// Where the resource is.
    resource_uri: String,
}

#[derive(Deserialize, JsonSchema)]
struct Background {
    /// What is it about?
    context: String,
}

pub(crate) fn prompts() -> Result<Vec<Prompt>, base64::DecodeError> {
    let png = png()?;
    Ok(vec![
        Prompt::new(
            "test_simple_prompt",
            async || "This is a simple prompt for testing.",
        )
        .description("A prompt without arguments."),
        Prompt::new(
            "test_prompt_with_arguments",
            async |Args(two): Args<Two>| {
                format!(
                    "Prompt with arguments: arg1='{}', arg2='{}'",
                    two.arg1, two.arg2
                )
            },
        )
        .complete("arg1", async |typing: Typing, _: Context| {
            let mut values = vec!["testValue1", "testing", "other"];
            values.retain(|value| value.starts_with(&typing.value));
            values
        })
        .description("A prompt with two arguments."),
        Prompt::new("test_prompt_with_embedded_resource", embed)
            .description("A prompt that brings a resource along."),
        Prompt::new("test_prompt_with_image", move || {
            std::future::ready(vec![
                PromptMessage::user(Content::image(&png, "image/png")),
                PromptMessage::user(Content::text("Please analyze the image above.")),
            ])
        })
        .description("A prompt with a picture."),
        Prompt::new("test_input_required_result_prompt", ask)
            .asks(Asks::form())
            .form::<Background>()
            .description("A prompt that asks the user first."),
    ])
}

async fn embed(Args(embedded): Args<Embedded>) -> Vec<PromptMessage> {
    let resource = ResourceContents::text(
        embedded.resource_uri,
        "Embedded resource content for testing.",
    );
    vec![
        PromptMessage::user(Content::resource(resource.mime_type("text/plain"))),
        PromptMessage::user(Content::text("Please process the embedded resource above.")),
    ]
}

async fn ask(cx: Context) -> Result<String> {
    let answer = cx
        .elicit::<Background>("user_context", "What is it about?")
        .await?;
    let context = answer.accepted().map(|background| background.context);
    Ok(format!(
        "Answer with this in mind: {}",
        context.as_deref().unwrap_or("nothing")
    ))
}
