//! How well, and how early, a sender is understood whose dialect is not given.

use std::fmt::Write;

use minitalk_core::classic::{
    Ack, BitOrder, Confidence, Dialect, Encoder, End, Handles, Hello, Memory, Understanding,
    Understood, Waits,
};
use minitalk_core::{Bit, Instant};

use crate::snapshot::assert_same;

/// The process id of every sender here.
const PID: u32 = 24_710;

/// What comes before and after the text, as settings.
const FORMS: [&str; 17] = [
    "end=nul",
    "end=length32",
    "end=length64",
    "end=length32-nul",
    "end=length32-counted-nul",
    "end=length32,length=swapped",
    "end=length64,length=swapped",
    "end=length32,length=twice",
    "end=length32,length=digits",
    "end=length32,length=digits,lead=pid-digits",
    "end=length32,lead=pid-bits",
    "lead=pid-bits",
    "lead=nul",
    "hello=usr1",
    "hello=usr2,end=length32",
    "hello=usr1-width,end=length64-counted-nul",
    "end=silence",
];

const TEXTS: [(&str, &str); 10] = [
    ("one letter", "a"),
    ("one digit", "7"),
    ("two letters", "Hi"),
    ("digits", "4242"),
    ("a word", "minitalk"),
    ("a sentence", "Hello, world!"),
    ("accented", "à bientôt, Zoë"),
    ("another script", "こんにちは世界"),
    ("emoji", "👋🏽 🎉"),
    ("a long text", include_str!("../../LICENSE-MIT")),
];

/// What became of one message.
struct Heard {
    text: Vec<u8>,
    /// The number of symbols that had come when the first byte of the text was shown.
    shown_after: Option<usize>,
    /// The number of messages that ended.
    messages: usize,
    /// The acknowledgments of each symbol; for the last one also what came afterwards.
    answers: Vec<Vec<Bit>>,
}

/// One sender, which waits for `waits` and handles what `handles` says.
struct Talk {
    understanding: Understanding,
    now: u64,
    heard: Heard,
}

impl Talk {
    fn new(handles: Handles, memory: Memory) -> Self {
        let heard = Heard { text: Vec::new(), shown_after: None, messages: 0, answers: Vec::new() };
        Self { understanding: Understanding::new(handles, PID, memory), now: 1_000_000, heard }
    }

    /// Takes everything that a call has led to.
    fn take(&mut self, mut understood: Understood) {
        loop {
            match understood {
                Understood::Nothing(acks) => {
                    self.heard.answers.last_mut().expect("a symbol has come").extend(acks);
                    return;
                }
                Understood::Octets | Understood::End => {
                    assert_eq!(
                        understood == Understood::End,
                        self.understanding.octets().is_empty()
                    );
                    self.heard.text.extend_from_slice(self.understanding.octets());
                    self.heard.shown_after.get_or_insert(self.heard.answers.len());
                    self.heard.messages += usize::from(self.understanding.is_last());
                    let acks = self.understanding.accept();
                    self.heard.answers.last_mut().expect("a symbol has come").extend(acks);
                    understood = self.understanding.resume();
                }
            }
        }
    }

    /// Lets time pass for `micros`, or until an answer has come.
    fn pass(&mut self, micros: u64, for_an_answer: bool) {
        let until = self.now + micros;
        let answers = |talk: &Self| talk.heard.answers.last().map_or(0, Vec::len);
        while let Some(timeout) = self.understanding.poll_timeout()
            && timeout.as_micros() <= until
            && !(for_an_answer && answers(self) > 0)
        {
            self.now = self.now.max(timeout.as_micros());
            let understood = self.understanding.handle_timeout(Instant::from_micros(self.now));
            self.take(understood);
        }
        if !for_an_answer || answers(self) == 0 {
            self.now = until;
        }
    }

