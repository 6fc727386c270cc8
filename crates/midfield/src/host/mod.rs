//! What a host needs between the servers that it uses and the person, the model or the policy that decides: pieces that show
//! nothing themselves, for a terminal, a window or a test.

pub mod answers;
pub mod form;
pub mod model;
pub mod page;
pub mod schema;
