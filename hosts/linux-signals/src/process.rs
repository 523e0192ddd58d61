//! Other processes as they are seen from outside: all that is read from `/proc` (proc(5)).
//!
//! Each fact is as it was when it was read. A number may be another process's by the time it is
//! read: what a [`Peer`](crate::Peer) says of its process is of that process or an error.

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