    /// Sends a symbol and waits as such a sender would.
    fn send(&mut self, symbol: Bit, waits: Waits) {
        self.heard.answers.push(Vec::new());
        let understood = self.understanding.handle_bit(symbol, Instant::from_micros(self.now));
        self.take(understood);
        let is_byte = self.heard.answers.len().is_multiple_of(8);
        match waits {
            Waits::PerBit => self.pass(1_000_000, true),
            Waits::PerByte if is_byte => self.pass(1_000_000, true),
            Waits::PerByte | Waits::Never => {}
        }
        self.pass(300, false);
    }

    /// Waits for a receipt, and ends.
    fn end(mut self) -> (Heard, Understanding) {
        self.pass(300_000, false);
        self.die()
    }

    /// Ends at once.
    fn die(mut self) -> (Heard, Understanding) {
        let understood = self.understanding.handle_gone();
        self.take(understood);
        (self.heard, self.understanding)
    }
}

fn talk(dialect: Dialect, text: &str, handles: Handles, waits: Waits) -> (Heard, Understanding) {
    let mut talk = Talk::new(handles, Memory::default());
    for symbol in symbols(dialect, text) {
        talk.send(symbol, waits);
    }
    talk.end()
}

fn symbols(dialect: Dialect, text: &str) -> Vec<Bit> {
    let (first, second) = match dialect.hello {
        Hello::None => (None, None),
        Hello::One(symbol) => (Some(symbol), None),
        Hello::AndWidth(symbol) => {
            let is_wide =
                matches!(dialect.end, End::Length64 | End::Length64Nul | End::Length64CountedNul);
            (Some(symbol), Some(Bit::from(is_wide)))
        }
    };
    let bits = Encoder::new(dialect, text.as_bytes()).expect("no NUL").with_pid(PID);
    first.into_iter().chain(second).chain(bits).collect()
}

/// Every polarity and order of a form.
fn readings(form: &str) -> impl Iterator<Item = Dialect> {
    ["one=usr2", "one=usr1", "one=usr2,order=lsb", "one=usr1,order=lsb"]
        .into_iter()
        .map(move |reading| format!("{reading},{form}").parse().expect("a dialect"))
}

/// What such a sender waits for here.
fn waits_of(dialect: Dialect) -> Waits {
    if dialect.end == End::Silence { Waits::Never } else { Waits::PerBit }
}

/// How many texts were understood, out of how many, and after how many symbols the text was shown.
#[derive(Default)]
struct Share {
    right: usize,
    all: usize,
    shown_after: Vec<usize>,
}

impl Share {
    /// The number of symbols after which the text was shown, if it was understood.
    fn try_one(dialect: Dialect, text: &str) -> Option<usize> {
        let (heard, _) = talk(dialect, text, Handles::BOTH, waits_of(dialect));
        let is_right = heard.text == text.as_bytes() && heard.messages == 1;
        heard.shown_after.filter(|_| is_right)
    }

    fn add(&mut self, shown_after: Option<usize>) {
        self.all += 1;
        self.right += usize::from(shown_after.is_some());
        self.shown_after.extend(shown_after);
    }

    fn row(&mut self, name: &str) -> String {
        self.shown_after.sort_unstable();
        let at = |part: usize| {
            let index = (self.shown_after.len().saturating_sub(1)) * part / 10;
            self.shown_after.get(index).copied().unwrap_or_default()
        };
        let (right, all) = (self.right, self.all);
        format!("{right:>3} of {all:>3}  {:>3}  {:>3}  {name}\n", at(5), at(9))
    }
}

