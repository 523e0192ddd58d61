//! Either end loses its processor between taking a symbol and acting on it, or loses the symbol, at
//! chosen places.
//!
//! `delay.c` is loaded into one of the two programs and does that; it changes nothing else. A delay
//! that is longer than the retransmission timeout makes the other end resend something that was not
//! lost.

use std::fs::{self, File};
use std::process::Command;

use minitalk_harness::{Finished, Running, random, times};
use minitalk_testing::Random;
use nix::sys::signal::Signal;

use crate::common::{Scene, helper};

/// Which end is delayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Client,
    Server,
}

const BOTH: [End; 2] = [End::Client, End::Server];

/// Where the client reads the message from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    /// Its length is known from the beginning.
    File,
    Pipe,
}

/// Where a delay happens or a symbol is lost.
#[derive(Clone, Debug, Default)]
struct Delays {
    /// Delays after the symbols with these numbers, counted from 1, and how many milliseconds each
    /// takes.
    places: Vec<(usize, u64)>,
    /// Delays after the symbol that completes a zero and five ones for the time with this number,
    /// and after the next one.
    run: Option<usize>,
    /// The symbols with these numbers are lost.
    lost: Vec<usize>,
    /// The symbol after the one that completes a zero and five ones for the time with this number
    /// is lost: a zero that was inserted there.
    lost_run: Option<usize>,
}

/// What was done to one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Report {
    taken: usize,
    delays: usize,
    losses: usize,
}

impl Delays {
    fn at(places: impl IntoIterator<Item = (usize, u64)>) -> Self {
        Self { places: places.into_iter().collect(), ..Self::default() }
    }

    fn losing(places: impl IntoIterator<Item = usize>) -> Self {
        Self { lost: places.into_iter().collect(), ..Self::default() }
    }

    fn load(&self, command: &mut Command) {
        let places: Vec<String> =
            self.places.iter().map(|(place, millis)| format!("{place}:{millis}")).collect();
        let library = helper("delay", &["-shared", "-fPIC", "-ldl"]);
        command.env("LD_PRELOAD", library).env("DELAYS", places.join(","));
        if let Some(run) = self.run {
            command.env("RUNS", format!("{run}:40"));
        }
        let lost: Vec<String> = self.lost.iter().map(ToString::to_string).collect();
        command.env("LOSSES", lost.join(","));
        if let Some(run) = self.lost_run {
            command.env("LOST_RUN", run.to_string());
        }
    }
}

/// The report that `delay.c` prints at the end.
fn report(finished: &Finished) -> Report {
    let numbers = finished.stderr.lines().find_map(|line| {
        let (taken, rest) = line.strip_prefix("taken ")?.split_once(", delays ")?;
        let (delays, losses) = rest.split_once(", losses ")?;
        let taken = taken.parse().ok()?;
        Some(Report { taken, delays: delays.parse().ok()?, losses: losses.parse().ok()? })
    });
    numbers.unwrap_or_else(|| panic!("no report of the delays in {finished:?}"))
}

/// Sends `octets` with these delays at one end. Returns whether the client is told that they were
/// delivered, and what was done. Checks what was delivered.
#[track_caller]
fn transfer(octets: &[u8], options: &[&str], end: End, delays: &Delays) -> (bool, Report) {
    transfer_from(Input::Pipe, octets, options, end, delays)
}

