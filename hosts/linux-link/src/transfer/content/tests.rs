use super::*;
use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

/// What a receiver has got.
#[derive(Debug, Default)]
struct Receiver {
    octets: Vec<u8>,
    frames: usize,
}

impl Receiver {
    /// Takes what can be sent now. Returns whether that was the end.
    fn take(&mut self, content: &mut Content<'_>) -> bool {
        loop {
            match content.next().unwrap() {
                Piece::Pending => return false,
                Piece::Ready { bytes, last } => {
                    let octets = content.take(bytes).unwrap().to_vec();
                    assert!(octets.len() == bytes && bytes <= PAYLOAD_OCTETS_MAX);
                    self.octets.extend(octets);
                    self.frames += 1;
                    content.accept();
                    if last {
                        return true;
                    }
                }
            }
        }
    }

    /// The text so far, and whether it is known to be complete.
    fn text(&self) -> (Vec<u8>, bool) {
        let mut decoder = Decoder::new();
        let mut text = vec![0; 1 << 21];
        let step = decoder.decode(&self.octets, &mut text).unwrap();
        assert!(!step.has_more);
        text.truncate(step.bytes);
        (text, decoder.finish().is_ok())
    }
}

fn words(count: usize) -> Vec<u8> {
    (0..count).flat_map(|number| format!("{} words, ", number * number).into_bytes()).collect()
}

fn random(length: usize) -> Vec<u8> {
    let mut octets = vec![0; length];
    getrandom::fill(&mut octets).unwrap();
    octets
}

#[test]
fn text_is_coded_and_arrives_as_it_was() {
    for count in [20, 1_000, 50_000] {
        let text = words(count);
        let mut content = Content::new(text.as_slice().into(), true);
        let mut receiver = Receiver::default();
        assert!(receiver.take(&mut content));
        assert_eq!(content.coding(), coding::BROTLI);
        assert!(receiver.text() == (text.clone(), true));
        assert!(receiver.octets.len() < text.len(), "{}", receiver.octets.len());
        assert_eq!((content.accepted(), content.unheard()), (text.len() as u64, 0));
    }
}

#[test]
fn what_would_not_get_smaller_is_sent_as_it_is() {
    let compressible = words(1_000);
    for (text, may_be_coded) in [
        (Vec::new(), true),
        (b"short".to_vec(), true),
        (random(1_000), true),
        (random(1 << 16), true),
        (random(300_000), true),
        (compressible, false),
    ] {
        let mut content = Content::new(text.as_slice().into(), may_be_coded);
        let mut receiver = Receiver::default();
        assert!(receiver.take(&mut content));
        assert_eq!(content.coding(), 0);
        assert!(receiver.octets == text);
        assert_eq!(content.accepted(), text.len() as u64);
    }
}

#[test]
fn text_that_turns_into_noise_costs_a_few_octets_more() {
    let text = [words(8_000), random(500_000)].concat();
    let mut content = Content::new(text.as_slice().into(), true);
    let mut receiver = Receiver::default();
    assert!(receiver.take(&mut content));
    assert_eq!(content.coding(), coding::BROTLI);
    assert!(receiver.text() == (text.clone(), true));
    assert!(receiver.octets.len() < text.len() + 64, "{}", receiver.octets.len());
}

#[test]
fn what_comes_piece_by_piece_is_sent_piece_by_piece() {
    let (reader, mut writer) = UnixStream::pair().unwrap();
    let mut content = Content::new(Input::descriptor(reader), true);
    let (mut receiver, mut text) = (Receiver::default(), Vec::new());
    assert!(!receiver.take(&mut content));
    for number in 0..100 {
        let line = format!("Nov 27 09:41:{:02} host program[4242]: line {number}\n", number % 60);
        writer.write_all(line.as_bytes()).unwrap();
        text.extend(line.into_bytes());
        assert!(!receiver.take(&mut content));
        assert_eq!(receiver.text(), (text.clone(), false));
        assert_eq!(content.accepted(), text.len() as u64);
    }
    assert!(receiver.octets.len() * 2 < text.len(), "{}", receiver.octets.len());
    assert_eq!(receiver.frames, 100);
    writer.shutdown(Shutdown::Write).unwrap();
    assert!(receiver.take(&mut content));
    assert_eq!(receiver.text(), (text, true));
}

#[test]
fn if_the_coding_is_refused_all_of_the_text_is_sent_as_it_is() {
    let (reader, mut writer) = io::pipe().unwrap();
    let text = words(2_000);
    writer.write_all(&text).unwrap();
    let writer = std::thread::spawn(move || writer.write_all(&words(50_000)));
    for input in [Input::from(text.clone()), Input::descriptor(reader)] {
        let is_pipe = input.watch().is_some();
        let mut content = Content::new(input, true);
        let Piece::Ready { bytes, .. } = content.next().unwrap() else { panic!("it is there") };
        content.take(bytes).unwrap();
        assert!(content.go_back());
        assert_eq!((content.coding(), content.unheard(), content.accepted()), (0, 0, 0));
        let mut receiver = Receiver::default();
        while !receiver.take(&mut content) {}
        let expected = if is_pipe { [text.clone(), words(50_000)].concat() } else { text.clone() };
        assert!(receiver.octets == expected);
    }
    writer.join().unwrap().unwrap();
}

#[test]
fn once_a_frame_is_accepted_there_is_no_way_back() {
    let mut content = Content::new(Input::from(words(2_000)), true);
    let Piece::Ready { bytes, .. } = content.next().unwrap() else { panic!("it is there") };
    content.take(bytes).unwrap();
    content.accept();
    assert!(!content.go_back());
    assert_eq!(content.coding(), coding::BROTLI);
    assert!(!Content::new(Input::from(words(9)), false).go_back());
}

#[test]
fn what_is_kept_for_a_way_back_is_bounded() {
    let mut content = Content::new(Input::reader(io::repeat(b'x')), true);
    let Piece::Ready { bytes, last: false } = content.next().unwrap() else { panic!("endless") };
    content.take(bytes).unwrap();
    let Way::Coded(coded) = &content.way else { panic!("it shrinks") };
    assert!(coded.kept_bytes() <= 100_000, "{}", coded.kept_bytes());
}
