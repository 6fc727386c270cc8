//! Integration tests: the built binary, real sockets on loopback, services that the tests script.

mod access;
mod addresses;
mod answers;
mod commands;
mod hostile;
mod job_shapes;
mod jobs;
mod jobs_killed;
mod processes;
mod quickstart;
mod requests;
mod secrets;
mod support;
