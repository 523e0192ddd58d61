//! The trace, in its forms and in the programs that they are for. A program that is not installed
//! is reported and skipped.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use minitalk_harness::{Programs, Running, Server};

use super::{client, folder};

/// Traces of the same message at both ends, framed or classic, in the form that the ending selects.
fn traces(folder: &Path, protocol: &str, ending: &str) -> [PathBuf; 2] {
    let paths = ["server", "client"].map(|end| folder.join(format!("{end}-{protocol}.{ending}")));
    let mut command = Programs::build().server();
    let server = Server::start_command(command.arg("--trace").arg(&paths[0]));
    let sent =
        client(&format!("{} --protocol {protocol} --trace {} A", server.pid(), paths[1].display()));
    assert_eq!(sent.code(), 0, "{sent:?}");
    assert_eq!(server.stop().code(), 0);
    paths
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The number of rising edges of a wire in a value change dump.
fn pulses(trace: &str, wire: &str) -> usize {
    let id = trace.lines().find_map(|line| {
        let mut words = line.strip_prefix("$var wire 1 ")?.split(' ');
        let id = words.next()?;
        (words.next() == Some(wire)).then(|| id.to_owned())
    });
    let id = id.unwrap_or_else(|| panic!("no wire {wire} in {trace}"));
    trace.lines().filter(|line| *line == format!("1{id}")).count()
}

#[test]
fn both_ends_see_the_letter_that_was_sent() {
    let folder = folder("trace-ends");
    for path in traces(&folder, "classic", "vcd") {
        let trace = read(&path);
        // 01000001 and eight zeros; sixteen acknowledgments and the receipt.
        let wires = ["SIGUSR1", "SIGUSR2", "ack_SIGUSR1", "ack_SIGUSR2"];
        assert_eq!(wires.map(|wire| pulses(&trace, wire)), [14, 2, 16, 1], "{trace}");
        assert!(!trace.contains(" frame "), "classic has no frames");
    }
    for path in traces(&folder, "framed", "vcd") {
        let trace = read(&path);
        assert!(pulses(&trace, "frame") >= 1 && pulses(&trace, "flag") >= 3, "{trace}");
    }
}

#[test]
fn a_picture_and_a_text_name_the_letter_at_both_ends() {
    let folder = folder("trace-names");
    for path in traces(&folder, "classic", "txt") {
        let text = read(&path);
        assert!(text.contains("→ 1   ← USR1    0 1 0 0 0 0 0 1 = 'A'\n"), "{text}");
        assert!(text.ends_with("← USR2    receipt\n"), "{text}");
    }
    for protocol in ["classic", "framed"] {
        for path in traces(&folder, protocol, "svg") {
            let svg = read(&path);
            assert!(svg.contains(">'A'</text>"), "{svg}");
            assert!(svg.trim_end().ends_with("</svg>"), "{svg}");
        }
    }
}

#[test]
fn what_goes_over_the_line_is_shown_as_it_happens() {
    let server = Server::start_with(&["--watch"]);
    let sent = client(&format!("{} --protocol classic --watch A", server.pid()));
    let rows = "→ 1   ← USR1    0 1 0 0 0 0 0 1 = 'A'\n→ 0   ← USR1    0\n";
    assert!(sent.text().contains(rows), "{sent:?}");
    let ended = server.stop();
    assert_eq!(ended.text(), "A\n");
    assert!(ended.stderr.contains(rows), "{ended:?}");
    assert!(ended.stderr.contains("      ← USR2    receipt\n"), "{ended:?}");
}

#[test]
fn a_line_that_is_slowed_down_is_read_at_leisure_and_delivers_all_the_same() {
    let server = Server::start();
    for protocol in ["classic", "framed"] {
        let began = Instant::now();
        let options = format!("{} --protocol {protocol} --watch --slow 20ms A", server.pid());
        let sent = client(&options);
        assert_eq!(sent.code(), 0, "{sent:?}");
        // Sixteen bits at least.
        assert!(began.elapsed() >= Duration::from_millis(320), "{:?}", began.elapsed());
    }
    server.wait_until_shown("A\nA\n");
    assert_eq!(client("1 --slow 2s A").code(), 2);
}

#[test]
fn a_zero_and_a_one_are_under_way_together_unless_single_bits_are_asked_for() {
    let folder = folder("trace-pairs");
    let server = Server::start();
    for (option, has_pairs) in [("", true), ("--single-bits", false)] {
        let path = folder.join(format!("pairs{option}.vcd"));
        let sent = client(&format!("{} {option} --trace {} UU", server.pid(), path.display()));
        assert_eq!(sent.code(), 0, "{sent:?}");
        let trace = read(&path);
        let symbols: String = trace
            .lines()
            .filter_map(|line| line.strip_prefix('1'))
            .filter(|wire| ["!", "\"", "#", "$"].contains(wire))
            .collect();
        // A bit that is sent again because the machine is busy is followed by an equal one.
        assert_eq!(symbols.contains("!\""), has_pairs, "{symbols}");
    }
}

#[test]
fn gtkwave_and_sigrok_read_it() {
    let folder = folder("trace-tools");
    let protocols = [
        ("framed", "zero, one, ack_zero, ack_one, flag, frame, inserted\n"),
        ("classic", "SIGUSR1, SIGUSR2, ack_SIGUSR1, ack_SIGUSR2\n"),
    ];
    for (protocol, wires) in protocols {
        for path in traces(&folder, protocol, "vcd") {
            let name = path.display().to_string();
            if let Some(ended) = run("vcd2fst", &[&name, &format!("{name}.fst")]) {
                assert_eq!(ended.code(), 0, "{ended:?}");
            }
            if let Some(ended) = run("sigrok-cli", &["-I", "vcd", "-i", &name, "-O", "csv"]) {
                // It ends with 0 even if it has read nothing.
                let text = ended.text();
                assert!(text.contains(wires), "{path:?}: {text}");
                for sample in ["1,0,0,0", "0,1,0,0", "0,0,1,0", "0,0,0,1"] {
                    assert!(
                        text.lines().any(|line| line.starts_with(sample)),
                        "{path:?}: {sample}"
                    );
                }
            }
        }
    }
}

/// Runs a tool, if it is there.
fn run(tool: &str, arguments: &[&str]) -> Option<minitalk_harness::Finished> {
    let found =
        Command::new(tool).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        eprintln!("skipped: {tool} is not installed");
        return None;
    }
    Some(Running::spawn(Command::new(tool).args(arguments)).finish())
}

