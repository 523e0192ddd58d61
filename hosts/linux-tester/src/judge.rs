//! One pair, from the first check to the report.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use procfs::Current;
use thiserror::Error;

use crate::bench::Bench;
use crate::checks::{CHECKS, Check, Group};
use crate::cli::Options;
use crate::framed;
use crate::report::{self, Judged, Report};
use crate::speech;
use crate::subject::{self, FindError, Pair};
use crate::verdict::{Tally, Verdict};

/// After this much time the remaining checks are left out: a run should take less than a minute.
const TIME: Duration = Duration::from_secs(48);

/// Why there is no judgement.
#[derive(Debug, Error)]
pub(crate) enum JudgeError {
    #[error(transparent)]
    Find(#[from] FindError),
    #[error("there is no check '{0}'; see which there are with --list")]
    NoSuchCheck(String),
    #[error("cannot write the report: {0}")]
    Report(io::Error),
}

/// Judges what the options name. Returns whether everything required is passed.
pub(crate) fn judge(options: &Options, is_isolated: bool) -> Result<bool, JudgeError> {
    let checks = chosen(options)?;
    if options.make {
        subject::make(&options.folder)?;
    }
    let (server, client) = (options.server.as_deref(), options.client.as_deref());
    let find = if options.framed { subject::find_either } else { subject::find };
    let pair = find(&options.folder, server, client)?;
    let is_plain = server.is_none() && client.is_none() && !options.framed;
    let bonus = if is_plain { subject::find_bonus(&options.folder) } else { None };
    let bonus = bonus.filter(|bonus| *bonus != pair).map(|bonus| Bench::new(bonus, is_isolated));
    let sources = options.make.then(|| options.folder.clone());
    let bench = Bench::new(pair, is_isolated).with_sources(sources);
    let begin = Instant::now();
    let mut report = introduce(&bench, options);
    let is_whole = options.only.is_empty() && options.repeat == 1;
    let mut progress = Progressing::new(checks.len());
    let checks = if options.learn { Vec::new() } else { checks };
    // Neighbouring checks that mostly wait run at the same time.
    for together in checks.chunk_by(|one, next| !one.is_alone && !next.is_alone) {
        if begin.elapsed() > TIME && is_whole {
            report.results.extend(together.iter().map(|check| Judged::left_out(check)));
            continue;
        }
        progress.show(together);
        let of = |check: &Check| {
            bonus.as_ref().filter(|_| check.group == Group::Bonus).unwrap_or(&bench)
        };
        report.results.extend(thread::scope(|scope| {
            let running: Vec<_> = together
                .iter()
                .map(|check| scope.spawn(|| timed(check, of(check), options.repeat)))
                .collect();
            running.into_iter().filter_map(|thread| thread.join().ok()).collect::<Vec<_>>()
        }));
    }
    progress.clear();
    report.load = busy();
    report.took = begin.elapsed();
    show(&report, options).map_err(JudgeError::Report)?;
    Ok(report.is_right())
}

/// The requested checks.
fn chosen(options: &Options) -> Result<Vec<&'static Check>, JudgeError> {
    let all = if options.framed { framed::CHECKS } else { CHECKS };
    let is_asked_for = |check: &Check| match check.group {
        Group::FramedServer => options.server.is_some() || options.client.is_none(),
        Group::FramedClient => options.client.is_some() || options.server.is_none(),
        _ => true,
    };
    let all: Vec<_> = all.iter().filter(|check| is_asked_for(check)).collect();
    if let Some(name) =
        options.only.iter().find(|name| all.iter().all(|check| check.name != **name))
    {
        return Err(JudgeError::NoSuchCheck(name.clone()));
    }
    let is_chosen = |check: &&Check| {
        options.only.is_empty() || options.only.iter().any(|name| name == check.name)
    };
    Ok(all.into_iter().filter(is_chosen).collect())
}

fn introduce(bench: &Bench, options: &Options) -> Report {
    let Pair { server, client } = &bench.pair;
    let known = if options.framed { None } else { bench.learned().zip(bench.manner()) };
    let mut speech =
        known.map(|(learned, manner)| speech::sentences(learned, manner)).unwrap_or_default();
    if options.framed {
        speech.push("the framed protocol, or so it is said".to_owned());
    }
    Report {
        server: shown(server),
        client: shown(client),
        speech,
        options: known.and_then(|(learned, manner)| speech::options(learned, manner)),
        results: Vec::new(),
        load: None,
        took: Duration::ZERO,
    }
}

/// How many programs waited for each processor lately, if that is too many to ignore.
fn busy() -> Option<f32> {
    const BUSY: f32 = 1.5;
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let processors = f32::from(u16::try_from(processors).unwrap_or(u16::MAX));
    let load = procfs::LoadAverage::current().ok()?.one / processors;
    (load > BUSY).then_some(load)
}

/// The path relative to the current folder, if it is inside.
fn shown(program: &Path) -> String {
    let here = std::env::current_dir().ok();
    let relative = here.and_then(|here| program.strip_prefix(here).ok().map(Path::to_owned));
    match relative {
        Some(relative) => format!("./{}", relative.display()),
        None => program.display().to_string(),
    }
}

/// A check that cannot be carried out is reported as such, not as a fault of the pair.
fn once(check: &Check, bench: &Bench) -> Verdict {
    (check.run)(bench).unwrap_or_else(|error| Verdict::skipped(format!("not tried: {error}")))
}

fn timed(check: &'static Check, bench: &Bench, times: u64) -> Judged {
    let begin = Instant::now();
    let verdict = repeated(check, bench, times);
    Judged { check, verdict, took: begin.elapsed() }
}

fn repeated(check: &Check, bench: &Bench, times: u64) -> Verdict {
    let mut last = once(check, bench);
    let mut tally = Tally::default();
    tally.count(last.is_passed());
    for _ in 1..times {
        let next = once(check, bench);
        tally.count(next.is_passed());
        if !next.is_passed() {
            last = next;
        }
    }
    if tally.is_mixed() {
        let mixed = tally.verdict(String::new(), last.fact.clone());
        return Verdict { why: last.why, picture: last.picture, ..mixed };
    }
    last
}

fn show(report: &Report, options: &Options) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    if options.json {
        report::json(report, &mut out)?;
    } else {
        report::text(report, &mut out)?;
    }
    out.flush()?;
    if let Some(path) = &options.report {
        let mut file = BufWriter::new(File::create(path)?);
        report::html(report, &mut file)?;
        file.flush()?;
    }
    Ok(())
}

/// Shows on a terminal what is being done.
struct Progressing {
    done: usize,
    of: usize,
    is_shown: bool,
}

impl Progressing {
    fn new(of: usize) -> Self {
        Self { done: 0, of, is_shown: io::stderr().is_terminal() }
    }

    fn show(&mut self, checks: &[&Check]) {
        self.done += checks.len();
        if let Some(check) = checks.first().filter(|_| self.is_shown) {
            eprint!("\r\x1b[K{:2} of {}: {}", self.done, self.of, check.sentence);
        }
    }

    fn clear(&self) {
        if self.is_shown {
            eprint!("\r\x1b[K");
        }
    }
}
