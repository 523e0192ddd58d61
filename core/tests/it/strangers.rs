//! An exchange with senders whose dialect is not given.

use minitalk_core::classic::{Ack, Dialect, Encoder, End, Handles, Memory, Waits};
use minitalk_core::exchange::{Exchange, FLOOR_STALL_MICROS, Handled, Output, Place, Protocol};
use minitalk_core::frame::FRAME_OCTETS_MAX;
use minitalk_core::sender::Event;
use minitalk_core::{Bit, Instant, RefusalReason, Sender};

const USR1: Handles = Handles { usr1: true, usr2: false };

/// A piece of a message as reported to the host.
#[derive(Debug, PartialEq)]
struct Piece {
    octets: Vec<u8>,
    length: Option<u64>,
    offset: u64,
    last: bool,
}

struct Server {
    exchange: Exchange<[Place; 2], FRAME_OCTETS_MAX>,
    now: Instant,
    acks: Vec<(u32, Bit)>,
    pieces: Vec<Piece>,
    closed: Vec<(u32, Option<u64>, Memory)>,
}

impl Server {
    fn new(dialect: &str) -> Self {
        let dialect = dialect.parse().expect("a dialect");
        Self {
            exchange: Exchange::new(dialect, [const { Place::FREE }; 2]),
            now: Instant::ZERO,
            acks: Vec::new(),
            pieces: Vec::new(),
            closed: Vec::new(),
        }
    }

    /// A server with a stranger whose number is 1.
    fn with_stranger(handles: Handles) -> Self {
        let mut server = Self::new("order=msb");
        server.exchange.open_stranger(1, handles, Memory::default()).expect("there is room");
        server
    }

    fn bit(&mut self, peer: u32, bit: Bit) {
        assert_eq!(self.exchange.handle_bit(peer, bit, self.now), Handled::Taken);
        self.drive();
    }

    fn drive(&mut self) {
        while let Some(output) = self.exchange.poll_output(self.now) {
            match output {
                Output::Transmit { peer, symbol, .. } => self.acks.push((peer, symbol)),
                Output::Payload(piece) => {
                    let (peer, octets) = (piece.peer, piece.octets.to_vec());
                    let (length, offset, last) = (piece.length, piece.offset, piece.last);
                    self.pieces.push(Piece { octets, length, offset, last });
                    self.exchange.accept(peer);
                }
                Output::TooLong { .. } => panic!("nothing here has a limit"),
                Output::Closed { peer, cut, memory } => self.closed.push((peer, cut, memory)),
            }
        }
    }

    /// Lets time pass.
    fn pass(&mut self, micros: u64) {
        let until = self.now.after_micros(micros);
        while let Some(timeout) = self.exchange.poll_timeout().filter(|&timeout| timeout <= until) {
            self.now = self.now.max(timeout);
            self.exchange.handle_timeout(self.now);
            self.drive();
        }
        self.now = until;
    }

    fn gone(&mut self, peer: u32) {
        self.exchange.handle_gone(peer);
        self.drive();
    }

    fn text(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|piece| piece.octets.clone()).collect()
    }
}

fn bits(dialect: &str, text: &[u8]) -> Vec<Bit> {
    let dialect: Dialect = dialect.parse().expect("a dialect");
    Encoder::new(dialect, text).expect("a text").collect()
}

/// Bits that begin with a 1 in 32 bits are a length or the sender's process, until the next number
/// comes.
#[test]
fn a_stranger_that_is_understood_in_the_middle_of_a_later_length_is_acknowledged_there_too() {
    let mut server = Server::with_stranger(Handles::BOTH);
    let dialect = "end=length32-nul,order=lsb,one=usr1";
    let symbols = [bits(dialect, b"Z"), bits(dialect, &[b'Z'; 300])].concat();
    for (place, &symbol) in symbols.iter().take(48 + 16).enumerate() {
        assert_eq!(server.exchange.dialect(1), None);
        server.bit(1, symbol);
        server.pass(20_000);
        assert_eq!(server.acks.len(), place + 1);
    }
    assert!(server.exchange.dialect(1).is_some());
    assert_eq!(server.text(), b"Z");
}

