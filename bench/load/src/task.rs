//! Tasks: each is made, looked at again and again until it is completed, and its result checked. One task counts as one request.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use memchr::memmem;

use crate::connection::Connection;
use crate::http::{CONNECT_LIMIT, Client, Window};
use crate::message::{FIRST_ID, Message, Revision, Work, shown};

impl Client {
    /// One task after the other until the window is over; returns what each that counts took.
    pub(crate) async fn tasks(&self, window: Window) -> Result<Vec<Duration>> {
        if self.options.revision != Revision::Modern {
            bail!("tasks are asked for in revision 2026-07-28");
        }
        let mut connection = Connection::open_within(&self.endpoint, CONNECT_LIMIT).await?;
        let message = Message::of(Work::Task, self.options.revision, 0);
        let mut call = self.template(&message, None);
        let mut latencies = Vec::new();
        let mut done = 0;
        loop {
            let from = Instant::now();
            if window.is_over(from) || self.options.count == Some(done) {
                return Ok(latencies);
            }
            let status = connection.exchange(call.with_id(FIRST_ID)).await?;
            let task = task_id(&connection.body)
                .with_context(|| format!("status {status}: {}", shown(&connection.body)))?;
            self.until_completed(&mut connection, &task).await?;
            let to = Instant::now();
            done += 1;
            if window.counts(from, to) {
                latencies.push(to - from);
            }
        }
    }

    async fn until_completed(&self, connection: &mut Connection, task: &str) -> Result<()> {
        let body = Message::look(task, self.options.revision).json();
        let headers = format!(
            "MCP-Protocol-Version: {}\r\nMcp-Method: tasks/get\r\nMcp-Name: {task}\r\n",
            self.options.revision.name()
        );
        let head = self.endpoint.post(&headers, body.len());
        let request = [head.as_bytes(), body.as_bytes()].concat();
        loop {
            let status = connection.exchange(&request).await?;
            let body = &connection.body;
            let has = |text: &str| memmem::find(body, text.as_bytes()).is_some();
            if has(r#""status":"completed""#) && has(Work::Task.answer_holds()) {
                return Ok(());
            }
            if !has(r#""status":"working""#) {
                bail!("status {status}: {}", shown(body));
            }
        }
    }
}

fn task_id(body: &[u8]) -> Option<String> {
    const BEFORE: &[u8] = br#""taskId":""#;
    let rest = &body[memmem::find(body, BEFORE)? + BEFORE.len()..];
    let id = &rest[..memchr::memchr(b'"', rest)?];
    String::from_utf8(id.to_vec()).ok()
}
