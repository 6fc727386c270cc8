//! The states of a task, one after the other.

use futures_util::{Stream, stream};
use midfield_protocol::wire::client::TaskState;

use super::super::Error;
use super::Task;
use super::follow::Following;

/// Where a watch is.
enum At {
    Beginning,
    After(Box<TaskState>),
    End,
}

pub(super) fn watch(task: Task) -> impl Stream<Item = Result<TaskState, Error>> + Send + 'static {
    let following = Following::new(task);
    stream::unfold(
        (following, At::Beginning),
        |(mut following, at)| async move {
            let next = match at {
                At::End => return None,
                At::Beginning => following.now().await,
                At::After(state) if state.task.status.is_terminal() => return None,
                At::After(state) => next_after(&mut following, &state).await,
            };
            match next {
                Ok(state) => Some((Ok(state.clone()), (following, At::After(Box::new(state))))),
                Err(error) => Some((Err(error), (following, At::End))),
            }
        },
    )
}

/// The state that is another one than `before`.
async fn next_after(following: &mut Following, before: &TaskState) -> Result<TaskState, Error> {
    loop {
        let state = following.next(before).await?;
        if state != *before {
            return Ok(state);
        }
    }
}
