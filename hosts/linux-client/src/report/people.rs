//! Lines for people: what was asked for on standard output, everything else on standard error.

use std::io::{self, Write};

use minitalk::Confirmation;
use minitalk_cli::round_trips::Summary;

use super::{Report, SentLine, Totals, note};
use crate::check::{Findings, SignalFindings};
use crate::explain::Explanation;
use crate::list::Server;
use crate::ping::{PingLine, ProbeLine};

/// The width of the longest bar.
const BAR_CHARS: u64 = 40;

/// Tells people.
#[derive(Debug)]
pub(super) struct People {
    pub(super) is_quiet: bool,
    /// How a classic server was observed to speak is shown.
    pub(super) shows_dialect: bool,
}

impl Report for People {
    fn sent(&self, line: &SentLine) -> io::Result<()> {
        tell_doubt(line);
        if let Some(dialect) = line.dialect.as_ref().filter(|_| self.shows_dialect) {
            note(&format_args!("PID {} speaks {dialect}", line.pid));
        }
        Ok(())
    }

    fn failed(&self, explanation: &Explanation) {
        note(&explanation.sentence);
    }

    fn stats(&self, totals: &Totals) -> io::Result<()> {
        let Totals { bytes, seconds, bits, bits_per_second, resent_bits, repeated_frames, .. } =
            totals;
        let round_trip = match &totals.round_trip {
            Some(Summary { p50_micros, p99_micros, max_micros, .. }) => format!(
                "; round trip p50 {p50_micros:.1} us, p99 {p99_micros:.1} us, \
                 max {max_micros:.1} us",
            ),
            None => String::new(),
        };
        note(&format_args!(
            "{bytes} {} in {seconds:.3} s: {bits} bits, {bits_per_second} bits per second, \
             {resent_bits} {} sent again, {repeated_frames} {} repeated{round_trip}",
            noun(*bytes, "byte", "bytes"),
            noun(*resent_bits, "bit", "bits"),
            noun(*repeated_frames, "frame", "frames"),
        ));
        Ok(())
    }

    fn servers(&self, servers: &[Server]) -> io::Result<()> {
        if servers.is_empty() {
            if !self.is_quiet {
                note(&"no server runs; start one with: minitalk-server --name NAME");
            }
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        let names = servers.iter().filter_map(|server| Some(server.name.as_ref()?.chars().count()));
        let width = names.max().unwrap_or_default().max(4);
        writeln!(stdout, "{:>7}  {:width$}  {:12}  UPTIME", "PID", "NAME", "USER")?;
        for Server { pid, name, uid, user, uptime_seconds } in servers {
            let name = name.as_deref().unwrap_or("-");
            let user = user.clone().unwrap_or_else(|| uid.to_string());
            let uptime = uptime(*uptime_seconds);
            writeln!(stdout, "{pid:>7}  {name:width$}  {user:12}  {uptime}")?;
        }
        stdout.flush()
    }

    fn check(&self, findings: &Findings) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "PID {}", findings.pid)?;
        if let Some(process) = &findings.process {
            let user = process.user.clone().unwrap_or_else(|| format!("user {}", process.uid));
            let rows = [
                ("program", process.program.clone()),
                ("name", process.name.clone().unwrap_or_else(|| "none".to_owned())),
                ("state", process.state.to_owned()),
                ("user", format!("{user} (uid {})", process.uid)),
                ("permission", permission(process.may_signal, process.may_answer).to_owned()),
                ("SIGUSR1", signal(&process.sigusr1)),
                ("SIGUSR2", signal(&process.sigusr2)),
                ("PID namespace", namespace(process.same_pid_namespace).to_owned()),
            ];
            for (title, text) in rows {
                writeln!(stdout, "  {title:14} {text}")?;
            }
        }
        let answer = if findings.deliverable { "yes" } else { "no" };
        writeln!(stdout, "{answer}: {}", findings.sentence)
    }

    fn probe(&self, line: &ProbeLine) -> io::Result<()> {
        if self.is_quiet {
            return Ok(());
        }
        let ProbeLine { pid, number, round_trips_micros: [first, others @ ..], resent_bits } = line;
        let mean = others.iter().sum::<f64>() / 7.0;
        let resent = match resent_bits {
            0 => String::new(),
            bits => format!(", {bits} {} sent again", noun(*bits, "bit", "bits")),
        };
        let mut stdout = io::stdout().lock();
        writeln!(
            stdout,
            "8 bits from {pid}: probe={number} first={first:.1} us then={mean:.1} us{resent}"
        )?;
        stdout.flush()
    }

    fn ping(&self, line: &PingLine) -> io::Result<()> {
        let PingLine { pid, sent, answered, resent_bits, seconds, .. } = line;
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "--- {pid} ping statistics ---")?;
        writeln!(
            stdout,
            "{sent} {} sent, {answered} answered, {resent_bits} {} sent again, time {:.0} ms",
            noun(*sent, "probe", "probes"),
            noun(*resent_bits, "bit", "bits"),
            seconds * 1_000.0,
        )?;
        if let Some(summary) = &line.round_trip {
            let Summary { min_micros, mean_micros, max_micros, mdev_micros, .. } = summary;
            let Summary { p50_micros, p90_micros, p99_micros, p999_micros, count, .. } = summary;
            writeln!(
                stdout,
                "round trip min/avg/max/mdev = \
                 {min_micros:.1}/{mean_micros:.1}/{max_micros:.1}/{mdev_micros:.1} us"
            )?;
            writeln!(
                stdout,
                "{count} round trips p50/p90/p99/p99.9 = \
                 {p50_micros:.1}/{p90_micros:.1}/{p99_micros:.1}/{p999_micros:.1} us"
            )?;
        }
        let buckets = line.histogram.as_deref().unwrap_or_default();
        let most = buckets.iter().map(|bucket| bucket.count).max().unwrap_or_default();
        for bucket in buckets {
            let bar =
                "#".repeat(usize::try_from(bar_chars(bucket.count, most)).unwrap_or_default());
            let (from, to, count) = (bucket.from_micros, bucket.to_micros, bucket.count);
            writeln!(stdout, "{}", format!("{from:>8} to {to:>8} us {count:>7} {bar}").trim_end())?;
        }
        stdout.flush()
    }
}

