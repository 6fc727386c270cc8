//! Leaving out, or saying differently, what an older revision lacks.

use std::borrow::Cow;

use crate::Rules;
use crate::types::{Content, EmbeddedResource, ResourceContents, Tool, ToolResult};

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
    // Legacy revisions know structured output of objects only.
    tool.output_schema = tool
        .output_schema
        .filter(crate::types::Schema::is_of_object);
    if !rules.icons {
        tool.icons = Vec::new();
    }
    if !rules.tool_execution {
        tool.execution = None;
    }
    tool
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
    match content {
        Content::Audio(_) => rules.audio_content,
        Content::ResourceLink(_) => rules.resource_links,
        Content::Text(_) | Content::Image(_) | Content::Resource(_) => true,
    }
}

fn content(content: Content, rules: Rules) -> Content {
    match content {
        // A sound is a resource with bytes, so nothing of it is lost.
        Content::Audio(audio) if !rules.audio_content => Content::Resource(EmbeddedResource {
            resource: ResourceContents {
                uri: "midfield:audio".into(),
                mime_type: Some(audio.mime_type),
                blob: Some(audio.data),
                ..ResourceContents::default()
            },
            annotations: audio.annotations,
            meta: None,
        }),
        Content::ResourceLink(link) if !rules.resource_links => {
            Content::text(format!("{}: {}", link.title.unwrap_or(link.name), link.uri))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ResourceLink, Schema, ToolAnnotations};
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
    fn legacy_revisions_know_only_structured_objects() {
        let list = ToolResult::structured(&Raw::of(&[1, 2]).expect("JSON"));
        let adapted = tool_result(&list, Revision::V2025_11_25.rules());
        assert_eq!(adapted.structured_content, None);
        assert_eq!(adapted.content, [Content::text("[1,2]")]);
    }
}
