//! `SIGUSR1` and `SIGUSR2` as a line between two Linux processes.
//!
//! This is everything of minitalk between the protocols ([`minitalk_core`]) and the kernel: one process sends
//! a [`Bit`] to another by a signal, and the other waits for it. It knows nothing of messages.
//!
//! * [`Line`] receives: it waits for signals, descriptors and deadlines at once. While traffic flows it
//!   polls, so that a round trip takes a few microseconds; asleep it uses no processor time at all.
//! * [`Peer`] sends: it holds a process by a pidfd, so a signal reaches that process or nobody.
//! * [`ProcessStatus`] and others tell what can be seen of a process from outside, such as whether it would survive.
//! * [`Arrival`] tells who sent a bit, and when nobody vouches for that.
//!
//! # Examples
//!
//! Sends every bit back to where it came from (the example `echo` does so with more care):
//!
//! ```no_run
//! use minitalk_signals::{Line, Origin, Peer, Wake};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let mut line = Line::open()?;
//!     println!("{}", std::process::id());
//!     loop {
//!         let Wake::Arrival(arrival) = line.wait(None)? else { continue };
//!         let Origin::Process { pid, .. } = arrival.origin else { continue };
//!         let peer = Peer::open(pid)?;
//!         if peer.status()?.survived().contains(arrival.bit) {
//!             peer.send(arrival.bit)?;
//!         }
//!     }
//! }
//! ```
//!
//! # Signal safety
//!
//! The handler copies four numbers out of its `siginfo_t` into a static queue of atomics. It allocates
//! nothing, waits for nothing, cannot panic, and keeps `errno`. It runs only while `ppoll` sleeps, since its
//! signals are blocked everywhere else: the mask is the critical section. All `unsafe` code is in `sys.rs`.
//!
//! # Limitations
//!
//! * Linux only, 5.3 or newer (pidfds), with `/proc` mounted.
//! * Standard signals do not queue: a bit sent while an equal one is pending is lost, and of two different
//!   ones that are pending, `Zero` is received first. The protocol above has to see to it.
//! * One [`Line`] in a process, opened before threads are started. [`Line::open`] refuses otherwise, except
//!   if the other threads have all signals of the line blocked: both bits', `SIGALRM`, and `SIGINT`, `SIGTERM` and
//!   `SIGHUP` as far as they are not ignored.
//! * A program that unblocks the signals on its own gets them handled at any time; nothing breaks, but a
//!   signal may then be late or be dropped ([`Line::dropped`]).
//! * The line also takes `SIGALRM`, for a timer of its own; it is blocked without a handler, and alarm(2) and
//!   `setitimer(2)` do not get through. `SIGINT`, `SIGTERM` and `SIGHUP` come as [`Wake::Terminate`].
//! * While signals come in, readiness of a descriptor is seen up to 20 ms late, a deadline up to 10 ms.
//! * The number of processors is counted when the line is opened: a process that is tied to a single one
//!   later polls in vain, until it finds that out.
//! * Polling is for the machine's sake limited to 200 µs in a wait, and is given up for a while if it wastes
//!   time. On a busy machine a round trip takes 10 µs and more.
//! * What a check found may have changed by the time a signal arrives: handlers and user ids are the
//!   other process's own affair. In a process with several threads, what is blocked is read from its main thread.
//! * What a handler does cannot be seen. One that only ends the process, in good order, is recognised where it
//!   is there for every deadly signal, as in an interactive bash and in vim.
//! * Permission to answer is computed from user ids. A process without user id 0 that has `CAP_KILL`, or one
//!   with user id 0 that has lost it, is misjudged; and security modules are not asked.
//! * A sender outside this process's PID namespace has no number here and cannot be answered.
//! * The real user id of a sender is as it was when it sent.
//!
//! # Stability
//!
//! What is `#[non_exhaustive]` may grow in any version. The other enums are there to be matched without a
//! wildcard, so that a new variant breaks every match that forgot it: one comes with a new minor version as long
//! as this is 0.x, and with a new major one afterwards.

mod arrival;
mod blocking;
mod clock;
mod descriptors;
mod dispositions;
mod gate;
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

pub use arrival::{Arrival, Origin, Termination};
pub use blocking::BlockingError;
pub use clock::{monotonic_nanos, now};
pub use line::{Line, OpenLineError, WaitError, Wake, WatchError};
pub use minitalk_core::{Bit, Instant};
pub use os_error::OsError;
pub use peer::{OpenPeerError, Peer, SendError};
pub use process::{
    CapabilitySet, Credentials, Executable, ParseStatusError, PidNamespace, ProcessIdentity,
    ProcessState, ProcessStatus, ReadProcessError, SignalSet, SleepWatch, Slumber, awaited_signals,
    process_ids, processor_time, user_name,
};
pub use watch::{Interest, is_ready};
