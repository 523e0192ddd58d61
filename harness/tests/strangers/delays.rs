//! Either end loses its processor between taking a symbol and acting on it, at chosen places.
//!
//! `delay.c` is loaded into one of the two programs and lets time pass there; it changes nothing
//! else. A delay that is longer than the retransmission timeout makes the other end send again what
//! was not lost.

use std::process::Command;

use minitalk_harness::{Finished, Running};
use nix::sys::signal::Signal;

use crate::common::{Random, Scene, helper};

/// Which end is delayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Client,
    Server,
}

const BOTH: [End; 2] = [End::Client, End::Server];

/// Where time passes.
#[derive(Clone, Debug, Default)]
struct Delays {
    /// After the symbols with these numbers, counted from 1, and for how many milliseconds.
    places: Vec<(usize, u64)>,
    /// After the symbol that completes a zero and five ones for this time, and after the next one.
    run: Option<usize>,
}

impl Delays {
    fn at(places: impl IntoIterator<Item = (usize, u64)>) -> Self {
        Self { places: places.into_iter().collect(), run: None }
    }

    fn load(&self, command: &mut Command) {
        let places: Vec<String> =
            self.places.iter().map(|(place, millis)| format!("{place}:{millis}")).collect();
        let library = helper("delay", &["-shared", "-fPIC", "-ldl"]);
        command.env("LD_PRELOAD", library).env("DELAYS", places.join(","));
        if let Some(run) = self.run {
            command.env("RUNS", format!("{run}:40"));
        }
    }
}

/// What `delay.c` says at the end: symbols taken, delays made.
fn report(finished: &Finished) -> (usize, usize) {
    let numbers = finished.stderr.lines().find_map(|line| {
        let (taken, delays) = line.strip_prefix("taken ")?.split_once(", delays ")?;
        Some((taken.parse().ok()?, delays.parse().ok()?))
    });
    numbers.unwrap_or_else(|| panic!("no report of the delays in {finished:?}"))
}

/// Sends `octets` with such delays at one end: whether the client is told that they were delivered.
/// What is delivered is checked, and how many symbols the delayed end took and was delayed at are
/// returned.
#[track_caller]
fn transfer(octets: &[u8], options: &[&str], end: End, delays: &Delays) -> (bool, usize, usize) {
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
    client.args(patient).arg(&pid);
    if end == End::Client {
        delays.load(&mut client);
    }
    let sent = Running::spawn_with_input(&mut client, octets).finish();
    server.signal(Signal::SIGTERM);
    let ended = server.finish();
    let context = format!("{end:?} {delays:?} of {octets:02x?}: {sent:?}, {}", ended.stderr);
    if sent.code() == 0 {
        assert!(ended.stdout == octets, "confirmed, but {:02x?}: {context}", ended.stdout);
    } else if options.is_empty() {
        // Of a framed message nothing but its beginning is ever written.
        assert!(octets.starts_with(&ended.stdout), "{:02x?}: {context}", ended.stdout);
    }
    let (taken, delayed) = report(if end == End::Client { &sent } else { &ended });
    (sent.code() == 0, taken, delayed)
}

#[test]
fn a_delay_at_any_symbol_of_either_end_damages_no_framed_message() {
    let octets = [0x00, 0x7E, 0xFF];
    for end in BOTH {
        let (is_delivered, symbols, delayed) = transfer(&octets, &[], end, &Delays::default());
        assert!(is_delivered && symbols > 100 && delayed == 0, "{symbols}, {delayed}");
        // Every fifth place, and a different fifth of them each time.
        let first = 1 + Random::new().below(5);
        for place in (first..symbols).step_by(5) {
            let (is_delivered, _, delayed) =
                transfer(&octets, &[], end, &Delays::at([(place, 15)]));
            assert!(is_delivered, "{end:?} at {place}");
            assert_eq!(delayed, 1, "{end:?} at {place}");
        }
    }
}

#[test]
fn delays_at_random_places_damage_no_framed_message_of_random_content() {
    let mut random = Random::new();
    for round in 0..20 {
        let length = 1 + random.below(600);
        let octets = random.octets(length);
        let end = BOTH[round % 2];
        let place =
            |random: &mut Random| (1 + random.below(9 * length + 150), 1 + random.below(60) as u64);
        let delays = Delays::at((0..6).map(|_| place(&mut random)));
        assert!(transfer(&octets, &[], end, &delays).0, "{end:?} {delays:?}");
    }
}

#[test]
fn delays_make_no_frame_of_content_that_looks_like_the_end_of_one() {
    let mut random = Random::new();
    for round in 0..12 {
        let octets = deceptive(1 + (round % 4));
        // A frame has fifty places at which it could end, and some runs of ones by chance.
        let run = Some(1 + random.below(50 * octets.len() / 256));
        let delays = Delays { run, ..Delays::default() };
        let (is_delivered, _, delayed) = transfer(&octets, &[], End::Server, &delays);
        assert!(is_delivered && delayed == 2, "{delays:?}, {delayed}");
    }
}

/// Frames whose payload holds, every five octets, the check sequence of what may stand before it in
/// a frame, and then what a doubled bit turns into a flag.
fn deceptive(frames: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    for number in 0..frames {
        let last = number + 1 == frames;
        let control = number.to_le_bytes()[0] << 1 | if last { 0x10 } else { 0 };
        let mut frame = vec![0xFF, control];
        while frame.len() < 2 + 256 - 5 {
            let check = fcs(&frame).to_le_bytes();
            frame.extend(check);
            frame.push(0x3E);
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

/// Classic has no check sequence: a text may be damaged, but the client does not call it delivered
/// then.
#[test]
fn a_delayed_classic_text_is_intact_or_not_confirmed() {
    let mut random = Random::new();
    let mut confirmed = 0;
    for round in 0..12 {
        let length = 1 + random.below(40);
        let text: Vec<u8> = random.octets(length).iter().map(|octet| b'a' + octet % 26).collect();
        let end = BOTH[round % 2];
        let delays = (0..3).map(|_| (1 + random.below(8 * length), 1 + random.below(40) as u64));
        let delays = Delays::at(delays);
        let (is_delivered, ..) =
            transfer(&text, &["--protocol", "classic", "--timeout", "1s"], end, &delays);
        confirmed += usize::from(is_delivered);
    }
    assert!(confirmed > 0, "none of 12 was confirmed");
}
