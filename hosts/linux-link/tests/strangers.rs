//! Programs that are not minitalks, and minitalks that are not ours: which of them are answered,
//! and how.
//!
//! No process is signalled here. Programs that are not installed are skipped.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use minitalk::admission::{Admission, Admitted, Refusal, Trust};
use minitalk_signals::Bit;

/// Longer than any program takes to start, even on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How each Python program begins.
const PYTHON: &str = "import signal, time\n";

/// A program, killed at the end.
struct Running(Child);

impl Running {
    /// `None` if it is not installed.
    fn start(command: &[&str]) -> Option<Self> {
        let [program, arguments @ ..] = command else { return None };
        let mut command = Command::new(program);
        command.args(arguments).env("TERM", "dumb");
        // With a pipe as its input, a program that reads keeps running.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Ok(child) = command.spawn() {
            Some(Self(child))
        } else {
            eprintln!("skipped: {program} is not installed");
            None
        }
    }

    /// Asks repeatedly until the answer is as wanted: a program that is just starting handles
    /// nothing yet.
    fn wait_until(&self, wanted: impl Fn(&Result<Admitted, Refusal>) -> bool) {
        let (door, start) = (Admission::new(), Instant::now());
        loop {
            let found = door.sender(self.0.id(), Trust::Unspoken);
            if wanted(&found) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "it stays so: {found:?}");
            thread::yield_now();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Checks each of the programs that are installed, all at once: most of the time is spent waiting
/// while a process is young.
fn each(commands: &[&[&str]], check: impl Fn(&Running) + Sync) {
    let check = &check;
    thread::scope(|scope| {
        for &command in commands {
            let named = thread::Builder::new().name(format!("{command:?}"));
            let check = move || Running::start(command).iter().for_each(check);
            named.spawn_scoped(scope, check).unwrap();
        }
    });
}

#[test]
fn who_uses_the_signals_for_something_of_its_own_is_neither_answered_nor_sent_to() {
    let python = |names: &str| {
        format!(
            "{PYTHON}for name in '{names}'.split():\n  \
             signal.signal(getattr(signal, 'SIG' + name), lambda *_: exit())\ntime.sleep(600)"
        )
    };
    let gunicorn = python("HUP QUIT INT TERM TTIN TTOU USR1 USR2 WINCH CHLD");
    let runtime = python("HUP INT TERM QUIT ALRM VTALRM CHLD PIPE USR1 USR2");
    let daemon = python("HUP TERM INT USR1 USR2");
    each(
        &[
            &["ruby", "-e", "sleep 600"],
            &["bash", "--norc", "-i"],
            &["ksh", "-i"],
            &["sh", "-c", "trap 'exit 9' HUP INT TERM USR1 USR2; read line"],
            &["perl", "-e", "$SIG{$_} = sub { exit } for qw(HUP INT TERM USR1 USR2); sleep 600"],
            &["php", "-r", "sleep(600);"],
            &["node", "-e", "setTimeout(() => {}, 600000)"],
            &["sbcl", "--noinform", "--eval", "(sleep 600)"],
            &["timeout", "-s", "USR1", "600", "sleep", "600"],
            &["python3", "-c", &gunicorn],
            &["python3", "-c", &runtime],
            &["python3", "-c", &daemon],
        ],
        |stranger| {
            stranger.wait_until(|found| matches!(found, Err(Refusal::Unlike)));
            let pid = stranger.0.id().into();
            let refusal = Admission::new().server(pid, Trust::Unspoken).map(|_| ()).unwrap_err();
            // A program that handles only one of the signals is refused for that.
            assert!(matches!(refusal, Refusal::Unlike | Refusal::WouldDie { .. }), "{refusal:?}");
            let told = Admission::new().server(pid, Trust::Told).map(|_| ()).unwrap_err();
            assert_eq!(told, refusal);
        },
    );
}

#[test]
fn a_minitalk_in_any_language_is_answered_and_sent_to_if_the_user_says_so() {
    let handlers = format!(
        "{PYTHON}for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGALRM):\n  \
         signal.signal(number, lambda *_: None)\nwhile True: signal.pause()"
    );
    let waits = format!(
        "{PYTHON}pair = [signal.SIGUSR1, signal.SIGUSR2]\n\
         signal.pthread_sigmask(signal.SIG_BLOCK, pair)\nwhile True: signal.sigtimedwait(pair, 600)"
    );
    let blocks_all = format!(
        "{PYTHON}signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n\
         while True: signal.sigwait([signal.SIGUSR1, signal.SIGUSR2])"
    );
    each(
        &[
            &["sh", "-c", "trap : USR1 USR2; read line"],
            &["bash", "-c", "trap : USR1 USR2 INT TERM; read line"],
            &["perl", "-e", "$SIG{$_} = sub {} for qw(USR1 USR2); sleep 600 while 1"],
            &["python3", "-c", &handlers],
            &["python3", "-c", &waits],
            &["python3", "-c", &blocks_all],
        ],
        |minitalk| {
            minitalk.wait_until(|found| {
                let both = [Bit::Zero, Bit::One];
                found.as_ref().is_ok_and(|admitted| {
                    both.iter()
                        .all(|&symbol| admitted.may_receive(symbol) && admitted.handles(symbol))
                })
            });
            let (door, pid) = (Admission::new(), minitalk.0.id().into());
            assert!(door.server(pid, Trust::Told).is_ok());
            let unspoken = door.server(pid, Trust::Unspoken).map(|_| ());
            assert_eq!(unspoken, Err(Refusal::Unknown));
        },
    );
}

#[test]
fn who_blocks_everything_to_start_a_child_is_not_signalled() {
    let script = "import subprocess\nwhile True: subprocess.run(['true'])";
    let Some(parent) = Running::start(&["python3", "-c", script]) else { return };
    let door = Admission::new();
    for _ in 0..2_000 {
        let Ok(admitted) = door.sender(parent.0.id(), Trust::Unspoken) else { continue };
        for symbol in [Bit::Zero, Bit::One] {
            assert!(!admitted.may_receive(symbol), "{admitted:?}");
        }
    }
}
