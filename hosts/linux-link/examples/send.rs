//! Sends a text to a server: `send PID Hello`, or `send NAME < file`.

use std::error::Error;
use std::io;

use minitalk::{Address, Config, Connection, Input};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let address: Address = words.next().ok_or("usage: send PID|NAME [TEXT]")?.parse()?;
    let message = match words.next() {
        Some(text) => Input::from(text.into_bytes()),
        None => Input::from(io::stdin()),
    };
    // If this fails, nothing has been sent and no process has been signalled.
    let mut connection = Connection::open(&address, &Config::default())?;
    let receipt = connection.send(message)?;
    println!("{} bytes were written", receipt.bytes);
    Ok(())
}
