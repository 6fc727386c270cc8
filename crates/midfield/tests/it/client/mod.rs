//! The client, against servers of this library in every revision and over every transport.

mod basic;
mod receiver;
mod script;
mod task_wire;
mod tasks;
mod users;
