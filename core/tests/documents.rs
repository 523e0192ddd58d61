//! The parts of `docs/protocol.md` that are computed. `UPDATE_DOCS=1` writes them. The packed crate
//! has neither the document nor this test.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what would be a fault in the crate fails a test here"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use minitalk_core::classic::{Dialect, Setting};
use minitalk_core::exchange::{Exchange, Output, Place};
use minitalk_core::frame::{Check, FRAME_OCTETS_MAX};
use minitalk_core::hdlc::{Fcs, Framer};
use minitalk_core::{Bit, Instant, RefusalReason, Sender};

/// Compares the text between two marks with `text`.
fn assert_documented(mark: &str, text: &str) {
    static WRITING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
    let document = fs::read_to_string(&path).expect("the document can be read");
    let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let (before, rest) = document.split_once(&begin).expect("the mark is there");
    let (kept, after) = rest.split_once(&end).expect("its end is there");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let document = format!("{before}{begin}{text}{end}{after}");
        fs::write(&path, document).expect("the document can be written");
        return;
    }
    assert_eq!(
        kept, text,
        "if this is meant: UPDATE_DOCS=1 cargo test -p minitalk-core --test documents"
    );
}

fn digit(bit: Bit) -> char {
    if bit.is_one() { '1' } else { '0' }
}

/// The bits of `octets` on the line, inserted zeros in brackets, an octet at a time. `ones` is the
/// run of ones before them and, afterwards, at their end.
fn stuffed(octets: &[u8], ones: &mut u32) -> String {
    let mut line = String::new();
    for (index, octet) in octets.iter().enumerate() {
        if index > 0 {
            line.push(' ');
        }
        for place in 0..8 {
            let bit = octet >> place & 1;
            let _ = write!(line, "{bit}");
            *ones = if bit == 1 { *ones + 1 } else { 0 };
            if *ones == 5 {
                line.push_str("[0]");
                *ones = 0;
            }
        }
    }
    line
}

#[test]
fn the_example_frame_in_the_protocol_is_what_a_sender_sends() {
    let mut content = vec![0xFF, 0x30, 2];
    content.extend(0x1234_5678_u32.to_le_bytes());
    content.extend([3, 2, b'H', b'i']);
    content.extend(Check::new().finish(2).to_le_bytes());
    let mut fcs = Fcs::new();
    for &octet in &content {
        fcs.update(octet);
    }
    let fields: [(&str, &[u8]); 10] = [
        ("address", &content[0..1]),
        ("control: first, final, N(S) 0", &content[1..2]),
        ("version 2, content not coded", &content[2..3]),
        ("message 0x12345678", &content[3..7]),
        ("length 2, plus one", &content[7..8]),
        ("octets 2", &content[8..9]),
        ("payload \"H\"", &content[9..10]),
        ("payload \"i\"", &content[10..11]),
        ("check", &content[11..15]),
        ("FCS, mask 0", &fcs.octets()),
    ];
    let flag = "| flag | `7E` | `01111110` |\n";
    let mut text = String::from(
        "The message \"Hi\", all of it in one frame. Bits stand in the order in which they are sent, inserted\nzeros \
         in brackets. Before the first flag comes the mark, `11111111`; after the last one the flag whose\n\
         acknowledgments are the verdict.\n\n| field | octets | bits |\n|---|---|---|\n",
    );
    text.push_str(flag);
    let (mut ones, mut line) = (0, String::from("01111110"));
    for (name, octets) in fields {
        let bits = stuffed(octets, &mut ones);
        let hex: Vec<String> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
        let _ = writeln!(text, "| {name} | `{}` | `{bits}` |", hex.join(" "));
        line.extend(bits.chars().filter(char::is_ascii_digit));
    }
    line.push_str("01111110");
    text.push_str(flag);

    let framed: String = Framer::new(&content).map(digit).collect();
    assert_eq!(line, framed);
    assert_eq!(format!("11111111{line}01111110"), passed(b"Hi", false, Fate::Accepted).bits());
    assert_documented("example-frame", &text);
}

/// What the server does with the frame.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Accepted,
    /// A bit of the payload is inverted on the way.
    Damaged,
    Refused(RefusalReason),
}

