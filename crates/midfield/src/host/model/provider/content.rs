//! Content that goes to providers: what they have no room for, and what is put as text instead.

use midfield_protocol::types::{Content, ResourceContents, ToolAnswer};
use serde_json::{Map, Value};

use super::super::failure::Failure;

/// A piece of what a tool answered, as providers know it.
pub(super) enum Part<'a> {
    Text(String),
    Image {
        data: &'a str,
        mime_type: &'a str,
    },
    /// A document in PDF.
    Document {
        data: &'a str,
    },
}

/// What a tool answered. Structured content comes as JSON, unless one of the texts is the same; links and the texts of
/// resources come as text.
pub(super) fn parts(answer: &ToolAnswer) -> Result<Vec<Part<'_>>, Failure> {
    let mut parts = Vec::new();
    for content in &answer.content {
        match content {
            // Providers refuse a text of no length.
            Content::Text(text) if text.text.is_empty() => {}
            Content::Text(text) => parts.push(Part::Text(text.text.clone())),
            Content::Image(image) => parts.push(Part::Image {
                data: &image.data,
                mime_type: &image.mime_type,
            }),
            Content::ResourceLink(link) => parts.push(Part::Text(format!(
                "{} ({})",
                link.title.as_ref().unwrap_or(&link.name),
                link.uri
            ))),
            Content::Resource(resource) => parts.push(of_resource(&resource.resource)?),
            Content::Audio(_) => {
                return Err(unfit("a sound in the result of a tool; give it as text"));
            }
            _ => return Err(unfit("a kind of content in the result of a tool")),
        }
    }
    if let Some(structured) = &answer.structured_content
        && !parts.iter().any(|part| says(part, structured.as_str()))
    {
        parts.push(Part::Text(structured.as_str().to_owned()));
    }
    Ok(parts)
}

fn of_resource(resource: &ResourceContents) -> Result<Part<'_>, Failure> {
    let mime_type = resource.mime_type.as_deref().unwrap_or_default();
    match (&resource.text, &resource.blob) {
        (Some(text), _) => Ok(Part::Text(format!("{}:\n{text}", resource.uri))),
        (None, Some(data)) if mime_type.starts_with("image/") => {
            Ok(Part::Image { data, mime_type })
        }
        (None, Some(data)) if mime_type == "application/pdf" => Ok(Part::Document { data }),
        _ => Err(unfit(
            "a resource in the result of a tool that is neither text, picture nor PDF",
        )),
    }
}

fn says(part: &Part<'_>, structured: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    match part {
        Part::Text(text) => read(text).is_some_and(|value| Some(value) == read(structured)),
        _ => false,
    }
}

/// The server is told what does not fit.
pub(super) fn unfit(what: &str) -> Failure {
    Failure::Unfit(format!("no model of this client takes {what}"))
}

/// Pictures of other types are refused.
pub(super) fn check_image(mime_type: &str) -> Result<(), Failure> {
    match mime_type {
        "image/jpeg" | "image/png" | "image/gif" | "image/webp" => Ok(()),
        _ => Err(unfit(&format!(
            "a picture of the type {mime_type:?}; JPEG, PNG, GIF and WebP are taken"
        ))),
    }
}

/// By whom the provider tells users apart.
pub(super) fn user(metadata: Option<&Map<String, Value>>) -> Option<&str> {
    let user = metadata?.get("user_id")?.as_str()?;
    (!user.is_empty() && user.len() <= MAX_USER).then_some(user)
}

/// Most bytes of a user's id.
const MAX_USER: usize = 256;
