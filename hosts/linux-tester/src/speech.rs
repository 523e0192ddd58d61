//! What a pair speaks, in words.

use std::time::Duration;

use minitalk_core::Bit;
use minitalk_core::classic::{BitOrder, Dialect, End, Hello, Lead, Length, Receipt};

use crate::bench::{Learned, Manner};
use crate::reading::{Answer, Reading};

/// The name of the signal for a symbol.
pub(crate) const fn signal(bit: Bit) -> &'static str {
    match bit {
        Bit::Zero => "SIGUSR1",
        Bit::One => "SIGUSR2",
    }
}

/// A time with at most three digits.
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

/// A number with commas, such as 100,000.
pub(crate) fn count(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<&str> = groups.map(|group| str::from_utf8(group).unwrap_or("")).collect();
    groups.join(",")
}

/// The sentences under *What it speaks*.
pub(crate) fn sentences(learned: &Learned, manner: Manner) -> Vec<String> {
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
    sentences.extend(greeting(reading));
    sentences.extend(header(reading));
    sentences.push(format!("{}; {}", answers(reading), receipt(reading)));
    sentences.push(pacing(manner));
    sentences
}

fn greeting(reading: &Reading) -> Option<String> {
    let dialect = reading.dialect().0;
    let (symbol, more) = match dialect.hello {
        Hello::None => return None,
        Hello::One(bit) => (bit, ""),
        Hello::AndWidth(bit) => (bit, ", then with a signal that tells how wide the length is"),
    };
    let answer =
        dialect.ready.map_or(String::new(), |bit| format!(", and is answered {}", signal(bit)));
    Some(format!("the client greets with {}{more}{answer}", signal(symbol)))
}

fn end(reading: &Reading) -> String {
    let added = match reading.added.as_slice() {
        [] => String::new(),
        added => format!("the client adds {:?}, and ", String::from_utf8_lossy(added)),
    };
    let has_nul = reading.symbols_after / 8 > reading.added.len();
    let ends = match (has_nul, reading.framing.map(|framing| framing.end)) {
        (true, _) => "a NUL ends the message",
        (false, Some(End::Silence)) => "nothing tells that the text has ended",
        (false, _) => "nothing follows the text",
    };
    match reading.odd_symbols {
        0 => format!("{added}{ends}"),
        1 => format!("{added}{ends}, and one symbol more"),
        symbols => format!("{added}{ends}, and {symbols} symbols more"),
    }
}

/// What comes before the text, in words.
fn header(reading: &Reading) -> Option<String> {
    let Some(dialect) = reading.framing else {
        return Some(format!(
            "{} symbols come first whose meaning is not known",
            reading.symbols_before
        ));
    };
    let length = match dialect.end {
        End::Nul | End::Silence => None,
        End::Length32 | End::Length32Nul | End::Length32CountedNul => Some("32"),
        End::Length64 | End::Length64Nul | End::Length64CountedNul => Some("64"),
    };
    let length = length.map(|bits| {
        let form = match dialect.length {
            Length::Bits => format!("in {bits} bits"),
            Length::SwappedBytes => format!("in {bits} bits, its bytes in the other order"),
            Length::Twice => format!("twice in {bits} bits"),
            Length::Digits if bits == "32" => "as ten decimal digits".to_owned(),
            Length::Digits => "as twenty decimal digits".to_owned(),
        };
        let counts = match dialect.end {
            End::Length32CountedNul | End::Length64CountedNul => ", and counts the NUL",
            _ if !reading.counts_added => ", and does not count what is added",
            _ => "",
        };
        format!("the length comes first, {form}{counts}")
    });
    let lead = match dialect.lead {
        Lead::None => None,
        Lead::Nul => Some("a NUL comes before the text"),
        Lead::PidBits => Some("the client's PID comes before the text, in 32 bits"),
        Lead::PidDigits => Some("the client's PID comes before the text, as ten decimal digits"),
    };
    match (length, lead) {
        (length, None) => length,
        (None, Some(lead)) => Some(lead.to_owned()),
        (Some(length), Some(lead)) => Some(format!("{length}; {lead}")),
    }
}

fn answers(reading: &Reading) -> String {
    match reading.answer {
        Answer::Nothing => "no bit is acknowledged".to_owned(),
        Answer::Bit(bit) => format!("every bit is acknowledged with {}", signal(bit)),
        Answer::Echo => "every bit is acknowledged with the signal that it was".to_owned(),
        Answer::Byte(bit) => format!("every eighth bit is acknowledged with {}", signal(bit)),
        Answer::BitAndByte(bit) => format!(
            "every bit is acknowledged with {}, and every eighth with {} besides",
            signal(bit),
            signal(!bit)
        ),
        Answer::Mixed => "the answers of the server follow no rule that is known here".to_owned(),
    }
}

fn receipt(reading: &Reading) -> String {
    match reading.dialect().0.receipt {
        Receipt::None | Receipt::Auto => "no receipt".to_owned(),
        Receipt::NothingInsteadOfAck => {
            "no receipt, and no acknowledgment of the last bit".to_owned()
        }
        Receipt::ThreeAfterAck => "the receipt is SIGUSR2, SIGUSR1 and SIGUSR2".to_owned(),
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

fn pacing(manner: Manner) -> String {
    let interval = duration(manner.interval);
    if manner.waits {
        format!("the client waits for each answer; a bit takes {interval} through the tester")
    } else if manner.is_answered {
        format!("the client does not wait for the answers: it sends a bit every {interval}")
    } else {
        format!(
            "the client sends a bit every {interval}, whether the server has taken the last one \
             or not"
        )
    }
}

/// The options that make our programs speak like it; `None` if the settings cannot express it.
pub(crate) fn options(learned: &Learned, manner: Manner) -> Option<String> {
    let (dialect, is_exact) = learned.reading.dialect();
    is_exact.then(|| {
        let how = match differences(dialect) {
            list if list.is_empty() => "--protocol classic".to_owned(),
            list => format!("--dialect {list}"),
        };
        if manner.waits {
            how
        } else {
            format!("{how} --pace {}us", manner.interval.as_micros().max(100))
        }
    })
}

/// The settings that differ from the default.
pub(crate) fn differences(dialect: Dialect) -> String {
    let (own, usual) = (dialect.to_string(), Dialect::DEFAULT.to_string());
    let usual: Vec<&str> = usual.split(',').collect();
    let parts: Vec<&str> = own.split(',').filter(|part| !usual.contains(part)).collect();
    parts.join(",")
}
