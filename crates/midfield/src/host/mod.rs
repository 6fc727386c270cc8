//! What a host needs between the servers that it uses and the person, or the policy, that decides: pieces that show nothing
//! themselves, for a terminal, a window or a test; and the models that it has.

pub mod answers;
pub mod form;
pub mod model;
pub mod page;
