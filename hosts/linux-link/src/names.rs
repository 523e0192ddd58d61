//! Servers by name: each is a file in a folder of the user's own, and the file says which process it is.
//!
//! ```text
//! $XDG_RUNTIME_DIR/minitalk/          0700
//! ├── logs                            "4242 98765\n": the PID, and when that process was started
//! └── work
//! ```
//!
//! The second number is that of `/proc/PID/stat` (field 22): a process that was given the PID of a server
//! that has ended started later, so an entry that was left behind never leads to a stranger. Whoever
//! changes the folder holds a lock on it (`flock(2)`); whoever reads it need not, as entries come and go
//! in one piece.

mod folder;
mod lookup;
mod name;
mod record;
mod registration;

pub use folder::FolderError;
pub use lookup::{Entry, FindError, find, list, of, uptime};
pub use name::{NAME_BYTES_MAX, Name, NameError};
pub use registration::{RegisterError, Registration};
