use super::*;
use crate::Ended;
use minitalk_core::exchange::Protocol;
use minitalk_signals::is_ready;
use rustix::event::{PollFd, PollFlags, poll};
use std::fs;
use std::io::{PipeReader, PipeWriter, Read};

/// Lines with marks, raw octets, or whole lines.
#[derive(Clone, Copy)]
enum Style {
    Raw,
    Text,
    Whole,
}

impl Format for Style {
    type Reason = &'static str;

    fn is_whole(&self) -> bool {
        matches!(self, Self::Whole)
    }

    fn take(&mut self, octets: &[u8], to: &mut Vec<u8>) {
        to.extend_from_slice(octets);
    }

    fn end(&mut self, message: &Ended, cut: Option<&&'static str>, to: &mut Vec<u8>) {
        match (&self, cut) {
            (Self::Raw, _) => {}
            (_, Some(_)) if message.octets == 0 => {}
            (_, Some(reason)) => to.extend(format!(" [{reason}]\n").bytes()),
            (_, None) => to.push(b'\n'),
        }
    }

    fn aside(&self) -> Option<&'static str> {
        matches!(self, Self::Text).then_some(" [to be continued]\n")
    }

    fn resume(&self, peer: u32, to: &mut Vec<u8>) {
        to.extend(format!("[PID {peer} continues] ").bytes());
    }

    fn torn(&self) -> &'static str {
        " [torn]\n"
    }
}

/// Messages, and the pipe that they are read from.
struct Bench {
    messages: Messages<Style>,
    reader: PipeReader,
    writer: PipeWriter,
    shown: Vec<u8>,
}

const fn at(millis: u64) -> Instant {
    Instant::from_micros(millis * 1000)
}

impl Bench {
    fn new(style: Style) -> Self {
        let (reader, writer) = io::pipe().unwrap();
        let sink = Sink::of(writer.as_fd()).unwrap();
        let messages = Messages::new(sink, style);
        Self { messages, reader, writer, shown: Vec::new() }
    }

    fn push(&mut self, peer: u32, octets: &[u8], last: bool, millis: u64) {
        let piece = Piece {
            peer,
            uid: 0,
            protocol: Protocol::Framed,
            dialect: None,
            first: false,
            last,
            length: None,
            offset: 0,
            micros: 0,
            octets,
        };
        self.messages.push_piece(&piece, at(millis));
    }

    /// Writes at this time; returns everything that has been written so far.
    fn shown(&mut self, millis: u64) -> String {
        self.messages.write(|_| false, at(millis)).unwrap();
        let mut octets = [0; 4096];
        while is_ready(self.reader.as_fd(), Interest::Readable) {
            let count = self.reader.read(&mut octets).unwrap();
            self.shown.extend_from_slice(&octets[..count]);
            self.messages.write(|_| false, at(millis)).unwrap();
        }
        String::from_utf8_lossy(&self.shown).into_owned()
    }

    fn answers(&mut self) -> Vec<u32> {
        std::iter::from_fn(|| self.messages.next_answer()).collect()
    }
}

#[test]
fn a_message_that_arrives_alone_is_shown_soon_and_answered_at_its_end_when_it_is_written() {
    let mut bench = Bench::new(Style::Text);
    bench.push(1, b"be", false, 0);
    assert_eq!((bench.shown(0).as_str(), bench.answers()), ("", vec![1]));
    assert_eq!(bench.messages.deadline(), Some(at(300)));
    assert_eq!(bench.shown(300), "be");
    assert_eq!(bench.messages.deadline(), None);
    bench.push(1, b"gun", true, 400);
    assert_eq!(bench.answers(), [0_u32; 0]);
    assert_eq!((bench.shown(400).as_str(), bench.answers()), ("begun\n", vec![1]));
}

#[test]
fn a_message_is_answered_when_its_last_octet_is_written_and_not_before() {
    let mut bench = Bench::new(Style::Whole);
    let octets = vec![b'x'; 100_000];
    bench.push(1, &octets, true, 0);
    bench.messages.write(|_| false, at(0)).unwrap();
    assert_eq!(bench.answers(), [0_u32; 0], "a pipe has no room for so much");
    assert_eq!(bench.shown(0).len(), octets.len() + 1);
    assert_eq!(bench.answers(), [1]);
}

#[test]
fn what_the_disk_does_not_confirm_is_not_confirmed() {
    let mut bench = Bench::new(Style::Text);
    // A pipe is not on a disk.
    bench.messages.sync = true;
    bench.push(1, b"text", true, 0);
    let unwritable = bench.messages.write(|_| false, at(0)).unwrap_err();
    assert_eq!((unwritable.peer, unwritable.is_passing), (Some(1), false));
    assert_eq!(bench.answers(), [0_u32; 0]);
}

