//! The trace, in the programs that it is for. One that is not installed is named and skipped.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use minitalk_harness::{Programs, Running, Server};

use super::{client, folder};

/// Traces of the same message at both ends, framed or classic.
fn traces(folder: &Path, protocol: &str) -> [std::path::PathBuf; 2] {
    let paths = ["server", "client"].map(|end| folder.join(format!("{end}-{protocol}.vcd")));
    let mut command = Programs::build().server();
    let server = Server::start_command(command.arg("--trace").arg(&paths[0]));
    let sent =
        client(&format!("{} --protocol {protocol} --trace {} A", server.pid(), paths[1].display()));
    assert_eq!(sent.code(), 0, "{sent:?}");
    assert_eq!(server.stop().code(), 0);
    paths
}

/// Rising edges of a wire; they are numbered from '!' on, in the order in which they are declared.
fn pulses(trace: &str, wire: char) -> usize {
    trace.lines().filter(|line| *line == format!("1{wire}")).count()
}

#[test]
fn both_ends_see_the_letter_that_was_sent() {
    let folder = folder("trace-ends");
    for path in traces(&folder, "classic") {
        let trace = fs::read_to_string(&path).expect("the trace is there");
        // 01000001 and eight zeros; sixteen acknowledgments and the receipt.
        assert_eq!([pulses(&trace, '!'), pulses(&trace, '"')], [14, 2], "{trace}");
        assert_eq!([pulses(&trace, '#'), pulses(&trace, '$')], [16, 1], "{trace}");
        assert_eq!([pulses(&trace, '%'), pulses(&trace, '&')], [0, 0], "classic has no frames");
    }
    for path in traces(&folder, "framed") {
        let trace = fs::read_to_string(&path).expect("the trace is there");
        assert!(pulses(&trace, '%') >= 1 && pulses(&trace, '&') >= 3, "{trace}");
    }
}

#[test]
fn a_zero_and_a_one_are_under_way_together_unless_single_bits_are_asked_for() {
    let folder = folder("trace-pairs");
    let server = Server::start();
    for (option, has_pairs) in [("", true), ("--single-bits", false)] {
        let path = folder.join(format!("pairs{option}.vcd"));
        let sent = client(&format!("{} {option} --trace {} UU", server.pid(), path.display()));
        assert_eq!(sent.code(), 0, "{sent:?}");
        let trace = fs::read_to_string(&path).expect("the trace is there");
        let symbols: String = trace
            .lines()
            .filter_map(|line| line.strip_prefix('1'))
            .filter(|wire| ["!", "\"", "#", "$"].contains(wire))
            .collect();
        // A bit that a busy machine has sent again is followed by its like.
        assert_eq!(symbols.contains("!\""), has_pairs, "{symbols}");
    }
}

#[test]
fn gtkwave_and_sigrok_read_it() {
    let folder = folder("trace-tools");
    for path in ["framed", "classic"].iter().flat_map(|protocol| traces(&folder, protocol)) {
        let name = path.display().to_string();
        if let Some(ended) = run("vcd2fst", &[&name, &format!("{name}.fst")]) {
            assert_eq!(ended.code(), 0, "{ended:?}");
        }
        // Ten samples in a microsecond, in which a pulse is.
        let read = ["-I", "vcd:downsample=100", "-i", &name, "-O", "csv"];
        if let Some(ended) = run("sigrok-cli", &read) {
            // It ends with 0 even if it has read nothing.
            let text = ended.text();
            assert!(text.contains("zero, one, ack_even, ack_odd, frame, flag\n"), "{path:?}");
            for sample in ["1,0,0,0,", "0,1,0,0,", "0,0,1,0,", "0,0,0,1,"] {
                assert!(text.lines().any(|line| line.starts_with(sample)), "{path:?}: {sample}");
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
    let mut command = Programs::build().server();
    let server = Server::start_command(command.args(["--trace", "/dev/full"]));
    let sent = client(&format!("{} --trace /dev/full hi", server.pid()));
    assert_eq!(sent.code(), 0, "the message has arrived: {sent:?}");
    let words = ": the trace is not complete: No space left on device (os error 28)\n";
    assert_eq!(sent.stderr, format!("minitalk-client{words}"));
    let ended = server.stop();
    assert_eq!((ended.code(), ended.text().as_str()), (0, "hi\n"));
    assert_eq!(ended.stderr, format!("minitalk-server: error{words}"));
}
