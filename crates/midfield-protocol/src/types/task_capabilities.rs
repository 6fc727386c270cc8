//! What the two sides of revision 2025-11-25 say that they can do with tasks.

use serde::{Deserialize, Serialize};

use super::Settings;

/// Which tasks of revision 2025-11-25 a client runs for its servers
/// ([client capabilities](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#client-capabilities)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WireTasks", into = "WireTasks")]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a member of the wire's own"
)]
pub struct ClientTasks {
    /// It lists them.
    pub list: bool,
    /// It ends them early.
    pub cancel: bool,
    /// Asking its model can be one.
    pub sampling: bool,
    /// Asking its user can be one.
    pub elicitation: bool,
}

impl ClientTasks {
    pub(super) fn covers(self, needed: Self) -> bool {
        (self.list || !needed.list)
            && (self.cancel || !needed.cancel)
            && (self.sampling || !needed.sampling)
            && (self.elicitation || !needed.elicitation)
    }
}

/// Which tasks of revision 2025-11-25 a server runs
/// ([server capabilities](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#server-capabilities)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WireTasks", into = "WireTasks")]
#[non_exhaustive]
pub struct ServerTasks {
    /// It lists them. Not to be offered where it cannot tell its clients apart.
    pub list: bool,
    /// It ends them early.
    pub cancel: bool,
    /// A call of a tool can be one.
    pub tool_calls: bool,
}

impl ServerTasks {
    /// Calls of tools can be tasks, and be ended early; `list`: and be listed.
    pub const fn of_tools(list: bool) -> Self {
        Self {
            list,
            cancel: true,
            tool_calls: true,
        }
    }
}

/// What either side says of tasks: what it offers is there, as an object.
#[derive(Default, Serialize, Deserialize)]
struct WireTasks {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    list: Option<Settings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancel: Option<Settings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requests: Option<WireTaskRequests>,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
struct WireTaskRequests {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tools: Option<WireToolTasks>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sampling: Option<WireSamplingTasks>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    elicitation: Option<WireElicitationTasks>,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
struct WireToolTasks {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call: Option<Settings>,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSamplingTasks {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    create_message: Option<Settings>,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
struct WireElicitationTasks {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    create: Option<Settings>,
}

impl From<WireTasks> for ClientTasks {
    fn from(tasks: WireTasks) -> Self {
        let requests = tasks.requests.unwrap_or_default();
        Self {
            list: tasks.list.is_some(),
            cancel: tasks.cancel.is_some(),
            sampling: requests
                .sampling
                .is_some_and(|sampling| sampling.create_message.is_some()),
            elicitation: requests
                .elicitation
                .is_some_and(|elicitation| elicitation.create.is_some()),
        }
    }
}

impl From<ClientTasks> for WireTasks {
    fn from(tasks: ClientTasks) -> Self {
        let requests = WireTaskRequests {
            sampling: tasks.sampling.then(|| WireSamplingTasks {
                create_message: Some(Settings::default()),
            }),
            elicitation: tasks.elicitation.then(|| WireElicitationTasks {
                create: Some(Settings::default()),
            }),
            ..WireTaskRequests::default()
        };
        Self::new(tasks.list, tasks.cancel, requests)
    }
}

impl From<WireTasks> for ServerTasks {
    fn from(tasks: WireTasks) -> Self {
        let requests = tasks.requests.unwrap_or_default();
        Self {
            list: tasks.list.is_some(),
            cancel: tasks.cancel.is_some(),
            tool_calls: requests.tools.is_some_and(|tools| tools.call.is_some()),
        }
    }
}

impl From<ServerTasks> for WireTasks {
    fn from(tasks: ServerTasks) -> Self {
        let requests = WireTaskRequests {
            tools: tasks.tool_calls.then(|| WireToolTasks {
                call: Some(Settings::default()),
            }),
            ..WireTaskRequests::default()
        };
        Self::new(tasks.list, tasks.cancel, requests)
    }
}

impl WireTasks {
    fn new(list: bool, cancel: bool, requests: WireTaskRequests) -> Self {
        Self {
            list: list.then(Settings::default),
            cancel: cancel.then(Settings::default),
            requests: (requests != WireTaskRequests::default()).then_some(requests),
        }
    }
}