#[test]
fn no_more_messages_are_written_than_were_asked_for() {
    for style in [Style::Text, Style::Whole] {
        let mut bench = Bench::new(style);
        bench.messages.left = Some(1);
        bench.push(1, b"one", true, 0);
        bench.push(2, b"two", true, 0);
        assert_eq!((bench.shown(0).as_str(), bench.answers()), ("one\n", vec![1]));
    }
}

#[test]
fn what_is_shown_is_ended_before_another_message_is_written() {
    let mut bench = Bench::new(Style::Text);
    bench.push(1, b"slow", false, 0);
    assert_eq!(bench.shown(300), "slow");
    bench.push(2, b"quick", true, 400);
    bench.push(1, b"er", true, 400);
    assert_eq!(bench.shown(400), "slower\nquick\n");
}

#[test]
fn the_rest_of_a_line_that_is_given_up_is_not_taken_for_the_next_message() {
    let mut bench = Bench::new(Style::Text);
    bench.push(1, b"half", false, 0);
    assert_eq!(bench.shown(300), "half");
    bench.push(2, b"kept", false, 301);
    assert_eq!(bench.messages.give_up(Some(1), false), [1]);
    bench.push(2, b" whole", true, 302);
    assert_eq!(bench.shown(302), "half [torn]\nkept whole\n");
    bench.push(3, b"a", true, 303);
    bench.push(4, b"b", false, 303);
    assert_eq!(bench.messages.give_up(None, true), [3, 4], "nobody is promised anything");
}

#[test]
fn whose_message_was_cut_is_answered_no_more() {
    let mut bench = Bench::new(Style::Text);
    bench.push(1, &vec![b'x'; KEPT_OCTETS_MAX], false, 0);
    bench.messages.cut(1, &"cut off", at(0));
    assert!(bench.shown(0).ends_with("x [cut off]\n"));
    assert_eq!(bench.answers(), [0_u32; 0]);
}

impl Bench {
    /// A bench that runs this command for each message.
    fn running(command: &str) -> Self {
        let Self { messages, reader, writer, shown } = Self::new(Style::Whole);
        let messages = messages.with_command(command.to_owned()).unwrap();
        Self { messages, reader, writer, shown }
    }

    /// Waits until the command has ended; returns the result.
    fn ended(&mut self) -> Result<Vec<u32>, Unwritable> {
        self.messages.write(|_| false, at(0))?;
        let mut ended = [PollFd::new(&self.messages, PollFlags::IN)];
        poll(&mut ended, None).unwrap();
        self.messages.write(|_| false, at(0))?;
        Ok(self.answers())
    }
}

#[test]
fn a_message_is_confirmed_if_its_command_succeeds() {
    let mut bench = Bench::running("test $MINITALK_PEER = 1 && grep -q '^text$'");
    bench.push(1, b"text", true, 0);
    assert_eq!(bench.ended().unwrap(), [1]);
    for (peer, text) in [(1, "another"), (2, "text")] {
        bench.push(peer, text.as_bytes(), true, 0);
        let unwritable = bench.ended().unwrap_err();
        assert_eq!((unwritable.peer, unwritable.is_passing), (Some(peer), true));
        assert_eq!(bench.answers(), [0_u32; 0], "it has failed");
    }
    let mut bench = Bench::running("true");
    bench.push(1, &vec![b'x'; 1 << 17], true, 0);
    assert_eq!(bench.ended().unwrap(), [1], "it need not read the message");
}

#[test]
fn no_command_is_run_for_a_message_that_was_cut_nor_for_more_than_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("messages");
    let mut bench = Bench::running(&format!("cat >> {}", path.display()));
    bench.messages.left = Some(1);
    bench.push(1, b"half", false, 0);
    bench.messages.cut(1, &"cut off", at(0));
    bench.push(2, b"whole", true, 0);
    bench.push(3, b"too many", true, 0);
    assert_eq!(bench.answers(), [1], "its half is kept");
    assert_eq!(bench.ended().unwrap(), [2]);
    assert_eq!(bench.messages.changed_interest(), None, "nothing is running");
    assert_eq!(fs::read_to_string(path).unwrap(), "whole\n");
}

#[test]
fn of_several_each_is_written_when_it_is_complete() {
    let mut bench = Bench::new(Style::Text);
    bench.push(1, b"slow", false, 0);
    bench.push(2, b"qui", false, 1);
    bench.push(2, b"ck", true, 2);
    assert_eq!(bench.shown(2), "quick\n");
    bench.push(1, b"er", true, 3);
    assert_eq!(bench.shown(3), "quick\nslower\n");
}

#[test]
fn one_that_is_shown_is_put_aside_for_one_that_is_complete_and_continued() {
    let mut bench = Bench::new(Style::Text);
    bench.push(1, b"slow", false, 0);
    assert_eq!(bench.shown(300), "slow");
    bench.push(2, b"quick", true, 400);
    assert_eq!(bench.shown(400), "slow", "it may go on");
    assert_eq!(bench.messages.deadline(), Some(at(1000)));
    assert_eq!(bench.shown(1000), "slow [to be continued]\nquick\n");
    bench.push(1, b"er", true, 2000);
    let all = "slow [to be continued]\nquick\n[PID 1 continues] er\n";
    assert_eq!(bench.shown(2000), all);
}

