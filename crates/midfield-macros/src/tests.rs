//! What the attributes say of functions that make no tool, prompt or resource, and what it leaves of those that do. What its
//! expansions do is tested in midfield, where they compile.

use std::str::FromStr as _;

use proc_macro2::TokenStream;

use super::expansion;
use super::feature::Feature;
use super::function::Function;

fn tokens(text: &str) -> TokenStream {
    TokenStream::from_str(text).expect("the text is Rust")
}

fn expand(settings: TokenStream, function: TokenStream) -> TokenStream {
    expansion::expand(Feature::Tool, settings, function)
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
    let known = "not known here; the settings of a tool are `name`, `title`, `description`, `icon`, \
                 `read_only`, `destructive`, `idempotent`, `open_world`, `task`, `timeout` and `asks(…)`";
    for settings in ["scopes(\"a\")", "readonly", "tool::name = \"a\""] {
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
    check(
        "task = \"often\"",
        "a tool runs as a task when clients like (`task`), always (`task = \"required\"`) or never",
    );
    check(
        "timeout = \"2 hours\"",
        "a time is a number that is not 0 and a unit, ms, s, m, h or d: `timeout = \"2h\"`",
    );
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
    let expansion = expand(tokens("scopes"), tokens(function)).to_string();
    assert_eq!(expansion.matches("compile_error").count(), 4, "{expansion}");
}

#[test]
fn the_function_stays_without_what_is_for_the_tool() {
    let function = "/// Waits. \n #[inline] pub(crate) async fn wait( \
                    /** How long. */ #[serde(default)] #[allow(unused)] seconds: u8, \
                    #[inject] user: &User) -> u8 { seconds }";
    let kept = "/// Waits. \n #[inline] pub(crate) async fn wait( \
                #[allow(unused)] seconds: u8, user: &User) -> u8 { seconds }";
    for settings in ["", "scopes"] {
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

/// The error that the attribute of `feature` gives.
fn refused_as(feature: Feature, settings: &str, function: &str, error: &str) {
    let expansion = expansion::expand(feature, tokens(settings), tokens(function)).to_string();
    assert!(
        expansion.contains("compile_error") && expansion.contains(&format!("{error:?}")),
        "`{error}` is missing in {expansion}"
    );
}

#[test]
fn a_feature_has_only_its_own_settings() {
    let function = "/// Waits. \n fn wait() {}";
    let prompt = "not known here; the settings of a prompt are `name`, `title`, `description`, \
                  `icon`, `complete(…)` and `asks(…)`";
    for settings in ["read_only", "mime_type = \"a/b\"", "freshness = 1"] {
        refused_as(Feature::Prompt, settings, function, prompt);
    }
    let resource = "not known here; the settings of a resource are the URI at first, `name`, \
                    `title`, `description`, `icon`, `mime_type`, `freshness`, `complete(…)` and \
                    `asks(…)`";
    for settings in ["read_only", "uri = \"a:b\""] {
        let settings = format!("\"a://b\", {settings}");
        refused_as(Feature::Resource, &settings, function, resource);
    }
    let tool = "not known here; the settings of a tool are";
    let expansion = expand(tokens("complete(a = b)"), tokens(function)).to_string();
    assert!(expansion.contains(tool), "{expansion}");
}

#[test]
fn the_errors_speak_of_the_feature() {
    let check = |feature, settings: &str, function: &str, error: &str| {
        refused_as(
            feature,
            settings,
            &format!("/// Waits. \n {function}"),
            error,
        );
    };
    let (prompt, resource) = (Feature::Prompt, Feature::Resource);
    check(
        prompt,
        "",
        "fn wait(&self) {}",
        "a prompt is a free function: let it take a `State<T>` in place of `self`",
    );
    check(
        prompt,
        "",
        "fn wait<T>() {}",
        "a prompt cannot be generic: it has one list of arguments",
    );
    check(
        resource,
        "\"a:b\"",
        "fn wait<T>() {}",
        "a resource cannot be generic: it has one URI, or one template",
    );
    check(
        resource,
        "\"a:b\"",
        "unsafe fn wait() {}",
        "a resource cannot be unsafe",
    );
}

#[test]
fn parameters_and_variables_belong_together() {
    let check = |settings: &str, parameters: &str, error: &str| {
        let function = format!("/// Waits. \n fn wait({parameters}) {{}}");
        refused_as(Feature::Resource, settings, &function, error);
    };
    check(
        "\"a://{x}\"",
        "x: u8, y: u8",
        "the template has no variable `y`",
    );
    check(
        "\"a://{x}/{y}\"",
        "x: u8",
        "no parameter takes the variable `y`",
    );
    check(
        "\"a://{x}{?y}\"",
        "x: u8, y: u8",
        "a URI may leave out `y`: take an `Option`, or say `#[serde(default)]`",
    );
    check(
        "\"a://{x}\"",
        "#[serde(rename = \"z\")] x: u8",
        "the template has no variable `z`",
    );
    let none = "a resource at one URI has no arguments: put a variable such as `{id}` into the URI";
    check("\"a://x\"", "x: u8", none);
    check("\"a://x\"", "args: Args<X>", none);
    check(
        "\"a://{x}\", complete(y = f)",
        "x: u8",
        "there is no argument `y` that could be completed",
    );
    let fitting = [
        ("\"a://{x}{?y,z}\"", "cx: &Context, x: u8, y: Option<u8>"),
        ("\"a://{x}{?y}\"", "x: u8, #[serde(default)] y: u8"),
        (
            "\"a://{x}{?y}\"",
            "x: u8, #[serde(default = \"one\")] y: u8",
        ),
        ("\"a://{x}{;y}\", complete(y = f)", "x: u8"),
        ("\"a://{type}\", complete(type = f)", "r#type: String"),
        ("\"a://{z}\"", "#[serde(rename = \"z\")] x: u8"),
        ("\"a://{z}\"", "#[serde(rename(deserialize = \"z\"))] x: u8"),
        ("\"a://{x}/{y}\"", "#[serde(flatten)] both: Both"),
        ("\"a://{x}/{y}\"", "args: Args<Both>"),
    ];
    for (settings, parameters) in fitting {
        let function = tokens(&format!("/// Waits. \n fn wait({parameters}) {{}}"));
        let expansion = expansion::expand(Feature::Resource, tokens(settings), function);
        let expansion = expansion.to_string();
        assert!(!expansion.contains("compile_error"), "{expansion}");
    }
}