/// What has passed over a perfect line: the bits, with those in flight together in one group, and
/// their acknowledgments.
#[derive(Default)]
struct Passed {
    groups: Vec<String>,
    acks: String,
}

impl Passed {
    fn bits(&self) -> String {
        self.groups.concat()
    }
}

/// Passes a message of one frame from a sender to a server, up to the first verdict.
fn passed(message: &[u8], pairs: bool, fate: Fate) -> Passed {
    let (now, peer) = (Instant::ZERO, 1);
    let length = u64::try_from(message.len()).ok();
    let sender = Sender::new(0x1234_5678, length);
    let mut sender = if pairs { sender } else { sender.without_pairs() };
    let mut exchange = Exchange::<_, FRAME_OCTETS_MAX>::new(Dialect::DEFAULT, [Place::FREE]);
    sender.offer(message, true).expect("it is ready");
    exchange.open(peer).expect("it is the first");
    let mut passed = Passed::default();
    let mut sent = 0;
    loop {
        let mut group = String::new();
        let mut acks = Vec::new();
        while let Some(bit) = sender.poll_transmit(now) {
            group.push(digit(bit));
            sent += 1;
            let is_damaged = fate == Fate::Damaged && sent == DAMAGED_BIT;
            let _ = exchange.handle_bit(peer, if is_damaged { !bit } else { bit }, now);
            while let Some(output) = exchange.poll_output(now) {
                match output {
                    Output::Transmit { symbol, .. } => acks.push(symbol),
                    Output::Payload(_) | Output::TooLong { .. } | Output::Closed { .. } => {
                        match fate {
                            Fate::Refused(reason) => exchange.refuse(peer, reason),
                            Fate::Accepted | Fate::Damaged => exchange.accept(peer),
                        }
                    }
                }
            }
        }
        if group.is_empty() {
            return passed;
        }
        passed.groups.push(group);
        for ack in acks {
            passed.acks.push(digit(ack));
            sender.handle_ack(ack, now);
        }
    }
}

/// The third bit of the payload, counted from the mark and including the inserted zero before it.
const DAMAGED_BIT: usize = 8 + 8 + 9 * 8 + 1 + 3;

#[test]
fn the_example_acknowledgments_in_the_protocol_are_those_of_a_server() {
    let frame = passed(b"Hi", false, Fate::Accepted);
    let damaged = passed(b"Hi", false, Fate::Damaged);
    let refused = passed(b"Hi", false, Fate::Refused(RefusalReason::ShuttingDown));
    let whole = frame.bits().len();
    let (flag, verdict) = (whole - 16, whole - 8);
    assert!(damaged.bits() == frame.bits() && refused.bits().starts_with(&frame.bits()));
    let mut text = String::from(
        "The message of section 4 from a newcomer, to a server of the default dialect: `0` is\n\
         `SIGUSR1`, `1` is `SIGUSR2`. The third bit of the payload of the damaged frame arrives as another one.\n\n\
         | | bits | acknowledgments |\n|---|---|---|\n",
    );
    let mut row = |name: &str, passed: &Passed, from: usize, to: usize| {
        let (bits, acks) = (&passed.bits()[from..to], &passed.acks[from..to]);
        let _ = writeln!(text, "| {name} | `{bits}` | `{acks}` |");
    };
    row("mark", &frame, 0, 8);
    row("opening flag", &frame, 8, 16);
    row("address", &frame, 16, 25);
    row("closing flag", &frame, flag, verdict);
    row("verdict: accepted", &frame, verdict, whole);
    row("verdict: not accepted (damaged)", &damaged, verdict, whole);
    row("verdict: refused", &refused, verdict, whole);
    row("reason: shutting down", &refused, whole, whole + 16);
    let pairs = passed(b"Hi", true, Fate::Accepted);
    assert_eq!(pairs.bits(), frame.bits());
    let _ = writeln!(
        text,
        "\nThe same with pairs. What stands together is sent together, and the next bit when all of it has been\n\
         acknowledged:\n\n```text\n{}\n```",
        lines_of(&pairs.groups),
    );
    assert_documented("example-acknowledgments", &text);
}