#[test]
fn however_busy_it_is_nobody_waits_for_it_for_long() {
    let mut bench = Bench::new(Style::Text);
    for millis in (0..=2400).step_by(100) {
        bench.push(1, b".", false, millis);
        if millis == 400 {
            bench.push(2, b"quick", true, millis);
        }
        let shown = bench.shown(millis);
        assert_eq!(shown.contains("quick"), millis >= 2400, "{millis}: {shown}");
    }
}

#[test]
fn a_slow_raw_message_is_given_up_when_others_have_waited() {
    let mut bench = Bench::new(Style::Raw);
    bench.push(1, b"slow", false, 0);
    assert_eq!(bench.shown(300), "slow");
    bench.push(2, b"quick", true, 400);
    assert_eq!(bench.messages.stalled(at(400)), None);
    assert_eq!(bench.messages.stalled(at(4399)), None);
    assert_eq!(bench.messages.stalled(at(4400)), Some(1));
    assert_eq!(bench.messages.cut(1, &"cut off", at(4400)), Some(4));
    assert_eq!(bench.shown(4400), "slowquick");
}

#[test]
fn nobody_gives_way_to_a_message_of_which_nothing_is_written() {
    let mut bench = Bench::new(Style::Raw);
    bench.push(1, b"slow", false, 0);
    assert_eq!((bench.shown(300).as_str(), bench.answers()), ("slow", vec![1]));
    // A stray signal in the end leads to an empty message.
    bench.push(2, b"", true, 400);
    assert_eq!(bench.answers(), [2]);
    assert_eq!(bench.messages.stalled(at(400)), None);
    assert_eq!(bench.messages.stalled(at(4400)), None);
    bench.push(1, b"er", true, 4400);
    assert_eq!((bench.shown(4400).as_str(), bench.answers()), ("slower", vec![1]));
}

#[test]
fn beyond_what_is_kept_the_sender_waits_and_then_has_its_turn() {
    let mut bench = Bench::new(Style::Text);
    bench.push(1, b"first", false, 0);
    assert_eq!(bench.shown(300), "first");
    bench.push(2, &vec![b'x'; KEPT_OCTETS_MAX], false, 301);
    assert_eq!(bench.answers(), [1]);
    assert_eq!(bench.shown(301), "first", "the first one may go on");
    bench.shown(1400);
    assert_eq!(bench.answers(), [2]);
}

#[test]
fn what_was_cut_is_marked_unless_nothing_of_it_came() {
    let mut bench = Bench::new(Style::Text);
    bench.push(1, b"ab", false, 0);
    bench.messages.cut(1, &"cut off", at(0));
    assert_eq!(bench.messages.cut(1, &"cut off", at(0)), None);
    assert_eq!(bench.shown(0), "ab [cut off]\n");
    bench.push(2, b"", false, 1);
    bench.messages.cut(2, &"cut off", at(1));
    assert_eq!(bench.shown(1), "ab [cut off]\n");
}

#[test]
fn what_nobody_waits_for_is_kept_in_small_numbers_only() {
    let mut bench = Bench::new(Style::Whole);
    // Fill the pipe.
    let filler = Sink::of(bench.writer.as_fd()).unwrap();
    let mut filler = filler;
    while filler.write(&[b'.'; 4096]).is_ok() {}
    for number in 0..1000 {
        bench.messages.push_line(format!("{number}\n").into_bytes(), at(number));
        bench.messages.write(|_| false, at(number)).unwrap();
    }
    bench.push(1, b"waits", true, 1000);
    let shown = bench.shown(1000);
    assert!(shown.lines().count() <= UNOWED_MAX + 3, "{}", shown.lines().count());
    assert!(shown.contains("\n999\n") && shown.contains("waits"), "{shown}");
    assert_eq!(bench.answers(), [1]);
}

#[test]
fn a_file_that_has_been_deleted_is_made_anew_and_what_was_lost_with_it_is_not_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("messages");
    let mut bench = Bench::new(Style::Text);
    bench.messages.sink = Sink::open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    bench.push(1, b"whole", true, 0);
    bench.shown(0);
    assert_eq!(
        (fs::read_to_string(&path).unwrap().as_str(), bench.answers()),
        ("whole\n", vec![1])
    );
    bench.push(1, b"half", false, 1000);
    bench.shown(1300);
    assert_eq!(bench.answers(), [1]);
    fs::remove_file(&path).unwrap();
    bench.push(1, b" of it", true, 1400);
    let unwritable = bench.messages.write(|_| false, at(1400)).unwrap_err();
    assert_eq!((unwritable.peer, bench.answers()), (Some(1), vec![]));
}
