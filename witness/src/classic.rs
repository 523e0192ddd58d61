//! Classic: eight bits for each byte.

use minitalk_core::classic::{
    Ack, Acks, Answering, ByteEncoder, Completed, Confidence, Decoder, Dialect, Encoder, Ending,
    Guess, Handles, Memory, Prefix, TextReceiver, TextSender, Understanding, Understood, Verdict,
    Waits,
};
use minitalk_core::{Bit, Instant};

use super::code;

const TEXT_BYTES: usize = 256;

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
extern "C" fn classic_decoder_silence_and_reset(decoder: &mut Decoder) -> u32 {
    let is_over = decoder.handle_silence();
    decoder.reset();
    decoder.pending_bits() ^ u32::from(decoder.is_idle()) ^ u32::from(is_over)
}

#[unsafe(no_mangle)]
extern "C" fn classic_dialect_bit_ack(dialect: &Dialect, one: bool) -> u32 {
    let asks = (dialect.can_hold_back(), dialect.admits_framed());
    code(dialect.bit_ack(Bit::from_bool(one))) ^ u32::from(asks.0) << 2 ^ u32::from(asks.1) << 3
}

#[unsafe(no_mangle)]
extern "C" fn classic_dialect_with_settings(dialect: &mut Dialect, text: &[u8; 32]) -> bool {
    let Ok(text) = core::str::from_utf8(text) else { return false };
    dialect.with_settings(text).map(|changed| *dialect = changed).is_ok()
}

#[unsafe(no_mangle)]
extern "C" fn classic_dialect_receipt(dialect: &Dialect) -> u32 {
    symbols(dialect.receipt())
}

#[unsafe(no_mangle)]
extern "C" fn classic_receiver_new(receiver: &mut TextReceiver, dialect: &Dialect) {
    *receiver = TextReceiver::new(*dialect);
}

#[unsafe(no_mangle)]
extern "C" fn classic_receiver_handle_bit(receiver: &mut TextReceiver, one: bool) -> u32 {
    completed(receiver.handle_bit(Bit::from_bool(one)))
}

#[unsafe(no_mangle)]
extern "C" fn classic_receiver_handle_silence(receiver: &mut TextReceiver) -> u32 {
    completed(receiver.handle_silence()) ^ receiver.pid().unwrap_or_default()
}

fn completed(completed: Completed) -> u32 {
    match completed {
        Completed::Nothing(acks) => symbols(acks),
        Completed::Byte(byte) => u32::from(byte) << 8,
        Completed::End => 1 << 16,
    }
}

#[unsafe(no_mangle)]
extern "C" fn classic_receiver_accept(receiver: &mut TextReceiver) -> u32 {
    symbols(receiver.accept())
}

#[unsafe(no_mangle)]
extern "C" fn classic_receiver_octets_at_risk(receiver: &TextReceiver) -> u64 {
    receiver.octets_at_risk().unwrap_or(receiver.offset()) ^ u64::from(receiver.is_last())
}

#[unsafe(no_mangle)]
extern "C" fn classic_acks_next(acks: &mut Acks) -> u32 {
    code(acks.next()) ^ u32::from(acks.is_empty())
}

#[unsafe(no_mangle)]
extern "C" fn classic_acks_arrived(acks: &mut Acks, one: bool) -> u32 {
    let is_owed = acks.arrived(Bit::from_bool(one));
    acks.as_slice()
        .iter()
        .map(|&ack| u32::from(ack.is_one()))
        .fold(is_owed.into(), u32::wrapping_add)
}

#[unsafe(no_mangle)]
extern "C" fn classic_byte_encoder_new(encoder: &mut ByteEncoder, dialect: &Dialect, byte: u8) {
    *encoder = match byte {
        0 => ByteEncoder::terminator(*dialect).unwrap_or(ByteEncoder::last(*dialect, byte)),
        _ => ByteEncoder::new(*dialect, byte),
    };
}

#[unsafe(no_mangle)]
extern "C" fn classic_byte_encoder_next(encoder: &mut ByteEncoder) -> u32 {
    code(encoder.next()) ^ (u32::from(encoder.ends().message()) << 8)
}

#[unsafe(no_mangle)]
extern "C" fn classic_prefix_new(prefix: &mut Prefix, dialect: &Dialect, length: u64) -> bool {
    Prefix::new(*dialect, length).map(|new| *prefix = new.with_pid(4242)).is_ok()
}