#[test]
fn a_trace_that_does_not_fit_the_disk_is_told_by_the_program_that_wrote_it() {
    let folder = folder("trace-full");
    let path = folder.join("full.vcd");
    std::os::unix::fs::symlink("/dev/full", &path).expect("the folder is ours");
    let path = path.display();
    let mut command = Programs::build().server();
    let server = Server::start_command(command.args(["--trace", &path.to_string()]));
    let sent = client(&format!("{} --trace {path} hi", server.pid()));
    assert_eq!(sent.code(), 0, "the message has arrived: {sent:?}");
    let words = ": the trace is not complete: No space left on device (os error 28)\n";
    assert_eq!(sent.stderr, format!("minitalk-client{words}"));
    let ended = server.stop();
    assert_eq!((ended.code(), ended.text().as_str()), (0, "hi\n"));
    assert_eq!(ended.stderr, format!("minitalk-server{words}"));
}

#[test]
fn a_file_that_is_no_trace_or_is_being_written_is_left_as_it_is() {
    let folder = folder("trace-kept");
    let notes = folder.join("notes.txt");
    fs::write(&notes, "do not lose this").expect("the folder is ours");
    let busy = folder.join("busy.vcd");
    let mut command = Programs::build().server();
    let server = Server::start_command(command.arg("--trace").arg(&busy));
    for (path, cause) in [
        (&notes, "it is there already and is not a trace"),
        (&busy, "another program is writing a trace to it"),
        (&folder.join("line.png"), "the name of a trace ends with .vcd, .svg or .txt"),
    ] {
        let mut second = Programs::build().server();
        let second = Running::spawn(second.arg("--trace").arg(path)).finish();
        assert_eq!((second.code(), second.text().as_str()), (1, ""), "{second:?}");
        assert!(second.stderr.contains(cause), "{second:?}");
        let sent = client(&format!("{} --trace {} hi", server.pid(), path.display()));
        assert!(sent.code() == 1 && sent.stderr.contains(cause), "{sent:?}");
    }
    assert_eq!(read(&notes), "do not lose this");
    assert_eq!(server.stop().text(), "", "nothing was sent");
}
