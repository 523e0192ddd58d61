//! The line in another event loop, and next to something that blocks.

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Command;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::{TempDir, tempdir};

use crate::common::{Running, example_path};

fn foreground(name: &str) -> Command {
    let mut command = Command::new("env");
    command.arg("--default-signal=INT,HUP").arg(example_path(name));
    command
}

#[test]
fn another_event_loop_hears_signals_and_its_own_descriptors() {
    let mut host = Running::start_piped(&mut foreground("host"));
    assert_eq!(host.line(), format!("host {}", host.pid()));
    let mut stdin = host.stdin();
    for round in 0..20 {
        host.signal(if round % 2 == 0 { Signal::SIGUSR1 } else { Signal::SIGUSR2 });
        let line = host.line();
        assert!(line.starts_with(&format!("{} from Process", round % 2)), "{line}");
        stdin.write_all(b"text\n").unwrap();
        assert_eq!(host.line(), "read \"text\\n\"");
    }
    host.signal(Signal::SIGTERM);
    assert_eq!(host.line(), "end Terminate");
    assert!(host.wait().success());
}

/// A FIFO for one test, in a folder that is removed at the end.
struct Fifo {
    _folder: TempDir,
    path: PathBuf,
}

impl Fifo {
    fn new() -> Self {
        let folder = tempdir().unwrap();
        let path = folder.path().join("fifo");
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        Self { _folder: folder, path }
    }
}

#[test]
fn a_call_that_blocks_for_ever_is_ended_by_a_signal() {
    for (signal, name) in [(Signal::SIGTERM, "Terminate"), (Signal::SIGINT, "Interrupt")] {
        let fifo = Fifo::new();
        let open = Running::start(foreground("open").arg(&fifo.path));
        assert_eq!(open.line(), format!("open {}", open.pid()));
        open.signal(Signal::SIGUSR1);
        open.signal(signal);
        assert_eq!(open.line(), format!("end {name}"));
        assert!(open.wait().success());
    }
}

#[test]
fn a_bit_that_comes_while_something_blocks_is_not_lost() {
    let fifo = Fifo::new();
    let open = Running::start(foreground("open").arg(&fifo.path));
    assert_eq!(open.line(), format!("open {}", open.pid()));
    open.signal(Signal::SIGUSR1);
    open.signal(Signal::SIGUSR2);
    let mut text = String::new();
    File::open(&fifo.path).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "0\n1\n");
    assert!(open.wait().success());
}
