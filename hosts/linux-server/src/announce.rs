//! Says that the server is ready: to whoever reads its first line, by name, in a file, to systemd.
//!
//! Whatever may refuse to be taken refuses before anything is opened for writing that others may
//! own.

use std::fs;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process;

use minitalk::Listener;
use minitalk_cli::pid_file::{PidFile, PidFileError};
use minitalk_cli::service_manager;
use minitalk_cli::sink::Sink;
use minitalk_cli::trace::{OpenTraceError, Side, Trace};
use minitalk_signals::{BlockingError, Line, was_closed_at_start};
use thiserror::Error;

use crate::cli::Options;
use crate::exec::Runner;
use crate::output::Output;
use crate::tap::Tap;
use crate::text::{Layout, Style};

/// Why the server could not say that it is ready.
#[derive(Debug, Error)]
pub(crate) enum AnnounceError {
    #[error("{0}")]
    Waiting(#[from] BlockingError),
    #[error("{0} is closed; redirect it to /dev/null if it is not wanted")]
    Closed(&'static str),
    #[error("cannot write the PID to standard output: {0}")]
    Stdout(io::Error),
    #[error("{0}")]
    PidFile(#[from] PidFileError),
    #[error("cannot open {path}: {error}")]
    Open { path: PathBuf, error: io::Error },
    #[error("cannot write a trace to {path}: {error}")]
    Trace { path: PathBuf, error: OpenTraceError },
    #[error("cannot prepare to run commands: {0}")]
    Exec(io::Error),
    #[error("{first} and {second} are the same file; give each a file of its own")]
    Same { first: &'static str, second: &'static str },
}

/// What has to be taken back at the end. Dropping it does.
#[derive(Debug)]
pub(crate) struct Announcement {
    _pid_file: Option<PidFile>,
}

impl Announcement {
    /// Takes the files, then tells everybody.
    pub(crate) fn new(
        options: &Options,
        listener: &mut Listener<Tap>,
    ) -> Result<(Self, Output), AnnounceError> {
        check_descriptors(options)?;
        check_distinct(options)?;
        let pid_file = options.pid_file.as_deref().map(PidFile::new).transpose()?;
        let output = open_output(options, listener.line())?;
        if let Some(path) = &options.trace {
            let trace = Trace::create(path, Side::Receiver, options.dialect());
            let cannot = |error| AnnounceError::Trace { path: path.clone(), error };
            listener.observer_mut().trace = Some(trace.map_err(cannot)?);
        }
        let announcement = Self { _pid_file: pid_file };
        let greeting = format!("Server PID: {}\n", process::id());
        if options.json {
            // The event "listening" says it.
        } else if options.raw && options.output.is_none() {
            // Standard error may be closed; the bytes are what matters.
            let _ = io::stderr().write_all(greeting.as_bytes());
        } else {
            let mut stdout = io::stdout();
            let written = stdout.write_all(greeting.as_bytes()).and_then(|()| stdout.flush());
            written.map_err(AnnounceError::Stdout)?;
        }
        service_manager::tell("READY=1");
        Ok((announcement, output))
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        service_manager::tell("STOPPING=1");
    }
}

fn open_output(options: &Options, line: &mut Line) -> Result<Output, AnnounceError> {
    let sink = match &options.output {
        Some(path) => {
            // A FIFO has to be waited for.
            let to_open = path.clone();
            let opened = line.run_blocking(move || Sink::open(&to_open))?;
            opened.map_err(|error| cannot_open(path, error))?
        }
        None => Sink::of(io::stdout().as_fd()).map_err(AnnounceError::Stdout)?,
    };
    let style = match (options.raw, options.json, sink.is_terminal()) {
        _ if options.exec.is_some() => Style::Command,
        (true, _, _) => Style::Raw,
        (false, true, _) => Style::Json,
        (false, false, true) => Style::Terminal,
        (false, false, false) => Style::Text,
    };
    let runner = options.exec.clone().map(Runner::new).transpose();
    let runner = runner.map_err(AnnounceError::Exec)?;
    let layout = Layout { style, is_stamped: options.timestamps };
    Ok(Output::new(sink, layout, runner, options))
}

fn cannot_open(path: &Path, error: io::Error) -> AnnounceError {
    AnnounceError::Open { path: path.to_owned(), error }
}

/// Makes sure that there is somewhere to write the messages and the PID.
fn check_descriptors(options: &Options) -> Result<(), AnnounceError> {
    let pid_goes_to_stderr = options.raw && options.output.is_none();
    let needs_stdout = options.output.is_none() || !options.json;
    if needs_stdout && was_closed_at_start(io::stdout().as_fd()) {
        return Err(AnnounceError::Closed("standard output"));
    }
    if pid_goes_to_stderr && was_closed_at_start(io::stderr().as_fd()) {
        return Err(AnnounceError::Closed("standard error"));
    }
    Ok(())
}

/// Makes sure that no file is to be used for two things.
fn check_distinct(options: &Options) -> Result<(), AnnounceError> {
    let stdout = Some(Path::new("/proc/self/fd/1"));
    let files = [
        ("--output", options.output.as_deref()),
        ("--pid-file", options.pid_file.as_deref()),
        ("--trace", options.trace.as_deref()),
        ("standard output", stdout.filter(|_| options.output.is_none())),
    ];
    let files = files.map(|(name, path)| (name, path.and_then(identity)));
    for (index, (first, file)) in files.iter().enumerate() {
        for (second, other) in &files[index + 1..] {
            if file.is_some() && file == other {
                return Err(AnnounceError::Same { first, second });
            }
        }
    }
    Ok(())
}

/// What two paths of one file have in common; none for what is no file, such as `/dev/null`.
fn identity(path: &Path) -> Option<(PathBuf, u64, u64)> {
    match fs::metadata(path) {
        Ok(file) if file.is_file() => Some((PathBuf::new(), file.dev(), file.ino())),
        Ok(_) => None,
        Err(_) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = fs::metadata(folder.unwrap_or(Path::new("."))).ok()?;
            Some((path.file_name()?.into(), folder.dev(), folder.ino()))
        }
    }
}
