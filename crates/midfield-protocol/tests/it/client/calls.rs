//! What a client writes, as a server reads it.

use std::borrow::Cow;
use std::time::Duration;

use midfield_protocol::jsonrpc::{Incoming, Message, RequestId};
use midfield_protocol::types::{
    Filter, Implementation, LogLevel, Meta, ProgressToken, TaskRequest,
};
use midfield_protocol::wire::Codec;
use midfield_protocol::wire::client::{Aside, ClientDescription};
use midfield_protocol::{
    Call, CallTool, Complete, Era, GetPrompt, Other, ReadResource, Reference, Retry, Revision,
};
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::{any_text, name, object};

fn raw(value: &Value) -> Cow<'static, RawValue> {
    Cow::Owned(to_raw_value(value).expect("JSON"))
}

fn retry() -> impl Strategy<Value = Retry<'static>> {
    let parts = (prop::option::of(object()), prop::option::of(any_text()));
    parts.prop_map(|(responses, state)| {
        let mut retry = Retry::default();
        retry.responses = responses.as_ref().map(raw);
        retry.state = state.map(Cow::Owned);
        retry
    })
}

fn tool() -> impl Strategy<Value = Call<'static>> {
    let key = prop::option::of("[a-z]{1,20}");
    let ttl = prop::option::of(prop::option::of(0_u64..1 << 40));
    (name(), prop::option::of(object()), retry(), key, ttl).prop_map(
        |(name, arguments, retry, key, ttl)| {
            let mut call = CallTool::new(name);
            call.arguments = arguments.as_ref().map(raw);
            call.retry = retry;
            call.idempotency_key = key.map(Cow::Owned);
            call.task = ttl.map(|ttl| TaskRequest::new(ttl.map(Duration::from_millis)));
            Call::CallTool(call)
        },
    )
}

fn prompt() -> impl Strategy<Value = Call<'static>> {
    let arguments = prop::collection::btree_map(any_text(), any_text(), 1..4);
    (name(), prop::option::of(arguments), retry()).prop_map(|(name, arguments, retry)| {
        let mut call = GetPrompt::new(name);
        call.arguments =
            arguments.map(|arguments| raw(&serde_json::to_value(arguments).expect("JSON")));
        call.retry = retry;
        Call::GetPrompt(call)
    })
}

fn completion() -> impl Strategy<Value = Call<'static>> {
    let chosen = prop::collection::btree_map(any_text(), any_text(), 0..3);
    (any::<bool>(), name(), name(), any_text(), chosen).prop_map(
        |(is_prompt, of, name, value, chosen)| {
            let reference = if is_prompt {
                Reference::Prompt { name: of.into() }
            } else {
                Reference::Resource { uri: of.into() }
            };
            let mut complete = Complete::new(reference, name, value);
            complete.arguments = chosen;
            Call::Complete(complete)
        },
    )
}

fn filter() -> impl Strategy<Value = Filter> {
    let uris = || prop::collection::vec(name(), 0..3);
    (any::<[bool; 3]>(), uris(), uris()).prop_map(|(lists, resources, tasks)| {
        let mut filter = Filter::default();
        [
            filter.tools_list_changed,
            filter.prompts_list_changed,
            filter.resources_list_changed,
        ] = lists;
        filter.resource_subscriptions = resources;
        filter.task_ids = tasks;
        filter
    })
}

/// A call of any kind.
fn call() -> impl Strategy<Value = Call<'static>> {
    let cursor = || prop::option::of(any_text()).prop_map(|cursor| cursor.map(Cow::Owned));
    let id = || name().prop_map(Cow::Owned);
    let level = prop::sample::select(vec![
        LogLevel::Debug,
        LogLevel::Warning,
        LogLevel::Emergency,
    ]);
    prop_oneof![
        Just(()).prop_map(|()| Call::Ping).boxed(),
        Just(()).prop_map(|()| Call::Discover).boxed(),
        cursor()
            .prop_map(|cursor| Call::ListTools { cursor })
            .boxed(),
        cursor()
            .prop_map(|cursor| Call::ListResources { cursor })
            .boxed(),
        cursor()
            .prop_map(|cursor| Call::ListResourceTemplates { cursor })
            .boxed(),
        cursor()
            .prop_map(|cursor| Call::ListPrompts { cursor })
            .boxed(),
        cursor()
            .prop_map(|cursor| Call::ListTasks { cursor })
            .boxed(),
        tool().boxed(),
        prompt().boxed(),
        completion().boxed(),
        (name(), retry())
            .prop_map(|(uri, retry)| {
                let mut read = ReadResource::new(uri);
                read.retry = retry;
                Call::ReadResource(read)
            })
            .boxed(),
        id().prop_map(|uri| Call::Subscribe { uri }).boxed(),
        id().prop_map(|uri| Call::Unsubscribe { uri }).boxed(),
        filter().prop_map(Call::Listen).boxed(),
        id().prop_map(|id| Call::GetTask { id }).boxed(),
        id().prop_map(|id| Call::TaskResult { id }).boxed(),
        id().prop_map(|id| Call::CancelTask { id }).boxed(),
        (id(), object())
            .prop_map(|(id, responses)| {
                let responses = raw(&responses);
                Call::UpdateTask { id, responses }
            })
            .boxed(),
        level.prop_map(Call::SetLogLevel).boxed(),
    ]
}

