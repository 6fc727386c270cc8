//! The macros, documented, and what their expansions name.

/// Makes a function a tool.
///
/// ```
/// use midfield::prelude::*;
///
/// #[derive(Debug, PartialEq, Serialize, JsonSchema)]
/// struct Sum {
///     total: i64,
/// }
///
/// /// Add two numbers.
/// #[tool]
/// fn add(a: i64, b: i64) -> Sum {
///     Sum { total: a + b }
/// }
///
/// let server = Server::new("demo", "1.0.0").tools(tools![add]);
/// // The function stays what it is:
/// assert_eq!(add(1, 2), Sum { total: 3 });
/// # server.build()?;
/// # Ok::<(), midfield::BuildError>(())
/// ```
///
/// It is put on a free function, `async` or not (one that is not must not block), and leaves it as it is.
/// Beside it stands a type of the same name, as visible as the function, whose `tool()` makes the
/// [`Tool`](crate::Tool): `add::tool()`, or [`tools!`](crate::tools) for several. Its description is the doc
/// comment of the function. A doc comment that is written for programmers rather than models is replaced
/// by `description`.
///
/// # Settings
///
/// All are optional: `#[tool(name = "import_rows", read_only, destructive = false)]`.
///
/// | setting | meaning | without it |
/// |---|---|---|
/// | `name = "…"` | the name for programs: 1 to 128 of `A-Z a-z 0-9 _ - .` | the function's name |
/// | `title = …` | the name for people, any `Into<String>` | none |
/// | `description = …` | what the tool does, any `Into<String>` | the doc comment |
/// | `read_only` | it changes nothing | taken as false |
/// | `destructive` | it may destroy something | taken as true |
/// | `idempotent` | calling it twice does no more than calling it once | taken as false |
/// | `open_world` | it reaches out of a closed world, such as a search of the web | taken as true |
///
/// The last four are `= true` when nothing is said, and hints only
/// ([`ToolAnnotations`](crate::types::ToolAnnotations)).
///
/// # Parameters
///
/// A parameter is a property of the input schema, required unless it is an `Option` or has
/// `#[serde(default)]`. Its doc comment is the description of the property; `#[serde(…)]` and
/// `#[schemars(…)]` mean what they mean on the field of a struct that derives `Deserialize` and
/// `JsonSchema`, because that is what the parameters become.
///
/// Parameters whose type is named `Context`, `State` or `Args` are injected instead, by value or as `&T`;
/// others that are [`FromCall`](crate::server::FromCall) are when they are marked by `#[inject]`. They are
/// not in the schema, but for [`Args<T>`](crate::Args), which takes the place of all properties.
///
/// ```
/// use midfield::prelude::*;
///
/// struct Shop {
///     stock: u32,
/// }
///
/// /// Order pieces from the shop.
/// #[tool(title = "Order", destructive = false)]
/// async fn order(
///     /// How many pieces.
///     #[schemars(range(min = 1, max = 100))]
///     pieces: u32,
///     /// Only say whether there are enough.
///     #[serde(default)]
///     dry_run: bool,
///     cx: &Context,
///     shop: State<Shop>,
/// ) -> Result<String> {
///     if pieces > shop.stock {
///         return Err(Error::tool(format!("there are only {} pieces", shop.stock)));
///     }
///     cx.progress(1, 2).await;
///     Ok(format!("{} {pieces} pieces", if dry_run { "could order" } else { "ordered" }))
/// }
///
/// let schema = order::tool().as_description().input_schema.to_value();
/// assert_eq!(schema["required"], serde_json::json!(["pieces"]));
/// assert_eq!(schema["properties"]["pieces"]["description"], "How many pieces.");
/// Server::new("shop", "1.0.0").state(Shop { stock: 7 }).tool(order::tool()).build()?;
/// # Ok::<(), midfield::BuildError>(())
/// ```
///
/// # Results
///
/// The function returns anything that is [`IntoToolResult`](crate::server::IntoToolResult), such as
/// `String`, `Content`, or a `Result`. Any other `T: Serialize + JsonSchema`, also in a `Result`, becomes
/// structured output with an output schema, as if it were wrapped in [`Json`](crate::Json).
///
/// # Without the macro
///
/// `add` above is the same as
///
/// ```
/// use midfield::prelude::*;
/// # #[derive(Serialize, JsonSchema)]
/// # struct Sum {
/// #     total: i64,
/// # }
/// # fn add(a: i64, b: i64) -> Sum {
/// #     Sum { total: a + b }
/// # }
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Arguments {
///     a: i64,
///     b: i64,
/// }
///
/// let tool = Tool::new("add", async |Args(arguments): Args<Arguments>| {
///     Json(add(arguments.a, arguments.b))
/// })
/// .description("Add two numbers.");
/// # let _ = tool;
/// ```
pub use midfield_macros::tool;

#[doc(hidden)]
pub mod __private {
    //! What expansions name. It is no interface: it changes without notice.

    use std::fmt;
    use std::marker::PhantomData;

    pub use {schemars, serde};

    use schemars::JsonSchema;
    use serde::Serialize;

    use crate::Error;
    use crate::server::{FromCall, IntoToolResult, Json};

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
        ) -> Result<Json<Self::Value>, Error>
        where
            Self::Value: Structured,
            Self::Failure: Failure;
    }

    impl<T, E> AsStructuredResult for &Output<Result<T, E>> {
        type Value = T;
        type Failure = E;

        fn convert(&self, value: Result<T, E>) -> Result<Json<T>, Error>
        where
            T: Structured,
            E: Failure,
        {
            value.map(Json).map_err(Into::into)
        }
    }

    /// Third choice: anything else that can be written as JSON.
    pub trait AsStructured {
        /// What the function returned.
        type Value;

        /// Wraps `value`.
        fn convert(&self, value: Self::Value) -> Json<Self::Value>
        where
            Self::Value: Structured;
    }

    impl<T> AsStructured for Output<T> {
        type Value = T;

        fn convert(&self, value: T) -> Json<T>
        where
            T: Structured,
        {
            Json(value)
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
        note = "inject `Context`, `State<T>`, `Args<T>`, or what implements `midfield::server::FromCall`"
    )]
    pub trait Injected: FromCall {}

    #[diagnostic::do_not_recommend]
    impl<T: FromCall> Injected for T {}

    /// Compiles where a `T` can be injected, so that the compiler's error names the parameter.
    pub fn injected<T: Injected>() {}
}

/// The tools of functions that are marked by [`#[tool]`](macro@crate::tool), as an array for
/// [`Server::tools`](crate::Server::tools).
///
/// ```
/// use midfield::prelude::*;
///
/// mod text {
///     use midfield::prelude::*;
///
///     /// Reverse a text.
///     #[tool]
///     pub fn reverse(text: String) -> String {
///         text.chars().rev().collect()
///     }
/// }
///
/// /// Say hello.
/// #[tool]
/// fn greet() -> &'static str {
///     "Hello!"
/// }
///
/// let tools = tools![greet, text::reverse];
/// assert_eq!(tools.map(|tool| tool.name().to_owned()), ["greet", "reverse"]);
/// ```
#[macro_export]
macro_rules! tools {
    ($($function:path),* $(,)?) => {
        [$(<$function>::tool()),*]
    };
}