#[test]
fn a_stranger_is_understood_and_what_it_is_can_be_asked() {
    let mut server = Server::with_stranger(Handles::BOTH);
    assert_eq!((server.exchange.dialect(1), server.exchange.waits(1)), (None, None));
    let text = "Hello, world. How are you?".repeat(9);
    for (place, symbol) in bits("one=usr1,end=length32", text.as_bytes()).into_iter().enumerate() {
        server.bit(1, symbol);
        server.pass(20_000);
        assert_eq!(server.acks.len(), place + 1, "each one is acknowledged once");
    }
    assert_eq!(server.exchange.protocol(1), Some(Protocol::Classic));
    assert_eq!(server.exchange.waits(1), Some(Waits::PerBit));
    let dialect = server.exchange.dialect(1).expect("it is known by now");
    assert_eq!((dialect.one, dialect.end), (Bit::Zero, End::Length32));
    server.pass(100_000);
    assert_eq!(server.text(), text.as_bytes());
    // Once the text is complete, there is no message any more that the length would belong to.
    let (last, pieces) = server.pieces.split_last().expect("it came in pieces");
    let (text_end, pieces) = pieces.split_last().expect("it came in pieces");
    assert_eq!((last.length, text_end.length, last.last), (None, None, true));
    assert!(pieces.len() > 9 && pieces.iter().all(|piece| piece.length == Some(26 * 9)));
    let mut offset = 0;
    for piece in &server.pieces {
        assert_eq!(piece.offset, offset);
        offset += u64::try_from(piece.octets.len()).expect("a short text");
    }
    server.gone(1);
    let memory = Memory { ack: Some(Ack::PerBit(Bit::Zero)), ready: None };
    assert_eq!(server.closed, [(1, None, memory)]);
}

#[test]
fn a_stranger_that_speaks_frames_is_understood_if_it_can_take_both_answers() {
    for (handles, protocol) in [(Handles::BOTH, Protocol::Framed), (USR1, Protocol::Classic)] {
        let mut server = Server::with_stranger(handles);
        let mut sender = Sender::new(7, Some(2));
        sender.offer(b"hi", true).expect("a new sender is ready");
        for _ in 0..2_000 {
            while let Some(bit) = sender.poll_transmit(server.now) {
                let _ = server.exchange.handle_bit(1, bit, server.now);
                server.drive();
                for (_, ack) in server.acks.split_off(0) {
                    sender.handle_ack(ack, server.now);
                }
            }
            server.pass(1_000);
            for (_, ack) in server.acks.split_off(0) {
                sender.handle_ack(ack, server.now);
            }
            sender.handle_timeout(server.now);
        }
        assert_eq!(server.exchange.protocol(1), Some(protocol));
        let accepted = Event::Accepted { octets: 2, last: true };
        assert_eq!(sender.poll_event() == Some(accepted), protocol == Protocol::Framed);
        if protocol == Protocol::Framed {
            assert_eq!(sender.statistics().repeated_frames, 0, "nothing of the mark is lost");
        }
    }
}

#[test]
fn a_stranger_that_is_seen_to_sleep_is_answered_at_once() {
    let mut server = Server::with_stranger(Handles::BOTH);
    server.bit(1, Bit::Zero);
    assert_eq!(server.acks, [], "it may not wait at all");
    server.exchange.handle_pause(1, server.now);
    server.drive();
    assert_eq!(server.acks, [(1, Bit::Zero)]);
    server.exchange.handle_pause(1, server.now);
    server.exchange.handle_pause(2, server.now);
    server.drive();
    assert_eq!(server.acks.len(), 1);
}

#[test]
fn what_was_held_back_of_a_stranger_comes_when_it_has_gone() {
    let mut server = Server::with_stranger(Handles::BOTH);
    for symbol in bits("end=nul", b"a").into_iter().take(8) {
        server.bit(1, symbol);
    }
    assert_eq!(server.text(), b"", "one letter is not enough to know");
    server.gone(1);
    assert_eq!(server.text(), b"a");
    assert_eq!(server.closed.len(), 1);
}

#[test]
fn whoever_goes_in_the_middle_of_a_classic_text_cuts_it_unless_nobody_listens() {
    for refuses in [false, true] {
        let mut server = Server::new("end=length32");
        server.exchange.open(1).expect("there is room");
        for symbol in bits("end=length32", b"Hello").into_iter().take(32 + 16 + 3) {
            server.bit(1, symbol);
        }
        assert_eq!(server.text(), b"He");
        assert!(server.pieces.iter().all(|piece| piece.length == Some(5)));
        if refuses {
            server.exchange.refuse(1, RefusalReason::OutputFailed);
        }
        server.gone(1);
        assert_eq!(server.closed, [(1, Some(2).filter(|_| !refuses), Memory::default())]);
    }
}

