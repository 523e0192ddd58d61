//! Prints what ends each wait: a signal, a line on standard input, or a second without either, and
//! how long that took.
//!
//! ```text
//! cargo run -p minitalk-signals --example wait
//! kill -USR1 PID                                  # from another shell
//! ```
//!
//! Ends with standard input (Ctrl-D) or on Ctrl-C; started with `--mortal`, Ctrl-C kills it.
//! Before, during and after the waits it prints what this process does with the two signals.

use std::error::Error;
use std::io::{BufRead, stdin};
use std::os::fd::AsFd;

use minitalk_signals::{Interest, Line, ProcessStatus, Wake, now};

const SECOND_MICROS: u64 = 1_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    print_dispositions("before")?;
    let mut line = Line::open()?;
    if std::env::args().nth(1).as_deref() != Some("--mortal") {
        line.take_terminations()?;
    }
    print_dispositions("open")?;
    let stdin = stdin();
    line.watch(stdin.as_fd(), 0, Interest::Readable)?;
    loop {
        let began = now();
        match line.wait(Some(began.after_micros(SECOND_MICROS)))? {
            Wake::Arrival(arrival) => println!("{} from {:?}", arrival.bit, arrival.origin),
            Wake::Terminate(_) => break,
            Wake::Ready(_) => {
                let mut text = String::new();
                if stdin.lock().read_line(&mut text)? == 0 {
                    break;
                }
                println!("read {text:?}");
            }
            Wake::TimedOut => println!("nothing for {} µs", now().micros_since(began)),
        }
    }
    drop(line);
    print_dispositions("after")
}

fn print_dispositions(when: &str) -> Result<(), Box<dyn Error>> {
    let status = ProcessStatus::own()?;
    println!("{when}: blocked {}", status.blocked);
    println!("{when}: caught {}", status.caught);
    println!("{when}: ignored {}", status.ignored);
    Ok(())
}