#[test]
fn the_share_that_is_understood_is_known() {
    let mut table = String::from(
        "understood, of messages in four polarities and orders; the symbols after which the text was shown:\n\
         in the median, and in nine of ten\n\n",
    );
    let mut wrong = String::new();
    let mut by_text: [Share; TEXTS.len()] = Default::default();
    let mut by_form: [Share; FORMS.len()] = Default::default();
    let mut all = Share::default();
    for (form, by_form) in FORMS.into_iter().zip(&mut by_form) {
        for ((name, text), by_text) in TEXTS.into_iter().zip(&mut by_text) {
            for dialect in readings(form) {
                let shown_after = Share::try_one(dialect, text);
                for share in [&mut *by_form, &mut *by_text, &mut all] {
                    share.add(shown_after);
                }
                if shown_after.is_none() {
                    let order = if dialect.order == BitOrder::LsbFirst { "lsb" } else { "msb" };
                    let one = if dialect.one == Bit::One { "usr2" } else { "usr1" };
                    let _ = writeln!(wrong, "{form} one={one},order={order}: {name}");
                }
            }
        }
    }
    for ((name, _), share) in TEXTS.into_iter().zip(&mut by_text) {
        table.push_str(&share.row(name));
    }
    for (form, share) in FORMS.into_iter().zip(&mut by_form) {
        table.push_str(&share.row(form));
    }
    table.push_str(&all.row("all"));
    assert!(all.right * 100 >= all.all * 97, "{table}");
    assert_same("guess.txt", &format!("{table}\nnot understood\n\n{wrong}"));
}

#[test]
fn whatever_is_said_to_be_certain_is_right_but_for_texts_that_look_like_others() {
    for form in FORMS.into_iter().filter(|form| !form.starts_with("hello=usr1")) {
        for (name, text) in TEXTS.into_iter().filter(|(name, _)| *name != "a long text") {
            for dialect in readings(form) {
                let (heard, understanding) = talk(dialect, text, Handles::BOTH, waits_of(dialect));
                let is_right = heard.text == text.as_bytes();
                let is_certain = understanding.confidence() == Some(Confidence::Certain);
                assert!(is_right || !is_certain, "{dialect}: {name}");
            }
        }
    }
}

#[test]
fn an_empty_message_is_understood_once_its_sender_is_silent() {
    for dialect in readings("end=nul").chain(readings("end=length32")) {
        let (heard, _) = talk(dialect, "", Handles::BOTH, Waits::PerBit);
        // Eight ones may be the mark of a framed sender.
        let is_mark = dialect.one == Bit::Zero && dialect.end == End::Nul;
        let expected = (&b""[..], usize::from(!is_mark));
        assert_eq!((heard.text.as_slice(), heard.messages), expected, "{dialect}");
    }
}

#[test]
fn what_a_sender_does_not_handle_is_never_sent_to_it() {
    for usr1 in [false, true] {
        for usr2 in [false, true] {
            let handles = Handles { usr1, usr2 };
            for waits in [Waits::PerBit, Waits::PerByte, Waits::Never] {
                for dialect in readings("end=nul") {
                    let (heard, _) = talk(dialect, "Hello", handles, waits);
                    let answers = heard.answers.concat();
                    assert!(answers.iter().all(|&answer| handles.survives(answer)));
                }
            }
        }
    }
}

#[test]
fn who_waits_for_each_bit_is_acknowledged_each_bit_and_who_does_not_is_not() {
    let dialect = Dialect::DEFAULT;
    let usr1 = Handles { usr1: true, usr2: false };
    for handles in [Handles::BOTH, usr1] {
        let (heard, understanding) = talk(dialect, "Hi", handles, Waits::PerBit);
        assert_eq!(understanding.waits(), Some(Waits::PerBit));
        assert!(heard.answers.iter().all(|answers| answers.first() == Some(&Bit::Zero)));
        let (heard, understanding) = talk(dialect, "Hi", handles, Waits::Never);
        assert_eq!(understanding.waits(), Some(Waits::Never));
        let answered = heard.answers.iter().filter(|answers| !answers.is_empty()).count();
        assert_eq!(answered, 1, "the receipt, after the last one");
        let (heard, understanding) = talk(dialect, "Hi", handles, Waits::PerByte);
        assert_eq!(understanding.waits(), Some(Waits::PerByte));
        for (place, answers) in heard.answers.iter().enumerate() {
            assert_eq!(answers.is_empty(), place % 8 != 7);
        }
    }
}

