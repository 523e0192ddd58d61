//! Text for people: UTF-8 that arrives byte by byte, and what a terminal may be sent.
//!
//! [`Decoder`] turns bytes into characters as soon as they are complete. [`visible`] turns each
//! character into one that cannot take control of the terminal it is shown on.

mod utf8;
mod visible;

pub use utf8::{Decoded, Decoder};
pub use visible::{Visible, visible};
