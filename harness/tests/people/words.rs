//! What the client says about running servers, word for word, as people and as programs see it.
//! Numbers, which differ between runs, are `N`.

#![expect(clippy::needless_raw_string_hashes, reason = "that is how snapbox writes them")]

use std::fs;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use minitalk_harness::{Finished, Programs, Running, Server};
use nix::sys::signal::Signal;
use snapbox::{assert_data_eq, str};

use super::json::wait_until_asleep;
use super::{client, folder, redacted};

/// A process that does not handle the signals.
fn bystander() -> Running {
    Running::spawn(Command::new("sleep").arg("600"))
}

/// What a client that failed with `code` has told people, and programs with `--json`.
fn said(words: &str, code: i32) -> (String, String) {
    let [people, programs] = ["", " --json"].map(|json| client(&format!("{words}{json}")));
    for ended in [&people, &programs] {
        assert_eq!(ended.code(), code, "{ended:?}");
    }
    assert_eq!(people.text(), "", "nothing for programs");
    (redacted(&people.stderr), anybody(&redacted(&programs.text())))
}

/// Replaces the user, whose name differs between machines, by `"U"`.
fn anybody(json: &str) -> String {
    let Some((head, rest)) = json.split_once("\"user\":") else { return json.to_owned() };
    let end = rest.find([',', '}']).expect("an object ends");
    format!("{head}\"user\":U{}", &rest[end..])
}