/// Symbols that waited for the floor would be lost.
#[test]
fn those_who_do_not_wait_are_served_whoever_has_the_floor() {
    let mut server = Server::new("ack=none");
    server.exchange.open(1).expect("there is room");
    server.exchange.open(2).expect("there is room");
    for (first, second) in bits("ack=none", b"ab").into_iter().zip(bits("ack=none", b"cd")) {
        server.bit(1, first);
        server.bit(2, second);
    }
    let mut text = server.text();
    text.sort_unstable();
    assert_eq!(text, b"abcd");
}

#[test]
fn a_stranger_is_kept_waiting_only_once_it_is_known_to_wait() {
    let mut server = Server::with_stranger(Handles::BOTH);
    server.exchange.open(2).expect("there is room");
    server.bit(2, Bit::Zero);
    for symbol in bits("end=nul", b"Hi") {
        server.bit(1, symbol);
    }
    assert_eq!(server.text(), b"Hi", "it waits for nothing, and nothing of it is lost");
    let mut server = Server::with_stranger(Handles::BOTH);
    server.exchange.open(2).expect("there is room");
    server.bit(1, Bit::Zero);
    server.pass(10_000);
    assert_eq!(server.exchange.waits(1), Some(Waits::PerBit));
    server.bit(2, Bit::Zero);
    server.bit(1, Bit::One);
    assert!(server.exchange.is_waiting(1) || server.exchange.is_waiting(2));
}

#[test]
fn a_bit_that_waits_and_comes_again_is_known_to_be_the_same() {
    let mut server = Server::new("order=msb");
    server.exchange.open(1).expect("there is room");
    server.exchange.open(2).expect("there is room");
    server.bit(1, Bit::Zero);
    server.bit(2, Bit::Zero);
    assert!(server.exchange.is_waiting(2));
    assert_eq!(server.exchange.handle_bit(2, Bit::Zero, server.now), Handled::Repeated);
}

#[test]
fn a_holder_that_goes_on_keeps_the_floor() {
    let mut server = Server::new("order=msb");
    server.exchange.open(1).expect("there is room");
    server.exchange.open(2).expect("there is room");
    server.bit(1, Bit::Zero);
    server.bit(2, Bit::Zero);
    for _ in 0..3 {
        server.now = server.now.after_micros(FLOOR_STALL_MICROS / 2);
        server.bit(1, Bit::Zero);
        let timeout = server.exchange.poll_timeout();
        assert_eq!(timeout, Some(server.now.after_micros(FLOOR_STALL_MICROS)));
    }
}

/// A turn lasts for the whole message, unless that is long.
#[test]
fn a_classic_text_without_an_end_lets_others_have_a_turn() {
    let mut server = Server::new("order=msb");
    server.exchange.open(1).expect("there is room");
    server.exchange.open(2).expect("there is room");
    server.bit(1, Bit::Zero);
    server.bit(2, Bit::Zero);
    let began = server.now;
    while !server.acks.contains(&(2, Bit::Zero)) {
        server.now = server.now.after_micros(FLOOR_STALL_MICROS / 2);
        assert!(server.now.micros_since(began) < 10_000_000, "it never gets a turn");
        if server.exchange.handle_bit(1, Bit::One, server.now) == Handled::Taken {
            server.drive();
        }
    }
    assert!(server.now.micros_since(began) > 4 * FLOOR_STALL_MICROS, "the first one talked on");
}

#[test]
fn a_message_that_silence_ends_is_over_at_its_timeout_and_not_before() {
    let mut server = Server::new("end=silence");
    server.exchange.open(1).expect("there is room");
    for symbol in bits("end=silence", b"a") {
        server.bit(1, symbol);
    }
    let timeout = server.exchange.poll_timeout().expect("silence means something");
    let is_over = |server: &Server| server.pieces.iter().any(|piece| piece.last);
    for (now, expected) in [(timeout.as_micros() - 1, false), (timeout.as_micros(), true)] {
        server.now = Instant::from_micros(now);
        server.exchange.handle_timeout(server.now);
        server.drive();
        assert_eq!(is_over(&server), expected);
    }
}
