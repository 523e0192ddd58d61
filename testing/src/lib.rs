//! What the model, the simulator and the fuzz targets of the core share.
//!
//! It does not depend on the core, so that the core's own unit tests can use it: a symbol is any
//! type that converts to and from `bool`, true for a one.

mod content;
mod feed;
mod pending;
mod random;

pub use content::{draw_content, trap};
pub use feed::Feed;
pub use pending::Pending;
pub use random::Random;