#[unsafe(no_mangle)]
extern "C" fn classic_prefix_next(prefix: &mut Prefix, encoder: &mut ByteEncoder) -> bool {
    prefix.next().map(|next| *encoder = next).is_some()
}

#[unsafe(no_mangle)]
extern "C" fn classic_encoder_new<'a>(
    encoder: &mut Encoder<'a>,
    dialect: &Dialect,
    text: &'a [u8; TEXT_BYTES],
) -> bool {
    Encoder::new(*dialect, text).map(|new| *encoder = new.with_pid(4242)).is_ok()
}

#[unsafe(no_mangle)]
extern "C" fn classic_encoder_next(encoder: &mut Encoder<'_>) -> u32 {
    code(encoder.next()) ^ (u32::from(encoder.ends().message()) << 8)
}

#[unsafe(no_mangle)]
extern "C" fn classic_encoder_bytes_left(encoder: &Encoder<'_>) -> usize {
    encoder.bytes_left()
}

#[unsafe(no_mangle)]
extern "C" fn classic_sender_new<'a>(
    sender: &mut TextSender<'a>,
    dialect: &Dialect,
    text: &'a [u8; TEXT_BYTES],
    pause_micros: u64,
) -> bool {
    let new = TextSender::new(*dialect, text, pause_micros);
    new.map(|new| *sender = new.with_timeout_micros(pause_micros)).is_ok()
}

#[unsafe(no_mangle)]
extern "C" fn classic_sender_postpone(sender: &mut TextSender<'_>, now_micros: u64, micros: u64) {
    sender.postpone(Instant::from_micros(now_micros), micros);
}

#[unsafe(no_mangle)]
extern "C" fn classic_sender_state(sender: &TextSender<'_>) -> u64 {
    let observed = sender.observed();
    let ack = code(observed.bit_ack(Bit::One)) ^ u32::from(sender.is_pacing());
    let is_either = sender.is_outcome_unknown() || sender.doubt().is_some();
    let bytes = u64::try_from(sender.completed_bytes()).unwrap_or(u64::MAX);
    bytes ^ sender.progress() ^ u64::from(is_either) ^ u64::from(ack)
}

#[unsafe(no_mangle)]
extern "C" fn classic_sender_lookahead(sender: &TextSender<'_>, one: bool) -> u32 {
    super::next(sender.lookahead(), one)
}

#[unsafe(no_mangle)]
extern "C" fn classic_sender_handle_ack(sender: &mut TextSender<'_>, one: bool, micros: u64) {
    sender.handle_ack(Bit::from_bool(one), Instant::from_micros(micros));
}

#[unsafe(no_mangle)]
extern "C" fn classic_sender_handle_foreign(sender: &mut TextSender<'_>, one: bool) {
    sender.handle_foreign(Bit::from_bool(one));
}

#[unsafe(no_mangle)]
extern "C" fn classic_sender_handle_timeout(sender: &mut TextSender<'_>, micros: u64) -> u64 {
    sender.handle_timeout(Instant::from_micros(micros));
    sender.poll_timeout().map_or(0, Instant::as_micros)
}

#[unsafe(no_mangle)]
extern "C" fn classic_sender_poll_transmit(sender: &mut TextSender<'_>, micros: u64) -> u32 {
    code(sender.poll_transmit(Instant::from_micros(micros)))
}

#[unsafe(no_mangle)]
extern "C" fn classic_sender_poll_event(sender: &mut TextSender<'_>) -> u32 {
    match sender.poll_event() {
        None => 0,
        Some(Ending::Delivered) => 1,
        Some(Ending::Acknowledged) => 6,
        Some(Ending::Sent) => 7,
        Some(Ending::Unexpected(bit)) => 2 | u32::from(bit.is_one()),
        Some(Ending::Doubled) => 4,
        Some(Ending::Disturbed) => 5,
    }
}

fn symbols(acks: Acks) -> u32 {
    acks.fold(1, |symbols, ack| (symbols << 1) | u32::from(ack.is_one()))
}

#[unsafe(no_mangle)]
extern "C" fn classic_guess_new(guess: &mut Guess, pid: u32) {
    *guess = Guess::new(pid);
}

#[unsafe(no_mangle)]
extern "C" fn classic_guess_feed(guess: &mut Guess, one: bool) -> u32 {
    verdict(guess.feed(Bit::from_bool(one)))
}

#[unsafe(no_mangle)]
extern "C" fn classic_guess_end(guess: &Guess) -> u32 {
    verdict(guess.handle_silence()) ^ verdict(guess.handle_end())
}

