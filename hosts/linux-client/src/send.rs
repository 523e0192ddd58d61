//! Sends a message, and tells how it went.

use std::io;
use std::os::unix::ffi::OsStrExt;

use minitalk::{Address, Connection, Input};
use minitalk_cli::progress::Progress;
use minitalk_cli::trace::{Side, Trace};

use crate::cli::Options;
use crate::explain::Trouble;
use crate::report::{self, Report, SentLine, Totals};
use crate::tap::Tap;

/// Sends the message and returns when the server has confirmed all of it. The exit code.
pub(crate) fn run(server: &Address, options: &Options, report: &dyn Report) -> Result<u8, Trouble> {
    let message = message(options);
    let tap = Tap::new(options, Progress::new(options.show(), message.length_hint()));
    let mut connection = Connection::observed(server, &options.config(), tap)?;
    connection.observer_mut().trace = open_trace(options, connection.pid())?;

    let result = connection.send(message);
    // Off the terminal, before anything is written there.
    connection.observer_mut().finish();
    let round_trips = connection.observer_mut().round_trips.take();
    let (pid, tally) = (connection.pid(), *connection.tally());
    drop(connection);

    let totals = Totals::new(options.protocol(), &tally, round_trips.as_ref());
    // When nobody reads any more, the exit code still tells whether the message was delivered.
    let code = match result {
        Ok(receipt) => {
            let line = SentLine::new(pid, &receipt, &totals);
            let _ = report.sent(&line);
            line.code()
        }
        Err(failure) => report::failed(&failure.into(), options, report),
    };
    if options.stats {
        let _ = report.stats(&totals);
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

/// The file for the trace, if one is wanted.
pub(crate) fn open_trace(options: &Options, pid: u32) -> Result<Option<Trace>, Trouble> {
    let create = |path| Trace::create(path, Side::Sender, options.dialect());
    let trace = options.trace.as_deref().map(create).transpose();
    trace.map_err(|error| Trouble::Trace { pid, error })
}