#[test]
fn the_reasons_in_the_protocol_are_spelled_as_a_server_spells_them() {
    let mut text = String::from("| code | spelled | reason |\n|---|---|---|\n");
    for (reason, meaning) in [
        (RefusalReason::TooLong, "the message is longer than the receiver takes"),
        (RefusalReason::OutputFailed, "the receiver could not write its output"),
        (RefusalReason::ShuttingDown, "the receiver is shutting down"),
        (RefusalReason::Version, "the receiver speaks another version"),
        (
            RefusalReason::OutOfSequence,
            "the frame belongs to a message the receiver knows nothing of",
        ),
        (RefusalReason::Stalled, "the message kept others waiting for too long"),
        (RefusalReason::Coding, "the receiver does not know how the message is coded"),
        (RefusalReason::Mismatch, "the message is not what its first or its last frame says of it"),
    ] {
        let acks = passed(b"", false, Fate::Refused(reason)).acks;
        let spelled = acks.get(acks.len() - 16..).expect("there is a reason");
        let fours: Vec<&str> = (0..4).map(|four| &spelled[4 * four..4 * four + 4]).collect();
        let _ = writeln!(text, "| {} | `{}` | {meaning} |", reason.code(), fours.join(" "));
    }
    assert_documented("reason-table", &text);
}

/// Words in lines of a readable length.
fn lines_of(words: &[String]) -> String {
    let mut lines = vec![String::new()];
    for word in words {
        if lines.last().is_some_and(|line| line.len() + word.len() >= 100) {
            lines.push(String::new());
        }
        let line = lines.last_mut().expect("there is one");
        let space = if line.is_empty() { "" } else { " " };
        let _ = write!(line, "{space}{word}");
    }
    lines.join("\n")
}