#[track_caller]
fn transfer_from(
    input: Input,
    octets: &[u8],
    options: &[&str],
    end: End,
    delays: &Delays,
) -> (bool, Report) {
    let scene = Scene::new();
    let mut server = scene.server();
    server.arg("--raw");
    if end == End::Server {
        delays.load(&mut server);
    }
    let server = Running::spawn(&mut server);
    let said = server.wait_for_stderr("\n");
    let pid: String = said.chars().filter(char::is_ascii_digit).collect();
    let mut client = scene.client();
    let patient: &[&str] = if options.is_empty() { &["--timeout", "50s"] } else { options };
    // Without compression, so that the octets on the line are the given ones.
    client.args(patient).args(["--no-compress", &pid]);
    if end == End::Client {
        delays.load(&mut client);
    }
    let sent = match input {
        Input::Pipe => Running::spawn_with_input(&mut client, octets).finish(),
        Input::File => {
            let path = scene.join("message");
            fs::write(&path, octets).expect("the folder is ours");
            Running::start(client.stdin(File::open(path).expect("just written"))).finish()
        }
    };
    server.signal(Signal::SIGTERM);
    let ended = server.finish();
    let context = format!("{end:?} {delays:?} of {octets:02x?}: {sent:?}, {}", ended.stderr);
    if sent.code() == 0 {
        assert!(ended.stdout == octets, "confirmed, but {:02x?}: {context}", ended.stdout);
    } else if options.is_empty() {
        // Only the beginning of a framed message is ever written.
        assert!(octets.starts_with(&ended.stdout), "{:02x?}: {context}", ended.stdout);
    }
    (sent.code() == 0, report(if end == End::Client { &sent } else { &ended }))
}

#[test]
fn a_delay_at_any_symbol_of_either_end_damages_no_framed_message() {
    let octets = [0x00, 0x7E, 0xFF];
    for end in BOTH {
        let (is_delivered, report) = transfer(&octets, &[], end, &Delays::default());
        let symbols = report.taken;
        assert!(is_delivered && symbols > 100 && report.delays == 0, "{report:?}");
        // Some of the places, different ones each time.
        let step = times(12, 5) as usize;
        let first = 1 + random().index(step);
        let mut reached = 0;
        for place in (first..symbols).step_by(step) {
            let (is_delivered, report) = transfer(&octets, &[], end, &Delays::at([(place, 15)]));
            assert!(is_delivered, "{end:?} at {place}");
            // A busy machine causes resends, so the number of symbols differs between runs.
            let is_reached = report.taken >= place;
            assert_eq!(report.delays, usize::from(is_reached), "{end:?} at {place}: {report:?}");
            reached += report.delays;
        }
        assert!(reached * 2 > symbols / step, "only {reached} of {symbols} / {step}");
    }
}

#[test]
fn a_loss_of_any_symbol_at_either_end_damages_no_framed_message() {
    let octets = [0x00, 0x7E, 0xFF];
    for end in BOTH {
        let symbols = transfer(&octets, &[], end, &Delays::default()).1.taken;
        let step = times(14, 7) as usize;
        let first = 1 + random().index(step);
        let mut losses = 0;
        for place in (first..symbols).step_by(step) {
            let (is_delivered, report) = transfer(&octets, &[], end, &Delays::losing([place]));
            assert!(is_delivered, "{end:?} at {place}");
            losses += report.losses;
        }
        // A symbol that is taken in a handler is not lost: the program had fallen asleep.
        assert!(losses * 2 > symbols / step, "only {losses} of {symbols} / {step}");
    }
}

#[test]
fn delays_at_random_places_damage_no_framed_message_of_random_content() {
    let mut random = random();
    for round in 0..times(10, 20) {
        let length = 1 + random.index(600);
        let octets = random.octets(length);
        let end = BOTH[round as usize % 2];
        let place =
            |random: &mut Random| (1 + random.index(9 * length + 150), 1 + random.below(60));
        let delays = Delays::at((0..6).map(|_| place(&mut random)));
        let lost = (0..2).map(|_| 1 + random.index(9 * length)).collect();
        let delays = Delays { lost, ..delays };
        assert!(transfer(&octets, &[], end, &delays).0, "{end:?} {delays:?}");
    }
}

#[test]
fn delays_make_no_frame_of_content_that_looks_like_the_end_of_one() {
    let mut random = random();
    for round in 0..12 {
        let (frames, input) = (1 + (round % 4), [Input::File, Input::Pipe][round / 4 % 2]);
        let octets = deceptive(frames, 0, 0x3E);
        // A frame has fifty places where it could end, and some runs of ones by chance.
        let run = Some(1 + random.index(50 * octets.len() / 256));
        let delays = Delays { run, ..Delays::default() };
        let (is_delivered, report) = transfer_from(input, &octets, &[], End::Server, &delays);
        assert!(is_delivered && report.delays == 2, "{delays:?}, {report:?}");
    }
}

