//! What the checks work with: the pair, and what has been learned about it.

use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::client::{Activity, Client};
use crate::picture::Picture;
use crate::process::{self, Ending};
use crate::reading::{self, KNOWN, Reading};
use crate::relay::{self, Action, Party, Passing, Plan, Recording};
use crate::server::Server;
use crate::subject::Pair;
use crate::texts;
use crate::why::Cause;

/// How many symbols are enough to see how a pair behaves.
const TALK: usize = 24;

/// How many times the known text is sent, at most, until the pair is understood.
const LESSONS: usize = 8;

/// How long all lessons together may take.
const LESSON_TIME: Duration = Duration::from_secs(5);

/// How long an answer is held back to see whether the client waits for it.
const HOLD_MILLIS: u64 = 40;

/// The answer that is held back, counted from 0.
const HELD: usize = 6;

/// How long a text of a hundred characters may take.
const HUNDRED: Duration = Duration::from_secs(4);

/// How long a text may be delayed after another one has gone wrong.
const RECOVERY: Duration = Duration::from_secs(2);

/// The speed, in bits per second, assumed for a pair that delivers nothing.
const GUESSED_SPEED: f64 = 2000.0;

/// A pair on the bench.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) pair: Pair,
    /// Whether careless programs can signal only each other.
    pub(crate) is_isolated: bool,
    /// The folder of a Makefile, if it may be used.
    pub(crate) sources: Option<PathBuf>,
    learned: OnceLock<(Option<Learned>, Option<Manner>)>,
    speed: OnceLock<f64>,
    carries_long: OnceLock<bool>,
    hundreds: OnceLock<Vec<Delivery>>,
    /// Whether texts stay in a buffer of the server, once that is known.
    pub(crate) is_unflushed: OnceLock<bool>,
    /// Which program misses signals that come at once, once that is known.
    pub(crate) missed: OnceLock<Option<(Cause, Picture)>>,
    /// Whether two simultaneous clients are too many, once that is known.
    pub(crate) is_overcrowded: OnceLock<bool>,
}

/// What was learned about a pair from a text sent through the relay.
#[derive(Clone, Debug)]
pub(crate) struct Learned {
    pub(crate) reading: Reading,
    pub(crate) recording: Recording,
}

/// How a pair behaves on the line, whatever its symbols mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Whether the server sends anything.
    pub(crate) is_answered: bool,
    /// Whether the client waits for the answer to a bit before it sends the next one.
    pub(crate) waits: bool,
    /// The usual time from one symbol of the client to the next.
    pub(crate) interval: Duration,
}

/// The known text, sent once, and what could be read from it.
#[derive(Debug)]
struct Lesson {
    reading: Option<Reading>,
    recording: Recording,
    passing: Passing,
}

impl Lesson {
    fn says_the_same(&self, other: &Self) -> bool {
        match (&self.reading, &other.reading) {
            (Some(one), Some(other)) => one == other,
            (None, _) | (_, None) => false,
        }
    }
}

/// What became of a text that went straight from client to server.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) is_shown: bool,
    pub(crate) client: Ending,
    pub(crate) server: Option<Ending>,
    pub(crate) took: Duration,
    /// What the server has shown since the client was started.
    pub(crate) output: Vec<u8>,
    pub(crate) text: Vec<u8>,
    /// The program that slept on a lock when nothing was happening any more, and the kernel
    /// function.
    pub(crate) locked: Option<(&'static str, String)>,
}

impl Bench {
    pub(crate) fn new(pair: Pair, is_isolated: bool) -> Self {
        Self {
            pair,
            is_isolated,
            sources: None,
            learned: OnceLock::new(),
            speed: OnceLock::new(),
            carries_long: OnceLock::new(),
            hundreds: OnceLock::new(),
            is_unflushed: OnceLock::new(),
            missed: OnceLock::new(),
            is_overcrowded: OnceLock::new(),
        }
    }

    /// The same bench, with a folder that may be built.
    pub(crate) fn with_sources(self, sources: Option<PathBuf>) -> Self {
        Self { sources, ..self }
    }

    pub(crate) fn server(&self) -> io::Result<Server> {
        Server::start(&self.pair.server)
    }

    pub(crate) fn client(&self, server: u32, text: &[u8]) -> io::Result<Client> {
        Client::start(&self.pair.client, server, text)
    }

