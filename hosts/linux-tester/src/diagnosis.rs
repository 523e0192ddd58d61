//! From what was observed to what is wrong: only what the evidence supports.

use std::time::{Duration, Instant};

use minitalk_core::classic::Hello;

use crate::bench::{Bench, Delivery, Learned, Manner};
use crate::picture::{Picture, divergence};
use crate::process::Ending;
use crate::reading::{Answer, KNOWN};
use crate::relay::{self, Exchange, Party, Passing, Plan, Recording, Symbol};
use crate::screen::{find, plain};
use crate::speech::count;
use crate::texts;
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

/// How much of the text is shown, if its time was over although everything may have been right.
///
/// That is the case if the server was busy until then and shows the beginning of the text, or none
/// of it, like a server that shows a text only at its end.
pub(crate) fn is_unfinished(delivery: &Delivery) -> Option<usize> {
    let shown = arrived(delivery);
    let output = plain(&delivery.output);
    let is_beginning = output.trim_ascii_end().ends_with(&delivery.text[..shown]);
    (delivery.client == Ending::Slow && is_beginning).then_some(shown)
}

/// How many bytes of the text are shown correctly, from its beginning.
fn arrived(delivery: &Delivery) -> usize {
    let output = plain(&delivery.output);
    let text = &delivery.text;
    let beginning = &text[..text.len().min(4)];
    let place = find(&output, beginning).or_else(|| find(&output, &text[..1.min(text.len())]));
    let shown = place.map_or(&[][..], |place| &output[place..]);
    shown.iter().zip(text).take_while(|(shown, wanted)| shown == wanted).count()
}

/// Why a text did not arrive, and the part of the line that shows it.
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
    if let Some((who, place)) = delivery.locked.clone() {
        return (Cause::LockInHandler { who, place }.into(), None);
    }
    if delivery.output.is_empty() && delivery.client.is_end() && is_unflushed(bench) {
        return (Cause::Unflushed.into(), None);
    }
    let Some(manner) = bench.manner() else { return (None, None) };
    if !manner.waits {
        return (not_waiting(manner).into(), relayed_loss(bench, delivery));
    }
    let Some(learned) = bench.learned() else { return (None, None) };
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

/// Whether a text that is not shown appears once a later one has filled the buffer that it is in;
/// determined once.
fn is_unflushed(bench: &Bench) -> bool {
    *bench.is_unflushed.get_or_init(|| {
        /// More than any buffer of a terminal.
        const FULL: usize = 1200;
        let Ok(mut server) = bench.server() else { return false };
        let first = bench.deliver_to(&mut server, KNOWN);
        first.is_ok_and(|first| !first.is_shown && first.output.is_empty())
            && bench.deliver_to(&mut server, &texts::letters(FULL, 3)).is_ok()
            && server.shows(0, KNOWN)
    })
}

/// The cause for a client that does not wait.
fn not_waiting(manner: Manner) -> Cause {
    let interval = manner.interval;
    if manner.is_answered {
        Cause::SentBeforeAnswer { interval }
    } else {
        Cause::Paced { interval }
    }
}

/// How many characters are sent beyond those that arrive.
const FURTHER: usize = 30;

/// Sends the same text through the relay, which does not spare the pair, and finds the place where
/// a symbol is missing.
fn relayed_loss(bench: &Bench, delivery: &Delivery) -> Option<Picture> {
    // As far as it went and a little further, in no more time than that takes.
    let text = &delivery.text[..delivery.text.len().min(arrived(delivery) + FURTHER)];
    let server = bench.server().ok()?;
    let limit = Duration::from_millis(1500).max(bench.expected(text.len()));
    let plan = Plan::new(server.pid(), &bench.pair.client, text, limit);
    let recording = relay::run(&plan.passing(Passing::AtOnce)).ok()?;
    let lost = bench.learned().and_then(|learned| {
        let sent: Vec<_> = recording.from(Party::Client).map(Symbol::bit).collect();
        let before = learned.reading.symbols_before.min(sent.len());
        let index = divergence(&sent[before..], &learned.reading.symbols(text))?;
        Some(before + index)
    });
    let title = "The bits of a text that did not arrive";
    Some(match (lost, sent_before_answer(&recording)) {
        (Some(index), _) => Picture::around(&recording, index, "a bit is missing", title),
        (None, Some(index)) => Picture::around(&recording, index, "sent before the answer", title),
        (None, None) => Picture::end(&recording, "", title),
    })
}

