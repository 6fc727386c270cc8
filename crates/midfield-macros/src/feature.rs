//! What an attribute makes of a function, and what the errors call it.

use std::fmt;

use proc_macro2::Span;
use syn::Ident;

/// A feature of a server, in the words of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    /// `#[tool]`.
    Tool,
    /// `#[prompt]`.
    Prompt,
    /// `#[resource]`.
    Resource,
}

impl Feature {
    /// The function that makes it, beside the one that the attribute is on.
    pub(crate) fn maker(self) -> Ident {
        Ident::new(self.word(), Span::call_site())
    }

    /// Why it has no type parameters.
    pub(crate) fn not_generic(self) -> &'static str {
        match self {
            Self::Tool => "a tool cannot be generic: it has one input schema",
            Self::Prompt => "a prompt cannot be generic: it has one list of arguments",
            Self::Resource => "a resource cannot be generic: it has one URI, or one template",
        }
    }

    /// The settings that it has.
    pub(crate) fn known_settings(self) -> &'static str {
        match self {
            Self::Tool => {
                "`name`, `title`, `description`, `icon`, `read_only`, `destructive`, `idempotent`, \
                 `open_world`, `task`, `timeout` and `asks(…)`"
            }
            Self::Prompt => "`name`, `title`, `description`, `icon`, `complete(…)` and `asks(…)`",
            Self::Resource => {
                "the URI at first, `name`, `title`, `description`, `icon`, `mime_type`, `freshness`, \
                 `complete(…)` and `asks(…)`"
            }
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
