//! Why a server could not be built, or served.

use std::io;
use std::net::SocketAddr;

use super::form::NotAForm;
use super::template::TemplateError;
use crate::transport::http::OptionsError;

/// Why a description makes no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two tools have the same name.
    #[error("two tools are named `{name}`; give one of them another name")]
    DuplicateTool {
        /// The name.
        name: String,
    },
    /// Two prompts have the same name.
    #[error("two prompts are named `{name}`; give one of them another name")]
    DuplicatePrompt {
        /// The name.
        name: String,
    },
    /// Two resources have the same URI, or two templates are the same.
    #[error("two resources are at `{name}`; give one of them another URI")]
    DuplicateResource {
        /// The URI, or the template.
        name: String,
    },
    /// A tool's name is not one that clients accept.
    #[error("a tool is named `{tool}`; a name is 1 to 128 of A-Z a-z 0-9 _ - .")]
    ToolName {
        /// The name.
        tool: String,
    },
    /// A tool's input schema is none.
    #[error("the input schema of tool `{tool}` is not valid: {detail}")]
    Schema {
        /// The tool's name.
        tool: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A tool's output schema is none.
    #[error("the output schema of tool `{tool}` is not valid: {detail}")]
    OutputSchema {
        /// The tool's name.
        tool: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A resource's URI is none.
    #[error("a resource is at `{uri}`, which is no URI; begin it with a scheme such as `file:`")]
    ResourceUri {
        /// What was given.
        uri: String,
    },
    /// A resource template is none.
    #[error("the resource template `{template}` cannot be used")]
    Template {
        /// What was given.
        template: String,
        /// Why it cannot.
        source: TemplateError,
    },
    /// A handler takes an argument, or a completer completes one, that clients cannot give.
    #[error("`{name}` has no argument `{argument}`; use one of those that it describes")]
    UnknownArgument {
        /// The prompt's name, or the template.
        name: String,
        /// The argument.
        argument: String,
    },
    /// A handler of a prompt or a template takes an argument that is an array or an object. Clients give text.
    #[error(
        "the argument `{argument}` of `{name}` cannot be given as text; take a text, a number, a boolean or an enum without fields"
    )]
    ArgumentType {
        /// The prompt's name, or the template.
        name: String,
        /// The argument.
        argument: String,
    },
    /// A handler needs a state that the server was not given.
    #[error("{what} `{name}` needs a state of type `{state}`; give it by `Server::state`")]
    MissingState {
        /// What kind of thing it is.
        what: &'static str,
        /// Its name.
        name: String,
        /// The type's name.
        state: &'static str,
    },
    /// A handler asks for what no form can ask for.
    #[error("{what} `{name}` asks for what is no form")]
    Form {
        /// What kind of thing it is.
        what: &'static str,
        /// Its name.
        name: String,
        /// Why it is none.
        source: NotAForm,
    },
    /// A key in the `_meta` of a description is not one of the grammar, or begins with a prefix that the
    /// protocol keeps for itself while the server has no extension with that prefix.
    #[error(
        "{what} `{name}` has the key `{key}` in its `_meta`; call it like `com.example/name` or `name`, without `mcp` or `modelcontextprotocol` as the second label of the prefix"
    )]
    MetaKey {
        /// What kind of thing it is.
        what: &'static str,
        /// Its name, its URI or its template.
        name: String,
        /// The key.
        key: String,
    },
    /// An extension's identifier is none.
    #[error("an extension is called `{id}`; call it like `com.example/name`")]
    ExtensionId {
        /// What it is called.
        id: String,
    },
    /// Two extensions are the same, or there are more than 64.
    #[error("the extension `{id}` is there already, or there are too many")]
    DuplicateExtension {
        /// Its identifier.
        id: String,
    },
    /// Two extensions have the same method.
    #[error("two extensions have the method `{name}`")]
    DuplicateMethod {
        /// The method.
        name: String,
    },
    /// Something was added at run time of which clients were told that the server has none.
    #[error(
        "the server was built without {what}; say at the beginning, by `Server::{what}_later`, that it will have some"
    )]
    Undeclared {
        /// What it is: `prompts` or `resources`.
        what: &'static str,
    },
    /// An extension has a method that is the protocol's own.
    #[error(
        "an extension has the method `{name}`, which is the protocol's own; give it another name"
    )]
    ProtocolMethod {
        /// The method.
        name: String,
    },
    /// A journal may grow larger than any that a client could send back.
    #[error(
        "a journal of {size} bytes cannot travel with a request; give `Server::travelling_journal` no more than 2 MiB"
    )]
    JournalSize {
        /// What was given.
        size: usize,
    },
    /// The operating system gave no random bytes for the keys.
    #[error("the operating system gave no random bytes")]
    Random,
}

/// Why serving ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The description makes no server.
    #[error("could not build the server")]
    Build(#[from] BuildError),
    /// The options make no endpoint.
    #[error("could not make the HTTP endpoint")]
    Options(#[from] OptionsError),
    /// What was to be listened on is no address.
    #[error("could not find the address to listen on; write it like `127.0.0.1:7420`")]
    Address(#[source] io::Error),
    /// The address cannot be listened on.
    #[error("could not listen on {}{}", listed(addresses), hint(source))]
    Listen {
        /// The address, or those that its name has.
        addresses: Vec<SocketAddr>,
        /// Why it cannot.
        source: io::Error,
    },
    /// The transport failed.
    #[error("could not go on serving")]
    Transport(#[from] io::Error),
}

fn listed(addresses: &[SocketAddr]) -> String {
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    addresses.join(", ")
}

/// What to do.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            ": another program listens there; stop it, or choose another port"
        }
        io::ErrorKind::AddrNotAvailable => ": this machine does not have that address",
        io::ErrorKind::PermissionDenied => {
            ": the operating system does not allow it; choose a port from 1024 up"
        }
        _ => "",
    }
}