    /// What the pair speaks, if its symbols could be read.
    pub(crate) fn learned(&self) -> Option<&Learned> {
        self.learned.get_or_init(|| self.learn()).0.as_ref()
    }

    /// How the pair behaves, if there was anything on the line.
    pub(crate) fn manner(&self) -> Option<Manner> {
        self.learned.get_or_init(|| self.learn()).1
    }

    fn learn(&self) -> (Option<Learned>, Option<Manner>) {
        let mut lessons: Vec<Lesson> = Vec::new();
        let begin = Instant::now();
        for number in 0..LESSONS {
            if begin.elapsed() > LESSON_TIME {
                break;
            }
            // A client that sometimes misses an answer may need one that comes while it sleeps.
            let passing = if number % 3 == 2 { Passing::Asleep } else { Passing::Taken };
            let Some(lesson) = self.lesson(passing) else { continue };
            let is_confirmed = lessons.iter().any(|other| other.says_the_same(&lesson));
            lessons.push(lesson);
            if is_confirmed {
                break;
            }
        }
        let Some(best) = best(&mut lessons) else { return (None, None) };
        // A receipt alone is not an answer to bits; one signal for each byte is.
        let count = |party| best.recording.from(party).count();
        let is_answered = 16 * count(Party::Server) >= count(Party::Client).max(1);
        let waits = is_answered && self.waits(best.passing);
        let interval = reading::interval(&best.recording);
        // If the client sends hardly anything, nothing can be said about it.
        let is_talking = best.recording.from(Party::Client).count() >= TALK;
        let learned = best.reading.map(|mut reading| {
            if reading.last.len() > 1 {
                self.look_closely(&mut reading);
            }
            Learned { reading, recording: best.recording }
        });
        (learned, is_talking.then_some(Manner { is_answered, waits, interval }))
    }

    /// Finds out the order of two answers that come together: the relay sees `SIGUSR1` first,
    /// unless it polls.
    fn look_closely(&self, reading: &mut Reading) {
        for _ in 0..3 {
            if let Some(Lesson { reading: Some(closer), .. }) = self.lesson(Passing::Seen)
                && closer.last.len() == reading.last.len()
                && closer.last != reading.last
            {
                reading.last = closer.last;
                return;
            }
        }
    }

    fn lesson(&self, passing: Passing) -> Option<Lesson> {
        let server = self.server().ok()?;
        let plan = Plan::new(server.pid(), &self.pair.client, KNOWN, Duration::from_secs(4));
        let recording = relay::run(&plan.passing(passing)).ok()?;
        Some(Lesson { reading: Reading::of(&recording, KNOWN), recording, passing })
    }

    /// Whether the client sends nothing while an answer is held back. If that cannot be observed,
    /// assumes that it waits.
    fn waits(&self, passing: Passing) -> bool {
        (0..3).find_map(|_| self.waits_once(passing)).unwrap_or(true)
    }

    fn waits_once(&self, passing: Passing) -> Option<bool> {
        let server = self.server().ok()?;
        let plan = Plan::new(server.pid(), &self.pair.client, KNOWN, Duration::from_secs(4))
            .passing(passing)
            .step(Party::Server, HELD, Action::Hold(HOLD_MILLIS));
        let recording = relay::run(&plan).ok()?;
        let held = recording.from(Party::Server).nth(HELD)?;
        let (from, to) = (held.at_nanos, held.passed_nanos?);
        let sent = recording.from(Party::Client).map(|symbol| symbol.at_nanos);
        // One symbol may have been on its way, or be a second attempt.
        Some(sent.filter(|at| *at > from && *at < to).count() < 3)
    }

    /// Bits per second, as measured; as seen through the relay if measuring takes too long; or as
    /// assumed for a pair that delivers nothing.
    pub(crate) fn bits_per_second(&self) -> f64 {
        *self.speed.get_or_init(|| {
            let times = self.hundreds().iter().filter(|delivery| delivery.client.is_end());
            let mut times: Vec<Duration> = times.map(|delivery| delivery.took).collect();
            times.sort_unstable();
            let direct = times.get(times.len() / 2).map(|took| speed(800, *took));
            direct.or_else(|| self.relayed_speed()).unwrap_or(GUESSED_SPEED)
        })
    }

