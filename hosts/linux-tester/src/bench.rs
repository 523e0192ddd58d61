//! What the checks work with: the pair, and what has been learned of it.

use std::cell::OnceCell;
use std::io;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::process::Ending;
use crate::reading::{KNOWN, Reading};
use crate::relay::{self, Action, Party, Passing, Plan, Recording};
use crate::server::Server;
use crate::subject::Pair;

/// How often the known text is sent at most, until the pair is understood.
const LESSONS: usize = 8;

/// How long the lessons may take together.
const LESSON_TIME: Duration = Duration::from_secs(5);

/// How long an answer is held back to see whether the client waits for it.
const HOLD_MILLIS: u64 = 40;

/// Which answer that is.
const HELD: usize = 20;

/// A pair on the bench.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) pair: Pair,
    /// Whether careless programs can reach nobody but each other.
    pub(crate) is_isolated: bool,
    learned: OnceCell<Option<Learned>>,
    speed: OnceCell<f64>,
    carries_long: OnceCell<bool>,
}

/// What was learned of a pair from a text through the relay.
#[derive(Clone, Debug)]
pub(crate) struct Learned {
    pub(crate) reading: Reading,
    pub(crate) recording: Recording,
    /// Whether the client waits for the answer to a bit before it sends the next one.
    pub(crate) waits: bool,
}

/// What became of one text that went straight from client to server.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) is_shown: bool,
    pub(crate) client: Ending,
    pub(crate) server: Option<Ending>,
    pub(crate) took: Duration,
    /// What the server has shown since the client was started.
    pub(crate) output: Vec<u8>,
    pub(crate) text: Vec<u8>,
}

impl Bench {
    pub(crate) fn new(pair: Pair, is_isolated: bool) -> Self {
        Self {
            pair,
            is_isolated,
            learned: OnceCell::new(),
            speed: OnceCell::new(),
            carries_long: OnceCell::new(),
        }
    }

    pub(crate) fn server(&self) -> io::Result<Server> {
        Server::start(&self.pair.server)
    }

    pub(crate) fn client(&self, server: u32, text: &[u8]) -> io::Result<Client> {
        Client::start(&self.pair.client, server, text)
    }

    /// What the pair speaks, if its symbols can be read.
    pub(crate) fn learned(&self) -> Option<&Learned> {
        self.learned.get_or_init(|| self.learn()).as_ref()
    }

    fn learn(&self) -> Option<Learned> {
        let mut seen: Vec<(Reading, Recording)> = Vec::new();
        let begin = Instant::now();
        for _ in 0..LESSONS {
            if begin.elapsed() > LESSON_TIME {
                break;
            }
            let Some((reading, recording)) = self.lesson(false) else { continue };
            let is_confirmed = seen.iter().any(|(other, _)| other.says_the_same(&reading));
            seen.push((reading, recording));
            if is_confirmed {
                break;
            }
        }
        // The last one if it was confirmed; else the first one that could be read at all.
        let last = seen.len().checked_sub(1)?;
        let is_confirmed =
            seen[..last].iter().any(|(reading, _)| reading.says_the_same(&seen[last].0));
        let (reading, recording) = seen.swap_remove(if is_confirmed { last } else { 0 });
        let waits = reading.is_answered() && self.waits();
        let mut learned = Learned { reading, recording, waits };
        if learned.reading.last.len() > 1 {
            self.look_closely(&mut learned.reading);
        }
        Some(learned)
    }

    /// Of two answers that come together the relay sees `SIGUSR1` first, unless it polls.
    fn look_closely(&self, reading: &mut Reading) {
        for _ in 0..3 {
            if let Some((closer, _)) = self.lesson(true)
                && closer.last.len() == reading.last.len()
                && closer.last != reading.last
            {
                reading.last = closer.last;
                return;
            }
        }
    }

    fn lesson(&self, polls: bool) -> Option<(Reading, Recording)> {
        let mut server = self.server().ok()?;
        let plan = Plan::new(server.pid(), &self.pair.client, KNOWN, Duration::from_secs(4));
        let plan = if polls { plan.polling().passing(Passing::AtOnce) } else { plan };
        let recording = relay::run(&plan).ok()?;
        server.stop();
        Some((Reading::of(&recording, KNOWN)?, recording))
    }

    /// Whether the client sends nothing while an answer is held back.
    fn waits(&self) -> bool {
        let Ok(server) = self.server() else { return false };
        let plan = Plan::new(server.pid(), &self.pair.client, KNOWN, Duration::from_secs(4)).step(
            Party::Server,
            HELD,
            Action::Hold(HOLD_MILLIS),
        );
        let Ok(recording) = relay::run(&plan) else { return false };
        let held = recording.from(Party::Server).nth(HELD);
        let Some((from, Some(to))) = held.map(|held| (held.at_nanos, held.passed_nanos)) else {
            return false;
        };
        let margin = HOLD_MILLIS * 1_000_000 / 4;
        let sent = |at: u64| at > from && at < to.min(from + 3 * margin);
        !recording.from(Party::Client).any(|symbol| sent(symbol.at_nanos))
    }

    /// Bits a second, measured or 2,000 as a guess.
    pub(crate) fn bits_per_second(&self) -> f64 {
        self.speed.get().copied().unwrap_or(2000.0)
    }

    /// Remembers how long a text took.
    pub(crate) fn learn_speed(&self, text: &[u8], took: Duration) {
        let bits = u32::try_from(8 * text.len()).unwrap_or(u32::MAX);
        let _ = self.speed.set(f64::from(bits) / took.as_secs_f64().max(1e-6));
    }

    /// Whether a text that takes a second or two arrives, found out once.
    pub(crate) fn carries_long(&self, find_out: fn(&Self) -> io::Result<bool>) -> io::Result<bool> {
        if let Some(&known) = self.carries_long.get() {
            return Ok(known);
        }
        let carries = find_out(self)?;
        Ok(*self.carries_long.get_or_init(|| carries))
    }

    /// How long a text of so many bytes may be expected to take.
    pub(crate) fn expected(&self, bytes: usize) -> Duration {
        let bits = u32::try_from(8 * bytes).unwrap_or(u32::MAX);
        Duration::from_secs_f64(f64::from(bits) / self.bits_per_second())
    }

    /// How long a text of so many bytes may take before it is given up.
    pub(crate) fn limit(&self, bytes: usize) -> Duration {
        Duration::from_secs(3) + 2 * self.expected(bytes)
    }

    /// Sends a text to a server that runs.
    pub(crate) fn deliver_to(&self, server: &mut Server, text: &[u8]) -> io::Result<Delivery> {
        let from = server.screen().len();
        let mut client = self.client(server.pid(), text)?;
        let ending = client.finish(self.limit(text.len()));
        let took = client.took();
        let is_shown = server.shows(from, text);
        let output = server.screen().bytes().split_off(from);
        let text = text.to_owned();
        Ok(Delivery { is_shown, client: ending, server: server.ending(), took, output, text })
    }

    /// Sends a text to a server of its own.
    pub(crate) fn deliver(&self, text: &[u8]) -> io::Result<Delivery> {
        self.deliver_to(&mut self.server()?, text)
    }
}
