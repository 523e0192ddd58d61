//! What the links promise, tested from outside: examples, a simulator, and the documents.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what would be a fault in the crate fails a test here"
)]

mod capacity;
mod crowd;
mod edges;
mod guess;
mod link;
mod lookahead;
mod pair;
mod receiver;
mod sender;
mod server;
mod simulation;
mod snapshot;
mod strangers;
mod text;
mod understanding;
