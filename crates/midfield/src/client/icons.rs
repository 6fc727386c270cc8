//! Pictures that a server names, as far as a client may look at them
//! ([2026-07-28, icons](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#icons)).

use midfield_protocol::types::{
    Icon, Implementation, Prompt, Resource, ResourceLink, ResourceTemplate, Tool,
};

/// What has pictures.
pub(super) trait Pictured {
    fn icons(&mut self) -> &mut Vec<Icon>;

    /// Leaves out the pictures at addresses that a client must refuse. None is ever fetched here.
    fn keep_safe_icons(&mut self) {
        self.icons().retain(|icon| {
            let is_safe = has_scheme(&icon.src, "https:") || has_scheme(&icon.src, "data:");
            if !is_safe {
                tracing::debug!(
                    "left out an icon that is at neither an `https` nor a `data` address"
                );
            }
            is_safe
        });
    }
}

fn has_scheme(address: &str, scheme: &str) -> bool {
    let begin = address.get(..scheme.len());
    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
}

macro_rules! pictured {
    ($($kind:ty),+) => {
        $(impl Pictured for $kind {
            fn icons(&mut self) -> &mut Vec<Icon> {
                &mut self.icons
            }
        })+
    };
}

pictured!(
    Implementation,
    Prompt,
    Resource,
    ResourceLink,
    ResourceTemplate,
    Tool
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_at_safe_addresses_are_kept() {
        let mut tool = Tool::default();
        tool.icons = [
            "https://example.com/a.png",
            "HTTPS://example.com/b.png",
            "data:image/png;base64,AA==",
            "http://example.com/a.png",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "ftp://example.com/a.png",
            "ws://example.com/a",
            "app://local",
            " https://example.com/a.png",
            "",
        ]
        .map(Icon::new)
        .into();
        tool.keep_safe_icons();
        let kept: Vec<&str> = tool.icons.iter().map(|icon| icon.src.as_str()).collect();
        assert_eq!(
            kept,
            [
                "https://example.com/a.png",
                "HTTPS://example.com/b.png",
                "data:image/png;base64,AA=="
            ]
        );
    }
}