#[unsafe(no_mangle)]
extern "C" fn classic_guess_symbols(guess: &Guess, place: u16) -> u32 {
    let ones = guess.symbols().fold(0, |ones: u32, symbol| ones ^ u32::from(symbol.is_one()));
    ones ^ code(guess.symbol(place)) ^ u32::from(guess.symbols_taken())
}

fn verdict(verdict: Option<Verdict>) -> u32 {
    verdict.map_or(0, |verdict| 1 | u32::from(verdict.confidence == Confidence::Certain) << 1)
}

#[unsafe(no_mangle)]
extern "C" fn classic_answering_new(answering: &mut Answering, handles: &Handles, memory: &Memory) {
    *answering = Answering::new(*handles, *memory);
}

#[unsafe(no_mangle)]
extern "C" fn classic_answering_handle_bit(answering: &mut Answering, one: bool, micros: u64) {
    let symbol = Bit::from_bool(one);
    answering.handle_bit(symbol, Instant::from_micros(micros));
    if answering.waits() == Some(Waits::PerBit) {
        answering.acknowledged(symbol);
    }
}

#[unsafe(no_mangle)]
extern "C" fn classic_answering_handle_timeout(answering: &mut Answering, micros: u64) -> u32 {
    let now = Instant::from_micros(micros);
    symbols(answering.handle_timeout(now)) ^ symbols(answering.handle_pause(now))
}

#[unsafe(no_mangle)]
extern "C" fn classic_answering_state(answering: &Answering, handles: &Handles) -> u64 {
    let is_new = answering.ack() != Ack::Auto && answering.next().is_some();
    let is_new = is_new ^ answering.ready().is_some();
    let receipt = symbols(Dialect { receipt: answering.receipt(), ..Dialect::DEFAULT }.receipt());
    let timeout = answering.poll_timeout().map_or(0, Instant::as_micros);
    timeout ^ u64::from(receipt) ^ u64::from(is_new) ^ u64::from(handles.survives(Bit::One))
}

#[unsafe(no_mangle)]
extern "C" fn classic_understanding_new(
    understanding: &mut Understanding,
    handles: &Handles,
    pid: u32,
    memory: &Memory,
) {
    *understanding = Understanding::new(*handles, pid, *memory);
}

#[unsafe(no_mangle)]
extern "C" fn classic_understanding_handle_bit(
    understanding: &mut Understanding,
    one: bool,
    micros: u64,
) -> u32 {
    let understood = understanding.handle_bit(Bit::from_bool(one), Instant::from_micros(micros));
    understood_code(understanding, understood)
}

#[unsafe(no_mangle)]
extern "C" fn classic_understanding_accept(understanding: &mut Understanding) -> u32 {
    let acks = symbols(understanding.accept());
    let understood = understanding.resume();
    acks ^ understood_code(understanding, understood)
}

#[unsafe(no_mangle)]
extern "C" fn classic_understanding_handle_timeout(
    understanding: &mut Understanding,
    micros: u64,
) -> u32 {
    let now = Instant::from_micros(micros);
    let paused = understanding.handle_pause(now);
    let paused = understood_code(understanding, paused);
    let understood = understanding.handle_timeout(now);
    paused ^ understood_code(understanding, understood)
}

#[unsafe(no_mangle)]
extern "C" fn classic_understanding_handle_gone(understanding: &mut Understanding) -> u32 {
    let understood = understanding.handle_gone();
    understood_code(understanding, understood)
}

#[unsafe(no_mangle)]
extern "C" fn classic_understanding_state(
    understanding: &Understanding,
    memory: &mut Memory,
) -> u64 {
    *memory = understanding.memory();
    let timeout = understanding.poll_timeout().map_or(0, Instant::as_micros);
    let pid = u64::from(understanding.pid().unwrap_or_default());
    let length = understanding.length().unwrap_or_default();
    let at_risk = understanding.octets_at_risk().unwrap_or_default() ^ understanding.offset();
    let is_sure = understanding.confidence() == Some(Confidence::Certain);
    let is_known = understanding.dialect().is_some() ^ understanding.waits().is_some() ^ is_sure;
    timeout ^ pid ^ length ^ at_risk ^ u64::from(is_known)
}

fn understood_code(understanding: &Understanding, understood: Understood) -> u32 {
    match understood {
        Understood::Nothing(acks) => symbols(acks),
        Understood::Octets => {
            let octet = understanding.octets().first().copied().unwrap_or_default();
            u32::from(octet) << 8 ^ u32::from(understanding.is_last())
        }
        Understood::End => 1 << 16,
    }
}
