//! Hosts the line in another event loop, as a program that already has one would: here poll(2) on
//! standard input and the line.
//!
//! ```text
//! cargo run -p minitalk-signals --example host
//! kill -USR1 PID                                  # from another shell
//! ```
//!
//! Ends with standard input (Ctrl-D) or on Ctrl-C.

use std::error::Error;
use std::io::{BufRead, stdin};

use minitalk_signals::{Line, Wake};
use rustix::event::{PollFd, PollFlags, poll};

fn main() -> Result<(), Box<dyn Error>> {
    let mut line = Line::open()?;
    line.take_terminations()?;
    println!("host {}", std::process::id());
    let input = stdin();
    loop {
        let mut ready = [
            PollFd::new(&input, PollFlags::IN),
            PollFd::from_borrowed_fd(line.descriptor()?, PollFlags::IN),
        ];
        poll(&mut ready, None)?;
        if !ready[0].revents().is_empty() {
            let mut text = String::new();
            if input.lock().read_line(&mut text)? == 0 {
                return Ok(());
            }
            println!("read {text:?}");
        }
        // Take everything that has come before the next poll: the descriptor stays readable until
        // then.
        while let Some(wake) = line.try_wait()? {
            match wake {
                Wake::Arrival(arrival) => println!("{} from {:?}", arrival.bit, arrival.origin),
                Wake::Terminate(termination) => {
                    println!("end {termination:?}");
                    return Ok(());
                }
                Wake::Ready(token) => println!("ready {token}"),
                Wake::TimedOut => {}
            }
        }
    }
}
