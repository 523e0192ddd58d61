//! Bytes to a process, messages from processes, using only `SIGUSR1` and `SIGUSR2`.
//!
//! * [`Connection`] sends messages to a server, and learns whether they were written.
//! * [`Listener`] receives messages from any number of processes.
//! * [`messages`] writes them one after the other, although they arrive in pieces.
//! * [`Observer`] sees what goes over the line, as it happens.
//! * [`admission`] decides which processes may be signalled, and with which signal.
//! * [`names`] finds servers by name instead of by number.
//! * [`coding`] compresses messages.
//! * [`text`] says which characters of a text do something instead of being read.
//!
//! # Limitations
//!
//! * One [`Connection`] or one [`Listener`] in a process, opened before threads are started: there
//!   is only one pair of signals.
//! * [`Connection::send`] blocks. An [`Interrupter`] ends it from another thread or from a signal
//!   handler.
//! * A classic message is read to its end before its first bit is sent. A framed one needs constant
//!   memory.
//! * A message in the classic protocol has no checksum: [`Receipt::confirmation`] says what is
//!   known.
//! * The limitations of [`minitalk_signals`] apply as well.
//!
//! # Sending
//!
//! ```standalone_crate
//! # use std::error::Error;
//! use minitalk::{Address, Config, Connection};
//!
//! # fn main() -> Result<(), Box<dyn Error>> {
//! # if std::env::var_os("LISTENER").is_some() { return listen() }
//! # let mut listener = std::process::Command::new(std::env::current_exe()?);
//! # let mut listener = listener.env("LISTENER", "").spawn()?;
//! # let pid = listener.id();
//! let address = Address::from(pid);
//! let mut connection = Connection::open(&address, &Config::default())?;
//! let receipt = connection.send("Hello")?;
//! println!("{} bytes were written", receipt.bytes);
//! # assert_eq!(receipt.bytes, 5);
//! # drop(connection);
//! # listener.kill()?;
//! # Ok(())
//! # }
//! # fn listen() -> Result<(), Box<dyn Error>> {
//! #     use minitalk::{Happening, Listener, ListenerConfig};
//! #     let mut listener = Listener::open(&ListenerConfig::default())?;
//! #     loop {
//! #         if let Happening::Piece(piece) = listener.next()? {
//! #             assert_eq!(piece.octets, b"Hello");
//! #             let peer = piece.peer;
//! #             listener.accept(peer);
//! #         }
//! #     }
//! # }
//! ```
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

mod address;
pub mod admission;
mod cause;
pub mod coding;
mod config;
mod connection;
mod diagnosis;
mod input;
mod interrupt;
mod listener;
pub mod messages;
pub mod names;
mod observer;
pub mod text;
mod transfer;

pub use address::{Address, ParseAddressError};
pub use cause::{Cause, Delivered, Failure, Interruption};
pub use config::Config;
pub use connection::{Confirmation, Connection, Receipt};
pub use diagnosis::Diagnosis;
pub use input::Input;
pub use interrupt::Interrupter;
pub use listener::{
    Connected, Ended, Happening, ListenError, Listener, ListenerConfig, Piece, Stray, StrayCause,
};
pub use minitalk_core::classic::Dialect;
pub use minitalk_core::exchange::Protocol;
pub use observer::Observer;
pub use transfer::{Probe, Tally};

/// The programs of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
