//! Processor time and memory of the server.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::process::{cpu_nanos, resident_bytes};
use crate::reading::KNOWN;
use crate::relay::{self, Plan, Recording};
use crate::speech::count;
use crate::verdict::Verdict;

/// How long an idle server is observed.
const WATCH: Duration = Duration::from_millis(500);

/// The processor time that an idle server may use during that time: enough for an occasional timer.
const IDLE_NANOS: u64 = 5_000_000;

/// How long messages are sent, and the largest number of them.
const SENDING: Duration = Duration::from_millis(1500);
const MESSAGES: u64 = 10_000;

/// After this many messages the server has allocated everything that it needs.
const WARM: u64 = 10;

pub(super) fn idle(bench: &Bench) -> io::Result<Verdict> {
    let mut server = bench.server()?;
    thread::sleep(Duration::from_millis(50));
    let used = |pid| cpu_nanos(pid).unwrap_or(0);
    let before = used(server.pid());
    thread::sleep(WATCH);
    let nanos = used(server.pid()).saturating_sub(before);
    if let Some(ending) = server.ending() {
        return Ok(Verdict::failed(format!("the server {ending}")));
    }
    let percent =
        nanos / 10_000 * 1_000_000_000 / 1_000 / u64::try_from(WATCH.as_nanos()).unwrap_or(1);
    Ok(Verdict::of(
        nanos <= IDLE_NANOS,
        if nanos <= IDLE_NANOS {
            String::new()
        } else {
            format!("it uses {percent} % of a processor")
        },
    ))
}

pub(super) fn memory(bench: &Bench) -> io::Result<Verdict> {
    // A client that waits can be replayed, which is faster than starting one for each message.
    let played = match bench.learned().zip(bench.manner()) {
        Some((learned, manner)) if manner.waits => played(bench, &learned.recording)?,
        _ => None,
    };
    let sent = match played {
        Some(sent) => sent,
        None => match started(bench)? {
            Ok(sent) => sent,
            Err(verdict) => return Ok(verdict),
        },
    };
    let grown = sent.after_bytes.saturating_sub(sent.before_bytes);
    let shown = count(usize::try_from(sent.messages).unwrap_or(usize::MAX));
    // A few pages now and then are due to the allocator.
    let is_growing = grown > 4 * 4096 && grown > 8 * sent.messages;
    Ok(if is_growing {
        let each = grown / sent.messages.max(1);
        Verdict::failed(format!("{each} bytes more for each of {shown} messages"))
    } else {
        Verdict::passed(format!("{shown} messages"))
    })
}

/// How many messages were sent, and the server's memory before and after.
struct Sent {
    messages: u64,
    before_bytes: u64,
    after_bytes: u64,
}

/// Sends the same message repeatedly; `None` if the server has lost a bit of it.
fn played(bench: &Bench, recording: &Recording) -> io::Result<Option<Sent>> {
    let mut server = bench.server()?;
    let plan = |times, limit| {
        let plan = Plan::new(server.pid(), &bench.pair.client, KNOWN, limit);
        relay::run(&plan.replaying(recording, times))
    };
    let Ok(warm) = plan(WARM, SENDING) else { return Ok(None) };
    if warm.messages < WARM {
        return Ok(None);
    }
    let before_bytes = resident_bytes(server.pid());
    let Ok(sent) = plan(MESSAGES, SENDING) else { return Ok(None) };
    let after_bytes = resident_bytes(server.pid());
    let is_whole = bench.deliver_to(&mut server, KNOWN)?.is_shown;
    Ok(before_bytes.zip(after_bytes).filter(|_| is_whole && sent.messages > WARM).map(
        |(before_bytes, after_bytes)| Sent { messages: sent.messages, before_bytes, after_bytes },
    ))
}

/// Starts a client for each message.
fn started(bench: &Bench) -> io::Result<Result<Sent, Verdict>> {
    let mut server = bench.server()?;
    let begin = Instant::now();
    let (mut messages, mut warm_bytes) = (0, None);
    while begin.elapsed() < SENDING && messages < MESSAGES {
        let mut client = bench.client(server.pid(), KNOWN)?;
        if !client.finish_with(server.pid(), bench.limit(KNOWN.len())).is_end() {
            let fact = format!("client {} did not end", messages + 1);
            return Ok(Err(Verdict::skipped(fact)));
        }
        messages += 1;
        if messages == WARM {
            warm_bytes = resident_bytes(server.pid());
        }
    }
    if let Some(ending) = server.ending() {
        let fact = format!("after {messages} messages the server {ending}");
        return Ok(Err(Verdict::failed(fact)));
    }
    let both = warm_bytes.zip(resident_bytes(server.pid()));
    let sent =
        |(before_bytes, after_bytes)| Sent { messages: messages - WARM, before_bytes, after_bytes };
    Ok(both.map(sent).ok_or_else(|| Verdict::skipped("too slow to send enough messages")))
}
