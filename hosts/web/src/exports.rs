//! The functions that the page calls. There is one world and one thread.
//!
//! [`state`] and [`occurrences`] write JSON to a buffer at the address [`buffer`], and return its
//! length.

use core::cell::UnsafeCell;
use core::fmt::Write;

use heapless::String;
use minitalk_core::Bit;
use minitalk_core::exchange::Protocol;

use crate::line::{Fault, Symbol};
use crate::sender::{Outcome, Phase};
use crate::world::{Mode, Occurrence, SENDERS, World};

const TEXT_MAX: usize = 2048;
const BUFFER_MAX: usize = 64 * 1024;

/// A value that belongs to the only thread. Each is a separate static: those that are all zeros
/// take no room in the module.
struct Single<T>(UnsafeCell<T>);

// SAFETY: WebAssembly without threads has one thread, and no export calls another one.
unsafe impl<T> Sync for Single<T> {}

impl<T> Single<T> {
    #[expect(clippy::mut_from_ref, reason = "one thread, and no export keeps the reference")]
    fn get(&self) -> &mut T {
        // SAFETY: one thread, and no export keeps the reference or calls another export.
        unsafe { &mut *self.0.get() }
    }
}

static WORLD: Single<World> = Single(UnsafeCell::new(World::new()));
static TEXTS: Single<[[u8; TEXT_MAX]; SENDERS]> = Single(UnsafeCell::new([[0; TEXT_MAX]; SENDERS]));
static JSON: Single<String<BUFFER_MAX>> = Single(UnsafeCell::new(String::new()));

/// Starts again: 0 is framed, 1 classic, 2 paced.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn reset(mode: u32) {
    WORLD.get().reset(match mode {
        0 => Mode::Framed,
        1 => Mode::Classic,
        _ => Mode::Paced,
    });
}

/// Where the text of a sender must be written, at most `text_capacity` octets.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn text(sender: usize) -> *mut u8 {
    TEXTS.get().get_mut(sender).map_or(core::ptr::null_mut(), |text| text.as_mut_ptr())
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn text_capacity() -> usize {
    TEXT_MAX
}

/// Lets a sender begin to send the first `length` octets of its text.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn send(sender: usize, length: usize) -> bool {
    let text = TEXTS.get().get(sender).and_then(|text| text.get(..length));
    text.is_some_and(|text| WORLD.get().send(sender, text))
}

/// Makes one thing happen; false if nothing is left to happen.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn step() -> bool {
    WORLD.get().step()
}

/// Loses (0), doubles (1) or delays (2) a symbol; false if it has arrived.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn disturb(id: u32, fault: u32) -> bool {
    let fault = match fault {
        0 => Fault::Lose,
        1 => Fault::Double,
        _ => Fault::Delay,
    };
    WORLD.get().disturb(id, fault)
}

/// The address of the JSON.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn buffer() -> *const u8 {
    JSON.get().as_ptr()
}

/// Writes the state of all machines as JSON; returns its length.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn state() -> usize {
    let (world, json) = (WORLD.get(), JSON.get());
    json.clear();
    // What does not fit is cut off, and the page reports it.
    let _ = write_state(world, json);
    json.len()
}

/// Writes what has happened since the last call as a JSON array; returns its length.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn occurrences() -> usize {
    let (world, json) = (WORLD.get(), JSON.get());
    json.clear();
    let _ = write_occurrences(world, json);
    json.len()
}

fn write_state(world: &World, json: &mut impl Write) -> core::fmt::Result {
    write!(json, "{{\"micros\":{},\"senders\":[", world.now.as_micros())?;
    for (index, place) in world.senders.iter().enumerate() {
        comma(json, index)?;
        let Some(sending) = place else {
            json.write_str("null")?;
            continue;
        };
        let outcome = match sending.outcome {
            Outcome::Sending => "sending",
            Outcome::Delivered => "delivered",
            Outcome::Sent => "sent",
            Outcome::Failed => "failed",
        };
        let protocol = match world.protocol(index) {
            None => "not known yet",
            Some(Protocol::Classic) => "classic",
            Some(Protocol::Framed) => "framed",
        };
        let Phase { bytes, resent, repeated } = sending.phase();
        let symbols = sending.symbols;
        write!(
            json,
            "{{\"outcome\":\"{outcome}\",\"bytes\":{bytes},\"resent\":{resent},\"repeated\":{repeated},\
             \"symbols\":{symbols},\"receiver\":\"{protocol}\"}}"
        )?;
    }
    json.write_str("],\"flight\":[")?;
    for (index, symbol) in world.line.symbols().iter().enumerate() {
        comma(json, index)?;
        write_symbol(symbol, json)?;
    }
    json.write_str("],\"written\":[")?;
    for (index, (from, octet)) in world.written.iter().enumerate() {
        comma(json, index)?;
        write!(json, "[{from},{octet}]")?;
    }
    json.write_str("]}")
}

fn write_occurrences(world: &mut World, json: &mut impl Write) -> core::fmt::Result {
    json.write_char('[')?;
    let mut index = 0;
    while let Some(occurrence) = world.poll_occurrence() {
        comma(json, index)?;
        index += 1;
        write_occurrence(&occurrence, json)?;
    }
    json.write_char(']')
}

fn write_occurrence(occurrence: &Occurrence, json: &mut impl Write) -> core::fmt::Result {
    match occurrence {
        Occurrence::Sent { symbol, label } => {
            json.write_str("{\"what\":\"sent\",\"symbol\":")?;
            write_symbol(symbol, json)?;
            if let Some(label) = label {
                write!(json, ",\"part\":\"{}\"", label.part)?;
                if let Some(octet) = label.octet {
                    write!(json, ",\"octet\":{octet}")?;
                }
            }
            json.write_char('}')
        }
        Occurrence::Arrived { symbol } => {
            json.write_str("{\"what\":\"arrived\",\"symbol\":")?;
            write_symbol(symbol, json)?;
            json.write_char('}')
        }
        Occurrence::Merged { symbol } => {
            json.write_str("{\"what\":\"merged\",\"symbol\":")?;
            write_symbol(symbol, json)?;
            json.write_char('}')
        }
        Occurrence::Lost { id } => write!(json, "{{\"what\":\"lost\",\"id\":{id}}}"),
        Occurrence::Doubled { id } => write!(json, "{{\"what\":\"doubled\",\"id\":{id}}}"),
        Occurrence::Delayed { id } => write!(json, "{{\"what\":\"delayed\",\"id\":{id}}}"),
        Occurrence::TimedOut { process } => {
            write!(json, "{{\"what\":\"timeout\",\"process\":{process}}}")
        }
        Occurrence::Octet { from, octet } => {
            write!(json, "{{\"what\":\"octet\",\"from\":{from},\"octet\":{octet}}}")
        }
        Occurrence::Ended { from } => write!(json, "{{\"what\":\"ended\",\"from\":{from}}}"),
    }
}

fn write_symbol(symbol: &Symbol, json: &mut impl Write) -> core::fmt::Result {
    let Symbol { id, from, to, bit, due, is_delayed } = *symbol;
    let bit = u8::from(bit == Bit::One);
    let due = due.as_micros();
    write!(
        json,
        "{{\"id\":{id},\"from\":{from},\"to\":{to},\"bit\":{bit},\"due\":{due},\"delayed\":{is_delayed}}}"
    )
}

fn comma(json: &mut impl Write, index: usize) -> core::fmt::Result {
    if index > 0 { json.write_char(',') } else { Ok(()) }
}
