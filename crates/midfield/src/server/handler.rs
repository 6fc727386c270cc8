//! The code behind a tool.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use midfield_protocol::types::{Schema, ToolResult};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::extract::{FromCall, Parts, Requirement};
use super::{Context, IntoToolResult};
use crate::Error;

/// A running handler.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Result<ToolResult, Error>> + Send>>;

/// The code behind a tool, as the server calls it.
///
/// Write an `async fn` instead where the arguments are known at compile time, see [`Handler`]; implement
/// this for tools that are made at run time, as from a document.
pub trait ToolHandler: Send + Sync + 'static {
    /// Begins the call. The arguments are borrowed from the request: what the future needs of them it
    /// takes with it.
    fn call(&self, arguments: Arguments<'_>, context: Context) -> HandlerFuture;
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

    /// Reads the arguments as a `T`.
    ///
    /// # Errors
    /// With a failure that names the place in the arguments and what was expected there
    /// ([tool execution errors](https://modelcontextprotocol.io/specification/2026-07-28/server/tools#error-handling)).
    pub fn read<T: Deserialize<'a>>(&self) -> Result<T, ToolResult> {
        // The path is only tracked once it is needed: that costs a second reading, and only on failure.
        serde_json::from_str(self.as_str()).map_err(|_| self.misfit::<T>())
    }

    fn misfit<T: Deserialize<'a>>(&self) -> ToolResult {
        let mut deserializer = serde_json::Deserializer::from_str(self.as_str());
        let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut deserializer) else {
            return ToolResult::error("invalid arguments");
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
        ToolResult::error(format!("invalid arguments{place}: {}", in_json(detail)))
    }
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

/// An `async fn` whose parameters are all [`FromCall`] and whose result is [`IntoToolResult`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler of a tool",
    note = "a handler is an `async fn` of at most six parameters (`Args<T>`, `Context`, `State<T>`), whose future is `Send`"
)]
pub trait Handler<P>: Send + Sync + 'static {
    /// Begins the call.
    fn call(&self, parts: &Parts<'_>) -> HandlerFuture;

    /// The input schema that the parameters ask for.
    fn input_schema() -> Option<Schema>;

    /// The output schema of the result.
    fn output_schema() -> Option<Schema>;

    /// What the parameters need of the server.
    fn requirements() -> Vec<Requirement>;
}

macro_rules! handler {
    ($($parameter:ident)*) => {
        impl<F, Fut, R, $($parameter,)*> Handler<($($parameter,)*)> for F
        where
            F: Fn($($parameter),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = R> + Send + 'static,
            R: IntoToolResult + 'static,
            $($parameter: FromCall,)*
        {
            #[allow(unused_variables, non_snake_case, reason = "a handler may have no parameters")]
            fn call(&self, parts: &Parts<'_>) -> HandlerFuture {
                $(let $parameter = match $parameter::from_call(parts) {
                    Ok(parameter) => parameter,
                    Err(result) => return Box::pin(std::future::ready(Ok(result))),
                };)*
                let running = self($($parameter),*);
                Box::pin(async move { running.await.into_tool_result() })
            }

            fn input_schema() -> Option<Schema> {
                None$(.or_else($parameter::input_schema))*
            }

            fn output_schema() -> Option<Schema> {
                R::output_schema()
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

impl<H: Handler<P>, P: 'static> ToolHandler for Typed<H, P> {
    fn call(&self, arguments: Arguments<'_>, context: Context) -> HandlerFuture {
        self.handler.call(&Parts {
            arguments,
            context: &context,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misfit_is_told_in_the_words_of_json() {
        let cases = [
            (
                "invalid type: string \"1\", expected i64",
                "invalid type: string \"1\", expected an integer",
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
            ("missing field `good`", "missing field `good`"),
        ];
        for (rust, json) in cases {
            assert_eq!(in_json(rust), json);
        }
    }
}
