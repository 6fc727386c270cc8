//! Resources: a text, a picture, one to be watched, and a template.

use midfield::prelude::*;
use midfield::server::TemplateError;
use serde_json::json;

use crate::contents::png;

#[derive(Deserialize, JsonSchema)]
struct Data {
    id: String,
}

pub(crate) fn resources() -> Result<Vec<Resource>, base64::DecodeError> {
    let png = png()?;
    Ok(vec![
        Resource::new(
            "test://static-text",
            "static-text",
            async || "This is the content of the static text resource.",
        )
        .description("A text.")
        .mime_type("text/plain"),
        Resource::new("test://static-binary", "static-binary", move || {
            std::future::ready(png.clone())
        })
        .description("A picture.")
        .mime_type("image/png"),
        Resource::new(
            "test://watched-resource",
            "watched-resource",
            async || "This resource can be watched.",
        )
        .description("A text to subscribe to.")
        .mime_type("text/plain"),
    ])
}

pub(crate) fn template() -> Result<ResourceTemplate, TemplateError> {
    let template = ResourceTemplate::new(
        "test://template/{id}/data",
        "template-data",
        async |Args(data): Args<Data>| {
            let id = data.id;
            json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") })
                .to_string()
        },
    )?;
    Ok(template
        .description("Data of an id.")
        .mime_type("application/json"))
}
