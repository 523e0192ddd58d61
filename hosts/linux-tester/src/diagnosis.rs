//! From what was seen to what is wrong: only what the evidence allows.

use std::time::Duration;

use minitalk_core::classic::Hello;

use crate::bench::{Bench, Delivery, Learned};
use crate::picture::{Picture, divergence};
use crate::process::{self, Ending};
use crate::reading::Answer;
use crate::relay::{self, Party, Passing, Plan, Recording};
use crate::screen::{find, plain};
use crate::speech::count;
use crate::verdict::Verdict;
use crate::why::{Cause, Why};

/// What became of a text that did not arrive, in a few words.
pub(crate) fn fact(delivery: &Delivery) -> String {
    if let Some(ending) = delivery.server {
        return format!("the server {ending}");
    }
    if delivery.client.crash().is_some() {
        return format!("the client {}", delivery.client);
    }
    let shown = arrived(delivery);
    let hangs = match delivery.client {
        Ending::Hang | Ending::Slow => format!(", and the client {}", delivery.client),
        Ending::Exit(_) | Ending::Killed(_) => String::new(),
    };
    if delivery.output.is_empty() {
        format!("nothing is shown{hangs}")
    } else if shown == delivery.text.len() {
        format!("shown in pieces{hangs}")
    } else {
        format!("lost at character {}{hangs}", count(shown + 1))
    }
}

/// How many bytes of the text are shown as they should be, from its beginning.
fn arrived(delivery: &Delivery) -> usize {
    let output = plain(&delivery.output);
    let text = &delivery.text;
    let beginning = &text[..text.len().min(4)];
    let place = find(&output, beginning).or_else(|| find(&output, &text[..1.min(text.len())]));
    let shown = place.map_or(&[][..], |place| &output[place..]);
    shown.iter().zip(text).take_while(|(shown, wanted)| shown == wanted).count()
}

/// Why a text did not arrive, and the line where it can be seen.
pub(crate) fn of_text(
    bench: &Bench,
    delivery: &Delivery,
    other: Option<&Delivery>,
) -> (Option<Why>, Option<Picture>) {
    if let Some(cause) = plain_to_see(bench, delivery, other) {
        let picture =
            bench.learned().map(|learned| Picture::end(&learned.recording, "", "A short text"));
        let picture = picture.filter(|_| cause_is_on_the_line(&cause));
        return (cause.into(), picture);
    }
    let Some(learned) = bench.learned() else { return (None, None) };
    if !learned.waits {
        return (not_waiting(learned).into(), relayed_loss(bench, delivery, learned));
    }
    race(bench, delivery, learned)
}

fn cause_is_on_the_line(cause: &Cause) -> bool {
    matches!(cause, Cause::WrongOrder | Cause::WrongPolarity | Cause::NoEnd)
}

/// What the output and the endings alone show.
fn plain_to_see(bench: &Bench, delivery: &Delivery, other: Option<&Delivery>) -> Option<Cause> {
    let bytes = delivery.text.len();
    for (who, ending) in [("server", delivery.server), ("client", Some(delivery.client))] {
        if let Some(ending) = ending.filter(|ending| ending.crash().is_some()) {
            return Some(Cause::Crashed { who, ending, bytes });
        }
    }
    let output = plain(&delivery.output);
    let reversed: Vec<u8> = delivery.text.iter().map(|byte| byte.reverse_bits()).collect();
    let inverted: Vec<u8> = delivery.text.iter().map(|byte| !byte).collect();
    if find(&output, &reversed).is_some() {
        return Some(Cause::WrongOrder);
    }
    if find(&output, &inverted).is_some() {
        return Some(Cause::WrongPolarity);
    }
    let ends_at = |delivery: &Delivery| {
        let shown = arrived(delivery);
        let rest = plain(&delivery.output).split_off(shown.min(plain(&delivery.output).len()));
        let is_cut = shown >= 16 && rest.iter().all(u8::is_ascii_whitespace);
        (is_cut && delivery.client.is_end()).then_some(shown)
    };
    if let (Some(one), Some(two)) = (ends_at(delivery), other.and_then(ends_at))
        && one == two
    {
        return Some(Cause::BufferEnd { bytes: one });
    }
    let learned = bench.learned()?;
    (delivery.output.is_empty() && !learned.reading.has_end()).then_some(Cause::NoEnd)
}

/// The cause that a client has which does not wait.
pub(crate) fn not_waiting(learned: &Learned) -> Cause {
    let interval = learned.reading.interval;
    if learned.reading.is_answered() {
        Cause::SentBeforeAnswer { interval }
    } else {
        Cause::Paced { interval }
    }
}

