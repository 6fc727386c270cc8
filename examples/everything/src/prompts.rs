//! What people can begin with.

#![expect(
    clippy::needless_pass_by_value,
    reason = "the arguments of a handler are its own"
)]

use midfield::prelude::*;
use midfield::types::PromptResult;

use crate::notebook::{Notebook, PIXEL};

/// A first sentence.
#[prompt(title = "Greeting")]
pub(crate) fn greeting() -> &'static str {
    "Introduce yourself to the laboratory."
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Length {
    Short,
    Long,
}

/// Have a note turned into a report.
#[prompt(title = "Report")]
pub(crate) fn report(
    /// The title of the note.
    title: String,
    /// How long the report is to be.
    length: Option<Length>,
    /// How many pictures it may have.
    pictures: Option<u8>,
    notebook: State<Notebook>,
) -> PromptResult {
    let note = notebook
        .read(&title)
        .unwrap_or_else(|| "(nothing yet)".to_owned());
    let length = match length {
        Some(Length::Long) => "three pages",
        Some(Length::Short) | None => "one paragraph",
    };
    let pictures = pictures.unwrap_or(0);
    let resource = ResourceContents::text(format!("notebook://notes/{title}"), note);
    PromptResult::new(vec![
        PromptMessage::user(Content::resource(resource.mime_type("text/plain"))),
        PromptMessage::user(Content::image(PIXEL, "image/png")),
        PromptMessage::user(Content::text(format!(
            "Write a report of {length} from this note, with {pictures} pictures like this one."
        ))),
        PromptMessage::assistant(Content::text("I will keep to what the note says.")),
    ])
    .description("A report from a note")
}

/// Who reads the report?
#[derive(Deserialize, JsonSchema)]
struct Reader {
    /// For whom is the report?
    reader: String,
}

/// The same without the macro: a prompt may ask too.
pub(crate) fn interview() -> Prompt {
    Prompt::new("interview", async |cx: Context| {
        let reader = cx.elicit::<Reader>("reader", "Who reads it?").await?;
        Ok::<_, Error>(match reader {
            Answer::Accepted(Reader { reader }) => format!("Write a report for {reader}."),
            Answer::Declined | Answer::Cancelled => "Write a report for anybody.".to_owned(),
        })
    })
    .description("Ask the user what the report is for, then have it written.")
    .form::<Reader>()
}
