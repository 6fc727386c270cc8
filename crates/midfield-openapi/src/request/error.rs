//! Why arguments do not make a request.

/// Why arguments do not make a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// There is no such argument.
    #[error("there is no argument `{argument}`: the arguments are {known}")]
    UnknownArgument {
        /// The argument that was given.
        argument: String,
        /// The arguments that there are.
        known: String,
    },
    /// An argument that is required was not given, or was `null`.
    #[error("the argument `{argument}` is required: give it")]
    MissingArgument {
        /// The argument.
        argument: String,
    },
    /// An argument cannot stand in the request.
    #[error("the argument `{argument}` cannot be sent: {problem}")]
    InvalidArgument {
        /// The argument.
        argument: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// A secret cannot stand in a header. It is not shown.
    #[error("the credential for `{scheme}` has a line break or control character: set it anew")]
    InvalidCredential {
        /// The scheme that it is for.
        scheme: String,
    },
    /// The arguments together would lead out of the operation's path.
    #[error("the arguments would change the path of the request: leave out dots and slashes")]
    LeavesPath,
}

/// What is wrong with an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A segment of a path cannot be empty.
    #[error("it is empty, and a segment of a path cannot be")]
    EmptySegment,
    /// A segment of a path cannot be `.` or `..`.
    #[error("it would make a segment of the path `.` or `..`")]
    DotSegment,
    /// A header cannot hold it.
    #[error("it has a line break or control character, which a header cannot hold")]
    ControlCharacter,
    /// It is not an object, as a form must be.
    #[error("it must be an object")]
    NotAnObject,
    /// It is not base64.
    #[error("it must be base64")]
    NotBase64,
    /// It is not a file.
    #[error("a file must be an object with `data` in base64")]
    NotAFile,
    /// It is not a media type.
    #[error("`mediaType` must be a media type such as image/png")]
    NotAMediaType,
}
