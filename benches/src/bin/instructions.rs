//! `cargo run --release -p minitalk-benches --bin instructions`
//!
//! Counts instructions per bit with valgrind and compares them with `instructions.txt`. The clock of a
//! shared machine says nothing about a change of a few per cent; this count is the same in every run.
//!
//! Each load is run twice, the second time on twice as many octets: the difference has no start-up in it.

use std::env;
use std::fs;
use std::hint::black_box;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};

use minitalk_benches::link::transfer;
use minitalk_benches::{classic_bits, framed_bits, octets, text};
use minitalk_core::Bit;
use minitalk_core::classic::{self, Dialect, Encoder};
use minitalk_core::frame::FRAME_OCTETS_MAX;
use minitalk_core::hdlc::{self, Deframer, Framer};

const OCTETS: u32 = 16 * 1024;
const FRAME_OCTETS: usize = 256;

/// A load: its name in `instructions.txt`, what prepares it, and what is counted.
struct Load {
    name: &'static str,
    prepare: fn(usize) -> Prepared,
    run: fn(&Prepared) -> u64,
}

/// Octets and the bits they become.
struct Prepared {
    octets: Vec<u8>,
    bits: Vec<Bit>,
}

const LOADS: [Load; 5] = [
    Load { name: "classic-feed", prepare: prepare_classic, run: classic_feed },
    Load { name: "framed-feed", prepare: prepare_framed, run: framed_feed },
    Load { name: "classic-encode", prepare: prepare_classic, run: classic_encode },
    Load { name: "framed-encode", prepare: prepare_framed, run: framed_encode },
    Load { name: "link-round", prepare: prepare_framed, run: link_round },
];

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match words.as_slice() {
        [] => check(),
        [name, octets, mode] => run(name, octets, mode == "run"),
        _ => ExitCode::from(2),
    }
}

/// Counts every load and compares it with its budget.
fn check() -> ExitCode {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.txt");
    let budgets = fs::read_to_string(&path).expect("instructions.txt can be read");
    let mut passed = true;
    println!("| instructions per bit | counted | budget | |\n|---|--:|--:|---|");
    for load in &LOADS {
        let counted = match per_bit(load) {
            Ok(counted) => counted,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                println!(
                    "instructions: skipped: valgrind is not installed (apt-get install valgrind)"
                );
                return ExitCode::SUCCESS;
            }
            Err(error) => {
                eprintln!("instructions: {}: {error}", load.name);
                return ExitCode::FAILURE;
            }
        };
        let budget = budget(&budgets, load.name);
        let is_met = counted <= budget;
        passed &= is_met;
        let verdict = if is_met { "met" } else { "**exceeded**" };
        println!("| {} | {counted:.2} | {budget} | {verdict} |", load.name);
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn budget(budgets: &str, name: &str) -> f64 {
    let lines = budgets.lines().filter(|line| !line.starts_with('#'));
    let mut words = lines.map(str::split_whitespace);
    let found = words.find_map(|mut line| (line.next() == Some(name)).then(|| line.next()));
    found.flatten().and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

/// Instructions per bit of `load`: those of a run less those of the same without the work.
fn per_bit(load: &Load) -> io::Result<f64> {
    let work = |octets| -> io::Result<f64> {
        Ok(count(load.name, octets, "run")? - count(load.name, octets, "prepare")?)
    };
    let bits = |octets| f64::from(u32::try_from((load.prepare)(octets).bits.len()).unwrap_or(0));
    let (small, large) = (OCTETS, 2 * OCTETS);
    let more_bits = bits(large as usize) - bits(small as usize);
    Ok((work(large)? - work(small)?) / more_bits)
}

/// Instructions of this program, run with these words, from start to end.
fn count(name: &str, octets: u32, mode: &str) -> io::Result<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([name, &octets.to_string(), mode])
        .output()?;
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report.lines().find_map(|line| line.split("Collected : ").nth(1));
    let number = collected.and_then(|number| number.trim().parse().ok());
    number.filter(|_| output.status.success()).ok_or_else(|| io::Error::other(report.into_owned()))
}

/// What is counted: the load itself, or only its preparation.
fn run(name: &str, octets: &str, whole: bool) -> ExitCode {
    let load = LOADS.iter().find(|load| load.name == name);
    let (Some(load), Ok(octets)) = (load, octets.parse()) else { return ExitCode::from(2) };
    let prepared = black_box((load.prepare)(octets));
    if whole {
        black_box((load.run)(&prepared));
    }
    ExitCode::SUCCESS
}

fn prepare_classic(count: usize) -> Prepared {
    let octets = text(count);
    let bits = classic_bits(&octets);
    Prepared { octets, bits }
}

fn prepare_framed(count: usize) -> Prepared {
    let octets = octets(count);
    let bits = framed_bits(&octets, FRAME_OCTETS);
    Prepared { octets, bits }
}

fn classic_feed(prepared: &Prepared) -> u64 {
    let mut decoder = classic::Decoder::new(Dialect::DEFAULT);
    let bytes = prepared.bits.iter().filter_map(|&bit| decoder.feed(bit).byte());
    bytes.map(u64::from).sum()
}

fn framed_feed(prepared: &Prepared) -> u64 {
    let mut deframer = Deframer::<FRAME_OCTETS_MAX>::new();
    let mut frames = 0;
    for &bit in &prepared.bits {
        if let Ok(hdlc::Progress::Frame(_)) = deframer.feed(bit) {
            frames += 1;
        }
    }
    frames
}

fn classic_encode(prepared: &Prepared) -> u64 {
    let symbols = Encoder::new(Dialect::DEFAULT, &prepared.octets).expect("no NUL");
    symbols.map(u8::from).map(u64::from).sum()
}

fn framed_encode(prepared: &Prepared) -> u64 {
    prepared.octets.chunks(FRAME_OCTETS).flat_map(Framer::new).map(u8::from).map(u64::from).sum()
}

fn link_round(prepared: &Prepared) -> u64 {
    transfer(&prepared.octets) as u64
}
