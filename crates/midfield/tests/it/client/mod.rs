//! The client, against servers of this library in every revision and over every transport.

mod bad;
mod basic;
mod changes;
mod demands;
mod exchanges;
mod receiver;
mod script;
mod scripted;
mod task_wire;
mod tasks;
mod users;
