//! Opens a file that may block, such as a FIFO without a reader, and can be terminated while it
//! waits.
//!
//! ```text
//! mkfifo fifo && cargo run -p minitalk-signals --example open -- fifo
//! ```
//!
//! Ctrl-C ends it at once; a bit that comes while it waits is reported afterwards.

use std::error::Error;
use std::fs::File;
use std::io::Write;

use minitalk_signals::{BlockingError, Line, Wake, now};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: open FILE")?;
    let mut line = Line::open()?;
    line.take_terminations()?;
    println!("open {}", std::process::id());
    let file = match line.run_blocking(move || File::options().write(true).open(path)) {
        Err(BlockingError::Terminated(termination)) => {
            println!("end {termination:?}");
            return Ok(());
        }
        file => file??,
    };
    println!("opened");
    while let Wake::Arrival(arrival) = line.wait(Some(now()))? {
        writeln!(&file, "{}", arrival.bit)?;
    }
    Ok(())
}
