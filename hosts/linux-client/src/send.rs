//! Sends a message, and reports how it went.

use std::fmt::Write;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use minitalk::{Address, Confirmation, Connection, Input, Receipt, Tally};
use minitalk_cli::figures::{Progress, RoundTrips, Show, Summary};
use minitalk_cli::report::{self, Event};
use minitalk_cli::text::count;
use serde::Serialize;

use crate::cli::Options;
use crate::explain::Trouble;
use crate::tap::{self, Tap};

/// Sends the message and returns when the server has confirmed all of it. Returns the exit code.
pub(crate) fn run(server: &Address, options: &Options) -> Result<u8, Trouble> {
    let message = message(options);
    let show = Show::of(options.quiet || options.watch, options.progress);
    let tap = Tap::new(options, Progress::new(show, message.length_hint()));
    let mut connection = Connection::observed(server, &options.config(), tap)?;
    tap::record(&mut connection, options)?;

    let result = connection.send(message);
    // Clear the progress line before anything is written to the terminal.
    let round_trips = connection.observer_mut().finish();
    let (pid, tally) = (connection.pid(), *connection.tally());
    drop(connection);

    let totals = Totals::new(options, &tally, round_trips.as_ref());
    // If nobody reads any more, the exit code still tells whether the message was delivered.
    let code = match result {
        Ok(receipt) => {
            let sent = Sent::new(pid, &receipt, &totals);
            let _ = report::tell(&sent, options, options.json);
            if sent.doubt.is_some() { 9 } else { 0 }
        }
        Err(failure) => Trouble::from(failure).tell(options),
    };
    if options.stats {
        let _ = report::tell(&totals, options, options.json);
    }
    Ok(code)
}

/// The words, joined by spaces, or standard input.
fn message(options: &Options) -> Input<'static> {
    if options.reads_stdin() {
        return io::stdin().into();
    }
    let words: Vec<&[u8]> = options.text.iter().map(|word| word.as_bytes()).collect();
    words.join(&b' ').into()
}

/// A message that has been sent; `event` says what is known about its delivery.
#[derive(Debug, Serialize)]
struct Sent {
    event: &'static str,
    pid: u32,
    protocol: String,
    bytes: u64,
    seconds: f64,
    /// How the classic server was observed to speak.
    #[serde(skip_serializing_if = "Option::is_none")]
    dialect: Option<String>,
    /// What the server has not confirmed.
    #[serde(skip)]
    doubt: Option<&'static str>,
}

impl Sent {
    fn new(pid: u32, receipt: &Receipt, totals: &Totals) -> Self {
        let &Receipt { bytes, confirmation, dialect, .. } = receipt;
        let (event, doubt) = match confirmation {
            Confirmation::Message => ("delivered", None),
            Confirmation::Bits => {
                ("acknowledged", Some("has acknowledged every bit, but not the message"))
            }
            Confirmation::Nothing => ("sent", Some("has confirmed nothing of it")),
        };
        let dialect = dialect.map(|dialect| dialect.to_string());
        let (protocol, seconds) = (totals.protocol.clone(), totals.seconds);
        Self { event, pid, protocol, bytes, seconds, dialect, doubt }
    }
}

impl Event<Options> for Sent {
    fn notes(&self, options: &Options) -> Vec<String> {
        let pid = self.pid;
        let doubt = self.doubt.map(|what| {
            format!(
                "PID {pid} was sent the whole message and {what}: whether it was understood is \
                 unknown; look at what it shows"
            )
        });
        let dialect = self.dialect.as_ref().filter(|_| options.stats && !options.json);
        let dialect = dialect.map(|dialect| format!("PID {pid} speaks {dialect}"));
        doubt.into_iter().chain(dialect).collect()
    }
}

/// What sending a message took.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "stats")]
struct Totals {
    protocol: String,
    /// Bytes of the message that have been delivered, or acknowledged.
    bytes: u64,
    /// The octets that they were sent as: fewer if the message was compressed.
    octets: u64,
    seconds: f64,
    /// Bits on the line, including those sent again.
    bits: u64,
    bits_per_second: u64,
    resent_bits: u64,
    repeated_frames: u64,
    /// `None` if no round trip could be measured.
    round_trip: Option<Summary>,
}

impl Totals {
    fn new(options: &Options, tally: &Tally, round_trips: Option<&RoundTrips>) -> Self {
        let &Tally { bytes, octets, bits, resent_bits, repeated_frames, micros, .. } = tally;
        Self {
            protocol: options.protocol().to_string(),
            bytes,
            octets,
            seconds: Duration::from_micros(micros).as_secs_f64(),
            bits,
            bits_per_second: bits.saturating_mul(1_000_000) / micros.max(1),
            resent_bits,
            repeated_frames,
            round_trip: round_trips.and_then(RoundTrips::summary),
        }
    }
}

impl Event<Options> for Totals {
    fn notes(&self, options: &Options) -> Vec<String> {
        if options.json {
            return Vec::new();
        }
        let Self { seconds, bits_per_second, .. } = self;
        let compressed = match self.octets {
            octets if octets == self.bytes => String::new(),
            octets => format!(", compressed to {},", count(octets, "octet")),
        };
        let mut line = format!(
            "{}{compressed} in {seconds:.3} s: {} bits, {bits_per_second} bits per second, \
             {} sent again, {} repeated",
            count(self.bytes, "byte"),
            self.bits,
            count(self.resent_bits, "bit"),
            count(self.repeated_frames, "frame"),
        );
        if let Some(Summary { p50_micros, p99_micros, max_micros, .. }) = self.round_trip {
            let _ = write!(
                line,
                "; round trip p50 {p50_micros:.1} us, p99 {p99_micros:.1} us, \
                 max {max_micros:.1} us"
            );
        }
        vec![line]
    }
}
