//! What clients can read: an index, a picture, and every note.

use midfield::prelude::*;
use midfield::server::{CacheScope, Freshness, TemplateError, Typing};
use midfield::types;
use midfield::types::{Annotations, ReadResult, Role};

use crate::notebook::{ICON, Notebook, PIXEL};

pub(crate) fn all() -> [Resource; 2] {
    let mut annotations = Annotations::default();
    annotations.audience = vec![Role::User, Role::Assistant];
    annotations.priority = Some(1.0);
    [
        Resource::new("notebook://index", "index", index)
            .title("Index")
            .description("The titles of all notes, and how to read them.")
            .mime_type("text/markdown")
            .annotations(annotations)
            .icon(types::Icon::new(ICON)),
        Resource::new("notebook://cover", "cover", async || PIXEL.to_vec())
            .description("The picture on the cover.")
            .mime_type("image/png")
            .size(69)
            .freshness(Freshness::new(
                std::time::Duration::from_hours(1),
                CacheScope::Public,
            )),
    ]
}

pub(crate) fn templates() -> Result<[ResourceTemplate; 2], TemplateError> {
    Ok([
        ResourceTemplate::new("notebook://notes/{title}", "note", note)?
            .description("One note.")
            .mime_type("text/plain")
            .complete("title", titles),
        ResourceTemplate::new("samples://{shelf}/{number}", "sample", sample)?
            .description("A sample on a shelf, with its label beside it.")
            .complete("number", numbers),
    ])
}

/// The rules of the laboratory.
#[resource("notebook://rules", mime_type = "text/plain")]
pub(crate) fn rules() -> &'static str {
    "Wear goggles. Label everything."
}

async fn index(notebook: State<Notebook>) -> String {
    let mut text = String::from("# Notes\n");
    for title in notebook.titles() {
        text.push_str("\n- notebook://notes/");
        text.push_str(&title);
    }
    text
}

#[derive(Deserialize, JsonSchema)]
struct Title {
    title: String,
}

async fn note(Args(note): Args<Title>, notebook: State<Notebook>) -> Result<String> {
    match notebook.read(&note.title) {
        Some(text) => Ok(text),
        None => Err(Error::resource_not_found(format!(
            "notebook://notes/{}",
            note.title
        ))),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Shelf {
    Warm,
    Cold,
}

#[derive(Deserialize, JsonSchema)]
struct Sample {
    shelf: Shelf,
    number: u32,
}

/// Several contents of one resource.
async fn sample(Args(sample): Args<Sample>, cx: Context) -> ReadResult {
    let degrees = match sample.shelf {
        Shelf::Warm => 21,
        Shelf::Cold => 4,
    };
    let sheet = format!(r#"{{"number":{},"degrees":{degrees}}}"#, sample.number);
    ReadResult::new(vec![
        ResourceContents::text(cx.target(), sheet).mime_type("application/json"),
        ResourceContents::blob(format!("{}/label", cx.target()), PIXEL).mime_type("image/png"),
    ])
}

async fn titles(typing: Typing, cx: Context) -> Result<Vec<String>> {
    let notebook = cx
        .state::<Notebook>()
        .ok_or_else(|| Error::tool("there is no notebook"))?;
    let mut titles = notebook.titles();
    titles.retain(|title| title.starts_with(&typing.value));
    Ok(titles)
}

/// What is on a shelf depends on which shelf it is.
async fn numbers(typing: Typing, _: Context) -> Vec<String> {
    let on_the_shelf = match typing.arguments.get("shelf").map(String::as_str) {
        Some("cold") => 100..=104,
        _ => 1..=5,
    };
    on_the_shelf
        .map(|number| number.to_string())
        .filter(|number| number.starts_with(&typing.value))
        .collect()
}
