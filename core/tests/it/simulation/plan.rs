//! The plan of one life of a server and its clients, drawn from a seed.

use minitalk_testing::{Random, draw_content};

/// How often faults happen, in millionths of the steps in which they could.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// A foreign signal of the same kind is pending when a symbol is sent.
    pub(crate) hidden: u64,
    /// A foreign signal arrives at some process.
    pub(crate) foreign: u64,
    /// A timer of a sender, or that of the floor, fires too early: a classic sender then resends a
    /// bit that is not lost.
    pub(crate) early_timer: u64,
    /// A process is stopped, and continued later.
    pub(crate) stop: u64,
    /// A client is killed.
    pub(crate) death: u64,
    /// A framed client gives up.
    pub(crate) abort: u64,
    /// The server refuses the message, for some reason.
    pub(crate) refusal: u64,
    /// A process that is woken runs only much later.
    pub(crate) delay: u64,
    /// The server is stopped between taking a bit and acknowledging it.
    pub(crate) late_ack: u64,
    /// The output is slow.
    pub(crate) slow_output: u64,
    /// A client starts with the PID of one that has ended.
    pub(crate) pid_reuse: u64,
}

impl Faults {
    /// Whether a symbol can be lost.
    pub(crate) const fn lose(&self) -> bool {
        self.hidden > 0 || self.foreign > 0
    }

    /// Whether an acknowledgment can be lost or come at the wrong time.
    pub(crate) const fn disturb(&self) -> bool {
        self.lose() || self.early_timer > 0 || self.stop > 0 || self.late_ack > 0
    }
}

/// A client that will be started.
#[derive(Clone, Debug)]
pub(crate) struct ClientPlan {
    pub(crate) framed: bool,
    /// The number of its message.
    pub(crate) message: u32,
    pub(crate) text: Vec<u8>,
    /// Octets of payload in a frame.
    pub(crate) chunk: usize,
    pub(crate) pairs: bool,
    pub(crate) starts_at: u64,
    /// Whether it knows that the server follows section 9 of the protocol, and looks at it before
    /// it repeats a bit.
    pub(crate) looks: bool,
}

impl ClientPlan {
    pub(crate) fn draw(random: &mut Random) -> Self {
        let framed = random.below(4) > 0;
        let length = match random.below(400) {
            0 => random.below(700),
            1..=40 => random.below(60),
            _ => random.below(7),
        };
        let length = usize::try_from(length).unwrap_or(0);
        let chunk = if length > 60 { 256 } else { 1 + random.index(12) };
        let message = draw_message(random);
        let text = if framed {
            draw_content(random, message, length, chunk)
        } else {
            draw_text(random, length)
        };
        Self {
            framed,
            message,
            text,
            chunk,
            pairs: random.below(2) == 0,
            starts_at: random.logarithmic(30_000),
            looks: false,
        }
    }
}

/// The number of places in most lives: fewer than there may be clients, some of which then have to
/// wait.
const PLACES: usize = 6;

/// A classic text must not contain NUL, nor 0xFF, which is not UTF-8.
fn draw_text(random: &mut Random, length: usize) -> Vec<u8> {
    (0..length).map(|_| u8::try_from(1 + random.below(254)).unwrap_or(1)).collect()
}

fn draw_message(random: &mut Random) -> u32 {
    u32::try_from(random.below(1 << 32)).unwrap_or_default()
}

/// One life.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) clients: Vec<ClientPlan>,
    pub(crate) places: usize,
    pub(crate) faults: Faults,
    /// The longest message that the server accepts.
    pub(crate) octets_max: Option<u64>,
    /// The number of steps after which there are no more faults.
    pub(crate) faults_end: u64,
}

impl Plan {
    pub(crate) fn draw(random: &mut Random) -> Self {
        let count = match random.below(100) {
            0..=49 => 1,
            50..=79 => 2,
            80..=91 => 3,
            _ => 4 + random.below(5),
        };
        let mut rate = |one_in: u64, max: u64| match random.below(one_in) {
            0 => random.logarithmic(max),
            _ => 0,
        };
        let faults = Faults {
            hidden: rate(2, 100_000),
            foreign: rate(2, 100_000),
            early_timer: rate(3, 60_000),
            stop: rate(4, 8_000),
            death: rate(4, 16_000),
            abort: rate(6, 16_000),
            refusal: rate(10, 500_000),
            delay: rate(3, 50_000),
            late_ack: rate(3, 30_000),
            slow_output: rate(3, 500_000),
            pid_reuse: rate(4, 1_000_000),
        };
        let octets_max = (random.below(12) == 0).then(|| random.below(20));
        let clients = (0..count).map(|_| ClientPlan::draw(random)).collect();
        let faults_end = 300 + random.logarithmic(4_000);
        Self { clients, places: PLACES, faults, octets_max, faults_end }
    }

    /// One classic client that resends bits that are not lost, and often runs late.
    pub(crate) fn draw_hasty(random: &mut Random) -> Self {
        let length = 1 + random.index(5);
        let client = ClientPlan {
            framed: false,
            message: 0,
            text: draw_text(random, length),
            chunk: 1,
            pairs: false,
            starts_at: 0,
            looks: false,
        };
        let faults = Faults { early_timer: 10_000, delay: 300_000, ..Faults::default() };
        let clients = vec![client];
        Self { clients, places: 1, faults, octets_max: None, faults_end: u64::MAX }
    }
}
