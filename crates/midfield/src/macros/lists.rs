//! `tools!`, `prompts!` and `resources!`: lists of what functions were marked to be.

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

/// The prompts of functions that are marked by [`#[prompt]`](macro@crate::prompt), as an array for
/// [`Server::prompts`](crate::Server::prompts).
///
/// ```
/// use midfield::prelude::*;
///
/// /// Have a text made shorter.
/// #[prompt]
/// fn shorten(text: String) -> String {
///     format!("Make this half as long:\n\n{text}")
/// }
///
/// let server = Server::new("text", "1.0.0").prompts(prompts![shorten]);
/// # server.build()?;
/// # Ok::<(), midfield::BuildError>(())
/// ```
#[macro_export]
macro_rules! prompts {
    ($($function:path),* $(,)?) => {
        [$(<$function>::prompt()),*]
    };
}

/// The resources and resource templates of functions that are marked by
/// [`#[resource]`](macro@crate::resource), as an array for [`Server::resources`](crate::Server::resources).
///
/// ```
/// use midfield::prelude::*;
///
/// /// The message of the day.
/// #[resource("demo://motd")]
/// fn motd() -> &'static str {
///     "Be kind."
/// }
///
/// /// A row of a table.
/// #[resource("rows://{table}/{id}")]
/// async fn row(table: String, id: u64) -> String {
///     format!("row {id} of {table}")
/// }
///
/// let server = Server::new("demo", "1.0.0").resources(resources![motd, row]);
/// # server.build()?;
/// # Ok::<(), midfield::BuildError>(())
/// ```
#[macro_export]
macro_rules! resources {
    ($($function:path),* $(,)?) => {
        [$($crate::server::AnyResource::from(<$function>::resource())),*]
    };
}
