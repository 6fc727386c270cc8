//! What is kept of a call that is a task: all that its handler could know, as it may run in another process.

use midfield_protocol::types::{
    ClientCapabilities, Implementation, LogLevel, ProgressToken, TraceContext,
};
use midfield_protocol::wire::Codec;
use midfield_protocol::{Caller, Identity, Principal, Raw};
use serde::{Deserialize, Serialize};

use super::super::questions::SessionKey;

/// A call that is a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) tool: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) arguments: Option<Raw>,
    /// How its client is spoken to.
    pub(super) codec: Codec,
    principal: Who,
    capabilities: ClientCapabilities,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<Implementation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log_level: Option<LogLevel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    progress_token: Option<ProgressToken>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<Trace>,
    /// The session that it was asked in, where that was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<SessionKey>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Who {
    Anonymous,
    Parent,
    Identified {
        issuer: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tenant: Option<String>,
        subject: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<String>,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Trace {
    parent: Option<String>,
    state: Option<String>,
    baggage: Option<String>,
}

impl Kept {
    /// The call of `tool` by `caller`; `None` for a caller that cannot be kept.
    pub(super) fn new(
        tool: &str,
        arguments: Option<Raw>,
        codec: Codec,
        caller: &Caller,
        session: Option<SessionKey>,
    ) -> Option<Self> {
        Some(Self {
            tool: tool.to_owned(),
            arguments,
            codec,
            principal: Who::of(&caller.principal)?,
            capabilities: caller.capabilities.clone(),
            client: caller.client.clone(),
            log_level: caller.log_level,
            progress_token: caller.progress_token.clone(),
            trace: caller.trace.as_ref().map(|trace| Trace {
                parent: trace.traceparent().map(str::to_owned),
                state: trace.tracestate().map(str::to_owned),
                baggage: trace.baggage().map(str::to_owned),
            }),
            session,
        })
    }

    /// Who asked.
    pub(super) fn caller(&self) -> Caller {
        let mut caller = Caller::new(self.capabilities.clone());
        caller.principal = self.principal.to_principal();
        caller.client.clone_from(&self.client);
        caller.log_level = self.log_level;
        caller.progress_token.clone_from(&self.progress_token);
        caller.trace = self.trace.as_ref().and_then(|trace| {
            TraceContext::read(
                trace.parent.as_deref(),
                trace.state.as_deref(),
                trace.baggage.as_deref(),
            )
        });
        caller
    }
}

impl Who {
    fn of(principal: &Principal) -> Option<Self> {
        Some(match principal {
            Principal::Anonymous => Self::Anonymous,
            Principal::Parent => Self::Parent,
            Principal::Identified(identity) => Self::Identified {
                issuer: identity.issuer.clone(),
                tenant: identity.tenant.clone(),
                subject: identity.subject.clone(),
                client: identity.client.clone(),
            },
            _ => return None,
        })
    }

    fn to_principal(&self) -> Principal {
        match self {
            Self::Anonymous => Principal::Anonymous,
            Self::Parent => Principal::Parent,
            Self::Identified {
                issuer,
                tenant,
                subject,
                client,
            } => {
                let mut identity = Identity::new(issuer, subject);
                identity.tenant.clone_from(tenant);
                identity.client.clone_from(client);
                identity.into()
            }
        }
    }
}