/// Some senders take a `SIGUSR1` for a receipt.
#[test]
fn a_sender_that_does_not_go_on_is_tried_with_the_other_signal() {
    let mut talk = Talk::new(Handles::BOTH, Memory::default());
    let symbols = symbols(Dialect::DEFAULT, "Hi");
    talk.send(symbols[0], Waits::PerBit);
    assert_eq!(talk.heard.answers[0], [Bit::Zero]);
    talk.pass(1_000_000, false);
    assert_eq!(talk.heard.answers[0], [Bit::Zero, Bit::One]);
    for &symbol in &symbols[1..] {
        talk.send(symbol, Waits::PerBit);
        assert_eq!(talk.heard.answers.last().and_then(|answers| answers.first()), Some(&Bit::One));
    }
    let (heard, understanding) = talk.end();
    assert_eq!(heard.text, b"Hi");
    assert_eq!(understanding.memory().ack, Some(Ack::PerBit(Bit::One)));
}

#[test]
fn the_next_process_of_a_program_is_acknowledged_otherwise_if_the_first_ended_of_it() {
    // It ended after its first symbol was acknowledged.
    let mut first = Talk::new(Handles::BOTH, Memory::default());
    first.send(Bit::Zero, Waits::PerBit);
    let (_, first) = first.die();
    assert_eq!(first.memory().ack, Some(Ack::PerBit(Bit::One)));
    // It ended after the first bit following its greeting.
    let mut greeting = Talk::new(Handles::BOTH, Memory::default());
    for symbol in [Bit::Zero, Bit::Zero] {
        greeting.send(symbol, Waits::PerBit);
    }
    let (_, greeting) = greeting.die();
    let expected = Memory { ack: Some(Ack::PerBit(Bit::One)), ready: Some(Bit::Zero) };
    assert_eq!(greeting.memory(), expected);
    let dialect = "hello=usr1,end=length32".parse().expect("a dialect");
    let mut greeting = Talk::new(Handles::BOTH, expected);
    for (place, symbol) in symbols(dialect, "Hi").into_iter().enumerate() {
        greeting.send(symbol, Waits::PerBit);
        let answer = if place == 0 { Bit::Zero } else { Bit::One };
        assert_eq!(greeting.heard.answers[place].first(), Some(&answer), "{place}");
    }
    // It ended after the first symbol whose acknowledgment was not an echo.
    let mut second = Talk::new(Handles::BOTH, Memory::default());
    for symbol in [Bit::Zero, Bit::Zero, Bit::One] {
        second.send(symbol, Waits::PerBit);
    }
    let (_, second) = second.die();
    assert_eq!(second.memory().ack, Some(Ack::Echo));
    let mut third = Talk::new(Handles::BOTH, second.memory());
    for symbol in symbols(Dialect::DEFAULT, "Hi") {
        third.send(symbol, Waits::PerBit);
        assert_eq!(third.heard.answers.last().and_then(|answers| answers.first()), Some(&symbol));
    }
}

/// Some senders lose an acknowledgment that comes before they sleep.
#[test]
fn a_sender_that_stops_in_the_middle_is_acknowledged_once_more() {
    let mut talk = Talk::new(Handles::BOTH, Memory::default());
    for symbol in symbols(Dialect::DEFAULT, "Hello").into_iter().take(21) {
        talk.send(symbol, Waits::PerBit);
    }
    assert_eq!(talk.heard.answers[20], [Bit::Zero]);
    talk.pass(240_000, false);
    assert_eq!(talk.heard.answers[20], [Bit::Zero], "it may be slow");
    talk.pass(20_000, false);
    assert_eq!(talk.heard.answers[20], [Bit::Zero, Bit::Zero]);
    talk.pass(10_000_000, false);
    assert_eq!(talk.heard.answers[20], [Bit::Zero, Bit::Zero]);
    for symbol in symbols(Dialect::DEFAULT, "Hello").into_iter().skip(21) {
        talk.send(symbol, Waits::PerBit);
    }
    let (heard, _) = talk.end();
    assert_eq!((heard.text.as_slice(), heard.messages), (&b"Hello"[..], 1));
}

