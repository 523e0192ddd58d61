//! A link: messages in both directions, with acknowledgments, timeouts and receipts: the second
//! program of docs/embedded.md. What it sends comes back to itself, as if two wires led from its
//! outputs to its inputs.
#![no_std]
#![no_main]

use core::cell::RefCell;

use cortex_m::asm;
use cortex_m_rt::exception;
use critical_section::{CriticalSection, Mutex};
use defmt_semihosting as _;
use heapless::Vec;
use minitalk_core::frame::octets_for;
use minitalk_core::receiver::Reply;
use minitalk_core::sender::Event;
use minitalk_core::{Bit, Instant, Receiver, Sender};
use minitalk_cortex_m::{acknowledge, exit, interrupt, listen, raise, start_ticking, starts};

/// Both ends have agreed on frames of 32 octets.
const PAYLOAD_OCTETS: usize = 32;
const N: usize = octets_for(PAYLOAD_OCTETS);

/// A message that makes no progress for this long is given up.
const PATIENCE_MICROS: u64 = 2_000_000;

const MESSAGES: [&[u8]; 3] =
    [b"one frame", b"a message of more octets than one frame of this link can carry", b""];

/// All zeros at first, so it lies in `.bss` and takes nothing in flash.
static LINK: Mutex<RefCell<Link>> = Mutex::new(RefCell::new(Link {
    sender: Sender::short(0, None),
    receiver: Receiver::short(),
    now: Instant::ZERO,
}));

struct Link {
    sender: Sender<N>,
    receiver: Receiver<N>,
    now: Instant,
}

fn with<R>(body: impl FnOnce(&mut Link) -> R) -> R {
    critical_section::with(|token: CriticalSection<'_>| body(&mut LINK.borrow_ref_mut(token)))
}

// A symbol of the other end's message.

#[interrupt]
fn LINE_ZERO() {
    take(Bit::Zero);
}

#[interrupt]
fn LINE_ONE() {
    take(Bit::One);
}

fn take(bit: Bit) {
    match with(|link| link.receiver.handle_bit(bit)) {
        Reply::Acknowledge(ack) | Reply::VerdictComplete(ack) => acknowledge(ack),
        // The frame waits for `main`, and the other end for the acknowledgment: no queue is needed.
        Reply::Frame | Reply::Ignored => {}
    }
}

// An acknowledgment from the other end for one of our symbols.

#[interrupt]
fn ACK_ZERO() {
    with(|link| link.sender.handle_ack(Bit::Zero, link.now));
}

#[interrupt]
fn ACK_ONE() {
    with(|link| link.sender.handle_ack(Bit::One, link.now));
}

/// Once a millisecond, which is precise enough.
#[exception]
fn SysTick() {
    with(|link| link.now = link.now.after_micros(1_000));
}

/// Takes a frame, if a whole one has come. Returns whether the message is complete.
fn receive(text: &mut Vec<u8, 256>) -> bool {
    let (ack, last) = with(|link| {
        let Some(frame) = link.receiver.frame() else { return (None, false) };
        let (payload, last) = (frame.payload, frame.last);
        // The acknowledgment says that the frame is kept; on the last one, that the message is done
        // with.
        match text.extend_from_slice(payload) {
            Ok(()) => (link.receiver.accept(), last),
            Err(_) => (link.receiver.refuse(minitalk_core::RefusalReason::TooLong), false),
        }
    });
    ack.into_iter().for_each(acknowledge);
    last
}

/// Sends one message, and serves the other direction meanwhile. Returns whether it was delivered.
fn send(number: u32, message: &[u8], text: &mut Vec<u8, 256>) -> bool {
    let length = u64::try_from(message.len()).ok();
    let mut rest = message.chunks(PAYLOAD_OCTETS);
    with(|link| {
        link.sender = Sender::short(number, length);
        let first = rest.next().unwrap_or_default();
        let offered = link.sender.offer(first, rest.len() == 0);
        defmt::assert!(offered.is_ok(), "a new sender takes a frame");
    });
    let (mut progress, mut since) = (0, with(|link| link.now));
    loop {
        while let Some(bit) = with(|link| link.sender.poll_transmit(link.now)) {
            raise(bit);
        }
        if receive(text) {
            defmt::info!("received: {=[u8]:a}", text);
        }
        match with(|link| link.sender.poll_event()) {
            Some(Event::Accepted { last: true, .. }) => return true,
            Some(Event::Accepted { .. }) => with(|link| {
                let next = rest.next().unwrap_or_default();
                let _ = link.sender.offer(next, rest.len() == 0);
            }),
            Some(event) => {
                defmt::warn!("not delivered: {}", event);
                return false;
            }
            None => {}
        }
        let (now, further) = with(|link| {
            link.sender.handle_timeout(link.now);
            (link.now, link.sender.progress())
        });
        if further != progress {
            (progress, since) = (further, now);
        } else if now.micros_since(since) > PATIENCE_MICROS {
            with(|link| link.sender.abort());
        }
        if now.micros_since(since) > 2 * PATIENCE_MICROS {
            defmt::warn!("given up: nobody answers");
            return false;
        }
        // An interrupt that has come in the meantime ends this at once.
        if with(|link| link.sender.poll_timeout()).is_some() {
            asm::wfi();
        }
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    listen();
    start_ticking();
    let mut delivered = true;
    for (count, message) in (0..).zip(MESSAGES) {
        let mut text = Vec::new();
        // Different from all before: without random numbers, how often the board has started, and
        // how many messages it has sent since.
        let number = starts() << 16 | count;
        delivered = delivered && send(number, message, &mut text) && text == message;
    }
    exit(delivered)
}
