//! The code behind a tool, a prompt or a resource.

use std::borrow::Cow;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use midfield_protocol::Raw;
use midfield_protocol::types::{PromptResult, ReadResult, Schema, ToolResult};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::extract::{FromCall, Parts, Requirement};
use super::{Context, IntoPromptResult, IntoReadResult, IntoToolResult};
use crate::Error;

/// A running handler.
pub type HandlerFuture<T = ToolResult> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// The code behind a tool, a prompt or a resource, as the server calls it; `T` is a [`ToolResult`], a
/// [`PromptResult`] or a [`ReadResult`].
///
/// Write an `async fn` instead where the arguments are known at compile time, see [`Handler`]; implement
/// this for what is made at run time, as from a document.
pub trait RawHandler<T: 'static = ToolResult>: Send + Sync + 'static {
    /// Begins the call. The arguments are borrowed from the request: what the future needs of them it
    /// takes with it.
    fn call(&self, arguments: Arguments<'_>, context: Context) -> HandlerFuture<T>;
}

/// Arguments that do not fit what a handler takes.
///
/// A tool answers with it as a failure that the model can read; a prompt or a resource as an error of the
/// request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Misfit {
    /// Where it is, and what was expected there.
    pub message: String,
}

impl Misfit {
    /// Arguments that do not fit, with the place and what was expected there.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }

    /// The failure that a model can do something about.
    pub(super) fn into_tool_result(self) -> ToolResult {
        ToolResult::error(self.message)
    }

    /// The error of a request whose parameters do not fit.
    pub(super) fn into_error(self) -> midfield_protocol::Error {
        midfield_protocol::Error::InvalidParams {
            detail: self.message,
        }
    }
}

/// The arguments of a call, still JSON text.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a>(Option<&'a RawValue>);

impl<'a> Arguments<'a> {
    pub(crate) fn new(raw: Option<&'a RawValue>) -> Self {
        Self(raw)
    }

    /// The JSON text, an object.
    pub fn as_str(&self) -> &'a str {
        self.0.map_or("{}", RawValue::get)
    }

    /// The JSON text, kept.
    pub fn to_raw(&self) -> Raw {
        match self.0 {
            Some(raw) => raw.into(),
            None => Raw::empty(),
        }
    }

    /// Reads the arguments as a `T`.
    ///
    /// # Errors
    /// When they do not fit: it names the place in the arguments and what was expected there.
    pub fn read<T: Deserialize<'a>>(&self) -> Result<T, Misfit> {
        // The path is only tracked once it is needed: that costs a second reading, and only on failure.
        serde_json::from_str(self.as_str()).map_err(|_| self.misfit::<T>())
    }

    fn misfit<T: Deserialize<'a>>(&self) -> Misfit {
        let mut deserializer = serde_json::Deserializer::from_str(self.as_str());
        let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut deserializer) else {
            return Misfit::new("invalid arguments");
        };
        let path = error.path().to_string();
        let place = if path == "." {
            String::new()
        } else {
            format!(" at `{path}`")
        };
        let detail = error.into_inner().to_string();
        // The line and column of compact JSON say nothing to a model.
        let detail = detail
            .rsplit_once(" at line ")
            .map_or(detail.as_str(), |(detail, _)| detail);
        Misfit::new(format!(
            "invalid arguments{place}: {}",
            in_json(&unrepeated(detail))
        ))
    }
}

/// What a reader of Rust types says, without the text that was found: it may be a secret, or long.
fn unrepeated(detail: &str) -> Cow<'_, str> {
    for (begin, end, found) in [
        ("string \"", "\", expected ", "a string, expected "),
        (
            "unknown variant `",
            "`, expected ",
            "an unknown value, expected ",
        ),
    ] {
        if let Some((before, text)) = detail.split_once(begin)
            && let Some((_, expected)) = text.rsplit_once(end)
        {
            return format!("{before}{found}{expected}").into();
        }
    }
    detail.into()
}

/// What a reader of Rust types says, in the words of JSON, which a model knows.
fn in_json(detail: &str) -> String {
    let Some((found, expected)) = detail.rsplit_once("expected ") else {
        return detail.to_owned();
    };
    let expected = match expected {
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "an integer",
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "an integer that is not negative",
        "f32" | "f64" => "a number",
        "a sequence" => "an array",
        "a map" => "an object",
        _ if expected.starts_with("struct ") => "an object",
        other => other,
    };
    let found = found
        .replace("floating point", "number")
        .replace("sequence,", "an array,")
        .replace("map,", "an object,");
    format!("{found}expected {expected}")
}

