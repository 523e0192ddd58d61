//! `cargo run --release -p minitalk-benches --bin decoders -- [NAME=PROGRAM]...`
//!
//! Compares the HDLC deframer (FCS-16) with other decoders: which frames each finds in damaged
//! streams, compared with a search by the definition, and how many bits per second it takes.
//! `docs/hdlc.md` says what the programs are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use minitalk_benches::damaged;
use minitalk_benches::figures::Spread;
use minitalk_core::Bit;
use minitalk_core::hdlc::{Deframed, Deframer, Fcs16};

/// The number of damaged streams that every decoder is given.
const STREAMS: u64 = 150_000;

/// Octets of content in the stream for measuring time, and how often each decoder gets it, in turn.
const TIMED_OCTETS: usize = 2 << 20;
const ROUNDS: usize = 7;

/// Room for one frame: that of the largest of the other decoders, more than the streams need.
const OCTETS: usize = 512;

/// A decoder: this one, or a program that is given a file.
enum Decoder {
    Ours,
    Program { name: String, path: PathBuf },
}

/// The output of a decoder for a file: the frames of each line, and the time that it took.
struct Output {
    lines: Vec<Vec<Vec<u8>>>,
    elapsed: Duration,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("decoders: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut decoders = vec![Decoder::Ours];
    for word in std::env::args().skip(1) {
        let (name, path) = word.split_once('=').ok_or("usage: decoders [NAME=PROGRAM]...")?;
        decoders.push(Decoder::Program { name: name.into(), path: path.into() });
    }
    let file = std::env::temp_dir().join(format!("decoders-{}", std::process::id()));
    let result = compare(&decoders, &file);
    let _ = fs::remove_file(&file);
    result
}

fn compare(decoders: &[Decoder], file: &Path) -> Result<(), String> {
    let streams: Vec<String> = (0..STREAMS).map(damaged::stream).collect();
    write(file, &(streams.join("\n") + "\n"))?;
    println!("| decoder | damaged streams | as by the definition | other frames |");
    println!("|---|---:|---:|---|");
    for decoder in decoders {
        judge(decoder, &streams, &decoder.decode(file)?.lines)?;
    }

    let stream = damaged::undamaged(TIMED_OCTETS);
    write(file, &(stream.clone() + "\n"))?;
    let bits = f64::from(u32::try_from(stream.len()).map_err(|error| error.to_string())?);
    let mut speeds = vec![Vec::new(); decoders.len()];
    for _ in 0..ROUNDS {
        for (decoder, speeds) in decoders.iter().zip(&mut speeds) {
            speeds.push(1e-6 * bits / decoder.decode(file)?.elapsed.as_secs_f64());
        }
    }
    println!("\n| decoder | million bits a second | this one is so many times as fast |");
    println!("|---|---:|---:|");
    let ours = Spread::of(speeds[0].iter().copied()).median();
    for (decoder, speeds) in decoders.iter().zip(&speeds) {
        let median = Spread::of(speeds.iter().copied()).median();
        println!("| {} | {median:.0} | {:.1} |", decoder.name(), ours / median);
    }
    Ok(())
}

/// A row of the first table: how many streams have the frames of the definition, and what differs
/// in the others.
fn judge(decoder: &Decoder, streams: &[String], lines: &[Vec<Vec<u8>>]) -> Result<(), String> {
    if lines.len() != streams.len() {
        return Err(format!("{} has answered for {} streams", decoder.name(), lines.len()));
    }
    let (mut same, mut causes) = (0, BTreeMap::<&str, u32>::new());
    for (stream, frames) in streams.iter().zip(lines) {
        let differences = damaged::differences(stream, frames);
        same += usize::from(differences.is_empty());
        for cause in differences {
            *causes.entry(cause).or_default() += 1;
        }
    }
    let causes: Vec<String> =
        causes.iter().map(|(cause, count)| format!("{count} {cause}")).collect();
    let count = streams.len();
    println!("| {} | {count} | {same} | {} |", decoder.name(), causes.join("; "));
    Ok(())
}

impl Decoder {
    fn name(&self) -> &str {
        match self {
            Self::Ours => "minitalk-core",
            Self::Program { name, .. } => name,
        }
    }

    fn decode(&self, file: &Path) -> Result<Output, String> {
        match self {
            Self::Ours => {
                let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
                Ok(decode_here(&text))
            }
            Self::Program { name, path } => {
                let output = Command::new(path)
                    .arg(file)
                    .output()
                    .map_err(|error| format!("{name}: {error}"))?;
                let text = String::from_utf8_lossy(&output.stdout);
                parse(&text)
                    .ok_or_else(|| format!("{name}: its output is not as docs/hdlc.md says"))
            }
        }
    }
}

fn decode_here(text: &str) -> Output {
    let lines: Vec<Vec<Bit>> = text
        .lines()
        .map(|line| line.bytes().map(|byte| Bit::from(byte == b'1')).collect())
        .collect();
    let mut frames = vec![Vec::new(); lines.len()];
    let before = Instant::now();
    for (line, frames) in lines.iter().zip(&mut frames) {
        let mut deframer = Deframer::<OCTETS, Fcs16>::new();
        for &bit in line {
            if let Ok(Deframed::Frame(content)) = deframer.feed(bit) {
                frames.push(content.to_vec());
            }
        }
    }
    Output { lines: frames, elapsed: before.elapsed() }
}

/// The format: a line of frames in hexadecimal for each stream, and finally `ns` and a number.
fn parse(text: &str) -> Option<Output> {
    let mut lines: Vec<&str> = text.lines().collect();
    let elapsed = Duration::from_nanos(lines.pop()?.strip_prefix("ns ")?.parse().ok()?);
    let frames = |line: &str| line.split_whitespace().map(octets).collect::<Option<Vec<_>>>();
    Some(Output { lines: lines.into_iter().map(frames).collect::<Option<_>>()?, elapsed })
}

fn octets(hexadecimal: &str) -> Option<Vec<u8>> {
    let pairs = hexadecimal.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}