/// The same for a sender that greets again a second after the answer.
#[test]
fn a_sender_that_greets_again_after_an_answer_is_answered_with_the_other_signal() {
    let dialect = "hello=usr2,ack=usr2,end=length32".parse().expect("a dialect");
    let mut talk = Talk::new(Handles::BOTH, Memory::default());
    for _ in 0..2 {
        talk.send(Bit::One, Waits::PerBit);
    }
    talk.pass(1_000_000, false);
    assert_eq!(talk.heard.answers[1], [Bit::Zero, Bit::One]);
    for symbol in symbols(dialect, "Hello").into_iter().skip(1) {
        talk.send(symbol, Waits::PerBit);
    }
    let (heard, _) = talk.end();
    assert_eq!((heard.text.as_slice(), heard.messages), (&b"Hello"[..], 1));
}

/// To a sender that greets, `SIGUSR1` means that the server is busy, so it greets again.
#[test]
fn a_sender_that_asks_again_and_again_is_answered_with_the_other_signal() {
    let dialect = "hello=usr2,ack=usr2,end=length32".parse().expect("a dialect");
    let mut talk = Talk::new(Handles::BOTH, Memory::default());
    let mut greetings = 0;
    while talk.heard.answers.last().is_none_or(|answers| answers == &[Bit::Zero]) {
        talk.send(Bit::One, Waits::PerBit);
        greetings += 1;
        assert!(greetings < 100);
    }
    assert_eq!(greetings, 74, "no message begins with one symbol so often");
    for symbol in symbols(dialect, "Hello").into_iter().skip(1) {
        talk.send(symbol, Waits::PerBit);
    }
    let (heard, understanding) = talk.end();
    assert_eq!((heard.text.as_slice(), heard.messages), (&b"Hello"[..], 1));
    assert_eq!(understanding.memory().ack, Some(Ack::PerBit(Bit::One)));
}

#[test]
fn a_second_message_of_the_same_process_is_read_as_the_first_one_was() {
    for form in ["end=nul", "end=length32", "end=length32-nul", "end=length64-counted-nul"] {
        for dialect in readings(form) {
            let mut talk = Talk::new(Handles::BOTH, Memory::default());
            for text in ["Hello", "42"] {
                for symbol in symbols(dialect, text) {
                    talk.send(symbol, Waits::PerBit);
                }
                // It waits for its receipt.
                talk.pass(100_000, false);
            }
            let (heard, _) = talk.end();
            assert_eq!((heard.text.as_slice(), heard.messages), (&b"Hello42"[..], 2), "{dialect}");
        }
    }
}

/// Some send one bit more than the message has, which is not a message that was cut off.
#[test]
fn a_symbol_after_the_last_message_is_not_taken_for_a_message() {
    let mut talk = Talk::new(Handles::BOTH, Memory::default());
    for symbol in symbols(Dialect::DEFAULT, "7").into_iter().chain([Bit::Zero]) {
        talk.send(symbol, Waits::PerBit);
    }
    let (heard, understanding) = talk.end();
    assert_eq!((heard.text.as_slice(), heard.messages), (&b"7"[..], 1));
    assert_eq!(understanding.octets_at_risk(), None);
}

#[test]
fn what_is_cut_off_is_known_to_be() {
    let mut talk = Talk::new(Handles::BOTH, Memory::default());
    for symbol in symbols(Dialect::DEFAULT, "Hello, world").into_iter().take(60) {
        talk.send(symbol, Waits::PerBit);
    }
    let (heard, understanding) = talk.end();
    assert_eq!((heard.text.as_slice(), heard.messages), (&b"Hello, "[..], 0));
    assert_eq!(understanding.octets_at_risk(), Some(7));
}
