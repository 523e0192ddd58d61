//! The yardstick: `raw/pingpong.c`, which uses only kill(2) and sigtimedwait(2).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use crate::programs::Place;

/// How the two processes of the yardstick wait for each other's signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `sigaction`, and `sigsuspend` until the handler has run.
    Handlers,
    /// Both signals blocked, `sigwaitinfo`.
    Sleeping,
    /// Both signals blocked, `sigtimedwait` with a zero timeout, repeatedly.
    Polling,
}

/// The compiled yardstick.
#[derive(Debug)]
pub struct Yardstick {
    program: PathBuf,
}

impl Yardstick {
    /// Compiles it with `cc -O2` into a folder of its own.
    ///
    /// # Errors
    ///
    /// There is no C compiler, or it has reported errors on standard error.
    pub fn compile() -> io::Result<Self> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("raw/pingpong.c");
        let folder = crate::programs::scratch_folder()?;
        let program = folder.join("pingpong");
        let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
        let status = Command::new(compiler)
            .args(["-O2", "-Wall", "-Wextra", "-Werror", "-o"])
            .args([&program, &source])
            .status()?;
        if status.success() {
            Ok(Self { program })
        } else {
            Err(io::Error::other(format!("the C compiler failed: {status}")))
        }
    }

    /// Bits per second, one per round trip, over this many `rounds`.
    ///
    /// # Panics
    ///
    /// If it fails.
    #[must_use]
    pub fn bits_per_second(&self, way: Way, rounds: u32, place: Place) -> f64 {
        let output = self.run(way, rounds, place);
        let nanos = String::from_utf8_lossy(&output).trim().parse::<f64>();
        1e9 / nanos.expect("the yardstick prints a number")
    }

    /// How long it takes, from its start to its end, to exchange `bits` bits, polling.
    ///
    /// # Panics
    ///
    /// If it fails.
    #[must_use]
    pub fn start_to_end(&self, bits: u32) -> Duration {
        // It begins with a tenth more, which it does not count.
        let start = Instant::now();
        let _ = self.run(Way::Polling, bits * 10 / 11, Place::Anywhere);
        start.elapsed()
    }

    fn run(&self, way: Way, rounds: u32, place: Place) -> Vec<u8> {
        let name = match way {
            Way::Handlers => "handlers",
            Way::Sleeping => "sleeping",
            Way::Polling => "polling",
        };
        let output = place
            .command(&self.program)
            .args([name, &rounds.to_string()])
            .stderr(Stdio::inherit())
            .output()
            .expect("the yardstick can be run");
        assert!(output.status.success(), "the yardstick failed: {}", output.status);
        output.stdout
    }
}

impl Drop for Yardstick {
    fn drop(&mut self) {
        if let Some(folder) = self.program.parent() {
            // What remains in a temporary folder does no harm.
            let _ = fs::remove_dir_all(folder);
        }
    }
}
