//! Servers by name or number. Each has an entry in a folder of its user, which says which
//! process it is.
//!
//! ```text
//! $XDG_RUNTIME_DIR/minitalk/      0700
//! ├── 4242.4026531836             a listener without a name: its PID and PID namespace
//! └── logs                        a listener with one: "5151 98765 4 4026531836\n"
//! ```
//!
//! An entry holds the PID, the start time of that process (`/proc/PID/stat`, field 22), and its PID
//! namespace (device and inode of `/proc/PID/ns/pid`). A process that is given the number of a
//! server that has ended has started later, so an entry that was left behind never leads to a
//! stranger.
//!
//! While the listener runs it holds a lock on its entry (`F_OFD_SETLK`, fcntl(2)). The lock shows
//! across PID namespaces whether an entry is in use. Nobody ever waits for it.
//!
//! The folder is `$XDG_RUNTIME_DIR/minitalk` if the variable is set, otherwise
//! `/run/user/UID/minitalk` if `/run/user/UID` exists, otherwise `/tmp/minitalk-UID`. Entries are
//! created there, and looked for in all three. A client that runs as root also looks into the
//! folders of other users. An entry there is valid only for processes of that user, so no user
//! can lead root to the process of a third.

mod entry;
mod folder;
mod lookup;
mod name;
mod registration;
mod site;

pub use folder::FolderError;
pub use lookup::{FindError, Registered, find, list, of};
pub use name::{NAME_BYTES_MAX, Name, NameError};
pub use registration::{RegisterError, Registration};