#[test]
fn a_third_frame_that_looks_like_the_end_of_one_is_not_cut_short() {
    let mut random = random();
    for input in [Input::File, Input::Pipe] {
        for frames in [3, 4] {
            let octets = deceptive(frames, 2, 0x3E);
            let run = Some(1 + random.index(50));
            let delays = Delays { run, ..Delays::default() };
            let (is_delivered, report) = transfer_from(input, &octets, &[], End::Server, &delays);
            assert!(is_delivered && report.delays == 2, "{input:?}, {delays:?}, {report:?}");
        }
    }
}

/// A lost bit has to be sent again, unless a late acknowledgment of another bit is taken for its
/// own.
#[test]
fn a_lost_zero_makes_no_flag_of_content_that_holds_one() {
    let mut random = random();
    let mut losses = 0;
    for round in 0..12 {
        let input = [Input::File, Input::Pipe][round % 2];
        let octets = deceptive(3, round % 3, 0x7E);
        let run = 1 + random.index(40);
        let delayed = (round >= 6).then_some(run);
        let delays = Delays { run: delayed, lost_run: Some(run), ..Delays::default() };
        let (is_delivered, report) = transfer_from(input, &octets, &[], End::Server, &delays);
        assert!(is_delivered, "{input:?}, {delays:?}, {report:?}");
        losses += report.losses;
    }
    assert!(losses >= 6, "only {losses} of 12");
}

/// Frames whose payload, from the frame `first` on, contains every five octets the check sequence
/// of what may come before it in a frame, followed by `end`: 0x3E, which a doubled bit turns into a
/// flag, or 0x7E, which a lost bit does. The frames before are full of `A`.
fn deceptive(frames: usize, first: usize, end: u8) -> Vec<u8> {
    let mut octets = vec![b'A'; first * 256];
    for number in first..frames {
        let last = number + 1 == frames;
        let control = number.to_le_bytes()[0] << 1 | if last { 0x10 } else { 0 };
        let mut frame = vec![0xFF, control];
        while frame.len() < 2 + 256 - 5 {
            let check = fcs(&frame).to_le_bytes();
            frame.extend(check);
            frame.push(end);
        }
        frame.resize(2 + 256, b'x');
        octets.extend(&frame[2..]);
    }
    octets
}

/// FCS-32 (RFC 1662, appendix C.3).
fn fcs(octets: &[u8]) -> u32 {
    let mut register = u32::MAX;
    for octet in octets {
        register ^= u32::from(*octet);
        for _ in 0..8 {
            register = register >> 1 ^ if register & 1 == 1 { 0xEDB8_8320 } else { 0 };
        }
    }
    !register
}

#[test]
fn the_check_sequence_is_the_one_of_the_catalogue() {
    assert_eq!(fcs(b"123456789"), 0xCBF4_3926);
}

/// Classic has no check sequence: a text may be damaged, but then the client does not call it
/// delivered.
#[test]
fn a_delayed_classic_text_is_intact_or_not_confirmed() {
    let mut random = random();
    let mut confirmed = 0;
    for round in 0..12 {
        let length = 1 + random.index(40);
        let text: Vec<u8> = random.octets(length).iter().map(|octet| b'a' + octet % 26).collect();
        let end = BOTH[round % 2];
        let delays = (0..3).map(|_| (1 + random.index(8 * length), 1 + random.below(40)));
        let delays = Delays::at(delays);
        let (is_delivered, ..) =
            transfer(&text, &["--protocol", "classic", "--timeout", "1s"], end, &delays);
        confirmed += usize::from(is_delivered);
    }
    assert!(confirmed > 0, "none of 12 was confirmed");
}
