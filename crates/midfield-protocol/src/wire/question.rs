//! Questions to the client. In a legacy revision they are requests of the server's own; since 2026-07-28 they
//! travel in results, see [`crate::Answer::InputRequired`].

use super::{Codec, legacy};
use crate::jsonrpc::{self, RequestId};
use crate::types::InputRequest;
use crate::{Era, Error};

/// The request by which a server asks its client, in the words of a legacy revision. Whether the client
/// offers to be asked is for the caller to know, see [`InputRequest::is_covered_by`].
///
/// # Errors
/// [`Error::InvalidRequest`] for what the revision cannot say, [`Error::Internal`] for what cannot be
/// written as JSON.
pub fn question(codec: Codec, id: &RequestId, request: &InputRequest) -> Result<Vec<u8>, Error> {
    let revision = codec.revision();
    if revision.era() == Era::Modern {
        return Err(Error::InvalidRequest {
            detail: format!(
                "in revision {revision} a server sends no requests; it asks by `input_required`"
            ),
        });
    }
    let method = request.method();
    let written = match request {
        InputRequest::Elicit(elicitation) => {
            let params = legacy::elicitation(elicitation, revision)?;
            jsonrpc::request(id, method, Some(&params))
        }
        InputRequest::Sample(sample) => {
            let params = legacy::sampling(sample, revision)?;
            jsonrpc::request(id, method, Some(params.as_ref()))
        }
        InputRequest::ListRoots => jsonrpc::request::<()>(id, method, None),
    };
    written.map_err(|_| Error::Internal)
}
