//! Integration tests: the built binary, real sockets on loopback, services that the tests script.

mod access;
mod addresses;
mod answers;
mod calls;
mod calls_at_terminal;
mod commands;
mod discover;
mod hostile;
mod job_shapes;
mod jobs;
mod jobs_killed;
mod looking;
mod pages;
mod person_forms;
mod person_pages;
mod processes;
mod quickstart;
mod requests;
mod secrets;
mod stores;
mod support;
mod targets;
mod task_commands;
mod task_watching;
mod tasks;
mod watching_over;
