//! The macros, documented, and what their expansions name.

#[doc(hidden)]
pub mod __private;
mod lists;

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
/// | `task` | clients that know tasks may get one: the call survives the process ([`Tool::task`](crate::Tool::task)); `task = "required"`: always | answered at once |
/// | `timeout = "2h"` | how long a call may take, a number and one of `ms s m h d`, or a `Duration` ([`Tool::timeout`](crate::Tool::timeout)) | the server's limit |
/// | `icon = …` | a picture: the text of its place, or an [`Icon`](crate::types::Icon); any number of times | none |
/// | `asks(…)` | what it asks of the client, see below | asks without saying so |
///
/// `read_only` to `open_world` are `= true` when nothing is said, and hints only
/// ([`ToolAnnotations`](crate::types::ToolAnnotations)).
///
/// # Parameters
///
/// A parameter is a property of the input schema, required unless it is an `Option` or has
/// `#[serde(default)]`. Its doc comment is the description of the property; `#[serde(…)]` and
/// `#[schemars(…)]` mean what they mean on the field of a struct that derives `Deserialize` and
/// `JsonSchema`, because that is what the parameters become.
///
/// Parameters whose type is named `Context`, `State`, `Principal` or `Args` are injected instead, by value or
/// as `&T`; others that are [`FromCall`](crate::server::FromCall) are when they are marked by `#[inject]`. They are
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
/// # Questions
///
/// What the function asks of the client by its [`Context`](crate::Context) is declared by `asks(…)`, which
/// holds any of `form`, `url`, `sampling`, `sampling_with_tools`, `roots` and `extension = "…"`
/// ([`Asks`](crate::Asks)). A client that does not offer all of it is refused before the function runs.
/// Without it, the function runs, and its first question that such a client cannot be asked ends the call with
/// the same error. To do without the answer, look at [`Context::capabilities`](crate::Context::capabilities)
/// before asking.
///
/// The forms that the function asks for are checked when the server is built
/// ([`Tool::form`](crate::Tool::form)), so that a form that asks for a password, or has a field that no form
/// has, is found at once and not by the first user. This is known from the text of the function: the `T` of
/// each `.elicit::<T>(…)`. A question whose type is inferred, declared within the function, or asked in
/// another function, is checked when it is asked, unless `form::<T>()` is called on the tool.
///
/// ```
/// use midfield::prelude::*;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Sure {
///     /// Really delete it?
///     sure: bool,
/// }
///
/// /// Delete a file.
/// #[tool(asks(form), destructive)]
/// async fn delete(path: String, cx: &Context) -> Result<String> {
///     match cx.elicit::<Sure>("sure", format!("Delete {path}?")).await? {
///         Answer::Accepted(Sure { sure: true }) => Ok(format!("deleted {path}")),
///         _ => Ok(format!("kept {path}")),
///     }
/// }
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Login {
///     password: String,
/// }
///
/// /// Log in.
/// #[tool(asks(form))]
/// async fn log_in(cx: &Context) -> Result<&'static str> {
///     cx.elicit::<Login>("login", "Who are you?").await?;
///     Ok("welcome")
/// }
///
/// assert!(Server::new("files", "1.0.0").tool(delete::tool()).build().is_ok());
/// assert!(Server::new("files", "1.0.0").tool(log_in::tool()).build().is_err());
/// ```
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

/// Makes a function a prompt.
///
/// ```
/// use midfield::prelude::*;
///
/// #[derive(Deserialize, JsonSchema)]
/// #[serde(rename_all = "lowercase")]
/// enum Tone {
///     Kind,
///     Strict,
/// }
///
/// /// Have code reviewed.
/// #[prompt(title = "Review", complete(language = languages))]
/// async fn review(
///     /// The code to look at.
///     code: String,
///     language: String,
///     tone: Option<Tone>,
///     /// How many findings at most.
///     most: Option<u32>,
/// ) -> String {
///     let tone = match tone {
///         Some(Tone::Strict) => "strictly",
///         _ => "kindly",
///     };
///     format!("Review this {language} {tone}, with at most {} findings:\n{code}", most.unwrap_or(5))
/// }
///
/// async fn languages(typing: Typing, _cx: Context) -> Vec<&'static str> {
///     let mut languages = vec!["C", "Go", "Rust"];
///     languages.retain(|language| language.starts_with(&typing.value));
///     languages
/// }
///
/// let server = Server::new("demo", "1.0.0").prompts(prompts![review]);
/// # server.build()?;
/// # Ok::<(), midfield::BuildError>(())
/// ```
///
/// As with [`#[tool]`](macro@tool), the function is a free one, `async` or not, and stays as it is; a type of
/// the same name stands beside it, whose `prompt()` makes the [`Prompt`](crate::Prompt): `review::prompt()`,
/// or [`prompts!`](crate::prompts) for several.
///
/// # Settings
///
/// All are optional.
///
/// | setting | meaning | without it |
/// |---|---|---|
/// | `name = "…"` | the name for programs | the function's name |
/// | `title = …` | the name for people, any `Into<String>` | none |
/// | `description = …` | what it is for, any `Into<String>` | the doc comment |
/// | `icon = …` | a picture: the text of its place, or an [`Icon`](crate::types::Icon); any number of times | none |
/// | `complete(argument = function, …)` | what completes arguments: [`Completer`](crate::server::Completer)s | choices and booleans complete themselves |
/// | `asks(…)` | what it asks of the client, as that of [`#[tool]`](macro@tool#questions) | asks without saying so |
///
/// # Parameters
///
/// A parameter is an argument of the prompt, required unless it is an `Option` or has `#[serde(default)]`.
/// Its doc comment is its description, `#[schemars(title = "…")]` its title for people, and
/// `#[serde(rename = "…")]` another name. Clients give arguments as text, so that a parameter is a `String`,
/// a number, a `bool`, an enum without fields, or an `Option` of these; text that does not fit is answered
/// with an error that names the argument.
///
/// `Context`, `State`, `Principal` and `Args` are injected, and what is marked by `#[inject]`, as in a
/// [`#[tool]`](macro@tool#parameters).
///
/// # Results
///
/// The function returns anything that is [`IntoPromptResult`](crate::server::IntoPromptResult): text or
/// `Content` for one message of the user, a `PromptMessage`, several in a `Vec`, or a `Result` of these. A
/// failure is answered as an error of the request that says what the failure says.
///
/// # Without the macro
///
/// ```
/// use midfield::prelude::*;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Text {
///     text: String,
/// }
///
/// let shorten = Prompt::new("shorten", async |Args(Text { text }): Args<Text>| {
///     format!("Make this half as long:\n\n{text}")
/// })
/// .description("Have a text made shorter.");
/// # let _ = shorten;
/// ```
pub use midfield_macros::prompt;

/// Makes a function a resource, or all resources of a URI template.
///
/// ```
/// use midfield::prelude::*;
///
/// /// The message of the day.
/// #[resource("demo://motd", mime_type = "text/plain")]
/// fn motd() -> &'static str {
///     "Be kind."
/// }
///
/// /// A row of a table.
/// #[resource("rows://{table}/{id}{?columns}", mime_type = "application/json", complete(table = tables))]
/// async fn row(table: String, id: u64, columns: Option<String>) -> Json<(String, u64, String)> {
///     Json((table, id, columns.unwrap_or_else(|| "all".to_owned())))
/// }
///
/// async fn tables(_typing: Typing, _cx: Context) -> Vec<&'static str> {
///     vec!["people", "places"]
/// }
///
/// let server = Server::new("demo", "1.0.0").resources(resources![motd, row]);
/// # server.build()?;
/// # Ok::<(), midfield::BuildError>(())
/// ```
///
/// As with [`#[tool]`](macro@tool), the function is a free one, `async` or not, and stays as it is; a type of
/// the same name stands beside it. Its `resource()` makes a [`Resource`](crate::Resource) where the URI has no
/// variables, and a [`ResourceTemplate`](crate::ResourceTemplate) where it has; [`resources!`](crate::resources)
/// lists both.
///
/// # Settings
///
/// The URI comes first, and is a literal: `#[resource("rows://{table}/{id}", name = "row")]`. A template is
/// one of RFC 6570, see [`UriTemplate`](crate::server::UriTemplate). A slip in it, such as a brace without a
/// partner, is an error of the compiler; that URIs can be read in one way only is checked when the server is
/// built. All else is optional.
///
/// | setting | meaning | without it |
/// |---|---|---|
/// | `name = "…"` | the name for programs | the function's name |
/// | `title = …` | the name for people, any `Into<String>` | none |
/// | `description = …` | what it is, any `Into<String>` | the doc comment |
/// | `icon = …` | a picture: the text of its place, or an [`Icon`](crate::types::Icon); any number of times | none |
/// | `mime_type = …` | the media type, also of contents that do not say theirs | none |
/// | `freshness = …` | how long contents may be kept: a [`Freshness`](crate::server::Freshness) | not at all |
/// | `complete(variable = function, …)` | what completes variables: [`Completer`](crate::server::Completer)s | choices and booleans complete themselves |
/// | `asks(…)` | what it asks of the client, as that of [`#[tool]`](macro@tool#questions) | asks without saying so |
///
/// # Parameters
///
/// A parameter takes the variable of its name, decoded. It is a `String`, a number, a `bool`, an enum without
/// fields, or an `Option` of these; anything else is an error of the build. Each variable has its parameter, and each parameter its variable; only
/// those of a query (`{?a}`, `{&a}`, `{;a}`), which a URI may leave out, need none, and are an `Option` or
/// have `#[serde(default)]` where they do. A URI whose values do not fit is answered with an error that names
/// the variable.
///
/// `Context`, `State`, `Principal` and `Args` are injected, and what is marked by `#[inject]`, as in a
/// [`#[tool]`](macro@tool#parameters). The URI that was asked for is
/// [`Context::target`](crate::Context::target).
///
/// # Results
///
/// The function returns anything that is [`IntoReadResult`](crate::server::IntoReadResult): text, bytes,
/// [`Json`](crate::Json), `ResourceContents`, several in a `Vec`, or a `Result` of these. Where a template has
/// the URI and there is no such resource, it returns
/// [`Error::resource_not_found`](crate::Error::resource_not_found).
///
/// # Without the macro
///
/// ```
/// use midfield::prelude::*;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Row {
///     table: String,
///     id: u64,
/// }
///
/// let row = ResourceTemplate::new("rows://{table}/{id}", "row", async |Args(row): Args<Row>| {
///     format!("row {} of {}", row.id, row.table)
/// })?
/// .description("A row of a table.");
/// # let _ = row;
/// # Ok::<(), midfield::server::TemplateError>(())
/// ```
pub use midfield_macros::resource;
