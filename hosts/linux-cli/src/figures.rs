//! How long signals take, and how far a message has progressed.

mod histogram;
mod progress;
mod round_trips;

pub use histogram::Bucket;
pub use progress::{Progress, Show, is_in_foreground};
pub use round_trips::{RoundTrips, Summary, micros};
