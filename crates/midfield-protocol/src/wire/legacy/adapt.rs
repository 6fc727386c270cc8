//! Leaving out, or saying differently, what an older revision lacks.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::Rules;
use crate::types::{
    Annotations, Content, EmbeddedResource, Implementation, Meta, ResourceContents, Schema,
    ServerCapabilities, Text, Tool, ToolResult,
};

/// `tool` as the revision with these rules knows it.
pub(in crate::wire) fn tool(tool: &Tool, rules: Rules) -> Tool {
    let mut tool = tool.clone();
    if !rules.tool_annotations {
        tool.annotations = None;
    }
    if !rules.structured_output {
        // Before there were titles, the annotations held them.
        if let (Some(title), true) = (tool.title.take(), rules.tool_annotations) {
            tool.annotations
                .get_or_insert_default()
                .title
                .get_or_insert(title);
        }
        tool.output_schema = None;
        tool.meta = None;
    }
    tool.input_schema = with_object_properties(tool.input_schema);
    // Legacy revisions know structured output of objects only.
    tool.output_schema = tool
        .output_schema
        .filter(Schema::is_of_object)
        .map(with_object_properties);
    if !rules.icons {
        tool.icons = Vec::new();
    }
    if !rules.core_tasks {
        tool.execution = None;
    }
    tool
}

/// Legacy revisions describe each property of a tool's schema by an object; clients refuse the whole page
/// for a `true` or `false` there, which have equals.
fn with_object_properties(schema: Schema) -> Schema {
    let properties = schema
        .keywords()
        .get("properties")
        .and_then(Value::as_object);
    if !properties.is_some_and(|properties| properties.values().any(Value::is_boolean)) {
        return schema;
    }
    let mut keywords = schema.keywords().clone();
    let properties = keywords
        .get_mut("properties")
        .and_then(Value::as_object_mut);
    for property in properties
        .into_iter()
        .flat_map(|properties| properties.values_mut())
    {
        match property {
            Value::Bool(true) => *property = json!({}),
            Value::Bool(false) => *property = json!({"not": {}}),
            _ => {}
        }
    }
    Schema::new(keywords)
}

/// `result` as the revision with these rules knows it; borrowed where nothing changes.
pub(in crate::wire) fn tool_result(result: &ToolResult, rules: Rules) -> Cow<'_, ToolResult> {
    let structured_fits = result
        .structured_content
        .as_ref()
        .is_none_or(|value| rules.structured_output && value.as_str().starts_with('{'));
    if structured_fits && result.content.iter().all(|content| fits(content, rules)) {
        return Cow::Borrowed(result);
    }
    let mut result = result.clone();
    if !structured_fits {
        result.structured_content = None;
    }
    result.content = result
        .content
        .into_iter()
        .map(|item| content(item, rules))
        .collect();
    Cow::Owned(result)
}

fn fits(content: &Content, rules: Rules) -> bool {
    let (annotations, meta) = match content {
        Content::Text(text) => (&text.annotations, &text.meta),
        Content::Image(image) => (&image.annotations, &image.meta),
        Content::Audio(audio) if rules.audio_content => (&audio.annotations, &audio.meta),
        Content::ResourceLink(link)
            if rules.resource_links && (rules.icons || link.icons.is_empty()) =>
        {
            (&link.annotations, &link.meta)
        }
        Content::Resource(embedded)
            if rules.structured_output || embedded.resource.meta.is_none() =>
        {
            (&embedded.annotations, &embedded.meta)
        }
        Content::Audio(_) | Content::ResourceLink(_) | Content::Resource(_) => return false,
    };
    let dated = annotations
        .as_ref()
        .is_some_and(|annotations| annotations.last_modified.is_some());
    rules.structured_output || (meta.is_none() && !dated)
}

pub(super) fn content(content: Content, rules: Rules) -> Content {
    let mut content = match content {
        // A sound is a resource with bytes, so nothing of it is lost.
        Content::Audio(audio) if !rules.audio_content => Content::Resource(EmbeddedResource {
            resource: ResourceContents {
                uri: "midfield:audio".into(),
                mime_type: Some(audio.mime_type),
                blob: Some(audio.data),
                ..ResourceContents::default()
            },
            annotations: audio.annotations,
            meta: audio.meta,
        }),
        Content::ResourceLink(link) if !rules.resource_links => Content::Text(Text {
            text: format!("{}: {}", link.title.unwrap_or(link.name), link.uri),
            annotations: link.annotations,
            meta: link.meta,
        }),
        other => other,
    };
    if let Content::ResourceLink(link) = &mut content
        && !rules.icons
    {
        link.icons = Vec::new();
    }
    if !rules.structured_output {
        let (annotations, meta) = attached(&mut content);
        *meta = None;
        if let Some(annotations) = annotations {
            annotations.last_modified = None;
        }
        if let Content::Resource(embedded) = &mut content {
            embedded.resource.meta = None;
        }
    }
    content
}

