//! The role of a process of this program, which starts itself again for what a single process
//! cannot do.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

use minitalk_signals::{Bit, Peer};

use crate::{isolation, launch, relay};

/// The first argument of a process that this program has started itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Makes the namespaces and starts the judge in them.
    Namespace,
    /// The judge, in namespaces of its own.
    Inside,
    /// The judge, where no namespaces are available.
    Outside,
    /// Becomes a program of the judged pair.
    Launch,
    /// Stands between a client and a server.
    Relay,
    /// Does nothing, and is killed by any signal, as most processes are.
    Bystander,
    /// Signals a server of the pair once, as a third process.
    Stray,
}

impl Role {
    const ALL: [Self; 7] = [
        Self::Namespace,
        Self::Inside,
        Self::Outside,
        Self::Launch,
        Self::Relay,
        Self::Bystander,
        Self::Stray,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Namespace => "as:namespace",
            Self::Inside => "as:inside",
            Self::Outside => "as:outside",
            Self::Launch => "as:launch",
            Self::Relay => "as:relay",
            Self::Bystander => "as:bystander",
            Self::Stray => "as:stray",
        }
    }

    /// A command that runs this program in this role.
    pub(crate) fn command(self) -> Command {
        let mut command = Command::new(PathBuf::from("/proc/self/exe"));
        command.arg(self.word());
        command
    }
}

/// The role that the command line names, and the remaining arguments.
pub(crate) fn of_command_line() -> (Option<Role>, Vec<OsString>) {
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let role = arguments
        .first()
        .and_then(|first| Role::ALL.into_iter().find(|role| first.to_str() == Some(role.word())));
    if role.is_some() {
        arguments.remove(0);
    }
    (role, arguments)
}

/// Plays any role except that of the judge.
pub(crate) fn play(role: Role, arguments: &[OsString]) -> ExitCode {
    match role {
        Role::Namespace => isolation::make_and_start_inside(arguments),
        Role::Launch => launch::become_program(arguments),
        Role::Relay => relay::main(arguments),
        Role::Bystander => stand_by(),
        Role::Stray => stray(arguments),
        Role::Inside | Role::Outside => unreachable!("the judge is no role to play"),
    }
}

fn stand_by() -> ExitCode {
    launch::end_with_parent();
    loop {
        thread::park();
    }
}

/// How long a stray process waits for an answer.
const ANSWER: Duration = Duration::from_millis(20);

fn stray(arguments: &[OsString]) -> ExitCode {
    let number = |index: usize| arguments.get(index)?.to_str()?.parse::<u32>().ok();
    let peer = number(0).and_then(|pid| Peer::open(pid).ok());
    let sent = peer.zip(number(1)).map(|(peer, usr)| peer.send(Bit::from_bool(usr == 2)));
    // An answer kills this process.
    thread::sleep(ANSWER);
    ExitCode::from(u8::from(!matches!(sent, Some(Ok(())))))
}
