//! `cargo run --release -p minitalk-benches --bin compare -- [ROUNDS] [PART]...`
//!
//! Prints the tables of `docs/performance.md`, in Markdown. The parts are idle, texts, pairs,
//! pinned, busy, clients, crowd, beside, start and memory; by default, all of them. It takes about
//! six minutes.

use std::env;
use std::process::ExitCode;

use minitalk_benches::corpus;
use minitalk_benches::figures::{Spread, Target};
use minitalk_benches::idle::{STAY_CONNECTED, stay_connected};
use minitalk_benches::load::{BusyLoops, machine};
use minitalk_benches::octets;
use minitalk_benches::programs::{Place, Protocol, Server};
use minitalk_benches::round::{Round, raw, throughput};
use minitalk_benches::yardstick::{Way, Yardstick};

const KIB: u32 = 1024;
const CLIENTS: u32 = 32;
const IDLE_CLIENTS: usize = 1_000;
const CROWDS: [u32; 2] = [100, 1_000];
const CROWD_OCTETS: u32 = 100;
const PARTS: [&str; 10] =
    ["idle", "texts", "pairs", "pinned", "busy", "clients", "crowd", "beside", "start", "memory"];

struct Comparison {
    yardstick: Yardstick,
    rounds: usize,
    speeds: Vec<(String, Spread)>,
    rows: Vec<(String, Spread, Option<Target>)>,
}

fn main() -> ExitCode {
    if let [first, pid] = &env::args().skip(1).collect::<Vec<_>>()[..]
        && first == STAY_CONNECTED
    {
        stay_connected(pid);
        return ExitCode::SUCCESS;
    }
    let yardstick = match Yardstick::compile() {
        Ok(yardstick) => yardstick,
        Err(error) => {
            eprintln!("compare: cannot compile raw/pingpong.c, install a C compiler: {error}");
            return ExitCode::FAILURE;
        }
    };
    let words: Vec<String> = env::args().skip(1).collect();
    let rounds = words.iter().find_map(|word| word.parse().ok()).unwrap_or(7);
    let parts: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| word.parse::<usize>().is_err()).collect();
    let mut comparison = Comparison { yardstick, rounds, speeds: Vec::new(), rows: Vec::new() };
    let machine = machine();
    for part in PARTS.into_iter().filter(|part| parts.is_empty() || parts.contains(part)) {
        eprintln!("compare: {part}, {rounds} rounds ...");
        comparison.measure(part);
    }
    println!("{machine}; {rounds} rounds.\n");
    comparison.print();
    ExitCode::SUCCESS
}

impl Comparison {
    fn measure(&mut self, part: &str) {
        match part {
            "idle" => self.idle(),
            "texts" => self.texts(),
            "pairs" => self.pairs(),
            "pinned" => self.pinned(),
            "busy" => self.busy(),
            "clients" => self.clients(),
            "crowd" => CROWDS.into_iter().for_each(|clients| self.crowd(clients)),
            "beside" => self.beside(),
            "start" => self.start(),
            _ => self.memory(),
        }
    }