/// The same text through the relay, which does not spare the pair; the place where a symbol is missing.
fn relayed_loss(bench: &Bench, delivery: &Delivery, learned: &Learned) -> Option<Picture> {
    let server = bench.server().ok()?;
    let limit = bench.limit(delivery.text.len()).min(Duration::from_secs(6));
    let plan = Plan::new(server.pid(), &bench.pair.client, &delivery.text, limit);
    let recording = relay::run(&plan.passing(Passing::AtOnce)).ok()?;
    let sent: Vec<_> = recording.from(Party::Client).map(|symbol| symbol.bit()).collect();
    let before = learned.reading.symbols_before.min(sent.len());
    let expected = learned.reading.symbols(&delivery.text);
    let lost = divergence(&sent[before..], &expected);
    let title = "The bits of a text that did not arrive";
    Some(match lost {
        Some(index) => Picture::around(&recording, before + index, "a bit is missing", title),
        None => Picture::end(&recording, "", title),
    })
}

/// A pair that waits for answers, and loses text all the same.
fn race(bench: &Bench, delivery: &Delivery, learned: &Learned) -> (Option<Why>, Option<Picture>) {
    if let Some((cause, picture)) = lock(bench, delivery) {
        return (cause.into(), picture);
    }
    let text = &delivery.text;
    let Some(prompt) = try_prompt(bench, learned, text) else { return (None, None) };
    if prompt.is_shown {
        return (None, None);
    }
    let spared = try_passing(bench, text, Passing::Asleep);
    if !spared.is_some_and(|spared| spared.is_shown) {
        return (None, None);
    }
    let (cause, word) = who_missed(&prompt.recording);
    let picture = Picture::end(&prompt.recording, word, "The line until it stood still");
    (cause.into(), Some(picture))
}

/// Who missed a symbol: the client, if the last thing on the line is an answer that it has had.
pub(crate) fn who_missed(recording: &Recording) -> (Cause, &'static str) {
    let last = recording.symbols.last();
    let is_answered = last.is_some_and(|symbol| symbol.from == Party::Server);
    if recording.client == Ending::Hang && is_answered {
        (Cause::LostWakeup, "answered, and asleep")
    } else {
        (Cause::AnsweredTooEarly, "not taken")
    }
}

/// One text through a relay.
pub(crate) struct Relayed {
    pub(crate) is_shown: bool,
    pub(crate) recording: Recording,
}

/// A text with the quickest partners there can be.
pub(crate) fn try_prompt(bench: &Bench, learned: &Learned, text: &[u8]) -> Option<Relayed> {
    let reading = &learned.reading;
    let Answer::Bit(bit) = reading.answer else { return None };
    if reading.dialect().0.hello != Hello::None {
        return None;
    }
    let symbols = reading.symbols_before + 8 * text.len() + reading.symbols_after;
    let usr = if bit.is_one() { 2 } else { 1 };
    try_passing(bench, text, Passing::Prompt { usr, symbols })
}

pub(crate) fn try_passing(bench: &Bench, text: &[u8], passing: Passing) -> Option<Relayed> {
    let server = bench.server().ok()?;
    let limit = bench.limit(text.len());
    let plan = Plan::new(server.pid(), &bench.pair.client, text, limit).passing(passing);
    let plan = if matches!(passing, Passing::Prompt { .. }) { plan.polling() } else { plan };
    let recording = relay::run(&plan).ok()?;
    Some(Relayed { is_shown: server.shows(0, text), recording })
}

/// Whether a program sleeps on a lock though it has one thread only.
fn lock(bench: &Bench, delivery: &Delivery) -> Option<(Cause, Option<Picture>)> {
    let mut server = bench.server().ok()?;
    let mut client = bench.client(server.pid(), &delivery.text).ok()?;
    let ending = client.wait_until_idle(bench.limit(delivery.text.len()));
    if ending.is_some() || server.ending().is_some() {
        return None;
    }
    let programs = [("server", server.pid()), ("client", client.pid())];
    programs.into_iter().find_map(|(who, pid)| {
        let place = process::sleeps_in(pid).filter(|place| place.contains("futex"))?;
        Some((Cause::LockInHandler { who, place }, None))
    })
}

/// The verdict for something that was sent while something else happened.
pub(crate) fn verdict(is_passed: bool, fact: impl Into<String>, cause: Cause) -> Verdict {
    if is_passed { Verdict::passed("") } else { Verdict::failed(fact).because(cause) }
}
