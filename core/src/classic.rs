//! The protocol of the 42-school exercise: eight symbols for each byte, and something that marks
//! the end of the message.
//!
//! ```text
//! end=nul        ┌──────┬──────┬─ ─ ─┬──────┬──────────┐
//!                │ byte │ byte │     │ byte │ 00000000 │
//!                └──────┴──────┴─ ─ ─┴──────┴──────────┘
//! end=length32   ┌──────────────┬──────┬─ ─ ─┬──────┐
//! end=length64   │ length       │ byte │     │ byte │
//!                └──────────────┴──────┴─ ─ ─┴──────┘
//!                  32 or 64 bits
//! ```
//!
//! Implementations differ in which signal is a one, in bit order, in what they acknowledge and in
//! how a message ends. A [`Dialect`] says which way one of them does it. The length counts bytes of
//! text and is sent in the bit order of the dialect: as one number of 32 or 64 bits, most or least
//! significant bit first.
//!
//! [`Encoder`] turns a text into line symbols, [`Decoder`] turns line symbols into bytes, and both
//! say what each symbol [ended](Ends), from which [`Dialect::acks`] computes the symbols that come
//! back. Nothing here needs a buffer, so a message may have any length.
//!
//! What this protocol cannot do: it has no redundancy, so a lost or doubled symbol shifts all bits
//! that follow; and with [`End::Nul`] a text cannot hold a NUL.

mod acks;
mod answering;
mod decoder;
mod dialect;
mod encoder;
mod ends;
mod guess;
mod receiver;
mod sender;
mod setting;
mod understanding;

pub use acks::Acks;
pub use answering::{Answering, Handles, Waits};
pub use decoder::{Decoded, Decoder};
pub(crate) use dialect::Chosen;
pub use dialect::{Ack, BitOrder, Dialect, End, Hello, Lead, Length, Receipt};
pub use encoder::{ByteEncoder, EncodeError, Encoder, Prefix};
pub use ends::Ends;
pub use guess::{Confidence, Guess, Verdict};
pub use receiver::{Completed, TextReceiver};
pub use sender::{Ending, TIMEOUT_MICROS, TIMEOUT_OF_KNOWN_MICROS, TextSender};
pub use setting::{ParseDialectError, Setting};
pub use understanding::{Memory, Understanding, Understood};
