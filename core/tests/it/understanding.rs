//! When a message of a sender with an unknown dialect is over, and what is known about it until
//! then.

use minitalk_core::classic::{
    Ack, Confidence, Encoder, End, Handles, Memory, Understanding, Understood, Waits,
};
use minitalk_core::{Bit, Instant};

const PID: u32 = 24_710;
const USR1: Handles = Handles { usr1: true, usr2: false };

struct Talk {
    understanding: Understanding,
    now: u64,
    text: Vec<u8>,
    /// How many messages have ended, and the symbols that came after the last bit.
    messages: usize,
    answers: Vec<Bit>,
}

impl Talk {
    fn new(handles: Handles) -> Self {
        let understanding = Understanding::new(handles, PID, Memory::default());
        Self { understanding, now: 0, text: Vec::new(), messages: 0, answers: Vec::new() }
    }

    fn take(&mut self, mut understood: Understood) {
        loop {
            if let Understood::Nothing(acks) = understood {
                self.answers.extend(acks);
                return;
            }
            self.text.extend_from_slice(self.understanding.octets());
            self.messages += usize::from(self.understanding.is_last());
            self.answers.extend(self.understanding.accept());
            understood = self.understanding.resume();
        }
    }

    fn pass(&mut self, micros: u64) {
        let until = self.now + micros;
        while let Some(timeout) = self.understanding.poll_timeout().map(Instant::as_micros)
            && timeout <= until
        {
            self.now = self.now.max(timeout);
            let understood = self.understanding.handle_timeout(Instant::from_micros(self.now));
            self.take(understood);
        }
        self.now = until;
    }

    /// Sends symbols, with the time that a sender needs that waits for each bit.
    fn send(&mut self, symbols: impl IntoIterator<Item = Bit>, waits: Waits) {
        for symbol in symbols {
            self.answers.clear();
            self.pass(if waits == Waits::PerBit { 20_000 } else { 100 });
            self.answers.clear();
            let understood = self.understanding.handle_bit(symbol, Instant::from_micros(self.now));
            self.take(understood);
        }
    }

    fn gone(&mut self) {
        let understood = self.understanding.handle_gone();
        self.take(understood);
    }
}

fn bits(dialect: &str, text: &str) -> Vec<Bit> {
    let dialect = dialect.parse().expect("a dialect");
    Encoder::new(dialect, text.as_bytes()).expect("a text").with_pid(PID).collect()
}

#[test]
fn what_is_known_of_a_sender_can_be_asked_once_it_is_known() {
    let mut talk = Talk::new(Handles::BOTH);
    let text = "Hello, world. How are you? ".repeat(4);
    let symbols = bits("end=length32,lead=pid-bits", &text);
    let asked = |talk: &Talk| {
        let of = &talk.understanding;
        (of.dialect().map(|dialect| dialect.end), of.length(), of.pid(), of.octets_at_risk())
    };
    assert_eq!(asked(&talk), (None, None, None, None));
    assert_eq!(talk.understanding.offset(), 0);
    talk.send(symbols[..2].iter().copied(), Waits::PerBit);
    assert_eq!(asked(&talk), (None, None, None, Some(0)));
    talk.send(symbols[2..symbols.len() - 8].iter().copied(), Waits::PerBit);
    let length = u64::try_from(text.len()).expect("a short text");
    let at_risk = Some(length - 1);
    assert_eq!(asked(&talk), (Some(End::Length32), Some(length), Some(PID), at_risk));
    assert_eq!(talk.understanding.offset(), length - 1);
    assert_eq!(talk.understanding.bit_ack(Bit::One), Some(Bit::Zero));
    assert_eq!(talk.understanding.waits(), Some(Waits::PerBit));
    talk.send(symbols[symbols.len() - 8..].iter().copied(), Waits::PerBit);
    assert_eq!(talk.understanding.confidence(), Some(Confidence::Certain));
    assert_eq!(talk.understanding.octets_at_risk(), Some(length), "a NUL may follow");
    talk.pass(60_000);
    assert_eq!((talk.text.as_slice(), talk.messages), (text.as_bytes(), 1));
    assert_eq!((talk.understanding.offset(), talk.understanding.octets_at_risk()), (0, None));
}

#[test]
fn the_acknowledgment_of_a_bit_is_none_that_kills() {
    let talk = Talk::new(USR1);
    assert_eq!(talk.understanding.bit_ack(Bit::One), Some(Bit::Zero));
    let talk = Talk::new(Handles { usr1: false, usr2: true });
    assert_eq!(talk.understanding.bit_ack(Bit::One), None, "it is not known yet");
}

#[test]
fn a_nul_ends_a_message_at_once_also_behind_a_length() {
    let text = "Hello, world. How are you?";
    for dialect in [
        "end=nul",
        "end=length32-nul",
        "end=length32-counted-nul",
        "end=length32-nul,lead=pid-bits",
        "end=length32-nul,length=digits",
    ] {
        for waits in [Waits::PerBit, Waits::Never] {
            let mut talk = Talk::new(Handles::BOTH);
            for count in 1..=2 {
                talk.send(bits(dialect, text), waits);
                assert_eq!(talk.messages, count, "{dialect}: no time has passed since");
            }
            assert_eq!(talk.text, text.repeat(2).as_bytes(), "{dialect}");
        }
    }
}

