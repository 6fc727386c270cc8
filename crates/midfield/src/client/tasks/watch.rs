//! The states of a task, one after the other.

use futures_util::{Stream, stream};
use midfield_protocol::wire::client::TaskState;

use super::super::Error;
use super::Task;

/// Where a watch is.
enum At {
    Beginning,
    After(TaskState),
    End,
}

pub(super) fn watch(task: Task) -> impl Stream<Item = Result<TaskState, Error>> + Send + 'static {
    stream::unfold((task, At::Beginning), |(task, at)| async move {
        let next = match at {
            At::End => return None,
            At::Beginning => task.ask().await,
            At::After(state) if state.task.status.is_terminal() => return None,
            At::After(state) => next_after(&task, &state).await,
        };
        match next {
            Ok(state) => Some((Ok(state.clone()), (task, At::After(state)))),
            Err(error) => Some((Err(error), (task, At::End))),
        }
    })
}

/// The state that is another one than `before`.
async fn next_after(task: &Task, before: &TaskState) -> Result<TaskState, Error> {
    let mut pause = Task::pause(before);
    loop {
        tokio::time::sleep(pause).await;
        let state = task.ask().await?;
        if state != *before {
            return Ok(state);
        }
        pause = Task::pause(&state);
    }
}