    fn idle(&mut self) {
        let mut server = Server::start(Place::Anywhere);
        let (mut rounds, mut handlers, mut sleeping) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            let polling = || raw(&self.yardstick, Way::Polling);
            rounds.push(Round::measure(&mut server, 64 * KIB, polling));
            handlers.push(raw(&self.yardstick, Way::Handlers));
            sleeping.push(raw(&self.yardstick, Way::Sleeping));
        }
        self.speed("raw, sleeping, handlers", handlers);
        self.speed("raw, sleeping, `sigwaitinfo`", sleeping);
        self.speed("raw, polling, `sigtimedwait`", rounds.iter().flat_map(|round| round.raw));
        self.speed("framed, 64 KiB", rounds.iter().map(|round| round.framed));
        self.speed("classic, 64 KiB", rounds.iter().map(|round| round.classic));
        let framed = rounds.iter().map(Round::framed_ratio);
        self.row("framed 64 KiB / raw polling", framed, Some(Target::AtLeast(1.0)));
        let classic = rounds.iter().map(Round::classic_ratio);
        self.row("classic 64 KiB / raw polling", classic, Some(Target::AtLeast(0.9)));
    }

    /// Fewer octets are sent than arrive.
    fn texts(&mut self) {
        let mut server = Server::start(Place::Anywhere);
        let texts = corpus::texts();
        let round = |_| corpus::round(&mut server, &texts, || raw(&self.yardstick, Way::Polling));
        let rounds: Vec<Vec<f64>> = (0..self.rounds).map(round).collect();
        for (index, &(name, _, target)) in texts.iter().enumerate() {
            let ratios: Vec<f64> = rounds.iter().map(|round| round[index]).collect();
            let name = format!("framed {name} / raw polling");
            self.row(&name, ratios, Some(Target::AtLeast(target)));
        }
    }

    /// The two take turns at being first, so that a machine that becomes faster or slower favours
    /// neither.
    fn pairs(&mut self) {
        let mut server = Server::start(Place::Anywhere);
        let gain = |round: usize| {
            let mut ways = [Protocol::Framed, Protocol::FramedSingleBits];
            ways.rotate_left(round % 2);
            let mut speeds = ways.map(|way| throughput(&mut server, way, 64 * KIB));
            speeds.rotate_right(round % 2);
            speeds[0] / speeds[1]
        };
        let gains: Vec<f64> = (0..self.rounds).map(gain).collect();
        self.row("framed: with pairs / single bits", gains, Some(Target::AtLeast(1.0)));
    }

    fn pinned(&mut self) {
        let place = Place::OneProcessor;
        let mut server = Server::start(place);
        let mut rounds = Vec::new();
        for _ in 0..self.rounds {
            let sleeping = || self.yardstick.bits_per_second(Way::Sleeping, 20_000, place);
            rounds.push(Round::measure(&mut server, 16 * KIB, sleeping));
        }
        let raw = rounds.iter().flat_map(|round| round.raw);
        self.speed("one CPU: raw, sleeping, `sigwaitinfo`", raw);
        self.speed("one CPU: framed, 16 KiB", rounds.iter().map(|round| round.framed));
        self.speed("one CPU: classic, 16 KiB", rounds.iter().map(|round| round.classic));
        let framed = rounds.iter().map(Round::framed_ratio);
        self.row("one CPU: framed / raw sleeping", framed, Some(Target::AtLeast(0.85)));
        let classic = rounds.iter().map(Round::classic_ratio);
        self.row("one CPU: classic / raw sleeping", classic, Some(Target::AtLeast(0.85)));
    }

    /// The speed of the polling yardstick depends on when it loses its processor: it can be faster
    /// than the sleeping one, or a thousand times slower. So there is no target for the ratio to
    /// it.
    fn busy(&mut self) {
        let _busy = BusyLoops::start(2);
        let mut server = Server::start(Place::Anywhere);
        let (mut rounds, mut polling) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            let measure = |way| self.yardstick.bits_per_second(way, 5_000, Place::Anywhere);
            polling.push(measure(Way::Polling));
            rounds.push(Round::measure(&mut server, 16 * KIB, || measure(Way::Sleeping)));
        }
        let raw = rounds.iter().flat_map(|round| round.raw);
        self.speed("two busy loops: raw, sleeping, `sigwaitinfo`", raw);
        self.speed("two busy loops: raw, polling, `sigtimedwait`", polling.iter().copied());
        self.speed("two busy loops: framed, 16 KiB", rounds.iter().map(|round| round.framed));
        self.speed("two busy loops: classic, 16 KiB", rounds.iter().map(|round| round.classic));
        // Which of the two is better differs from round to round, and from machine to machine.
        let ratio = |(round, &polling): (&Round, &f64)| {
            let [before, between, _] = round.raw;
            round.framed / f64::midpoint(before, between).max(polling)
        };
        let over_better = rounds.iter().zip(&polling).map(ratio);
        let name = "two busy loops: framed / the better of the two raw";
        self.row(name, over_better, Some(Target::AtLeast(0.7)));
    }

    fn clients(&mut self) {
        let (together, slowest) = self.at_once(Protocol::Framed, CLIENTS, KIB);
        let name = "32 clients, 1 KiB each: together / one client, 32 KiB";
        self.row(name, together, Some(Target::AtLeast(0.85)));
        self.row("32 clients: slowest / mean time", slowest, Some(Target::AtMost(1.5)));
    }

    fn crowd(&mut self, clients: u32) {
        let (together, slowest) = self.at_once(Protocol::Default, clients, CROWD_OCTETS);
        let name = format!(
            "{clients} clients, {CROWD_OCTETS} octets each: together / one, the same octets"
        );
        self.row(&name, together, Some(Target::AtLeast(0.4)));
        let name = format!("{clients} clients: slowest / mean time");
        self.row(&name, slowest, Some(Target::AtMost(2.0)));
    }

    /// This many `clients` with `octets_count` octets each, all started at once. The result for
    /// each round: their total throughput, relative to that of one client that sends everything;
    /// and when the last one ends, relative to when they end on average.
    fn at_once(&self, protocol: Protocol, clients: u32, octets_count: u32) -> (Vec<f64>, Vec<f64>) {
        let mut server = Server::start(Place::Anywhere);
        let message = octets(octets_count as usize);
        let messages = vec![message.as_slice(); clients as usize];
        let mut round = || {
            let alone = throughput(&mut server, Protocol::Framed, clients * octets_count);
            let times = server.send_at_once(protocol, &messages);
            let times = times.iter().map(std::time::Duration::as_secs_f64);
            let last = times.clone().fold(0.0, f64::max);
            let together = f64::from(8 * clients * octets_count) / last;
            (together / alone, last / (times.sum::<f64>() / f64::from(clients)))
        };
        (0..self.rounds).map(|_| round()).unzip()
    }

    /// The two servers take turns at being first.
    fn beside(&mut self) {
        let mut servers = [Server::start(Place::Anywhere), Server::start(Place::Anywhere)];
        let _idle = servers[0].connect_idle(IDLE_CLIENTS);
        let ratio = |round: usize| {
            let mut speeds = [0.0; 2];
            for index in [round % 2, (round + 1) % 2] {
                speeds[index] = throughput(&mut servers[index], Protocol::Framed, 64 * KIB);
            }
            speeds[0] / speeds[1]
        };
        let ratios: Vec<f64> = (0..self.rounds).map(ratio).collect();
        let name = "framed 64 KiB, beside 1,000 idle clients / alone";
        self.row(name, ratios, Some(Target::AtLeast(0.95)));
    }

    fn start(&mut self) {
        let mut server = Server::start(Place::Anywhere);
        let message = octets(100);
        let bits = server.count_bits(&message);
        let mut round = |_| {
            let bare = self.yardstick.start_to_end(bits);
            let ours = server.send(Protocol::Framed, &message);
            (1e3 * ours.as_secs_f64(), 1e3 * bare.as_secs_f64())
        };
        let times: Vec<(f64, f64)> = (0..3 * self.rounds).map(&mut round).collect();
        let ours = times.iter().map(|&(ours, _)| ours);
        let bare = times.iter().map(|&(_, bare)| bare);
        // Nothing is faster than a client that does nothing else.
        let floor = (Spread::of(bare.clone()).median() * 100.0).round() / 100.0;
        let target = Target::AtMost(floor.max(3.5));
        self.row("100 characters, client's start to end, ms", ours, Some(target));
        self.row("the same bits and nothing else: raw polling, start to end, ms", bare, None);
    }

    fn memory(&mut self) {
        let mut server = Server::start(Place::Anywhere);
        let _ = throughput(&mut server, Protocol::Framed, KIB);
        let before = f64::from(server.resident_kib());
        let _ = throughput(&mut server, Protocol::Framed, KIB * KIB);
        let grown = f64::from(server.resident_kib()) - before;
        let name = format!("server's memory after 1 MiB, KiB more than {before}");
        self.row(&name, [grown], Some(Target::AtMost(64.0)));
    }

    fn speed(&mut self, name: &str, bits_per_second: impl IntoIterator<Item = f64>) {
        let kilobits = bits_per_second.into_iter().map(|bits| bits / 1e3);
        self.speeds.push((name.to_owned(), Spread::of(kilobits)));
    }

    fn row(&mut self, name: &str, values: impl IntoIterator<Item = f64>, target: Option<Target>) {
        self.rows.push((name.to_owned(), Spread::of(values), target));
    }

    fn print(&self) {
        if !self.speeds.is_empty() {
            println!("| | kbit/s, median | min | max | µs a bit |\n|---|--:|--:|--:|--:|");
        }
        for (name, spread) in &self.speeds {
            println!("| {name} | {spread} | {:.2} |", 1e3 / spread.median());
        }
        println!("\n| | median | min | max | target | |\n|---|--:|--:|--:|--:|---|");
        for (name, spread, target) in &self.rows {
            let verdict = match target {
                None => "– | ".to_owned(),
                Some(target) if target.is_met(spread.median()) => format!("{target} | met"),
                Some(target) => format!("{target} | **missed**"),
            };
            println!("| {name} | {spread} | {verdict} |");
        }
    }
}
