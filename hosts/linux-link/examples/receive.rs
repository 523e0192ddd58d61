//! Shows each message that arrives on a line of its own: run `receive`, then `minitalk-client PID
//! Hello`.

use std::error::Error;
use std::io::Write;

use minitalk::{Happening, Listener, ListenerConfig};

fn main() -> Result<(), Box<dyn Error>> {
    let mut listener = Listener::open(&ListenerConfig::default())?;
    let mut output = std::io::stdout();
    writeln!(output, "{}", std::process::id())?;
    loop {
        match listener.next()? {
            Happening::Piece(piece) => {
                output.write_all(piece.octets)?;
                if piece.last {
                    writeln!(output)?;
                }
                // Accepting a piece claims that it has been written, so write it first.
                output.flush()?;
                let peer = piece.peer;
                listener.accept(peer);
            }
            Happening::Cut { peer, .. } => eprintln!("PID {peer} ended too early"),
            _ => {}
        }
    }
}
