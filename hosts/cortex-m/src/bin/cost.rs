//! What the core costs on a Cortex-M3: instructions, stack, RAM.
//!
//! Run with `-icount shift=10`, where an instruction takes 1024 ns, or 12.8 ticks of `SysTick` at
//! 12.5 MHz: instructions are counted exactly, with the same result in every run.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::ptr;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::{Peripherals, register::msp};
use defmt_semihosting as _;
use minitalk_core::classic::{self, Dialect};
use minitalk_core::exchange::{Exchange, Output, Place};
use minitalk_core::frame::FRAME_OCTETS_MAX;
use minitalk_core::hdlc::{Deframer, Framer};
use minitalk_core::{Bit, Instant, Receiver, Sender, receiver};
use minitalk_cortex_m::exit;

/// Octets of stack that are observed: more than anything here uses.
const STACK_OCTETS: usize = 2048;
const UNUSED: u8 = 0xA5;

/// The cost of a number of calls of one function.
#[derive(Default)]
struct Cost {
    calls: u32,
    instructions: u32,
    most: u32,
    stack_octets: usize,
}

impl Cost {
    fn add(&mut self, instructions: u32, stack_octets: usize) {
        self.calls += 1;
        self.instructions += instructions;
        self.most = self.most.max(instructions);
        self.stack_octets = self.stack_octets.max(stack_octets);
    }

    /// The same, raised to the maxima of `other`.
    fn at_most_of(mut self, other: &Self) -> Self {
        self.most = self.most.max(other.most);
        self.stack_octets = self.stack_octets.max(other.stack_octets);
        self
    }

    fn print(&self, name: &str, ram_octets: usize) {
        let tenths = self.instructions * 10 / self.calls;
        defmt::println!(
            "| `{=str}` | {=u32}.{=u32} | {=u32} | {=usize} | {=usize} |",
            name,
            tenths / 10,
            tenths % 10,
            self.most,
            self.stack_octets,
            ram_octets
        );
    }
}

/// Runs `call`; returns its result, instructions, and octets of stack.
#[inline(never)]
fn measured<R>(call: &mut dyn FnMut() -> R) -> (R, u32, usize) {
    let top = msp::read() as usize;
    let bottom = top - STACK_OCTETS;
    for address in bottom..top {
        // SAFETY: below the stack pointer, inside RAM, and unused: the core has no red zone and no
        // interrupt is enabled.
        unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(address), UNUSED) };
    }
    let before = SYST::get_current();
    let result = call();
    let ticks = before.wrapping_sub(SYST::get_current()) & 0x00FF_FFFF;
    let is_used = |address: &usize| {
        // SAFETY: as above; what the call left there is plain octets.
        unsafe { ptr::read_volatile(ptr::with_exposed_provenance::<u8>(*address)) != UNUSED }
    };
    let deepest = (bottom..top).find(is_used).unwrap_or(top);
    (result, ticks * 10 / 128, top - deepest)
}

/// Like [`measured`], added to `cost` without the cost of measuring itself.
fn measure<R>(cost: &mut Cost, mut call: impl FnMut() -> R) -> R {
    let ((), nothing, _) = measured(&mut || black_box(()));
    let (result, instructions, stack_octets) = measured(&mut call);
    cost.add(instructions.saturating_sub(nothing), stack_octets);
    result
}

