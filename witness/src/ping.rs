//! The side of a link that measures, and how it leaves a peer that may be classic.

use minitalk_core::ping::{PingEvent, Pinger};
use minitalk_core::withdrawal::{Alignment, Withdrawal};
use minitalk_core::{Bit, Instant};

use super::code;

#[unsafe(no_mangle)]
extern "C" fn pinger_new(pinger: &mut Pinger) {
    *pinger = Pinger::new();
}

#[unsafe(no_mangle)]
extern "C" fn pinger_probe(pinger: &mut Pinger) -> u64 {
    u64::from(pinger.is_ready() && pinger.probe()) ^ pinger.progress()
}

#[unsafe(no_mangle)]
extern "C" fn pinger_withdraw(pinger: &mut Pinger, micros: u64) {
    pinger.withdraw(Instant::from_micros(micros));
}

#[unsafe(no_mangle)]
extern "C" fn pinger_handle_ack(pinger: &mut Pinger, one: bool, micros: u64) {
    pinger.handle_ack(Bit::from_bool(one), Instant::from_micros(micros));
}

#[unsafe(no_mangle)]
extern "C" fn pinger_handle_timeout(pinger: &mut Pinger, micros: u64) -> u64 {
    if pinger.doubt().is_some() {
        pinger.postpone(Instant::from_micros(micros), 1);
    }
    pinger.handle_timeout(Instant::from_micros(micros));
    pinger.poll_timeout().map_or(0, Instant::as_micros)
}

#[unsafe(no_mangle)]
extern "C" fn pinger_poll_transmit(pinger: &mut Pinger, micros: u64) -> u32 {
    code(pinger.poll_transmit(Instant::from_micros(micros)))
}

#[unsafe(no_mangle)]
extern "C" fn pinger_poll_event(pinger: &mut Pinger) -> u32 {
    match pinger.poll_event() {
        None => 0,
        Some(PingEvent::Ready) => 1,
        Some(PingEvent::NotFramed) => 2,
        Some(PingEvent::Withdrawn) => 3,
        Some(PingEvent::Acknowledged { position, resent }) => {
            8 | u32::from(position) << 4 | u32::from(resent)
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn alignment_new(alignment: &mut Alignment) {
    *alignment = Alignment::new();
}

#[unsafe(no_mangle)]
extern "C" fn alignment_transmitted(alignment: &mut Alignment, one: bool) {
    alignment.transmitted(Bit::from_bool(one));
}

#[unsafe(no_mangle)]
extern "C" fn alignment_acknowledged(alignment: &mut Alignment) -> u8 {
    alignment.acknowledged();
    alignment.zeros_to_end()
}

#[unsafe(no_mangle)]
extern "C" fn withdrawal_new(withdrawal: &mut Withdrawal, alignment: &Alignment, micros: u64) {
    *withdrawal = Withdrawal::new(alignment, Instant::from_micros(micros));
}

#[unsafe(no_mangle)]
extern "C" fn withdrawal_handle(withdrawal: &mut Withdrawal, ack: bool, micros: u64) -> u64 {
    if ack {
        withdrawal.handle_ack();
    } else {
        withdrawal.handle_timeout(Instant::from_micros(micros));
    }
    withdrawal.poll_timeout().map_or(u64::from(withdrawal.is_over()), Instant::as_micros)
}

#[unsafe(no_mangle)]
extern "C" fn withdrawal_poll_transmit(withdrawal: &mut Withdrawal, micros: u64) -> u32 {
    code(withdrawal.poll_transmit(Instant::from_micros(micros)))
}
