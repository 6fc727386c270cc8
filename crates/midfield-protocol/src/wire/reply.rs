//! Answers of the client to what a server asked, in any revision.

use serde::Deserialize;
use serde_json::Value;

use crate::Raw;
use crate::types::{Action, ElicitResult, Elicitation, InputReply, InputRequest, Roots};

/// Reads the client's answer to `request`.
///
/// What the user did not send off is left out, whatever the client says of it. A form's fields are checked
/// to be of the kinds that forms have; whether they fit the form is for the caller to check.
///
/// # Errors
/// What is wrong with the answer, for a person, when it does not have the shape of one.
pub fn read_reply(request: &InputRequest, reply: &Raw) -> Result<InputReply, String> {
    match request {
        InputRequest::Elicit(elicitation) => {
            let mut result: ElicitResult = read(reply)?;
            let is_form = matches!(elicitation, Elicitation::Form { .. });
            if !is_form || result.action != Action::Accept {
                result.content = None;
            }
            for (name, value) in result.content.iter().flatten() {
                if !is_field(value) {
                    return Err(format!(
                        "the field {name:?} is no string, number, boolean or array of strings"
                    ));
                }
            }
            Ok(InputReply::Elicit(result))
        }
        InputRequest::Sample(_) => read(reply).map(|result| InputReply::Sample(Box::new(result))),
        InputRequest::ListRoots => {
            let roots: Roots = read(reply)?;
            match roots.roots.iter().find(|root| !is_file(&root.uri)) {
                Some(root) => Err(format!("the root {:?} is no `file://` URI", root.uri)),
                None => Ok(InputReply::Roots(roots)),
            }
        }
    }
}

fn read<'a, T: Deserialize<'a>>(reply: &'a Raw) -> Result<T, String> {
    // The derived code would take an array for the members in order.
    if !reply.as_str().starts_with('{') {
        return Err("the answer is no object".into());
    }
    serde_json::from_str(reply.as_str()).map_err(|error| error.to_string())
}

fn is_field(value: &Value) -> bool {
    match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => true,
        Value::Array(items) => items.iter().all(Value::is_string),
        Value::Null | Value::Object(_) => false,
    }
}

fn is_file(uri: &str) -> bool {
    uri.get(..7)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("file://"))
}
