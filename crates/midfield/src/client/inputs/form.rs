//! What is sent back of a form.

use midfield_protocol::types::{Action, ElicitResult};

use super::Refusal;
use crate::host::form::Fields;

/// What is sent back: with defaults where a field was left out
/// ([SEP-1034](https://modelcontextprotocol.io/seps/1034--support-default-values-for-all-primitive-types-in)), and only where it
/// fits.
pub(super) fn complete(fields: &Fields, mut result: ElicitResult) -> Result<ElicitResult, Refusal> {
    if result.action != Action::Accept {
        result.content = None;
        return Ok(result);
    }
    let mut content = result.content.take().unwrap_or_default();
    fields.fill(&mut content);
    if let Some(misfit) = fields.misfits(&content).first() {
        return Err(Refusal::failed(format!(
            "what was filled in does not fit the form: {misfit}"
        )));
    }
    result.content = Some(content);
    Ok(result)
}
