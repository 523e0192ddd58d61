//! Instructions per bit, counted by valgrind: `just instructions`.
//!
//! The clock of a shared machine says nothing about a change of a few per cent; this count is the
//! same in every run. Each load is [`BITS`] bits long, so the count divided by it, which just moves
//! the decimal point by five places, is instructions per bit. Preparing a load is not counted.

#![expect(missing_docs, unused_qualifications, reason = "of what the macros of gungraun write")]

use std::hint::black_box;

use gungraun::{
    Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use minitalk_benches::crowd::Crowd;
use minitalk_benches::link::transfer;
use minitalk_benches::{classic_bits, framed_bits, octets, text};
use minitalk_core::classic::{self, Dialect, Encoder, TextSender};
use minitalk_core::frame::FRAME_OCTETS_MAX;
use minitalk_core::hdlc::{self, Deframer, Framer};
use minitalk_core::{Bit, Instant};

const BITS: usize = 100_000;
const FRAME_OCTETS: usize = 256;
/// This many of the [`octets`] become [`BITS`] bits when they are framed, except for three.
const FRAMED_OCTETS: usize = 12_026;

/// The limit for a load. A change that needs more must say why where it raises a number.
fn at_most(instructions_per_bit: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::with_args(["--cache-sim=no"]);
    callgrind.hard_limits([(EventKind::Ir, instructions_per_bit * BITS as u64)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

/// A text of [`BITS`] bits, including the NUL that ends it.
fn classic_text() -> &'static [u8] {
    text(BITS / 8 - 1).leak()
}

fn classic_line() -> &'static [Bit] {
    let line = classic_bits(classic_text()).leak();
    assert_eq!(line.len(), BITS);
    line
}

fn framed_octets() -> &'static [u8] {
    octets(FRAMED_OCTETS).leak()
}

fn framed_line() -> &'static [Bit] {
    let line = framed_bits(framed_octets(), FRAME_OCTETS).leak();
    assert!(line.len().abs_diff(BITS) < 10, "{} bits: choose FRAMED_OCTETS anew", line.len());
    line
}

fn payload() -> &'static [u8] {
    octets(BITS / 8).leak()
}

#[library_benchmark(config = at_most(10))]
#[bench::text(setup = classic_line)]
fn classic_feed(line: &[Bit]) -> u64 {
    let mut decoder = classic::Decoder::new(Dialect::DEFAULT);
    let bytes = line.iter().filter_map(|&bit| decoder.feed(bit).byte());
    black_box(bytes.map(u64::from).sum())
}

#[library_benchmark(config = at_most(16))]
#[bench::frames(setup = framed_line)]
fn framed_feed(line: &[Bit]) -> u64 {
    let mut deframer = Deframer::<FRAME_OCTETS_MAX>::new();
    let mut frames = 0;
    for &bit in line {
        if let Ok(hdlc::Deframed::Frame(_)) = deframer.feed(bit) {
            frames += 1;
        }
    }
    black_box(frames)
}

#[library_benchmark(config = at_most(19))]
#[bench::text(setup = classic_text)]
fn classic_encode(text: &[u8]) -> u64 {
    let symbols = Encoder::new(Dialect::DEFAULT, text).expect("no NUL");
    black_box(symbols.map(u8::from).map(u64::from).sum())
}

// A bit, and the acknowledgment that it waits for.
#[library_benchmark(config = at_most(90))]
#[bench::text(setup = classic_text)]
fn classic_send(text: &[u8]) -> u64 {
    let now = Instant::ZERO;
    let mut sender = TextSender::new(Dialect::DEFAULT, text, 0).expect("no NUL");
    let mut bits = 0;
    while sender.poll_transmit(now).is_some() {
        sender.handle_ack(Bit::Zero, now);
        bits += 1;
    }
    black_box(bits)
}

#[library_benchmark(config = at_most(22))]
#[bench::frames(setup = framed_octets)]
fn framed_encode(octets: &[u8]) -> u64 {
    let symbols = octets.chunks(FRAME_OCTETS).flat_map(Framer::new);
    black_box(symbols.map(u8::from).map(u64::from).sum())
}

// A bit of payload through sender and receiver: both ends and the loop between them, with the share
// of flags, header, FCS and inserted zeros.
#[library_benchmark(config = at_most(200))]
#[bench::payload(setup = payload)]
fn link_round(payload: &[u8]) -> usize {
    black_box(transfer(payload))
}

/// Connected senders, with the line of one of them.
fn crowd(senders: u32) -> (Crowd, &'static [Bit]) {
    (Crowd::new(senders), classic_line())
}

// A bit of one sender while the others are silent: it costs as much with four thousand as with
// four.
#[library_benchmark(config = at_most(155))]
#[bench::of_4(args = (4), setup = crowd)]
#[bench::of_4096(args = (4_096), setup = crowd)]
fn exchange_bit((mut crowd, line): (Crowd, &[Bit])) -> usize {
    black_box(crowd.feed(1, line))
}

/// Senders of one letter each, which has sixteen bits including its NUL; together [`BITS`] bits.
fn waiting() -> (Crowd, Vec<Bit>) {
    (Crowd::new(u32::try_from(BITS / 16).expect("a small number")), classic_bits(b"a"))
}

// A bit if every letter is the turn of a different sender, and six thousand wait for theirs.
#[library_benchmark(config = at_most(420))]
#[bench::letters(setup = waiting)]
fn exchange_turns((mut crowd, letter): (Crowd, Vec<Bit>)) -> usize {
    black_box(crowd.feed_all(&letter))
}

library_benchmark_group!(
    name = core,
    benchmarks = [
        classic_feed,
        framed_feed,
        classic_encode,
        classic_send,
        framed_encode,
        link_round,
        exchange_bit,
        exchange_turns
    ]
);

main!(library_benchmark_groups = core);