#[test]
fn a_process_that_would_die_is_left_alone() {
    let bystander = bystander();
    let (people, programs) = said(&format!("{} hi", bystander.pid()), 3);
    assert_data_eq!(
        people,
        str![[r#"
minitalk-client: PID N does not handle SIGUSR1 and SIGUSR2: it would be killed; nothing was delivered; use the PID that minitalk-server prints on its first line, or --force if you mean it

"#]]
    );
    assert_data_eq!(
        programs,
        str![[r#"
{"event":"failed","pid":N,"code":N,"reason":"would_die","known":"nothing","bytes":N,"sentence":"PID N does not handle SIGUSR1 and SIGUSR2: it would be killed; nothing was delivered; use the PID that minitalk-server prints on its first line, or --force if you mean it"}

"#]]
    );
}

#[test]
fn a_process_that_has_ended_is_told_with_the_way_to_those_that_have_not() {
    let bystander = bystander();
    let pid = bystander.pid();
    drop(bystander);
    let (people, programs) = said(&format!("{pid} hi"), 3);
    assert_data_eq!(
        people,
        str![[r#"
minitalk-client: PID N does not exist; nothing was delivered; use the PID that minitalk-server prints on its first line, or see which servers run with --list

"#]]
    );
    assert_data_eq!(
        programs,
        str![[r#"
{"event":"failed","pid":N,"code":N,"reason":"no_such_process","known":"nothing","bytes":N,"sentence":"PID N does not exist; nothing was delivered; use the PID that minitalk-server prints on its first line, or see which servers run with --list"}

"#]]
    );
}

#[test]
fn a_refusal_is_told_with_its_reason() {
    let server = Server::start_with(&["--max-message", "4"]);
    let (people, programs) = said(&format!("{} hello", server.pid()), 8);
    assert_data_eq!(
        people,
        str![[r#"
minitalk-client: PID N refused the message: the message is longer than it takes; nothing was delivered; send less at a time

"#]]
    );
    assert_data_eq!(
        programs,
        str![[r#"
{"event":"failed","pid":N,"code":N,"reason":"refused","known":"nothing","bytes":N,"sentence":"PID N refused the message: the message is longer than it takes; nothing was delivered; send less at a time"}

"#]]
    );
}

#[test]
fn another_minitalk_is_told_with_the_option_for_it() {
    let server = Server::start_with(&["--protocol", "classic"]);
    let (people, programs) = said(&format!("{} hello", server.pid()), 3);
    assert_data_eq!(
        people,
        str![[r#"
minitalk-client: PID N answers, but does not speak the framed protocol; it may have shown stray characters; nothing was delivered; it acknowledges every bit with SIGUSR1, as other minitalks do: try --protocol classic

"#]]
    );
    assert_data_eq!(
        programs,
        str![[r#"
{"event":"failed","pid":N,"code":N,"reason":"not_framed","known":"nothing","bytes":N,"sentence":"PID N answers, but does not speak the framed protocol; it may have shown stray characters; nothing was delivered; it acknowledges every bit with SIGUSR1, as other minitalks do: try --protocol classic"}

"#]]
    );
}

#[test]
fn who_waits_at_a_terminal_is_told_for_what() {
    let (server, _long) = busy_server("framed", &["--raw"]);
    let line = format!(
        "{} {} --timeout 300ms hi",
        Programs::build().client_path().display(),
        server.pid()
    );
    let mut script = Command::new("script");
    let script = Running::spawn(script.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm"));
    let ended = script.finish();
    // On a busy machine it may not even have had a turn.
    assert!([5, 7].contains(&ended.code()), "{ended:?}");
    let shown = redacted(&ended.text());
    assert!(shown.contains("PID N is busy with other clients; waiting for a turn\r\n"), "{shown}");
    assert!(shown.contains("N B of N B [") && shown.contains("] N B/s, waiting"), "{shown}");
}

/// A server that is receiving a message long enough to be in the way.
fn busy_server(protocol: &str, options: &[&str]) -> (Server, Running) {
    // The length is known, so the message is not cut. A raw server cannot put it aside.
    let mut server = Server::start_with(options);
    let mut command = Programs::build().client();
    let path = folder("busy").join("long");
    fs::write(&path, vec![b'x'; 10_000_000]).expect("a file can be written");
    let command =
        command.args([&server.pid().to_string(), "--no-compress", "--protocol", protocol]);
    let long = Running::start(command.stdin(fs::File::open(path).expect("it is there")));
    server.running().wait_for_stdout(|bytes| bytes.len() > 100);
    (server, long)
}

#[test]
fn who_comes_while_a_long_message_is_shown_is_served_without_having_to_be_patient() {
    let (server, _long) = busy_server("classic", &[]);
    let sent = client(&format!("{} --timeout 1s hi", server.pid()));
    assert_eq!((sent.code(), sent.stderr.as_str()), (0, ""), "{sent:?}");
}

#[test]
fn who_waits_for_the_receipt_behind_a_longer_message_is_not_told_to_send_again() {
    let (server, _long) = busy_server("framed", &["--raw"]);
    // On a busy machine a short time can pass before it has had a turn at all.
    let said = |json: &str| {
        let words = format!("{} --timeout 300ms hi{json}", server.pid());
        let mut attempts = std::iter::repeat_with(|| client(&words)).take(5);
        let ended = attempts.find(|ended| ended.code() != 5);
        let ended = ended.expect("it has a turn once in five times");
        assert_eq!(ended.code(), 7, "{ended:?}");
        ended
    };
    let (people, programs) = std::thread::scope(|scope| {
        let programs = scope.spawn(|| said(" --json").text());
        (redacted(&said("").stderr), programs.join().expect("it does not panic"))
    });
    assert_data_eq!(
        people,
        str![[r#"
minitalk-client: PID N has been busy with other clients for N s; the whole message was sent, and whether it was written is unknown; it may be written yet: look before you send again, or wait longer with --timeout

"#]]
    );
    assert!(programs.contains(r#""reason":"busy","known":"unknown","bytes":null,"#), "{programs}");
}

#[test]
fn a_delivery_is_told_to_programs_with_all_its_figures() {
    let server = Server::start();
    let sent = client(&format!("{} --json --stats hello", server.pid()));
    assert_eq!((sent.code(), sent.stderr.as_str()), (0, ""), "{sent:?}");
    assert_data_eq!(
        redacted(&sent.text()),
        str![[r#"
{"event":"delivered","pid":N,"protocol":"framed","bytes":N,"seconds":N}
{"event":"stats","protocol":"framed","bytes":N,"octets":N,"seconds":N,"bits":N,"bits_per_second":N,"resent_bits":N,"repeated_frames":N,"round_trip":{"count":N,"min_micros":N,"mean_micros":N,"max_micros":N,"mdev_micros":N,"p50_micros":N,"p90_micros":N,"p99_micros":N,"p999_micros":N}}

"#]]
    );
}

#[test]
fn a_check_is_told_to_people_and_to_programs() {
    let server = Server::start();
    wait_until_asleep([server.pid(); 2]);
    let check = client(&format!("--check {}", server.pid()));
    let people = redacted(&check.text());
    let (people, user): (Vec<&str>, Vec<&str>) =
        people.lines().partition(|line| !line.starts_with("  user "));
    assert!(user.len() == 1 && user[0].ends_with(" (uid N)"), "{user:?}");
    assert_data_eq!(
        people.join("\n"),
        str![[r#"
PID N
  program        minitalk-server
  name           none
  state          sleeping
  permission     this client may signal it, and it may answer
  SIGUSR1        caught
  SIGUSR2        caught
  PID namespace  the same as this client's
yes: a message can be sent to PID N
"#]]
    );
    let check = client(&format!("--check {} --json", server.pid()));
    assert_data_eq!(
        anybody(&redacted(&check.text())),
        str![[r#"
{"event":"check","pid":N,"deliverable":true,"code":N,"reason":null,"sentence":"a message can be sent to PID N","program":"minitalk-server","name":null,"state":"sleeping","uid":N,"user":U,"may_signal":true,"may_answer":true,"sigusr1":{"caught":true,"blocked":false,"ignored":false,"pending":false},"sigusr2":{"caught":true,"blocked":false,"ignored":false,"pending":false},"same_pid_namespace":true}

"#]]
    );
}

#[test]
fn a_zombie_is_told_from_a_process() {
    let ended = Command::new("true").stdin(Stdio::null()).spawn().expect("true can be run");
    let pid = ended.id();
    let is_zombie = || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it is not waited for");
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" Z"))
    };
    while !is_zombie() {
        std::thread::yield_now();
    }
    let check = client(&format!("--check {pid}"));
    assert_eq!(check.code(), 3, "{check:?}");
    assert!(check.text().contains("no: PID "), "{check:?}");
    assert!(check.text().contains("has already ended (it is a zombie)"), "{check:?}");
    let mut ended = ended;
    ended.wait().expect("it is ours");
}

#[test]
fn a_list_is_told_to_programs() {
    let runtime = folder("list-json");
    let mut command = Programs::build().server();
    let server =
        Server::start_command(command.args(["--name", "inbox"]).env("XDG_RUNTIME_DIR", &runtime));
    let mut command = Programs::build().client();
    let list = Running::spawn(command.args(["--list", "--json"]).env("XDG_RUNTIME_DIR", &runtime))
        .finish();
    let line = line_with(&list, &format!("\"pid\":{}", server.pid()));
    assert_data_eq!(
        anybody(&redacted(&line)),
        str![[r#"{"event":"server","pid":N,"name":"inbox","uid":N,"user":U,"uptime_seconds":N}"#]]
    );
}

fn line_with(ended: &Finished, words: &str) -> String {
    let text = ended.text();
    text.lines().find(|line| line.contains(words)).expect("there is such a line").to_owned()
}

#[test]
fn a_ping_is_told_to_people_and_to_programs() {
    let server = Server::start();
    let ping = client(&format!("--ping {} -c 1", server.pid()));
    assert_eq!(ping.code(), 0, "{ping:?}");
    assert_data_eq!(
        redacted(&ping.text()),
        str![[r#"
N bits from N: probe=N first=N us then=N us
--- N ping statistics ---
N probe sent, N answered, N bits sent again, time N ms
round trip min/avg/max/mdev = N/N/N/N us
N round trips p50/p90/p99/p99.N = N/N/N/N us

"#]]
    );
    let ping = client(&format!("--ping {} -c 1 --json --histogram", server.pid()));
    let text = redacted(&ping.text());
    let (probe, figures) = text.split_once('\n').expect("two lines");
    assert_data_eq!(
        probe,
        str![[
            r#"{"event":"probe","pid":N,"number":N,"round_trips_micros":[N,N,N,N,N,N,N,N],"resent_bits":N}"#
        ]]
    );
    let (figures, histogram) = figures.split_once("\"histogram\":[").expect("it was asked for");
    assert_data_eq!(
        figures,
        str![[
            r#"{"event":"ping","pid":N,"sent":N,"answered":N,"resent_bits":N,"seconds":N,"round_trip":{"count":N,"min_micros":N,"mean_micros":N,"max_micros":N,"mdev_micros":N,"p50_micros":N,"p90_micros":N,"p99_micros":N,"p999_micros":N},"#
        ]]
    );
    let step = r#"{"from_micros":N,"to_micros":N,"count":N}"#;
    assert!(
        histogram
            .trim_end()
            .trim_end_matches("]}")
            .split("},")
            .all(|one| { step.starts_with(one) && one.ends_with("\"count\":N") || one == step }),
        "{histogram}"
    );
}

#[test]
fn a_ping_of_a_server_that_ends_shows_what_it_has() {
    let server = Server::start();
    let mut command = Programs::build().client();
    let ping = Running::spawn(command.args(["--ping", &server.pid().to_string(), "-i", "0.2"]));
    ping.wait_for_stdout(|bytes| bytes.contains(&b'\n'));
    assert_eq!(server.stop().code(), 0);
    let ended = ping.finish();
    assert_eq!(ended.code(), 6, "{ended:?}");
    assert!(ended.text().contains(" ping statistics "), "{ended:?}");
    assert_data_eq!(
        redacted(&ended.stderr),
        str![[r#"
minitalk-client: PID N has ended; start a server and try again

"#]]
    );
}

/// A shell that catches the signals, like everything else that could end it.
#[test]
fn an_interactive_shell_survives_what_is_tried_out_in_it() {
    let server = Server::start();
    let mut command = Command::new("bash");
    let command =
        command.args(["--norc", "--noprofile", "-i"]).env("PATH_OF_CLIENT", client_path());
    let (shell, mut pipe) = Running::spawn_with_pipe(command);
    let pid = shell.pid();
    let mut server = server;
    type_into(&mut pipe, &format!("kill -USR1 {}", server.pid()));
    let words = format!("ignored a signal from PID {pid} (bash): it handles other signals as well");
    server.running().wait_for_stderr(&words);
    type_into(&mut pipe, "\"$PATH_OF_CLIENT\" $$ hello; echo code $?");
    shell.wait_for_stdout(|bytes| String::from_utf8_lossy(bytes).contains("code 3\n"));
    drop(pipe);
    let ended = shell.finish();
    assert!(ended.code() >= 0, "{ended:?}");
    assert!(ended.stderr.contains("handles other signals as well"), "{ended:?}");
    assert_eq!(server.stop().text(), "");
}

fn client_path() -> &'static std::path::Path {
    Programs::build().client_path()
}

fn type_into(mut pipe: impl std::io::Write + AsFd, line: &str) {
    writeln!(pipe, "{line}").expect("the shell reads");
}

#[test]
fn an_interrupted_client_says_how_far_it_got() {
    let mut server = Server::start();
    // It compresses to a third, not to almost nothing.
    let text: String = (0..12_000_u32).map(|number| (number * number).to_string()).collect();
    let long = Programs::build().send(server.pid(), &text);
    server.running().wait_for_stdout(|bytes| bytes.len() > 300);
    long.signal(Signal::SIGINT);
    let ended = long.finish();
    assert_eq!(ended.code(), 130, "{ended:?}");
    assert_data_eq!(
        redacted(&ended.stderr),
        str![[r#"
minitalk-client: PID N has not confirmed the whole message: this client was interrupted; N bytes were accepted[..]; send it again

"#]]
    );
}
