//! Many senders at one receiver.

use minitalk_core::classic::{Dialect, Handles, Memory, Waits};
use minitalk_core::exchange::{Exchange, Handled, OpenError, Output, Place, Protocols};
use minitalk_core::{Bit, Instant, RefusalReason, frame::FRAME_OCTETS_MAX};

type Table = Exchange<[Place; 4], FRAME_OCTETS_MAX>;

#[unsafe(no_mangle)]
extern "C" fn exchange_new(exchange: &mut Table, dialect: &Dialect, octets_max: u64) {
    let new =
        Exchange::new(*dialect, [const { Place::FREE }; 4]).with_protocols(Protocols::ClassicOnly);
    *exchange = new.with_octets_max(Some(octets_max)).with_codings(1);
}

#[unsafe(no_mangle)]
extern "C" fn exchange_open(exchange: &mut Table, peer: u32) -> u32 {
    match exchange.open(peer) {
        Ok(()) => 0,
        Err(OpenError::Full) => 1,
        Err(OpenError::AlreadyOpen) => 2,
    }
}

#[unsafe(no_mangle)]
extern "C" fn exchange_open_stranger(
    exchange: &mut Table,
    peer: u32,
    handles: &Handles,
    memory: &Memory,
) -> bool {
    exchange.open_stranger(peer, *handles, *memory).is_ok()
}

#[unsafe(no_mangle)]
extern "C" fn exchange_acknowledge(exchange: &mut Table, peer: u32, one: bool, micros: u64) -> u32 {
    super::code(exchange.acknowledge(peer, Bit::from_bool(one), Instant::from_micros(micros)))
}

#[unsafe(no_mangle)]
extern "C" fn exchange_lookahead(exchange: &Table, one: bool) -> u64 {
    let Some((peer, lookahead)) = exchange.lookahead() else { return 0 };
    u64::from(peer) << 32 | u64::from(super::next(lookahead, one))
}

#[unsafe(no_mangle)]
extern "C" fn exchange_handle_pause(exchange: &mut Table, peer: u32, micros: u64) {
    exchange.handle_pause(peer, Instant::from_micros(micros));
}

#[unsafe(no_mangle)]
extern "C" fn exchange_understanding(exchange: &Table, peer: u32) -> u32 {
    let is_default = exchange.dialect(peer) == Some(Dialect::DEFAULT);
    let waits = exchange.waits(peer) == Some(Waits::PerBit);
    u32::from(is_default) ^ u32::from(waits) << 1
}

/// A storage that does not grow, because there is no memory to allocate here.
#[unsafe(no_mangle)]
extern "C" fn exchange_grow(exchange: &mut Exchange<Fixed, FRAME_OCTETS_MAX>, places: usize) {
    exchange.grow(places);
}

struct Fixed([Place; 4]);

impl AsRef<[Place]> for Fixed {
    fn as_ref(&self) -> &[Place] {
        &self.0
    }
}

impl AsMut<[Place]> for Fixed {
    fn as_mut(&mut self) -> &mut [Place] {
        &mut self.0
    }
}

impl Extend<Place> for Fixed {
    fn extend<I: IntoIterator<Item = Place>>(&mut self, places: I) {
        drop(places);
    }
}

#[unsafe(no_mangle)]
extern "C" fn exchange_handle_bit(exchange: &mut Table, peer: u32, one: bool, micros: u64) -> u32 {
    match exchange.handle_bit(peer, Bit::from_bool(one), Instant::from_micros(micros)) {
        Handled::Taken => 0,
        Handled::Repeated => 1,
        Handled::Lost => 2,
        Handled::Ignored => 3,
        Handled::Unknown => 4,
    }
}

#[unsafe(no_mangle)]
extern "C" fn exchange_poll_output(exchange: &mut Table, micros: u64) -> u64 {
    match exchange.poll_output(Instant::from_micros(micros)) {
        None => 0,
        Some(Output::Transmit { peer, symbol, .. }) => u64::from(peer) ^ u64::from(symbol.is_one()),
        Some(Output::Payload(piece)) => {
            let first = piece.octets.first().copied().unwrap_or(0);
            piece.offset ^ piece.length.unwrap_or(0) ^ u64::from(first) ^ u64::from(piece.last)
        }
        Some(Output::TooLong { peer, offset }) => u64::from(peer) ^ offset,
        Some(Output::Closed { peer, cut, .. }) => u64::from(peer) ^ cut.unwrap_or(0),
    }
}

#[unsafe(no_mangle)]
extern "C" fn exchange_accept(exchange: &mut Table, peer: u32) {
    exchange.accept(peer);
}

#[unsafe(no_mangle)]
extern "C" fn exchange_refuse(exchange: &mut Table, peer: u32) {
    exchange.refuse(peer, RefusalReason::ShuttingDown);
}

#[unsafe(no_mangle)]
extern "C" fn exchange_handle_gone(exchange: &mut Table, peer: u32) {
    exchange.handle_gone(peer);
}

#[unsafe(no_mangle)]
extern "C" fn exchange_handle_timeout(exchange: &mut Table, micros: u64) -> u64 {
    exchange.handle_timeout(Instant::from_micros(micros));
    exchange.poll_timeout().map_or(0, Instant::as_micros)
}

#[unsafe(no_mangle)]
extern "C" fn exchange_is_waiting(exchange: &Table, peer: u32) -> bool {
    exchange.is_waiting(peer) || exchange.protocol(peer).is_some() || exchange.is_open(peer)
}

#[unsafe(no_mangle)]
extern "C" fn exchange_open_count(exchange: &Table) -> usize {
    exchange.open_count()
}
