//! A model that is asked in a way of one's own.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use midfield_protocol::types::{CreateMessage, SampleResult};

use super::super::failure::Failure;
use super::draft::Completion;
use crate::client::{Asker, Refusal, Sample};

#[derive(Clone)]
pub(in super::super) struct Own(Arc<dyn AnyModel>);

impl Own {
    pub(super) fn new(model: impl Sample) -> Self {
        Self(Arc::new(model))
    }

    pub(super) async fn ask(
        &self,
        request: CreateMessage,
        asker: Asker,
    ) -> Result<Completion, Failure> {
        let result = self.0.ask(request, asker).await.map_err(Failure::Own)?;
        Ok(Completion {
            result,
            usage: None,
        })
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Own(..)")
    }
}

/// A [`Sample`] whose type is not known.
trait AnyModel: Send + Sync {
    fn ask(&self, request: CreateMessage, asker: Asker) -> Waiting<'_>;
}

type Waiting<'a> = Pin<Box<dyn Future<Output = Result<SampleResult, Refusal>> + Send + 'a>>;

impl<S: Sample> AnyModel for S {
    fn ask(&self, request: CreateMessage, asker: Asker) -> Waiting<'_> {
        Box::pin(self.sample(request, asker))
    }
}
