//! What a handler's parameters are made from.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use midfield_protocol::Principal;
use midfield_protocol::types::Schema;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::Context;
use super::handler::{Arguments, Misfit};
use super::schema::input_schema;

/// A parameter of a handler, made from the call.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a handler",
    note = "a handler takes `Args<T>`, `Context`, `State<T>` and `Principal`"
)]
pub trait FromCall: Sized {
    /// Makes the parameter.
    ///
    /// # Errors
    /// When the call's arguments do not fit.
    fn from_call(parts: &Parts<'_>) -> Result<Self, Misfit>;

    /// Which arguments of the call the parameter reads; `None`: none at all.
    fn input_schema() -> Option<Schema> {
        None
    }

    /// What the server must have been given for the parameter to be made.
    fn requirement() -> Option<Requirement> {
        None
    }
}

/// What parameters are made from.
#[derive(Debug)]
#[non_exhaustive]
pub struct Parts<'a> {
    /// The call's arguments.
    pub arguments: Arguments<'a>,
    /// The call's context.
    pub context: &'a Context,
}

/// A state that a handler needs; [`Server::build`](super::Server::build) checks that it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requirement {
    type_id: TypeId,
    /// The type's name, for the error.
    pub type_name: &'static str,
}

/// The arguments of the call, read as a `T` whose schema is the tool's input schema.
///
/// Arguments that do not fit are answered with a failure that names the place and what was expected, so
/// that a model can correct them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is its one field")]
pub struct Args<T>(pub T);

impl<T: DeserializeOwned + JsonSchema> FromCall for Args<T> {
    fn from_call(parts: &Parts<'_>) -> Result<Self, Misfit> {
        parts.arguments.read().map(Self)
    }

    fn input_schema() -> Option<Schema> {
        Some(input_schema::<T>())
    }
}

impl FromCall for Context {
    fn from_call(parts: &Parts<'_>) -> Result<Self, Misfit> {
        Ok(parts.context.clone())
    }
}

/// Who asks, as far as that was proven.
impl FromCall for Principal {
    fn from_call(parts: &Parts<'_>) -> Result<Self, Misfit> {
        Ok(parts.context.principal().clone())
    }
}

/// A value that the server was given by [`Server::state`](super::Server::state), shared by all calls.
#[derive(Debug)]
pub struct State<T>(Arc<T>);

impl<T: Send + Sync + 'static> State<T> {
    pub(super) fn find(states: &States) -> Option<Self> {
        states.get::<T>().map(Self)
    }
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Send + Sync + 'static> FromCall for State<T> {
    fn from_call(parts: &Parts<'_>) -> Result<Self, Misfit> {
        // The build has checked that it is there; a handler that is called without a build gets this.
        Self::find(parts.context.states()).ok_or_else(|| {
            Misfit::new(format!(
                "the server lacks its state `{}`",
                std::any::type_name::<T>()
            ))
        })
    }

    fn requirement() -> Option<Requirement> {
        Some(Requirement {
            type_id: TypeId::of::<T>(),
            type_name: std::any::type_name::<T>(),
        })
    }
}

/// The states of a server, one of each type.
#[derive(Clone, Default)]
pub(crate) struct States(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl States {
    pub(super) fn insert<T: Send + Sync + 'static>(&mut self, state: T) {
        self.0.insert(TypeId::of::<T>(), Arc::new(state));
    }

    pub(super) fn satisfies(&self, requirement: Requirement) -> bool {
        self.0.contains_key(&requirement.type_id)
    }

    fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.get(&TypeId::of::<T>())?.clone().downcast().ok()
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "States({})", self.0.len())
    }
}
