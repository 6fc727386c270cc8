//! What expansions of the macros name. It is no interface: it changes without notice.

use std::fmt;
use std::marker::PhantomData;

pub use {schemars, serde};

use schemars::JsonSchema;
use serde::Serialize;

use crate::server::{FromCall, Handler, IntoPromptResult, IntoReadResult, IntoToolResult, Json};
use crate::types::{PromptResult, ReadResult, Schema, ToolResult};
use crate::{Error, ResourceTemplate};

/// The type of what a function returned, by which the compiler chooses how it becomes a result.
///
/// `(&&&output).convert(value)` finds the first of [`AsIs`], [`AsStructuredResult`] and
/// [`AsStructured`] that fits, as it looks for methods behind fewer and fewer references.
pub struct Output<R>(PhantomData<fn() -> R>);

impl<R> Output<R> {
    /// The type of `value`.
    pub fn of(_value: &R) -> Self {
        Self(PhantomData)
    }
}

impl<R> fmt::Debug for Output<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<R>())
    }
}

/// First choice: what a handler may return as it is.
pub trait AsIs {
    /// What the function returned.
    type Returned;

    /// Returns `value`.
    fn convert(&self, value: Self::Returned) -> Self::Returned;
}

impl<R: IntoToolResult> AsIs for &&Output<R> {
    type Returned = R;

    fn convert(&self, value: R) -> R {
        value
    }
}

/// Second choice: a `Result` of something that can be written as JSON.
pub trait AsStructuredResult {
    /// What the function returned when it succeeded.
    type Value;

    /// What it returned when it failed.
    type Failure;

    /// Wraps the value.
    fn convert(
        &self,
        value: Result<Self::Value, Self::Failure>,
    ) -> Result<StructuredOutput<Self::Value>, Error>
    where
        Self::Value: Structured,
        Self::Failure: Failure;
}

impl<T, E> AsStructuredResult for &Output<Result<T, E>> {
    type Value = T;
    type Failure = E;

    fn convert(&self, value: Result<T, E>) -> Result<StructuredOutput<T>, Error>
    where
        T: Structured,
        E: Failure,
    {
        value.map(StructuredOutput).map_err(Into::into)
    }
}

/// Third choice: anything else that can be written as JSON.
pub trait AsStructured {
    /// What the function returned.
    type Value;

    /// Wraps `value`.
    fn convert(&self, value: Self::Value) -> StructuredOutput<Self::Value>
    where
        Self::Value: Structured;
}

impl<T> AsStructured for Output<T> {
    type Value = T;

    fn convert(&self, value: T) -> StructuredOutput<T>
    where
        T: Structured,
    {
        StructuredOutput(value)
    }
}

/// What can be structured output. Its own trait gives the compiler's error its words.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a tool",
    label = "neither content nor written as JSON",
    note = "return text, `Content`, `ToolResult`, a type that derives `Serialize` and `JsonSchema`, or a `Result` of one of these"
)]
pub trait Structured: Serialize + JsonSchema {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema> Structured for T {}

/// A [`Json`] of which the compiler speaks in the words of [`Structured`].
#[derive(Debug)]
pub struct StructuredOutput<T>(T);

impl<T: Structured> IntoToolResult for StructuredOutput<T> {
    fn into_tool_result(self) -> Result<ToolResult, Error> {
        Json(self.0).into_tool_result()
    }

    fn output_schema() -> Option<Schema> {
        Json::<T>::output_schema()
    }
}

/// What can be the error of a function. Its own trait gives the compiler's error its words.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a tool",
    label = "no error",
    note = "any `std::error::Error` can be, and `midfield::Error`"
)]
pub trait Failure: Into<Error> {}

#[diagnostic::do_not_recommend]
impl<E: Into<Error>> Failure for E {}

/// What can be injected. Its own trait gives the compiler's error its words.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be injected",
    label = "not made from a call",
    note = "inject `Context`, `State<T>`, `Principal`, `Args<T>`, or what implements `midfield::server::FromCall`"
)]
pub trait Injected: FromCall {}

#[diagnostic::do_not_recommend]
impl<T: FromCall> Injected for T {}

/// Compiles where a `T` can be injected, so that the compiler's error names the parameter.
pub fn injected<T: Injected>() {}

/// The resources at the URIs of a template; a template that is none is told when the server is built.
pub fn resource_template<H, P>(template: &str, name: &str, handler: H) -> ResourceTemplate
where
    H: Handler<P>,
    H::Output: IntoReadResult,
    P: 'static,
{
    ResourceTemplate::checked_later(template, name, handler)
}

/// The messages of what the function of a prompt returned.
///
/// # Errors
/// The function's own.
pub fn prompt_result<R: IntoPromptResult>(output: R) -> Result<PromptResult, Error> {
    output.into_prompt_result()
}

/// What the function of a resource returned, until it is known for which URI.
pub struct Contents(Box<ReadAt>);

type ReadAt = dyn FnOnce(&str) -> Result<ReadResult, Error>;

/// The contents of what the function of a resource returned.
pub fn contents<R: IntoReadResult + 'static>(output: R) -> Contents {
    Contents(Box::new(move |uri| output.into_read_result(uri)))
}

impl IntoReadResult for Contents {
    fn into_read_result(self, uri: &str) -> Result<ReadResult, Error> {
        (self.0)(uri)
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contents")
    }
}