    fn relayed_speed(&self) -> Option<f64> {
        let sent: Vec<_> = self.learned()?.recording.from(Party::Client).collect();
        let took = sent.last()?.at_nanos - sent.first()?.at_nanos;
        Some(speed(u32::try_from(sent.len()).ok()?, Duration::from_nanos(took)))
    }

    /// What became of three texts of a hundred characters, which every pair is given.
    pub(crate) fn hundreds(&self) -> &[Delivery] {
        let deliver = |number| {
            let mut server = self.server().ok()?;
            self.deliver_within(&mut server, &texts::letters(100, number), HUNDRED).ok()
        };
        self.hundreds.get_or_init(|| (0..3).filter_map(deliver).collect())
    }

    /// Whether all of these arrive.
    pub(crate) fn carries_texts(&self) -> bool {
        !self.hundreds().is_empty() && self.hundreds().iter().all(|delivery| delivery.is_shown)
    }

    /// Whether a text that takes a second or two arrives, determined once.
    pub(crate) fn carries_long(&self, find_out: fn(&Self) -> io::Result<bool>) -> io::Result<bool> {
        if let Some(&known) = self.carries_long.get() {
            return Ok(known);
        }
        let carries = find_out(self)?;
        Ok(*self.carries_long.get_or_init(|| carries))
    }

    /// How long a text of this many bytes can be expected to take.
    pub(crate) fn expected(&self, bytes: usize) -> Duration {
        let bits = u32::try_from(8 * bytes).unwrap_or(u32::MAX);
        Duration::from_secs_f64(f64::from(bits) / self.bits_per_second())
    }

    /// How many bytes a text has that takes this long.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is neither negative nor near the limit"
    )]
    pub(crate) fn length(&self, time: Duration) -> usize {
        (time.as_secs_f64() * self.bits_per_second() / 8.0) as usize
    }

    /// How long a text of this many bytes may take before it is given up.
    pub(crate) fn limit(&self, bytes: usize) -> Duration {
        Duration::from_secs(3) + 2 * self.expected(bytes)
    }

    /// Sends a text to a running server.
    pub(crate) fn deliver_to(&self, server: &mut Server, text: &[u8]) -> io::Result<Delivery> {
        self.deliver_within(server, text, self.limit(text.len()))
    }

    /// The same, within a time limit.
    pub(crate) fn deliver_within(
        &self,
        server: &mut Server,
        text: &[u8],
        limit: Duration,
    ) -> io::Result<Delivery> {
        let from = server.screen().len();
        let mut client = self.client(server.pid(), text)?;
        let activity = Activity::of(server.pid()).with(&[client.pid()]);
        let locked = match client.wait_while(activity, limit) {
            Some(_) => None,
            None => locked(server.pid(), client.pid()),
        };
        let ending = client.give_up(limit);
        let took = client.took();
        let is_shown = server.shows(from, text);
        let output = server.screen().bytes().split_off(from);
        let text = text.to_owned();
        let server = server.ending();
        Ok(Delivery { is_shown, client: ending, server, took, output, text, locked })
    }

    /// The same after something has gone wrong: the server may take a little time to recover.
    pub(crate) fn deliver_after(&self, server: &mut Server, text: &[u8]) -> io::Result<Delivery> {
        self.deliver_within(server, text, RECOVERY + 2 * self.expected(text.len()))
    }

    /// Sends a text to a new server.
    pub(crate) fn deliver(&self, text: &[u8]) -> io::Result<Delivery> {
        self.deliver_to(&mut self.server()?, text)
    }
}

/// Which of the two sleeps on a lock although it has only one thread, and in which kernel function.
fn locked(server: u32, client: u32) -> Option<(&'static str, String)> {
    [("server", server), ("client", client)].into_iter().find_map(|(who, pid)| {
        Some((who, process::sleeps_in(pid).filter(|place| place.contains("futex"))?))
    })
}

fn speed(bits: u32, took: Duration) -> f64 {
    f64::from(bits) / took.as_secs_f64().max(1e-6)
}

/// The last lesson if it was confirmed, otherwise the first that could be read, otherwise any.
fn best(lessons: &mut Vec<Lesson>) -> Option<Lesson> {
    let last = lessons.len().checked_sub(1)?;
    let is_confirmed = lessons[..last].iter().any(|other| other.says_the_same(&lessons[last]));
    let readable = lessons.iter().position(|lesson| lesson.reading.is_some());
    Some(lessons.swap_remove(if is_confirmed { last } else { readable.unwrap_or(last) }))
}
