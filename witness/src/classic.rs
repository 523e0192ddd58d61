//! Eight bits a byte.

use minitalk_core::classic::sender::Event;
use minitalk_core::classic::{Acks, Decoder, Dialect, Encoder, Receiver, Sender, receiver};
use minitalk_core::{Bit, Instant};

use super::code;

#[unsafe(no_mangle)]
extern "C" fn classic_decoder_new(decoder: &mut Decoder, dialect: &Dialect) {
    *decoder = Decoder::new(*dialect);
}

#[unsafe(no_mangle)]
extern "C" fn classic_decoder_feed(decoder: &mut Decoder, one: bool) -> u32 {
    let progress = decoder.feed(Bit::from_bool(one));
    u32::from(progress.byte().unwrap_or(0)) ^ (u32::from(progress.ends().message()) << 8)
}

#[unsafe(no_mangle)]
extern "C" fn classic_decoder_reset(decoder: &mut Decoder) -> u32 {
    decoder.reset();
    decoder.pending_bits()
}

#[unsafe(no_mangle)]
extern "C" fn classic_receiver_new(receiver: &mut Receiver, dialect: &Dialect) {
    *receiver = Receiver::new(*dialect);
}

#[unsafe(no_mangle)]
extern "C" fn classic_receiver_handle_bit(receiver: &mut Receiver, one: bool) -> u32 {
    match receiver.handle_bit(Bit::from_bool(one)) {
        receiver::Progress::Acknowledge(acks) => symbols(acks),
        receiver::Progress::Byte(byte) => u32::from(byte) << 8,
        receiver::Progress::End => 1 << 16,
    }
}

#[unsafe(no_mangle)]
extern "C" fn classic_receiver_accept(receiver: &mut Receiver) -> u32 {
    symbols(receiver.accept())
}

#[unsafe(no_mangle)]
extern "C" fn classic_receiver_octets_at_risk(receiver: &Receiver) -> u64 {
    receiver.octets_at_risk().unwrap_or(u64::MAX)
}

#[unsafe(no_mangle)]
extern "C" fn classic_encoder_next(encoder: &mut Encoder<'_>) -> u32 {
    code(encoder.next()) ^ (u32::from(encoder.ends().message()) << 8)
}

#[unsafe(no_mangle)]
extern "C" fn classic_sender_handle_ack(sender: &mut Sender<'_>, one: bool, micros: u64) {
    sender.handle_ack(Bit::from_bool(one), Instant::from_micros(micros));
}

#[unsafe(no_mangle)]
extern "C" fn classic_sender_handle_foreign(sender: &mut Sender<'_>, one: bool) {
    sender.handle_foreign(Bit::from_bool(one));
}

#[unsafe(no_mangle)]
extern "C" fn classic_sender_handle_timeout(sender: &mut Sender<'_>, micros: u64) -> u64 {
    sender.handle_timeout(Instant::from_micros(micros));
    sender.poll_timeout().map_or(0, Instant::as_micros)
}

#[unsafe(no_mangle)]
extern "C" fn classic_sender_poll_transmit(sender: &mut Sender<'_>, micros: u64) -> u32 {
    code(sender.poll_transmit(Instant::from_micros(micros)))
}

#[unsafe(no_mangle)]
extern "C" fn classic_sender_poll_event(sender: &mut Sender<'_>) -> u32 {
    match sender.poll_event() {
        None => 0,
        Some(Event::Delivered) => 1,
        Some(Event::Unexpected(bit)) => 2 | u32::from(bit.is_one()),
        Some(Event::Doubled) => 4,
        Some(Event::Disturbed) => 5,
    }
}

fn symbols(acks: Acks) -> u32 {
    acks.into_iter().fold(1, |symbols, ack| (symbols << 1) | u32::from(ack.is_one()))
}
