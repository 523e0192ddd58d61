//! What a pair speaks, in words.

use std::time::Duration;

use minitalk_core::Bit;
use minitalk_core::classic::{BitOrder, Dialect};

use crate::bench::Learned;
use crate::reading::{Answer, Header, Reading};

/// The name of the signal that a symbol is.
pub(crate) const fn signal(bit: Bit) -> &'static str {
    match bit {
        Bit::Zero => "SIGUSR1",
        Bit::One => "SIGUSR2",
    }
}

/// A time with three digits at most.
pub(crate) fn duration(time: Duration) -> String {
    let nanos = time.as_nanos();
    match nanos {
        0..10_000 => format!("{:.1} µs", time.as_secs_f64() * 1e6),
        10_000..1_000_000 => format!("{:.0} µs", time.as_secs_f64() * 1e6),
        1_000_000..10_000_000 => format!("{:.1} ms", time.as_secs_f64() * 1e3),
        10_000_000..1_000_000_000 => format!("{:.0} ms", time.as_secs_f64() * 1e3),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// A number with commas, as in 100,000.
pub(crate) fn count(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<&str> = groups.map(|group| str::from_utf8(group).unwrap_or("")).collect();
    groups.join(",")
}

/// The sentences under *What it speaks*.
pub(crate) fn sentences(learned: &Learned) -> Vec<String> {
    let reading = &learned.reading;
    let order = match reading.order {
        BitOrder::MsbFirst => "most",
        BitOrder::LsbFirst => "least",
    };
    let one = format!(
        "{} is 1, {} is 0; {order} significant bit first; {}",
        signal(reading.one),
        signal(!reading.one),
        end(reading),
    );
    let mut sentences = vec![one];
    if let Some(hello) = reading.before.hello {
        sentences.push(match reading.greeted {
            Some(answer) => format!(
                "the client greets with {}, and is answered {}",
                signal(hello),
                signal(answer)
            ),
            None => format!("the client greets with {}", signal(hello)),
        });
    }
    sentences.extend(header(reading));
    sentences.push(format!("{}; {}", answers(reading), receipt(reading)));
    sentences.push(pacing(learned));
    sentences
}

fn end(reading: &Reading) -> String {
    let counted = matches!(reading.before.header, Header::Length { .. } | Header::Decimal { .. });
    let after = match reading.after.bytes.as_slice() {
        [] if counted => "nothing follows the text".to_owned(),
        [] => "nothing tells the server that the text has ended".to_owned(),
        [0] => "a NUL ends the message".to_owned(),
        [added @ .., 0] => {
            format!(
                "the client adds {:?}, and a NUL ends the message",
                String::from_utf8_lossy(added)
            )
        }
        added => format!("the client adds {:?}", String::from_utf8_lossy(added)),
    };
    match reading.after.odd_bits {
        0 => after,
        1 => format!("{after}, and one symbol more"),
        bits => format!("{after}, and {bits} symbols more"),
    }
}

fn header(reading: &Reading) -> Option<String> {
    match reading.before.header {
        Header::Nothing => None,
        Header::Nul => Some("a NUL comes before the text".to_owned()),
        Header::Length { bits, more: 0 } => Some(format!("the length comes first, in {bits} bits")),
        Header::Length { bits, more: 1 } => {
            Some(format!("the length comes first, in {bits} bits, and counts the NUL"))
        }
        Header::Length { bits, more } => Some(format!(
            "the length comes first, in {bits} bits, and is {more} more than the text's"
        )),
        Header::Decimal { more_bits: 0 } => {
            Some("the length comes first, as ten decimal digits".to_owned())
        }
        Header::Decimal { more_bits } => Some(format!(
            "the length comes first, as ten decimal digits, then {more_bits} bits more"
        )),
        Header::Unknown { bits } => {
            Some(format!("{bits} bits come first whose meaning is not known"))
        }
    }
}

fn answers(reading: &Reading) -> String {
    match reading.answer {
        Answer::Nothing => "no bit is acknowledged".to_owned(),
        Answer::Bit(bit) => format!("every bit is acknowledged with {}", signal(bit)),
        Answer::Echo => "every bit is acknowledged with the signal that it was".to_owned(),
        Answer::Byte(bit) => format!("every eighth bit is acknowledged with {}", signal(bit)),
        Answer::Mixed => "the answers of the server follow no rule that is known here".to_owned(),
    }
}

fn receipt(reading: &Reading) -> String {
    use minitalk_core::classic::Receipt;
    match reading.dialect().0.receipt {
        Receipt::None => "no receipt".to_owned(),
        Receipt::AfterAck(bit) if reading.is_answered() => {
            format!("the receipt is {}, after the last acknowledgment", signal(bit))
        }
        Receipt::AfterAck(bit) => format!("the receipt is {}", signal(bit)),
        Receipt::BeforeAck(bit) => {
            format!("the receipt is {}, before the last acknowledgment", signal(bit))
        }
        Receipt::InsteadOfAck(bit) => {
            format!("the receipt is {} instead of the last acknowledgment", signal(bit))
        }
    }
}

fn pacing(learned: &Learned) -> String {
    let interval = duration(learned.reading.interval);
    if learned.waits {
        format!("the client waits for each answer; a bit takes {interval} through the tester")
    } else if learned.reading.is_answered() {
        format!("the client does not wait for the answers: it sends a bit every {interval}")
    } else {
        format!(
            "the client sends a bit every {interval}, whether the server has taken the last one or not"
        )
    }
}

/// How our programs are made to speak like it; nothing if the settings cannot say it.
pub(crate) fn options(learned: &Learned) -> Option<String> {
    let (dialect, is_exact) = learned.reading.dialect();
    is_exact.then(|| {
        let mut options = match differences(dialect) {
            list if list.is_empty() => "--protocol classic".to_owned(),
            list => format!("--dialect {list}"),
        };
        if !learned.waits {
            let micros = learned.reading.interval.as_micros().max(100);
            options += &format!(" --pace {micros}us");
        }
        options
    })
}

/// The settings that are not the usual ones.
pub(crate) fn differences(dialect: Dialect) -> String {
    let (own, usual) = (dialect.to_string(), Dialect::DEFAULT.to_string());
    let parts = own.split(',').zip(usual.split(','));
    let parts: Vec<&str> = parts.filter(|(own, usual)| own != usual).map(|(own, _)| own).collect();
    parts.join(",")
}
