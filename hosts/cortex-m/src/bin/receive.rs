//! Both protocols through two interrupts: classic and framed messages with emoji, one aborted frame
//! and one damaged. Exits with 0 only if every event was as expected.
//!
//! The handlers pass bits to an exchange in a `static`; `main` takes events and acknowledgments
//! out, prints them, and is also the other end of the line.
#![no_std]
#![no_main]

use core::cell::RefCell;

use critical_section::Mutex;
use defmt_semihosting as _;
use minitalk_core::classic::{self, Dialect};
use minitalk_core::exchange::{Exchange, Output, Place, Protocol};
use minitalk_core::frame::FRAME_OCTETS_MAX;
use minitalk_core::{Bit, Instant, Sender, sender};
use minitalk_cortex_m::{exit, interrupt, listen, raise};

static LINE: Mutex<RefCell<Line>> = Mutex::new(RefCell::new(Line::new()));

/// The only sender.
const PEER: u32 = 1;

const CLASSIC: &[u8] = "classic 🦀 é".as_bytes();
const FRAMED: &[u8] = "framed 🦀 \0 👩\u{200D}🚀".as_bytes();

struct Line {
    exchange: Exchange<[Place; 1], FRAME_OCTETS_MAX>,
    now: Instant,
}

impl Line {
    const fn new() -> Self {
        Self { exchange: Exchange::new(Dialect::DEFAULT, [Place::FREE]), now: Instant::ZERO }
    }
}

#[interrupt]
fn LINE_ZERO() {
    take(Bit::Zero);
}

#[interrupt]
fn LINE_ONE() {
    take(Bit::One);
}

fn take(bit: Bit) {
    critical_section::with(|token| {
        let line = &mut *LINE.borrow_ref_mut(token);
        let now = line.now;
        let _ = line.exchange.handle_bit(PEER, bit, now);
    });
}

/// What became of one message.
#[derive(Default)]
struct Outcome {
    octets: usize,
    matching: usize,
    protocol: Option<Protocol>,
    complete: bool,
    cut: Option<u64>,
    closed: bool,
}

impl Outcome {
    /// Whether exactly `text` has come, to its end.
    fn is(&self, text: &[u8], protocol: Protocol) -> bool {
        self.octets == text.len()
            && self.matching == text.len()
            && self.complete
            && self.protocol == Some(protocol)
    }
}

/// Takes everything out of the exchange, and passes acknowledgments to `sender`.
fn drain(text: &[u8], outcome: &mut Outcome, mut acknowledge: impl FnMut(Bit)) {
    loop {
        let ack = critical_section::with(|token| {
            let line = &mut *LINE.borrow_ref_mut(token);
            let now = line.now;
            let output = line.exchange.poll_output(now)?;
            if let Output::Transmit { symbol, .. } = output {
                return Some(Some(symbol));
            }
            defmt::debug!("{}", output);
            match output {
                Output::Payload(piece) => {
                    let expected = text.get(outcome.octets..).unwrap_or_default();
                    outcome.octets += piece.octets.len();
                    if expected.starts_with(piece.octets) {
                        outcome.matching += piece.octets.len();
                    }
                    outcome.protocol = Some(piece.protocol);
                    outcome.complete |= piece.last;
                    line.exchange.accept(PEER);
                }
                Output::Closed { cut, .. } => {
                    outcome.closed = true;
                    outcome.cut = cut;
                }
                Output::TooLong { .. } | Output::Transmit { .. } => {}
            }
            Some(None)
        });
        match ack {
            None => return,
            Some(None) => {}
            Some(Some(ack)) => acknowledge(ack),
        }
    }
}

fn open() {
    let opened = critical_section::with(|token| LINE.borrow_ref_mut(token).exchange.open(PEER));
    defmt::assert_eq!(opened, Ok(()));
}

/// The sender's process ends.
fn close(outcome: &mut Outcome) {
    critical_section::with(|token| LINE.borrow_ref_mut(token).exchange.handle_gone(PEER));
    drain(&[], outcome, |_| {});
}

fn classic_message() -> bool {
    open();
    let mut outcome = Outcome::default();
    let now = Instant::ZERO;
    let Ok(mut sender) = classic::TextSender::new(Dialect::DEFAULT, CLASSIC, 0) else {
        return false;
    };
    while let Some(bit) = sender.poll_transmit(now) {
        raise(bit);
        drain(CLASSIC, &mut outcome, |ack| sender.handle_ack(ack, now));
    }
    let delivered = sender.poll_event() == Some(classic::Ending::Delivered);
    close(&mut outcome);
    delivered && outcome.is(CLASSIC, Protocol::Classic) && outcome.closed && outcome.cut.is_none()
}

/// Sends the framed message; `disturb` may change the sender or the bit before each bit.
fn framed(
    outcome: &mut Outcome,
    mut disturb: impl FnMut(u64, &mut Sender, Bit) -> Bit,
) -> (sender::Event, sender::Statistics) {
    open();
    let mut now = Instant::ZERO;
    let mut sender = Sender::new(0x2A, Some(FRAMED.len() as u64));
    defmt::assert!(sender.offer(FRAMED, true).is_ok());
    let event = loop {
        let mut idle = true;
        while let Some(bit) = sender.poll_transmit(now) {
            idle = false;
            let bits = sender.statistics().bits;
            raise(disturb(bits, &mut sender, bit));
        }
        drain(FRAMED, outcome, |ack| {
            idle = false;
            sender.handle_ack(ack, now);
        });
        if let Some(event) = sender.poll_event() {
            break event;
        }
        if let (true, Some(deadline)) = (idle, sender.poll_timeout()) {
            now = deadline;
            critical_section::with(|token| LINE.borrow_ref_mut(token).now = now);
            sender.handle_timeout(now);
        }
    };
    let statistics = *sender.statistics();
    defmt::debug!("{}", statistics);
    close(outcome);
    (event, statistics)
}

const ACCEPTED: sender::Event = sender::Event::Accepted { octets: FRAMED.len(), last: true };

fn framed_message() -> bool {
    let mut outcome = Outcome::default();
    let (event, statistics) = framed(&mut outcome, |_, _, bit| bit);
    event == ACCEPTED
        && statistics.repeated_frames == 0
        && outcome.is(FRAMED, Protocol::Framed)
        && outcome.cut.is_none()
}

fn flipped_bit() -> bool {
    let mut outcome = Outcome::default();
    // The hundredth bit of the frame is inverted: the verdict says so, and the frame is sent again.
    let (event, statistics) =
        framed(&mut outcome, |number, _, bit| if number == 100 { !bit } else { bit });
    event == ACCEPTED
        && statistics.repeated_frames == 1
        && outcome.is(FRAMED, Protocol::Framed)
        && outcome.cut.is_none()
}

fn aborted_frame() -> bool {
    let mut outcome = Outcome::default();
    let (event, _) = framed(&mut outcome, |number, sender, bit| {
        if number == 100 {
            sender.abort();
        }
        bit
    });
    event == sender::Event::Aborted && outcome.octets == 0 && outcome.cut == Some(0)
}

#[cortex_m_rt::entry]
fn main() -> ! {
    listen();
    let mut well = true;
    for (name, passed) in [
        ("classic message", classic_message()),
        ("framed message", framed_message()),
        ("frame with a flipped bit", flipped_bit()),
        ("aborted frame", aborted_frame()),
        ("framed message after all that", framed_message()),
    ] {
        if passed {
            defmt::info!("{}: as expected", name);
        } else {
            defmt::error!("{}: NOT as expected", name);
        }
        well &= passed;
    }
    exit(well)
}
