#![doc = include_str!("../README.md")]

mod arrival;
mod blocking;
mod clock;
mod crowding;
mod descriptors;
mod dispositions;
mod gate;
mod inherited;
mod line;
mod os_error;
mod peer;
mod process;
mod processor;
mod queue;
mod span;
#[expect(unsafe_code, reason = "the one module that holds the unsafe code of the Linux hosts")]
mod sys;
mod waiting;
mod watch;
mod watchdog;

pub use arrival::{Arrival, Origin, Reply, Termination};
pub use blocking::BlockingError;
pub use clock::{monotonic_nanos, now};
pub use inherited::{survive_file_size_limit, was_closed_at_start};
pub use line::{Line, OpenLineError, WaitError, Wake, WatchError};
pub use minitalk_core::{Bit, Instant};
pub use os_error::OsError;
pub use peer::{OpenPeerError, Peer, SendError};
pub use process::{
    CapabilitySet, Credentials, Executable, ParseStatusError, PidNamespace, ProcessIdentity,
    ProcessState, ProcessStatus, ReadProcessError, SignalSet, SleepWatch, Slumber, WorkWatch,
    awaited_signals, process_ids, user_name,
};
pub use watch::{Interest, is_ready};
