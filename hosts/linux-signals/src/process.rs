//! Other processes, seen from outside: everything that is read from `/proc` (proc(5)).
//!
//! Each fact is as of the time when it was read. By then a number may belong to another process:
//! only what a [`Peer`](crate::Peer) returns is certain to be about its process.

mod awaited;
mod credentials;
mod entry;
mod executable;
mod identity;
mod list;
mod load;
mod namespace;
mod processor_time;
mod signal_set;
mod sleep;
mod status;

pub use awaited::awaited_signals;
pub use credentials::{CapabilitySet, Credentials, user_name};
pub use entry::{ParseStatusError, ReadProcessError};
pub use executable::Executable;
pub use identity::ProcessIdentity;
pub use list::process_ids;
pub(crate) use list::{has_other_threads, own_threads};
pub(crate) use load::{Delay, Load};
pub use namespace::PidNamespace;
pub use processor_time::WorkWatch;
pub(crate) use processor_time::last_processor;
pub use signal_set::SignalSet;
pub use sleep::{SleepWatch, Slumber};
pub use status::{ProcessState, ProcessStatus};