/// An `async fn` whose parameters are all [`FromCall`], behind a tool, a prompt or a resource.
///
/// Everything between two waits for its [`Context`] may run again: a handler that asks a question is run
/// anew when the answer comes, from what the journal holds.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler",
    note = "a handler is an `async fn` of at most six parameters (`Args<T>`, `Context`, `State<T>`, `Principal`), whose future is `Send`"
)]
pub trait Handler<P>: Send + Sync + 'static {
    /// What it returns.
    type Output;

    /// What it waits for.
    type Future: Future<Output = Self::Output> + Send + 'static;

    /// Begins the call.
    ///
    /// # Errors
    /// When the call's arguments do not fit.
    fn begin(&self, parts: &Parts<'_>) -> Result<Self::Future, Misfit>;

    /// The schema of the arguments that the parameters ask for.
    fn input_schema() -> Option<Schema>;

    /// What the parameters need of the server.
    fn requirements() -> Vec<Requirement>;
}

macro_rules! handler {
    ($($parameter:ident)*) => {
        impl<F, Fut, R, $($parameter,)*> Handler<($($parameter,)*)> for F
        where
            F: Fn($($parameter),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = R> + Send + 'static,
            R: 'static,
            $($parameter: FromCall,)*
        {
            type Output = R;
            type Future = Fut;

            #[allow(unused_variables, non_snake_case, reason = "a handler may have no parameters")]
            fn begin(&self, parts: &Parts<'_>) -> Result<Fut, Misfit> {
                $(let $parameter = $parameter::from_call(parts)?;)*
                Ok(self($($parameter),*))
            }

            fn input_schema() -> Option<Schema> {
                None$(.or_else($parameter::input_schema))*
            }

            fn requirements() -> Vec<Requirement> {
                Vec::<Option<Requirement>>::from([$($parameter::requirement()),*])
                    .into_iter()
                    .flatten()
                    .collect()
            }
        }
    };
}

handler!();
handler!(A);
handler!(A B);
handler!(A B C);
handler!(A B C D);
handler!(A B C D E);
handler!(A B C D E G);

/// A typed handler behind the interface that the server calls.
pub(super) struct Typed<H, P> {
    handler: H,
    parameters: PhantomData<fn(P)>,
}

impl<H, P> Typed<H, P> {
    pub(super) fn new(handler: H) -> Self {
        Self {
            handler,
            parameters: PhantomData,
        }
    }
}

impl<H: Handler<P>, P> Typed<H, P> {
    fn begin(&self, arguments: Arguments<'_>, context: &Context) -> Result<H::Future, Misfit> {
        self.handler.begin(&Parts { arguments, context })
    }
}

impl<H: Handler<P>, P: 'static> RawHandler<ToolResult> for Typed<H, P>
where
    H::Output: IntoToolResult,
{
    fn call(&self, arguments: Arguments<'_>, context: Context) -> HandlerFuture {
        match self.begin(arguments, &context) {
            Ok(running) => Box::pin(async move { running.await.into_tool_result() }),
            Err(misfit) => Box::pin(std::future::ready(Ok(misfit.into_tool_result()))),
        }
    }
}

impl<H: Handler<P>, P: 'static> RawHandler<PromptResult> for Typed<H, P>
where
    H::Output: IntoPromptResult,
{
    fn call(&self, arguments: Arguments<'_>, context: Context) -> HandlerFuture<PromptResult> {
        match self.begin(arguments, &context) {
            Ok(running) => Box::pin(async move { running.await.into_prompt_result() }),
            Err(misfit) => refused(misfit),
        }
    }
}

impl<H: Handler<P>, P: 'static> RawHandler<ReadResult> for Typed<H, P>
where
    H::Output: IntoReadResult,
{
    fn call(&self, arguments: Arguments<'_>, context: Context) -> HandlerFuture<ReadResult> {
        match self.begin(arguments, &context) {
            Ok(running) => {
                Box::pin(async move { running.await.into_read_result(context.target()) })
            }
            Err(misfit) => refused(misfit),
        }
    }
}

fn refused<T: Send + 'static>(misfit: Misfit) -> HandlerFuture<T> {
    let error = Error::protocol(misfit.into_error());
    Box::pin(std::future::ready(Err(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misfit_is_told_in_the_words_of_json() {
        let cases = [
            (
                "invalid type: string \"1\", expected i64",
                "invalid type: a string, expected an integer",
            ),
            (
                "invalid value: integer `-1`, expected u32",
                "invalid value: integer `-1`, expected an integer that is not negative",
            ),
            (
                "invalid type: floating point `1.5`, expected usize",
                "invalid type: number `1.5`, expected an integer that is not negative",
            ),
            (
                "invalid type: map, expected a sequence",
                "invalid type: an object, expected an array",
            ),
            (
                "invalid type: null, expected struct Order",
                "invalid type: null, expected an object",
            ),
            (
                "unknown variant `x`, expected one of `a`, `b`",
                "an unknown value, expected one of `a`, `b`",
            ),
            ("missing field `good`", "missing field `good`"),
        ];
        for (rust, json) in cases {
            assert_eq!(in_json(&unrepeated(rust)), json);
        }
    }
}
