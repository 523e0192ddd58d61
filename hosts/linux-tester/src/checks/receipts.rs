//! What the server claims about a message, and whether it is true.

use std::io;
use std::time::Duration;

use minitalk_core::classic::{Lead, Receipt};

use crate::bench::Bench;
use crate::picture::Picture;
use crate::reading::KNOWN;
use crate::relay::{self, Action, Party, Plan};
use crate::screen::contains;
use crate::verdict::Verdict;
use crate::why::Cause;

/// How long the server is stopped after its last answer has come.
const STOP_MILLIS: u64 = 80;

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to be done")]
pub(super) fn receipt(bench: &Bench) -> io::Result<Verdict> {
    let Some(learned) = bench.learned() else {
        return Ok(Verdict::skipped("what the pair speaks is not known"));
    };
    let has_receipt = !learned.reading.last.is_empty();
    if has_receipt {
        return Ok(Verdict::passed(""));
    }
    // A server that knows the client's PID sends its answers past the tester.
    let lead = learned.reading.framing.map(|framing| framing.lead);
    let is_past_the_tester = matches!(lead, None | Some(Lead::PidBits | Lead::PidDigits));
    let answers = learned.recording.from(Party::Server).count();
    Ok(match answers {
        0 if is_past_the_tester => {
            Verdict::skipped("not known: the server may answer the client past the tester")
        }
        0 => Verdict::failed("the server sends nothing back"),
        _ => Verdict::failed("nothing follows the last bit"),
    })
}

/// Stops the server when its last answer comes, to see whether it has written the text by then.
pub(super) fn written(bench: &Bench) -> io::Result<Verdict> {
    let Some(learned) = bench.learned() else {
        return Ok(Verdict::skipped("what the pair speaks is not known"));
    };
    let answers = learned.recording.from(Party::Server).count();
    let is_receipt = !matches!(
        learned.reading.dialect().0.receipt,
        Receipt::None | Receipt::Auto | Receipt::NothingInsteadOfAck
    );
    if !is_receipt || answers == 0 {
        return Ok(Verdict::skipped("there is no receipt"));
    }
    let mut early = None;
    for _ in 0..2 {
        let server = bench.server()?;
        let plan = Plan::new(server.pid(), &bench.pair.client, KNOWN, Duration::from_secs(4)).step(
            Party::Server,
            answers - 1,
            Action::Stop(Party::Server, STOP_MILLIS),
        );
        let Ok(recording) = relay::run(&plan) else { continue };
        let Some(&(stopped_nanos, _)) = recording.done.first() else { continue };
        // By then the reader has had most of the stop to read what was written before.
        let shown = server.screen().len_at(stopped_nanos + STOP_MILLIS * 900_000);
        let is_there = contains(&server.screen().bytes()[..shown], KNOWN);
        if is_there {
            return Ok(Verdict::passed(""));
        }
        if server.shows(0, KNOWN) {
            early = Some(Picture::end(&recording, "receipt", "The receipt, and no text yet"));
        }
    }
    Ok(match early {
        Some(picture) => {
            let verdict = Verdict::failed("the receipt comes before the text is shown");
            verdict.because(Cause::EarlyReceipt).pictured(Some(picture))
        }
        None => Verdict::skipped("the text did not arrive through the tester"),
    })
}