/// Octets that look random, and are the same in every run: `SplitMix64`'s little brother.
fn octets() -> [u8; 256] {
    let mut state: u32 = 1;
    core::array::from_fn(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [.., top] = state.to_le_bytes();
        top | 1
    })
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "Rust" fn deframer_feed(deframer: &mut Deframer<FRAME_OCTETS_MAX>, bit: Bit) -> bool {
    deframer.feed(bit).is_ok()
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "Rust" fn classic_decoder_feed(
    decoder: &mut classic::Decoder,
    bit: Bit,
) -> classic::Decoded {
    decoder.feed(bit)
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "Rust" fn receiver_handle_bit(receiver: &mut Receiver, bit: Bit) -> receiver::Reply {
    receiver.handle_bit(bit)
}

fn cost_of_deframer(content: &[u8]) {
    let mut cost = Cost::default();
    let mut deframer = Deframer::<FRAME_OCTETS_MAX>::new();
    for bit in Framer::new(content) {
        let _ = measure(&mut cost, || deframer_feed(&mut deframer, bit));
    }
    cost.print("hdlc::Deframer::feed", size_of_val(&deframer));
}

fn cost_of_classic(content: &[u8]) {
    let mut cost = Cost::default();
    let mut decoder = classic::Decoder::new(Dialect::DEFAULT);
    for bit in classic::Encoder::new(Dialect::DEFAULT, content).into_iter().flatten() {
        let _ = measure(&mut cost, || classic_decoder_feed(&mut decoder, bit));
    }
    cost.print("classic::Decoder::feed", size_of_val(&decoder));
}

/// The messages for the mean: the length of each, and for each frame whether it is the last.
const FULL: [(Option<u64>, &[bool]); 2] = [(Some(256), &[true]), (None, &[false, true])];

/// Octets of the frames for the maxima: the cost of a header does not depend on them.
const FEW_OCTETS: usize = 8;

/// Every kind of frame: first, later and last ones, and a length in every possible number of
/// octets.
fn short_messages() -> impl Iterator<Item = (Option<u64>, &'static [bool])> {
    let longest = (1..=9).map(|octets| (1 << (7 * octets)) - 2).chain([u64::MAX - 1]);
    let first: &[bool] = &[false];
    let whole: [(Option<u64>, &[bool]); 3] =
        [(None, &[true]), (None, &[false, false, true]), (Some(8), &[true])];
    longest.map(move |length| (Some(length), first)).chain(whole)
}

fn cost_of_link(content: &[u8]) {
    let mut receiver = Receiver::new();
    let (mut costs, mut short) = (LinkCosts::default(), LinkCosts::default());
    let few = content.get(..FEW_OCTETS).unwrap_or_default();
    let mut number = 0;
    for disturbed in [None, Some(100), Some(60)] {
        for (length, frames) in FULL {
            number += 1;
            costs.send_all(number, length, frames, content, &mut receiver, disturbed);
        }
        for (length, frames) in short_messages() {
            number += 1;
            short.send_all(number, length, frames, few, &mut receiver, disturbed);
        }
    }
    for (cost, short, name, octets) in [
        (costs.handle, short.handle, "Receiver::handle_bit", size_of::<Receiver>()),
        (costs.accept, short.accept, "Receiver::accept", size_of::<Receiver>()),
        (costs.transmit, short.transmit, "Sender::poll_transmit", size_of::<Sender>()),
        (costs.acknowledge, short.acknowledge, "Sender::handle_ack", size_of::<Sender>()),
        (costs.offer, short.offer, "Sender::offer", size_of::<Sender>()),
    ] {
        cost.at_most_of(&short).print(name, octets);
    }
}

#[derive(Default)]
struct LinkCosts {
    transmit: Cost,
    acknowledge: Cost,
    handle: Cost,
    accept: Cost,
    offer: Cost,
}

impl LinkCosts {
    fn send_all(
        &mut self,
        number: u32,
        length: Option<u64>,
        frames: &[bool],
        payload: &[u8],
        receiver: &mut Receiver,
        disturbed: Option<u32>,
    ) {
        let mut sender = Sender::new(number, length);
        for &last in frames {
            let offered = measure(&mut self.offer, || sender.offer(payload, last));
            defmt::assert!(offered.is_ok());
            self.send(&mut sender, receiver, disturbed);
            defmt::assert!(sender.poll_event().is_some());
        }
    }

    /// Sends one frame. After `disturbed` bits, an additional acknowledgment makes the sender
    /// repeat it.
    fn send(&mut self, sender: &mut Sender, receiver: &mut Receiver, disturbed: Option<u32>) {
        let (mut now, mut bits) = (Instant::ZERO, 0);
        loop {
            let Some(bit) = measure(&mut self.transmit, || sender.poll_transmit(now)) else {
                let Some(deadline) = sender.poll_timeout() else { return };
                now = deadline;
                sender.handle_timeout(now);
                continue;
            };
            bits += 1;
            let ack = match measure(&mut self.handle, || receiver_handle_bit(receiver, bit)) {
                receiver::Reply::Acknowledge(ack) | receiver::Reply::VerdictComplete(ack) => {
                    Some(ack)
                }
                receiver::Reply::Frame => measure(&mut self.accept, || receiver.accept()),
                receiver::Reply::Ignored => None,
            };
            if let Some(ack) = ack {
                measure(&mut self.acknowledge, || sender.handle_ack(ack, now));
            }
            if disturbed == Some(bits) {
                measure(&mut self.acknowledge, || sender.handle_ack(Bit::One, now));
            }
        }
    }
}

fn cost_of_exchange(content: &[u8]) {
    let now = Instant::ZERO;
    let mut sender = Sender::new(1, Some(content.len() as u64));
    let mut exchange =
        Exchange::<[Place; 4], FRAME_OCTETS_MAX>::new(Dialect::DEFAULT, [const { Place::FREE }; 4]);
    let (mut handle, mut poll) = (Cost::default(), Cost::default());
    defmt::assert!(exchange.open(1).is_ok() && sender.offer(content, true).is_ok());
    while let Some(bit) = sender.poll_transmit(now) {
        let _ = measure(&mut handle, || exchange.handle_bit(1, bit, now));
        while let Some(output) = measure(&mut poll, || match exchange.poll_output(now)? {
            Output::Transmit { symbol, .. } => Some(Some(symbol)),
            Output::Payload(_) | Output::TooLong { .. } | Output::Closed { .. } => Some(None),
        }) {
            match output {
                Some(ack) => sender.handle_ack(ack, now),
                None => exchange.accept(1),
            }
        }
    }
    handle.print("Exchange::<4, _>::handle_bit", size_of_val(&exchange));
    poll.print("Exchange::<4, _>::poll_output", size_of_val(&exchange));
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let Some(mut peripherals) = Peripherals::take() else { exit(false) };
    peripherals.SYST.set_clock_source(SystClkSource::Core);
    peripherals.SYST.set_reload(0x00FF_FFFF);
    peripherals.SYST.clear_current();
    peripherals.SYST.enable_counter();

    let content = octets();
    defmt::println!("| call | instructions, mean | most | stack, octets | RAM, octets |");
    defmt::println!("|---|---:|---:|---:|---:|");
    cost_of_deframer(&content);
    cost_of_classic(&content);
    cost_of_link(&content);
    cost_of_exchange(&content);
    exit(true)
}