/// What a value of a setting means.
fn meaning(setting: Setting, value: &str) -> &'static str {
    match (setting, value) {
        (Setting::One, "usr1") => "`SIGUSR1` is a one, `SIGUSR2` a zero",
        (Setting::One, _) => "`SIGUSR2` is a one, `SIGUSR1` a zero",
        (Setting::Order, "msb") => "the most significant bit of a byte or length first",
        (Setting::Order, _) => "the least significant bit first",
        (Setting::Ack | Setting::Receipt, "auto") => {
            "observed by the sender, chosen by the receiver (see below)"
        }
        (Setting::Ack, "usr1") => "every bit is acknowledged with `SIGUSR1`",
        (Setting::Ack, "usr2") => "every bit is acknowledged with `SIGUSR2`",
        (Setting::Ack, "echo") => "every bit is acknowledged with the signal that brought it",
        (Setting::Ack, "byte-usr1") => "every eighth bit is acknowledged with `SIGUSR1`",
        (Setting::Ack, "byte-usr2") => "every eighth bit is acknowledged with `SIGUSR2`",
        (Setting::Ack, "usr1-byte-usr2") => {
            "`SIGUSR1` for every bit, and `SIGUSR2` more at every eighth"
        }
        (Setting::Ack, "usr2-byte-usr1") => {
            "`SIGUSR2` for every bit, and `SIGUSR1` more at every eighth"
        }
        (Setting::Ack, _) => "no bit is acknowledged; the sender pauses instead",
        (Setting::Receipt, "usr1-after") => "`SIGUSR1`, after the acknowledgment of the last bit",
        (Setting::Receipt, "usr2-after") => "`SIGUSR2`, after the acknowledgment of the last bit",
        (Setting::Receipt, "usr1-before") => "`SIGUSR1`, before the acknowledgment of the last bit",
        (Setting::Receipt, "usr2-before") => "`SIGUSR2`, before the acknowledgment of the last bit",
        (Setting::Receipt, "usr1-instead") => "`SIGUSR1`, and no acknowledgment of the last bit",
        (Setting::Receipt, "usr2-instead") => "`SIGUSR2`, and no acknowledgment of the last bit",
        (Setting::Receipt, "nothing-instead") => "none, and no acknowledgment of the last bit",
        (Setting::Receipt, "usr2-usr1-usr2-after") => {
            "three signals, after the acknowledgment of the last bit"
        }
        (Setting::Receipt, _) => "nothing tells the sender that the message is complete",
        (Setting::End, "nul") => "a NUL byte ends the message",
        (Setting::End, "length32") => "32 bits before the text give its length in bytes",
        (Setting::End, "length64") => "64 bits before the text give its length in bytes",
        (Setting::End, "length32-nul") => "a length of 32 bits, and a NUL that it does not count",
        (Setting::End, "length64-nul") => "a length of 64 bits, and a NUL that it does not count",
        (Setting::End, "length32-counted-nul") => "a length of 32 bits, and a NUL that it counts",
        (Setting::End, "length64-counted-nul") => "a length of 64 bits, and a NUL that it counts",
        (Setting::End, _) => "nothing: the message is over when its sender falls silent",
        (Setting::Length, "bits") => "the length is one number in the order of `order`",
        (Setting::Length, "swapped") => "its bytes come in the other order, their bits do not",
        (Setting::Length, "twice") => "it is sent twice",
        (Setting::Length, _) => "it is written in ASCII digits: ten for 32 bits, twenty for 64",
        (Setting::Lead, "none") => "the text follows the length, or begins the message",
        (Setting::Lead, "nul") => "a NUL byte comes right before the text",
        (Setting::Lead, "pid-bits") => "the sender's PID in 32 bits comes right before the text",
        (Setting::Lead, _) => "the sender's PID in ten ASCII digits comes right before the text",
        (Setting::Hello, "usr1") => "one `SIGUSR1` before the message, acknowledged like a bit",
        (Setting::Hello, "usr2") => "one `SIGUSR2` before the message, acknowledged like a bit",
        (Setting::Hello, "usr1-width" | "usr2-width") => {
            "as before, and then `SIGUSR1` for a length of 32 bits, `SIGUSR2` for one of 64"
        }
        (Setting::Hello, _) => "the message begins with its first bit",
        (Setting::Ready, "ack") => "the greeting is answered as a bit is acknowledged",
        (Setting::Ready, "usr1") => "the greeting is answered with `SIGUSR1`",
        (Setting::Ready, _) => "the greeting is answered with `SIGUSR2`",
        (Setting::Busy, "none") => "a receiver that is busy does not answer",
        (Setting::Busy, "usr1") => "`SIGUSR1` instead of an acknowledgment: try again later",
        (Setting::Busy, _) => "`SIGUSR2` instead of an acknowledgment: try again later",
    }
}

/// What a value means for the link, if anything.
fn note(setting: Setting, value: &str) -> &'static str {
    match (setting, value) {
        (Setting::One, "usr1") => "no framed senders beside it: the mark would be zeros",
        (Setting::Ack, "echo") => {
            "with pauses shorter than a round trip, an echo can hide a receipt"
        }
        (Setting::Ack, "byte-usr1" | "byte-usr2" | "none") => {
            "senders cannot be held back, nor framed ones told apart"
        }
        (Setting::Receipt, "usr1-after" | "usr1-before") => {
            "equal to the acknowledgment, the kernel may make one of the two"
        }
        (Setting::End, "nul") => "the text cannot hold a NUL",
        (Setting::End, "silence") => "the receipt comes late, and a pause cuts the message",
        (Setting::Hello, "usr1" | "usr2" | "usr1-width" | "usr2-width") => {
            "no framed senders beside it"
        }
        _ => "",
    }
}

#[test]
fn the_dialect_table_in_the_protocol_lists_every_value() {
    let mut text = String::from("| setting | value | meaning | |\n|---|---|---|---|\n");
    for setting in Setting::ALL {
        for &value in setting.values() {
            let (note, meaning) = (note(setting, value), meaning(setting, value));
            let is_default = value == setting.value(Dialect::DEFAULT);
            let value =
                if is_default { format!("**`{value}`** (default)") } else { format!("`{value}`") };
            let _ = writeln!(text, "| `{}` | {value} | {meaning} | {note} |", setting.key());
        }
    }
    assert_documented("dialect-table", &text);
}
