//! Starts the server, and announces that it is ready: on its first line, by its name, in a PID
//! file, and to systemd.
//!
//! Everything that may be refused is done before a file is opened for writing that may belong to
//! someone else.

use std::error::Error;
use std::io::{self, Stderr, Write};
use std::os::fd::AsFd;
use std::process;

use minitalk::messages::{Messages, Sink};
use minitalk::{Listener, ListenerConfig};
use minitalk_cli::daemon::Announcement;
use minitalk_cli::options::files::{self, Stream};
use minitalk_cli::trace::{Side, View};
use minitalk_signals::Line;

use crate::cli::Options;
use crate::look::{Look, Style};

/// Takes over the signals. Whoever knows the PID may send at once.
pub(crate) fn listen(options: &Options) -> Result<Listener<View<Stderr>>, Box<dyn Error>> {
    let mut config = ListenerConfig::default();
    config.protocols = options.protocol;
    config.dialect = options.dialect.0;
    config.pace = options.pace;
    config.slow = options.slow;
    config.octets_max = options.octets_max();
    config.acknowledge_anyone = options.acknowledge_anyone;
    config.name.clone_from(&options.name);
    config.terminations = true;
    let watch = options.watch.then(io::stderr);
    let view = View::new(Side::Receiver, options.dialect.0.unwrap_or_default(), watch);
    Ok(Listener::open_observed(&config, view)?)
}

/// Opens the files, then announces that the server is ready.
pub(crate) fn announce(
    options: &Options,
    listener: &mut Listener<View<Stderr>>,
) -> Result<(Announcement, Messages<Look>), Box<dyn Error>> {
    let pid_goes_to_stderr = options.raw && options.output.is_none();
    files::check_open(Stream::Output, options.output.is_none() || !options.json)?;
    files::check_open(Stream::Error, pid_goes_to_stderr)?;
    files::check_distinct(&[
        ("--output", options.output.as_deref()),
        ("--pid-file", options.pid_file.as_deref()),
        ("--trace", options.trace.as_deref()),
        ("standard output", options.output.is_none().then_some(files::STDOUT.as_ref())),
    ])?;
    let announcement = Announcement::new(options.pid_file.as_deref())?;
    let messages = open_output(options, listener.line())?;
    if let Some(path) = &options.trace {
        let recorded = listener.observer_mut().record(path);
        recorded.map_err(|e| format!("cannot write a trace to {}: {e}", path.display()))?;
    }
    let greeting = format!("Server PID: {}\n", process::id());
    if options.json {
        // The event "listening" contains it.
    } else if pid_goes_to_stderr {
        // Standard error may be closed; only the bytes on standard output matter.
        let _ = io::stderr().write_all(greeting.as_bytes());
    } else {
        let mut stdout = io::stdout();
        let written = stdout.write_all(greeting.as_bytes()).and_then(|()| stdout.flush());
        written.map_err(|e| format!("cannot write the PID to standard output: {e}"))?;
    }
    announcement.ready();
    Ok((announcement, messages))
}

fn open_output(options: &Options, line: &mut Line) -> Result<Messages<Look>, Box<dyn Error>> {
    let sink = match &options.output {
        Some(path) => {
            // Opening a FIFO may block.
            let to_open = path.clone();
            let opened = line.run_blocking(move || Sink::open(&to_open))?;
            opened.map_err(|error| format!("cannot open {}: {error}", path.display()))?
        }
        None => Sink::of(io::stdout().as_fd())?,
    };
    let style = match (options.raw, options.json, sink.is_terminal()) {
        _ if options.exec.is_some() => Style::Command,
        (true, _, _) => Style::Raw,
        (false, true, _) => Style::Json,
        (false, false, true) => Style::Terminal,
        (false, false, false) => Style::Text,
    };
    let messages = Messages::new(sink, Look::new(style, options.timestamps))
        .with_sync(options.sync)
        .with_messages_max(options.messages_max());
    match options.exec.clone() {
        Some(command) => {
            let prepared = messages.with_command(command);
            prepared.map_err(|error| format!("cannot prepare to run commands: {error}").into())
        }
        None => Ok(messages),
    }
}
