//! Bit-level protocols for a channel that carries two symbols and nothing else.
//!
//! Two processes that may only send each other `SIGUSR1` and `SIGUSR2`; two interrupt lines of a
//! microcontroller; an LED and a photodiode. This crate turns octets into such symbols and back,
//! detects what was lost, and repeats it. It does no I/O: symbols and the time come in as
//! arguments, what is to be sent is returned.
//!
//! | layer | one direction | the other |
//! |---|---|---|
//! | symbols | [`Bit`] | |
//! | classic: eight bits a byte | [`classic::Encoder`] | [`classic::Decoder`] |
//! | HDLC: flags, zero-bit insertion, FCS-32 or FCS-16 | [`hdlc::Framer`] | [`hdlc::Deframer`] |
//! | a link with acknowledgments | [`Sender`], [`classic::TextSender`] | [`Receiver`], [`classic::TextReceiver`] |
//! | many senders at one receiver | | [`Exchange`] |
//! | a measurement of the link | [`Pinger`] | |
//!
//! # Where to begin
//!
//! A decoder takes one bit at a time, from an interrupt or a signal handler if you like:
//!
//! ```
//! use minitalk_core::hdlc::{Deframed, Deframer, Framer};
//!
//! // A `static` on a microcontroller: `new` is const.
//! let mut deframer = Deframer::<64>::new();
//! for bit in Framer::new(b"hello") {
//!     if let Ok(Deframed::Frame(content)) = deframer.feed(bit) {
//!         assert_eq!(content, b"hello");
//!     }
//! }
//! ```
//!
//! A link is a pair of [`Sender`] and [`Receiver`]; the example at [`Receiver`] is one in memory.
//! Input goes to methods named `handle_…`. A receiver returns what is owed for a bit from
//! `handle_bit`, or, if the bit completed something, from `accept` or `refuse`. A sender and an
//! [`Exchange`] may have several outputs: after each call, take all of them with the methods named
//! `poll_…`.
//!
//! # What holds everywhere
//!
//! * `no_std`, no allocation, no `unsafe`, no floating point, no locks, bounded time for each call.
//! * No panic: what a peer sends can be refused, but cannot end the program.
//! * Every `new` that cannot fail is `const`: a `static` needs no initialiser. Every type is
//!   `Clone`, `Debug` and, with the feature `defmt`, `defmt::Format`.
//!
//! # Stability
//!
//! Rust 1.88 or newer; raising that is a minor version. Structs that are only read, such as
//! counters, are `non_exhaustive`, because they will get more fields. Enums that a host must
//! respond to, such as [`receiver::Reply`] and [`sender::Event`], are exhaustive on purpose: a new
//! variant is a new major version, and the compiler shows each place that has to handle it. What
//! goes over the line has a version of its own, [`frame::VERSION`]. RAM, code size and instruction
//! counts may change with any version.
//!
//! The wire formats are specified in `docs/protocol.md` of the repository.
#![no_std]

#[cfg(test)]
extern crate std;

mod bit;
mod doubt;
mod lookahead;
mod retransmission;
mod slot;
mod time;
mod verdict;

pub mod anatomy;
pub mod classic;
pub mod detect;
pub mod exchange;
pub mod frame;
pub mod hdlc;
pub mod ping;
pub mod receiver;
pub mod sender;
pub mod withdrawal;

#[cfg(test)]
mod model;

pub use bit::Bit;
pub use doubt::Doubt;
pub use exchange::Exchange;
pub use lookahead::Lookahead;
pub use ping::Pinger;
pub use receiver::Receiver;
pub use sender::Sender;
pub use time::Instant;
pub use verdict::{REASON_BITS, RefusalReason, VERDICT_BITS};

/// The program of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