fn aside() -> impl Strategy<Value = Aside> {
    (prop::option::of(any::<i64>()), prop::option::of(any_text())).prop_map(|(token, attached)| {
        let mut aside = Aside::default();
        aside.progress_token = token.map(|token| ProgressToken(RequestId::Integer(token)));
        aside.log_level = Some(LogLevel::Info);
        aside.meta = attached.map(|text| Meta::new().with("example.com/x", Value::from(text)));
        aside
    })
}

/// The call as the revision has room for it.
fn known(mut call: Call<'static>, revision: Revision) -> Call<'static> {
    let is_legacy = revision.era() == Era::Legacy;
    match &mut call {
        Call::CallTool(call) => {
            let nothing = || raw(&serde_json::json!({}));
            call.arguments.get_or_insert_with(nothing);
            call.task = call
                .task
                .take()
                .filter(|_| revision == Revision::V2025_11_25);
            if is_legacy {
                call.retry = Retry::default();
            }
        }
        Call::GetPrompt(call) if is_legacy => call.retry = Retry::default(),
        Call::ReadResource(call) if is_legacy => call.retry = Retry::default(),
        _ => {}
    }
    call
}

proptest! {
    #[test]
    fn what_a_client_writes_a_server_reads_as_the_same_call(
        call in call(),
        aside in aside(),
        id in any::<i64>(),
    ) {
        let mut client = ClientDescription::default();
        client.implementation = Implementation::new("client", "1");
        let mut call = call;
        // The revision that has room for most comes first, since a call that has lost something does not find it again.
        let mut revisions = Revision::ALL;
        revisions.sort_by_key(|revision| std::cmp::Reverse(*revision));
        for revision in revisions {
            let codec = Codec::new(revision);
            let id = RequestId::Integer(id);
            let written = codec.write_call(&id, &call, &aside, &client);
            prop_assert_eq!(written.is_ok(), codec.has_words_for(&call), "{} {:?}", revision, call);
            let Ok(written) = written else { continue };
            prop_assert!(!written.contains(&b'\n'));
            let Ok(Incoming::Single(Message::Request(request))) = Incoming::parse(&written) else {
                return Err(TestCaseError::fail(String::from_utf8_lossy(&written).into_owned()));
            };
            prop_assert_eq!(&request.id, &id);
            let read = codec.decode(&request);
            let read = read.map(|read| format!("{read:?}"));
            let task = match &mut call {
                Call::CallTool(call) if revision.era() == Era::Modern => call.task.take(),
                _ => None,
            };
            call = known(call, revision);
            prop_assert_eq!(read.ok(), Some(format!("{call:?}")), "{} {}", revision, String::from_utf8_lossy(&written));
            if let Call::CallTool(call) = &mut call {
                call.task = task.or(call.task);
            }
        }
    }

    #[test]
    fn an_extensions_request_keeps_its_members(members in object()) {
        let client = ClientDescription::default();
        for revision in Revision::ALL {
            let codec = Codec::new(revision);
            let call = Call::Other(Other::new("example/do", Some(raw(&members))));
            let has_meta = members.get("_meta").is_some_and(|meta| !meta.is_object());
            let written = codec.write_call(&RequestId::Integer(1), &call, &Aside::default(), &client);
            if has_meta {
                continue;
            }
            let written = written.expect("a request");
            let request: Value = serde_json::from_slice(&written).expect("JSON");
            for (key, value) in members.as_object().expect("an object") {
                if key != "_meta" {
                    prop_assert_eq!(&request["params"][key], value);
                }
            }
        }
    }
}