/// The first silence shows what the message is, and the second one that no NUL follows.
#[test]
fn a_text_of_a_single_byte_behind_a_length_ends_and_is_confirmed() {
    // If a NUL is everything that the length counts, it is not the end of a text.
    for text in ["Z", "\0"] {
        for waits in [Waits::PerBit, Waits::Never] {
            let mut talk = Talk::new(Handles::BOTH);
            talk.send(bits("end=length32", text), waits);
            talk.pass(60_000);
            assert_eq!((talk.text.as_slice(), talk.messages), (text.as_bytes(), 0), "{waits:?}");
            talk.answers.clear();
            talk.pass(60_000);
            assert_eq!((talk.text.as_slice(), talk.messages), (text.as_bytes(), 1), "{waits:?}");
            let receipt = if waits == Waits::PerBit { Bit::One } else { Bit::Zero };
            assert_eq!(talk.answers, [receipt], "{waits:?}");
        }
    }
}

/// Only the receipt is owed: each symbol has been acknowledged.
#[test]
fn a_message_that_only_silence_tells_gets_its_receipt() {
    let mut talk = Talk::new(Handles::BOTH);
    talk.send(bits("end=nul", ""), Waits::PerBit);
    assert_eq!(talk.messages, 0, "it may be the beginning of a length");
    talk.answers.clear();
    talk.pass(60_000);
    assert_eq!((talk.text.as_slice(), talk.messages), (&b""[..], 1));
    assert!(talk.answers.ends_with(&[Bit::One]), "{:?}", talk.answers);
}

/// It may be read that way, but there is no message that could be confirmed.
#[test]
fn what_is_cut_off_before_it_is_understood_gets_no_receipt() {
    for (waits, messages) in [(Waits::PerBit, 0), (Waits::Never, 1)] {
        let mut talk = Talk::new(Handles::BOTH);
        talk.send(bits("end=nul", "a").into_iter().take(8), waits);
        talk.answers.clear();
        talk.gone();
        assert_eq!((talk.text.as_slice(), talk.messages), (&b"a"[..], messages), "{waits:?}");
        assert_eq!(talk.answers, [], "it has gone");
    }
    let mut talk = Talk::new(Handles::BOTH);
    talk.send(bits("end=length32", "Hello, world").into_iter().take(32 + 24), Waits::Never);
    talk.gone();
    assert_eq!((talk.text.as_slice(), talk.messages), (&b"Hel"[..], 0), "it says that more comes");
    assert_eq!(talk.understanding.octets_at_risk(), Some(3));
}

/// Its text ends only with its process.
#[test]
fn a_pause_in_the_middle_of_a_text_means_nothing() {
    let mut talk = Talk::new(Handles::BOTH);
    let symbols = bits("end=silence", "Hello, world. How are you?");
    talk.send(symbols[..100].iter().copied(), Waits::Never);
    assert_eq!(talk.understanding.poll_timeout(), None);
    talk.pass(10_000_000);
    talk.send(symbols[100..].iter().copied(), Waits::Never);
    assert_eq!(talk.messages, 0);
    talk.gone();
    assert_eq!((talk.text.as_slice(), talk.messages), (&b"Hello, world. How are you?"[..], 1));
}

#[test]
fn who_may_wait_for_another_receipt_gets_it_after_silence_and_nobody_else() {
    for (handles, waits, late) in [
        (USR1, Waits::PerBit, &[Bit::Zero][..]),
        (Handles::BOTH, Waits::PerBit, &[][..]),
        (Handles::BOTH, Waits::Never, &[Bit::One][..]),
    ] {
        let mut talk = Talk::new(handles);
        talk.send(bits("end=nul", "Hello, world"), waits);
        assert_eq!(talk.messages, 1);
        talk.answers.clear();
        talk.pass(49_000);
        assert_eq!(talk.answers, []);
        talk.pass(2_000);
        assert_eq!(talk.answers, late, "{handles:?} {waits:?}");
        talk.pass(5_000_000);
        assert_eq!(talk.answers, late, "once");
    }
}

#[test]
fn a_timer_of_which_the_time_has_not_come_changes_nothing() {
    let mut talk = Talk::new(Handles::BOTH);
    talk.send(bits("end=nul", ""), Waits::PerBit);
    let timeout = talk.understanding.poll_timeout().expect("silence may end it").as_micros();
    let before = talk.understanding.clone();
    let understood = talk.understanding.handle_timeout(Instant::from_micros(timeout - 1));
    assert!(matches!(understood, Understood::Nothing(acks) if acks.is_empty()));
    assert_eq!(talk.understanding, before);
}

#[test]
fn who_is_seen_to_sleep_is_acknowledged_at_once() {
    let mut talk = Talk::new(Handles::BOTH);
    let understood = talk.understanding.handle_bit(Bit::One, Instant::ZERO);
    talk.take(understood);
    let understood = talk.understanding.handle_pause(Instant::ZERO);
    talk.take(understood);
    assert_eq!(talk.answers, [Bit::Zero]);
    assert_eq!(talk.understanding.ack(), Ack::PerBit(Bit::Zero));
}

#[test]
fn a_byte_that_is_cut_off_does_not_end_a_message() {
    let mut talk = Talk::new(Handles::BOTH);
    let symbols = bits("end=nul", "Hello, world. How are you?");
    talk.send(symbols.into_iter().take(60), Waits::Never);
    talk.gone();
    assert_eq!((talk.text.as_slice(), talk.messages), (&b"Hello, "[..], 0));
    assert_eq!(talk.understanding.octets_at_risk(), Some(7));
}

#[test]
fn a_length_that_has_begun_is_the_beginning_of_a_message() {
    let mut talk = Talk::new(Handles::BOTH);
    talk.send(bits("end=length32", "Hello, world. How are you?"), Waits::PerBit);
    talk.pass(60_000);
    assert_eq!((talk.messages, talk.understanding.octets_at_risk()), (1, None));
    talk.send([Bit::Zero; 8], Waits::PerBit);
    assert_eq!(talk.understanding.octets_at_risk(), Some(0));
}
