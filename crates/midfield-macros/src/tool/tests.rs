//! What the attribute says of functions that make no tool, and what it leaves of those that do. What its
//! expansions do is tested in midfield, where they compile.

use std::str::FromStr as _;

use proc_macro2::TokenStream;

use super::{Function, expand};

fn tokens(text: &str) -> TokenStream {
    TokenStream::from_str(text).expect("the text is Rust")
}

/// The error that `#[tool(settings)] function` gives.
fn refused(settings: &str, function: &str, error: &str) {
    let expansion = expand(tokens(settings), tokens(function)).to_string();
    let literal = format!("{error:?}");
    assert!(
        expansion.contains("compile_error") && expansion.contains(&literal),
        "`{error}` is missing in {expansion}"
    );
}

#[test]
fn a_setting_that_is_not_known_is_answered_with_those_that_are() {
    let known = "not known here; the settings of a tool are `name`, `title`, `description`, \
                 `read_only`, `destructive`, `idempotent` and `open_world`";
    for settings in [
        "task",
        "timeout = \"2h\"",
        "scopes(\"a\")",
        "readonly",
        "tool::name = \"a\"",
    ] {
        refused(settings, "/// Waits. \n fn wait() {}", known);
    }
}

#[test]
fn settings_are_given_once_and_with_values_of_their_kind() {
    let check =
        |settings: &str, error: &str| refused(settings, "/// Waits. \n fn wait() {}", error);
    check(
        "title = \"a\", title = \"b\"",
        "given twice; remove one of them",
    );
    check("read_only = \"yes\"", "expected boolean literal");
    check("title", "expected `=`");
    check("description = \" \"", "the description is empty");
}

#[test]
fn a_name_is_one_that_every_client_accepts() {
    let check = |name: &str| {
        refused(
            &format!("name = {name:?}"),
            "/// Waits. \n fn wait() {}",
            &format!("a tool cannot be named `{name}`: a name is 1 to 128 of A-Z a-z 0-9 _ - ."),
        );
    };
    check("");
    check("two words");
    check("größe");
    check(&"a".repeat(129));
    refused(
        "",
        "/// Measures. \n fn größe() {}",
        "a tool cannot be named `größe`: a name is 1 to 128 of A-Z a-z 0-9 _ - .",
    );
}

#[test]
fn a_tool_without_a_description_is_refused() {
    let error = "a tool needs a description: write a doc comment or `description = \"…\"`";
    refused("", "fn wait() {}", error);
    refused("", "/// \n fn wait() {}", error);
}

#[test]
fn only_free_functions_that_are_not_generic_are_tools() {
    let check = |function: &str, error: &str| {
        refused("", &format!("/// Waits. \n {function}"), error);
    };
    let generic = "a tool cannot be generic: it has one input schema";
    check("fn wait<T>() {}", generic);
    check("fn wait<const N: usize>() {}", generic);
    check("fn wait(on: impl Display) {}", generic);
    check("unsafe fn wait() {}", "a tool cannot be unsafe");
    check(
        "fn wait(&self) {}",
        "a tool is a free function: let it take a `State<T>` in place of `self`",
    );
    check("struct Wait;", "a tool is a free function: expected `fn`");
}

#[test]
fn a_parameter_is_a_name_of_an_owned_value() {
    let check = |parameter: &str, error: &str| {
        refused(
            "",
            &format!("/// Waits. \n fn wait({parameter}) {{}}"),
            error,
        );
    };
    let name = "a parameter of a tool is a plain name, by which the caller gives it";
    check("(a, b): (u8, u8)", name);
    check("_: u8", name);
    check("ref a: u8", name);
    check(
        "text: &str",
        "an argument is read from the call: take it owned, such as `String` in place of `&str`; \
         what the server injects is marked by `#[inject]`",
    );
    check(
        "#[serde(default)] cx: &Context",
        "this is for arguments; the parameter is injected and not in the schema",
    );
    check(
        "db: &mut State<Db>",
        "an injected parameter is shared by others: take `T` or `&T`",
    );
}

#[test]
fn a_handler_reads_the_arguments_once_and_has_six_places() {
    let check = |parameters: &str, error: &str| {
        refused(
            "",
            &format!("/// Waits. \n fn wait({parameters}) {{}}"),
            error,
        );
    };
    let twice = "the arguments are read twice: take one `Args<T>`, or a parameter for each";
    check("a: u8, all: Args<All>", twice);
    check("all: Args<All>, a: u8", twice);
    check("all: Args<All>, more: Args<All>", twice);
    let many = "a handler takes at most 6 parameters, where all arguments count as one";
    let injected = "a: State<A>, b: State<B>, c: State<C>, d: State<D>, e: State<E>";
    check(&format!("{injected}, cx: Context, f: State<F>"), many);
    check(&format!("x: u8, {injected}, y: u8, cx: Context"), many);
    let six = format!("/// Waits. \n fn wait(x: u8, {injected}, y: u8) {{}}");
    let expansion = expand(TokenStream::new(), tokens(&six)).to_string();
    assert!(!expansion.contains("compile_error"), "{expansion}");
}

#[test]
fn all_errors_are_told_at_once() {
    let function = "fn wait<T>(_: u8, text: &str) {}";
    let expansion = expand(tokens("task"), tokens(function)).to_string();
    assert_eq!(expansion.matches("compile_error").count(), 4, "{expansion}");
}

#[test]
fn the_function_stays_without_what_is_for_the_tool() {
    let function = "/// Waits. \n #[inline] pub(crate) async fn wait( \
                    /** How long. */ #[serde(default)] #[allow(unused)] seconds: u8, \
                    #[inject] user: &User) -> u8 { seconds }";
    let kept = "/// Waits. \n #[inline] pub(crate) async fn wait( \
                #[allow(unused)] seconds: u8, user: &User) -> u8 { seconds }";
    for settings in ["", "task"] {
        let expansion = expand(tokens(settings), tokens(function)).to_string();
        assert!(
            expansion.starts_with(&tokens(kept).to_string()),
            "{expansion}"
        );
    }
}

#[test]
fn a_doc_comment_keeps_its_lines_and_loses_their_indentation() {
    let check = |comment: &str, text: &str| {
        let function: Function =
            syn::parse2(tokens(&format!("{comment}\nfn wait() {{}}"))).expect("a function");
        assert_eq!(function.documentation(), text);
    };
    check("/// Waits.", "Waits.");
    check(
        "/// Waits:\n///\n/// - long\n///   - longer\n/// ",
        "Waits:\n\n- long\n  - longer",
    );
    check("/**\n    Waits\n      long.\n*/", "Waits\n  long.");
    check("#[doc = \"Waits.\"] #[doc(hidden)]", "Waits.");
}
