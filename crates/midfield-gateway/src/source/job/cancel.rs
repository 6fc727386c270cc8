//! Ending a job before its time.

use midfield::types::ToolResult;
use midfield::{Context, Error};
use midfield_openapi::Method;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Job;
use super::watch::Watch;
use crate::config::Cancel;

/// What came of cancelling a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cancelled {
    /// The service takes it.
    Taken,
    /// The service does not, or did not answer.
    Refused,
    /// The configuration knows no way.
    NoWay,
}

impl Job<'_> {
    /// Asks the service to end the job. Asking twice does no harm.
    pub(super) async fn cancel(&self, watch: &Watch) -> Result<Cancelled, Error> {
        let request = match self.cancelling(watch) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(Cancelled::NoWay),
            Err(lost) => return Err(self.lost(&lost)),
        };
        let (method, url) = request;
        Ok(match self.send(method, &url).await? {
            // What is no longer there needs no end.
            Ok(answer)
                if answer.status.is_success() || matches!(answer.status.as_u16(), 404 | 410) =>
            {
                Cancelled::Taken
            }
            Ok(_) => Cancelled::Refused,
            Err(error) => {
                self.target.failed(&error);
                Cancelled::Refused
            }
        })
    }

    /// The request that ends the job.
    fn cancelling(&self, watch: &Watch) -> Result<Option<(Method, Url)>, super::Lost> {
        let delete = || Some((Method::Delete, watch.status_url.clone()));
        Ok(match &self.follower.jobs.cancel {
            Cancel::DeleteWhatPostMade => {
                let mut bare = watch.status_url.clone();
                bare.set_query(None);
                let is_made = self.method == Method::Post && bare != self.request_url;
                delete().filter(|_| is_made)
            }
            Cancel::Delete => delete(),
            Cancel::Request(method, template) => Some((*method, self.expand(template)?)),
            Cancel::None => None,
        })
    }

    /// Ends the call of a job that took longer than it may, and the job where there is a way.
    pub(super) async fn give_up(
        &self,
        watch: &Watch,
        context: &Context,
    ) -> Result<ToolResult, Error> {
        let cancelled = context
            .step("cancel", || self.cancel(watch))
            .await
            .unwrap_or(Cancelled::Refused);
        let limit = humantime::format_duration(self.follower.jobs.max_duration);
        let told = match cancelled {
            Cancelled::Taken => "it was cancelled",
            Cancelled::Refused => "the service did not cancel it, so that it may go on",
            Cancelled::NoWay => "it may go on",
        };
        let source = &self.target.source;
        Err(Error::tool(format!(
            "the job of the service `{source}` did not end within {limit}; {told}"
        )))
    }
}