/// What every kind of content carries beside itself.
fn attached(content: &mut Content) -> (&mut Option<Annotations>, &mut Option<Meta>) {
    match content {
        Content::Text(text) => (&mut text.annotations, &mut text.meta),
        Content::Image(image) => (&mut image.annotations, &mut image.meta),
        Content::Audio(audio) => (&mut audio.annotations, &mut audio.meta),
        Content::ResourceLink(link) => (&mut link.annotations, &mut link.meta),
        Content::Resource(embedded) => (&mut embedded.annotations, &mut embedded.meta),
    }
}

/// `implementation` as the revision with these rules knows it.
pub(in crate::wire) fn implementation(
    implementation: &Implementation,
    rules: Rules,
) -> Implementation {
    let mut implementation = implementation.clone();
    if !rules.structured_output {
        implementation.title = None;
    }
    if !rules.icons {
        implementation.description = None;
        implementation.website_url = None;
        implementation.icons = Vec::new();
    }
    implementation
}

/// `capabilities` as the revision with these rules knows them. Extensions stay: they are negotiated in
/// every revision whose peers know them
/// ([SEP-2133](https://modelcontextprotocol.io/seps/2133-extensions#negotiation)).
pub(in crate::wire) fn capabilities(
    capabilities: &ServerCapabilities,
    rules: Rules,
) -> ServerCapabilities {
    let mut capabilities = capabilities.clone();
    if !rules.completions_capability {
        capabilities.completions = None;
    }
    if !rules.core_tasks {
        capabilities.tasks = None;
    }
    capabilities
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ResourceLink, ToolAnnotations};
    use crate::{Raw, Revision};

    #[test]
    fn an_old_revision_gets_a_tool_without_what_it_lacks() {
        let full = Tool {
            title: Some("Add".into()),
            output_schema: Some(Schema::default()),
            annotations: Some(ToolAnnotations::default()),
            ..Tool::new("add", Schema::default())
        };
        let oldest = tool(&full, Revision::V2024_11_05.rules());
        assert_eq!(oldest, Tool::new("add", Schema::default()));
        let next = tool(&full, Revision::V2025_03_26.rules());
        assert_eq!(
            next.annotations
                .and_then(|annotations| annotations.title)
                .as_deref(),
            Some("Add")
        );
        assert_eq!(tool(&full, Revision::V2025_11_25.rules()), full);
    }

    #[test]
    fn content_that_a_revision_lacks_is_said_differently_and_not_dropped() {
        let link = Content::ResourceLink(ResourceLink::new("lab://1", "assay"));
        let result = ToolResult::new(vec![Content::audio(b"x", "audio/wav"), link]);
        let adapted = tool_result(&result, Revision::V2024_11_05.rules());
        assert!(matches!(&adapted.content[0], Content::Resource(sound)
            if sound.resource.blob.as_deref() == Some("eA==")));
        assert_eq!(adapted.content[1], Content::text("assay: lab://1"));
        let kept = tool_result(&result, Revision::V2025_11_25.rules());
        assert!(matches!(kept, Cow::Borrowed(_)));
    }

    #[test]
    fn a_boolean_property_becomes_its_equal_that_is_an_object() {
        let schema =
            json!({"type": "object", "properties": {"a": true, "b": false, "c": {"d": true}}});
        let schema: Schema = serde_json::from_value(schema).expect("a schema");
        let adapted = tool(&Tool::new("t", schema), Revision::V2025_11_25.rules());
        assert_eq!(
            adapted.input_schema.to_value()["properties"],
            json!({"a": {}, "b": {"not": {}}, "c": {"d": true}})
        );
    }

    #[test]
    fn legacy_revisions_know_only_structured_objects() {
        let list = ToolResult::structured(&Raw::of(&[1, 2]).expect("JSON"));
        let adapted = tool_result(&list, Revision::V2025_11_25.rules());
        assert_eq!(adapted.structured_content, None);
        assert_eq!(adapted.content, [Content::text("[1,2]")]);
    }
}
