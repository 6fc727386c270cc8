//! What a form is, for whoever asks by one and for whoever fills it in: an object of named fields that are texts, numbers, yes or
//! no, or choices
//! ([2026-07-28, requested schema](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation#requested-schema)).

mod choice;
mod field;
mod flatten;
mod secret;

pub(crate) use flatten::flatten;
pub(crate) use secret::secret;

/// Whose schema is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    /// Our own server's: what other clients may not understand, and every request for a secret, is a mistake of its author.
    Ourselves,
    /// A peer's: what restricts nothing is passed over, and a request for a secret is marked for whoever fills in the form.
    Peer,
}

/// A type or a schema of which no form can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAForm {
    /// The whole is no object with named fields.
    #[error("a form is an object with named fields: {detail}")]
    Root {
        /// What it is instead.
        detail: String,
    },
    /// A field is none that a form can have.
    #[error("the field `{field}` has no place in a form: {detail}")]
    Field {
        /// Which.
        field: String,
        /// What is wrong with it, and what to use instead.
        detail: String,
    },
    /// A field asks for a secret, which must not pass through the client.
    #[error(
        "the field `{field}` asks for a secret ({secret}), which no form may do; send the user to a URL instead"
    )]
    Secret {
        /// Which.
        field: String,
        /// What it asks for.
        secret: &'static str,
    },
}