/// Says that nobody knows whether a message has arrived, if that is so.
pub(super) fn tell_doubt(line: &SentLine) {
    if line.confirmation == Confirmation::Nothing {
        note(&format_args!(
            "PID {} was sent the whole message and has confirmed nothing of it: whether it has \
             arrived is unknown; look at what it shows",
            line.pid
        ));
    }
}

/// The form of a noun that goes with `count`.
const fn noun(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// At least one character for what is not nothing.
fn bar_chars(count: u64, most: u64) -> u64 {
    (count * BAR_CHARS).div_ceil(most.max(1))
}

/// `3d 4h`, `4h 5m`, `5m 6s`, `6s`.
fn uptime(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3_600 => format!("{minutes}m {}s", seconds % 60),
        3_600..86_400 => format!("{hours}h {}m", minutes % 60),
        86_400.. => format!("{days}d {}h", hours % 24),
    }
}

const fn permission(may_signal: bool, may_answer: bool) -> &'static str {
    match (may_signal, may_answer) {
        (true, true) => "this client may signal it, and it may answer",
        (true, false) => "this client may signal it, but it may not answer",
        (false, true) => "this client may not signal it, though it might answer",
        (false, false) => "neither may signal the other",
    }
}

const fn namespace(same: Option<bool>) -> &'static str {
    match same {
        Some(true) => "the same as this client's",
        Some(false) => "another than this client's: it may not be able to answer",
        None => "this user may not see it",
    }
}

/// `caught, not blocked`, and what else there is to say.
fn signal(findings: &SignalFindings) -> String {
    let mut words = vec![if findings.caught {
        "caught"
    } else if findings.ignored {
        "ignored"
    } else {
        "default action: would end it"
    }];
    if findings.blocked {
        words.push("blocked (it takes it when it wants to)");
    }
    if findings.pending {
        words.push("pending (one is on its way)");
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_described_by_what_would_happen() {
        let quiet =
            SignalFindings { caught: false, blocked: false, ignored: false, pending: false };
        assert_eq!(signal(&quiet), "default action: would end it");
        assert_eq!(signal(&SignalFindings { caught: true, ..quiet }), "caught");
    }

    #[test]
    fn an_uptime_has_its_two_largest_units() {
        let rows = [(5, "5s"), (65, "1m 5s"), (3_660, "1h 1m"), (90_000, "1d 1h")];
        for (seconds, expected) in rows {
            assert_eq!(uptime(seconds), expected);
        }
    }

    #[test]
    fn what_is_not_nothing_has_a_bar() {
        assert_eq!([bar_chars(0, 1_000), bar_chars(1, 1_000), bar_chars(1_000, 1_000)], [0, 1, 40]);
    }
}
