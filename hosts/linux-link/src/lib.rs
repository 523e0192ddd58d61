//! Bytes to a process, messages from processes, with nothing but `SIGUSR1` and `SIGUSR2`.
//!
//! * [`Listener`] receives messages from any number of processes.
//! * [`Observer`] sees what goes over the line, as it happens.
//! * [`admission`]: who may be signalled, and with what.
//! * [`names`]: servers are found by a name instead of a number.
//! * [`text`]: which characters of a text do something instead of being read.
//!
//! # Receiving
//!
//! ```standalone_crate
//! # use std::io::Write;
//! use minitalk::{Happening, Listener, ListenerConfig};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # if let Ok(pid) = std::env::var("RECEIVER") { return send(pid.parse()?, b"Hello") }
//! # let mut output = Vec::new();
//! let mut listener = Listener::open(&ListenerConfig::default())?;
//! # let mut sender = std::process::Command::new(std::env::current_exe()?);
//! # let mut sender = sender.env("RECEIVER", std::process::id().to_string()).spawn()?;
//! loop {
//!     if let Happening::Piece(piece) = listener.next()? {
//!         output.write_all(piece.octets)?;
//!         let (peer, is_last) = (piece.peer, piece.last);
//!         listener.accept(peer);
//!         # if is_last { break }
//!     }
//! }
//! # while !matches!(listener.next()?, Happening::Left { .. }) {}
//! # assert!(sender.wait()?.success());
//! # assert_eq!(output, b"Hello");
//! # Ok(())
//! # }
//! # fn send(pid: u32, text: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! #     let mut line = minitalk_signals::Line::open()?;
//! #     let peer = minitalk_signals::Peer::open(pid)?;
//! #     let dialect = minitalk_core::classic::Dialect::DEFAULT;
//! #     for bit in minitalk_core::classic::Encoder::new(dialect, text)? {
//! #         peer.send(bit)?;
//! #         let _ = line.wait(None)?;
//! #     }
//! #     Ok(())
//! # }
//! ```

pub mod admission;
mod listener;
pub mod names;
mod observer;
pub mod text;

pub use listener::{
    Connected, Ended, Happening, Listener, ListenerConfig, Piece, Stray, StrayCause,
};
pub use observer::Observer;
