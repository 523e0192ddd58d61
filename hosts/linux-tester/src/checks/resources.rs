//! Processor time and memory of the server.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::process::{cpu_nanos, resident_bytes};
use crate::speech::count;
use crate::verdict::Verdict;

/// How long an idle server is watched.
const WATCH: Duration = Duration::from_millis(500);

/// The processor time that an idle server may use meanwhile: a timer that looks now and then.
const IDLE_NANOS: u64 = 5_000_000;

/// How long messages are sent, and how many at most.
const SENDING: Duration = Duration::from_millis(2500);
const MESSAGES: u64 = 10_000;

/// After so many messages the server has everything it needs.
const WARM: u64 = 20;

/// The characters of each.
const TEXT: &[u8] = b"a message of forty characters, and again";

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
    let mut server = bench.server()?;
    let begin = Instant::now();
    let (mut messages, mut warm_bytes) = (0, None);
    while begin.elapsed() < SENDING && messages < MESSAGES {
        let mut client = bench.client(server.pid(), TEXT)?;
        if !client.finish(bench.limit(TEXT.len())).is_end() {
            return Ok(Verdict::skipped(format!("client {} did not end", messages + 1)));
        }
        messages += 1;
        if messages == WARM {
            warm_bytes = resident_bytes(server.pid());
        }
    }
    if let Some(ending) = server.ending() {
        return Ok(Verdict::failed(format!("after {messages} messages the server {ending}")));
    }
    let (Some(before), Some(after)) = (warm_bytes, resident_bytes(server.pid())) else {
        return Ok(Verdict::skipped("too slow to send enough messages"));
    };
    let grown = after.saturating_sub(before);
    let sent = messages - WARM;
    let shown = count(usize::try_from(messages).unwrap_or(usize::MAX));
    // Less than a page now and then is the allocator's affair.
    let is_growing = grown > 4 * 4096 && grown > 16 * sent;
    Ok(if is_growing {
        Verdict::failed(format!("{} bytes more for each of {shown} messages", grown / sent.max(1)))
    } else {
        Verdict::passed(format!("{shown} messages"))
    })
}