/// The first symbol of the client that equals the one before although no answer came between them.
fn sent_before_answer(recording: &Recording) -> Option<usize> {
    let exchanges = recording.exchanges();
    let is_answered = exchanges.iter().any(|exchange| !exchange.answers.is_empty());
    let hasty = |pair: &[Exchange]| pair[0].answers.is_empty() && pair[0].bit == pair[1].bit;
    exchanges.windows(2).position(hasty).filter(|_| is_answered).map(|index| index + 1)
}

/// The cause for a pair that waits for answers and still loses text.
fn race(bench: &Bench, delivery: &Delivery, learned: &Learned) -> (Option<Why>, Option<Picture>) {
    let Some((cause, picture)) = missed(bench, learned) else { return (None, None) };
    // If speed is what does harm, the text arrives when both sides are slow.
    let spared = try_passing(bench, &delivery.text, Passing::Asleep);
    if !spared.is_some_and(|spared| spared.is_shown) {
        return (None, None);
    }
    (cause.into(), Some(picture))
}

/// How many times a race is looked for at most, and for how long.
const RACES: usize = 8;
const RACE_TIME: Duration = Duration::from_millis(2500);

/// Which program misses a symbol if its partner reacts as quickly as possible, and the line until
/// then; determined once.
fn missed(bench: &Bench, learned: &Learned) -> Option<(Cause, Picture)> {
    let begin = Instant::now();
    let find = || {
        (0..RACES).take_while(|_| begin.elapsed() < RACE_TIME).find_map(|_| misses(bench, learned))
    };
    bench.missed.get_or_init(find).clone()
}

/// The same, tried once.
pub(crate) fn misses(bench: &Bench, learned: &Learned) -> Option<(Cause, Picture)> {
    client_misses(bench, learned).or_else(|| server_misses(bench, learned))
}

/// A client that stops half-way although its every bit is answered at once: it has missed an
/// answer.
fn client_misses(bench: &Bench, learned: &Learned) -> Option<(Cause, Picture)> {
    let Answer::Bit(bit) = learned.reading.answer else { return None };
    if learned.reading.dialect().0.hello != Hello::None {
        return None;
    }
    let text = texts::letters(500, 5);
    let symbols = learned.reading.symbols_of(&text);
    let passing = Passing::Answered { usr: if bit.is_one() { 2 } else { 1 }, symbols };
    let relayed = try_passing(bench, &text, passing)?;
    let sent = relayed.recording.from(Party::Client).count();
    let picture = Picture::end(
        &relayed.recording,
        "answered at once, and asleep",
        "The client, with answers that come at once",
    );
    (sent < symbols && relayed.recording.client == Ending::Hang)
        .then_some((Cause::LostWakeup, picture))
}

/// A server that answers every bit, gets each bit right after the answer, and shows a different
/// text.
fn server_misses(bench: &Bench, learned: &Learned) -> Option<(Cause, Picture)> {
    let server = bench.server().ok()?;
    let plan = Plan::new(server.pid(), &bench.pair.client, KNOWN, Duration::from_secs(2));
    let recording = relay::run(&plan.replaying(&learned.recording, 1)).ok()?;
    let is_shown = server.shows(0, KNOWN);
    let picture = Picture::end(&recording, "not taken", "The server, with bits that come at once");
    (!is_shown).then_some((Cause::AnsweredTooEarly, picture))
}

/// One text sent through a relay.
pub(crate) struct Relayed {
    pub(crate) is_shown: bool,
    pub(crate) recording: Recording,
}

pub(crate) fn try_passing(bench: &Bench, text: &[u8], passing: Passing) -> Option<Relayed> {
    let server = bench.server().ok()?;
    let limit = bench.limit(text.len());
    let plan = Plan::new(server.pid(), &bench.pair.client, text, limit).passing(passing);
    let recording = relay::run(&plan).ok()?;
    // If the relay answers itself, nothing reaches the server.
    let is_shown = !matches!(passing, Passing::Answered { .. }) && server.shows(0, text);
    Some(Relayed { is_shown, recording })
}
