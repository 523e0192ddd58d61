//! Any bits, at any time, from an unknown sender: no panic, bounded output, nothing is sent that
//! the sender would not survive, and there are no more acknowledgments than symbols, except for
//! receipts and second attempts.
//!
//! The input is two octets that choose what the sender handles and what is remembered of its
//! program, and then the line: each octet is a symbol and the time before it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minitalk_core::classic::{
    Dialect, Guess, Handles, Memory, TextReceiver, Understanding, Understood, Verdict,
};
use minitalk_core::{Bit, Instant};
use minitalk_fuzz::AnyDialect;

const PID: u32 = 24_710;

/// The silence after which a host reports it.
const SILENCE_MICROS: u64 = 50_000;

/// More messages than fit into a line that is replayed at once.
const PIECES_MAX: usize = 66;

fuzz_target!(|input: (u8, AnyDialect, &[u8])| {
    let (choice, AnyDialect(dialect), line) = input;
    guess(line);
    understand(choice, dialect, line);
});

/// The symbol of an octet, and the microseconds before it: 0 to 4 s, mostly short.
fn symbol(octet: u8) -> (Bit, u64) {
    let pause = u32::from(octet >> 1);
    (Bit::from(octet & 1 == 1), (1_u64 << (pause / 6)) - 1)
}

/// There is one verdict, at the latest with the last symbol for which there is room, and what it
/// reads is what came. Silence is reported at pauses of the line, and at its end.
fn guess(line: &[u8]) {
    let mut guess = Guess::new(PID);
    for (place, &octet) in (0..).zip(line) {
        let (bit, pause) = symbol(octet);
        let before = (pause >= SILENCE_MICROS).then(|| guess.handle_silence()).flatten();
        if let Some(verdict) = before {
            return read(&guess, verdict);
        }
        let verdict = guess.feed(bit);
        assert_eq!((guess.symbols_taken(), guess.symbol(place)), (place + 1, Some(bit)));
        if let Some(verdict) = verdict {
            return read(&guess, verdict);
        }
    }
    assert!(line.len() < usize::from(Guess::SYMBOLS_MAX), "a verdict must come at the latest then");
    for verdict in [guess.handle_silence(), guess.handle_end()].into_iter().flatten() {
        read(&guess, verdict);
    }
}

fn read(guess: &Guess, verdict: Verdict) {
    let mut receiver = TextReceiver::new(verdict.dialect);
    for bit in guess.symbols() {
        let _ = receiver.handle_bit(bit);
        let _ = receiver.accept();
    }
}

fn understand(choice: u8, dialect: Dialect, line: &[u8]) {
    let handles = Handles { usr1: choice & 1 == 1, usr2: choice & 2 == 2 };
    let memory = match choice & 4 {
        4 => Memory { ack: Some(dialect.ack), ready: dialect.ready },
        _ => Memory::default(),
    };
    let mut talk = Talk {
        understanding: Understanding::new(handles, PID, memory),
        handles,
        octets: 0,
        answers: 0,
    };
    let mut now = 0;
    for &octet in line {
        let (bit, pause) = symbol(octet);
        let until = now + pause;
        let mut timeouts = 0;
        while let Some(timeout) = talk.understanding.poll_timeout()
            && timeout.as_micros() <= until
        {
            timeouts += 1;
            assert!(timeouts < 8, "time never gets on");
            now = now.max(timeout.as_micros());
            let understood = talk.understanding.handle_timeout(Instant::from_micros(now));
            talk.take(understood);
        }
        now = until;
        if choice & 8 == 8 {
            let understood = talk.understanding.handle_pause(Instant::from_micros(now));
            talk.take(understood);
        }
        let understood = talk.understanding.handle_bit(bit, Instant::from_micros(now));
        talk.take(understood);
        assert!(talk.octets <= line.len() / 8 + 1);
    }
    let understood = talk.understanding.handle_gone();
    talk.take(understood);
    assert!(handles.usr1 || handles.usr2 || talk.answers == 0);
    // For each symbol two are owed at most, for a message three more; silence can add two.
    assert!(talk.answers <= line.len() * 5 + 5);
    let _ = talk.understanding.memory();
}

struct Talk {
    understanding: Understanding,
    handles: Handles,
    octets: usize,
    answers: usize,
}

impl Talk {
    fn take(&mut self, mut understood: Understood) {
        for _ in 0..PIECES_MAX {
            match understood {
                Understood::Nothing(acks) => {
                    assert!(acks.clone().all(|ack| self.handles.survives(ack)));
                    self.answers += acks.len();
                    return;
                }
                Understood::Octets | Understood::End => {
                    let octets = self.understanding.octets().len();
                    assert_eq!(understood == Understood::End, octets == 0);
                    assert!(understood == Understood::Octets || self.understanding.is_last());
                    assert!(self.understanding.poll_timeout().is_none());
                    self.octets += octets;
                    let acks = self.understanding.accept();
                    assert!(acks.clone().all(|ack| self.handles.survives(ack)));
                    self.answers += acks.len();
                    assert!(self.understanding.octets().is_empty());
                    understood = self.understanding.resume();
                }
            }
        }
        panic!("a replay never ends");
    }
}
