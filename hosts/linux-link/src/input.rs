//! The message: bytes, or what is read from a descriptor.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, IoSliceMut, Read, Stdin};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use minitalk_core::frame::PAYLOAD_OCTETS_MAX;
use minitalk_signals::{Interest, is_ready};
use rustix::fs::{FileType, fstat, seek};
use rustix::io::{Errno, ReadWriteFlags, preadv2, read};

/// A message to be sent.
///
/// It comes from bytes, from a descriptor (a file, a pipe, standard input) or from any reader.
/// Waiting for a descriptor includes waiting for signals, so that the server's are noticed. What a
/// descriptor has is sent at once.
#[derive(Debug)]
pub struct Input<'a> {
    ready: Cow<'a, [u8]>,
    taken: usize,
    source: Source<'a>,
    /// Bytes still to be read, if a length has been announced.
    announced: Option<u64>,
}

/// How much is read ahead before the length is announced: the length of a shorter message is known.
const AHEAD_BYTES: usize = 64 * 1024;

enum Source<'a> {
    Descriptor(Box<dyn AsFd + 'a>),
    Reader(Box<dyn Read + 'a>),
    Ended,
}

/// The next piece of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// [`Input::take`] has this many bytes; `last` if they end the message.
    Ready { bytes: usize, last: bool },
    /// Nothing yet: wait for the descriptor.
    Pending,
}

impl<'a> Input<'a> {
    /// What is read from a descriptor until its end, without a buffer of the standard library.
    pub fn descriptor(descriptor: impl AsFd + 'a) -> Self {
        Self::from_source(Source::Descriptor(Box::new(descriptor)))
    }

    /// What is read from a reader until its end. While it blocks, the server's signals are not
    /// noticed.
    pub fn reader(reader: impl Read + 'a) -> Self {
        Self::from_source(Source::Reader(Box::new(reader)))
    }

    const fn from_source(source: Source<'a>) -> Self {
        Self { ready: Cow::Borrowed(&[]), taken: 0, source, announced: None }
    }

    /// Total number of bytes, if it is known. Exactly this many will follow: of a file that grows,
    /// only what it had at this moment is sent; one that shrinks leads to an error.
    pub(crate) fn announce_length(&mut self) -> io::Result<Option<u64>> {
        while self.left() <= AHEAD_BYTES && self.read()? {}
        let ready = self.left() as u64;
        if matches!(self.source, Source::Ended) {
            return Ok(Some(ready));
        }
        // The size of a file that is not on a disk may be too small, but not too large in this
        // range.
        let in_file = self.left_in_file().filter(|_| self.left() > AHEAD_BYTES);
        self.announced = in_file;
        Ok(in_file.map(|in_file| ready.saturating_add(in_file)))
    }

    /// Total number of bytes, for display: a file may change while it is being sent. Bytes left in
    /// the file, if the source is a file and is not empty.
    #[must_use]
    pub fn length_hint(&self) -> Option<u64> {
        let ready = self.left() as u64;
        match self.source {
            Source::Ended => Some(ready),
            Source::Descriptor(_) | Source::Reader(_) => Some(ready + self.left_in_file()?),
        }
    }

    /// Bytes that are still in the file, if the source is one and is not empty.
    fn left_in_file(&self) -> Option<u64> {
        let Source::Descriptor(descriptor) = &self.source else { return None };
        let status = fstat(descriptor.as_fd()).ok()?;
        let is_file = FileType::from_raw_mode(status.st_mode).is_file();
        let length = u64::try_from(status.st_size).ok().filter(|_| is_file)?;
        let position = seek(descriptor.as_fd(), rustix::fs::SeekFrom::Current(0)).ok()?;
        Some(length.saturating_sub(position)).filter(|&left| left > 0)
    }

    /// Prepares the next piece, without waiting for it. What a slow source has is sent at once.
    pub(crate) fn next(&mut self) -> io::Result<Piece> {
        while self.left() <= PAYLOAD_OCTETS_MAX && self.read()? {}
        let ended = matches!(self.source, Source::Ended);
        Ok(match self.left() {
            0 if !ended => Piece::Pending,
            left => Piece::Ready {
                bytes: left.min(PAYLOAD_OCTETS_MAX),
                last: ended && left <= PAYLOAD_OCTETS_MAX,
            },
        })
    }

    /// Takes `bytes` bytes of the message.
    pub(crate) fn take(&mut self, bytes: usize) -> &[u8] {
        let start = self.taken;
        self.taken = (start + bytes).min(self.ready.len());
        &self.ready[start..self.taken]
    }

    /// Puts back what was taken: it comes next.
    pub(crate) fn put_back(&mut self, mut bytes: Vec<u8>) {
        bytes.extend_from_slice(self.all());
        self.ready = Cow::Owned(bytes);
        self.taken = 0;
    }

    /// The descriptor, to be watched while no piece is ready.
    pub(crate) fn watch(&self) -> Option<BorrowedFd<'_>> {
        match &self.source {
            Source::Descriptor(descriptor) => Some(descriptor.as_fd()),
            Source::Reader(_) | Source::Ended => None,
        }
    }

    /// Reads what is there. Returns whether the source has ended, so that [`all`](Self::all) is the
    /// whole message.
    pub(crate) fn is_complete(&mut self) -> io::Result<bool> {
        while self.read()? {}
        Ok(matches!(self.source, Source::Ended))
    }

    /// What has been read and not been taken.
    pub(crate) fn all(&self) -> &[u8] {
        &self.ready[self.taken..]
    }

    fn left(&self) -> usize {
        self.ready.len() - self.taken
    }

    /// Reads what the source has; false if it has nothing now, or has ended.
    fn read(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        let count = match &mut self.source {
            Source::Ended => return Ok(false),
            Source::Descriptor(descriptor) => {
                if !is_ready(descriptor.as_fd(), Interest::Readable) {
                    return Ok(false);
                }
                read_now(descriptor.as_fd(), &mut buffer).map_err(io::Error::from)
            }
            Source::Reader(reader) => reader.read(&mut buffer),
        };
        match count {
            Ok(0) if self.announced.is_some_and(|left| left > 0) => {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            Ok(0) => self.source = Source::Ended,
            Ok(count) => self.keep(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
        Ok(!matches!(self.source, Source::Ended))
    }

    /// Keeps what was read, up to the announced length.
    fn keep(&mut self, bytes: &[u8]) {
        let ready = self.ready.to_mut();
        ready.drain(..self.taken);
        self.taken = 0;
        let Some(left) = &mut self.announced else { return ready.extend_from_slice(bytes) };
        let count = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
        ready.extend_from_slice(&bytes[..count]);
        *left -= count as u64;
        if *left == 0 {
            self.source = Source::Ended;
        }
    }
}

/// Reads what is there. Another process may have read it since the descriptor was ready, so this
/// does not block, as far as the kernel can tell in advance.
fn read_now(descriptor: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize, Errno> {
    let at_position = u64::MAX;
    let mut buffers = [IoSliceMut::new(buffer)];
    match preadv2(descriptor, &mut buffers, at_position, ReadWriteFlags::NOWAIT) {
        // Terminals cannot tell, and a file would have to be read before it is ready. For those,
        // poll(2).
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::AGAIN | Errno::INVAL | Errno::SPIPE)
            if is_ready(descriptor, Interest::Readable) =>
        {
            read(descriptor, buffer)
        }
        result => result,
    }
}

impl<'a> From<&'a [u8]> for Input<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { ready: Cow::Borrowed(bytes), taken: 0, source: Source::Ended, announced: None }
    }
}

impl<'a> From<&'a str> for Input<'a> {
    fn from(text: &'a str) -> Self {
        text.as_bytes().into()
    }
}

impl From<Vec<u8>> for Input<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self { ready: Cow::Owned(bytes), taken: 0, source: Source::Ended, announced: None }
    }
}

impl From<Stdin> for Input<'_> {
    fn from(stdin: Stdin) -> Self {
        Self::descriptor(stdin)
    }
}

impl From<File> for Input<'_> {
    fn from(file: File) -> Self {
        Self::descriptor(file)
    }
}

impl From<OwnedFd> for Input<'_> {
    fn from(descriptor: OwnedFd) -> Self {
        Self::descriptor(descriptor)
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Descriptor(descriptor) => write!(f, "Descriptor({:?})", descriptor.as_fd()),
            Self::Reader(_) => f.write_str("Reader"),
            Self::Ended => f.write_str("Ended"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Shutdown;
    use std::os::unix::net::UnixStream;

    fn pieces(input: impl Into<Input<'static>>) -> Vec<(usize, bool)> {
        let mut input = input.into();
        let mut pieces = Vec::new();
        loop {
            match input.next().unwrap() {
                Piece::Ready { bytes, last } => {
                    assert_eq!(input.take(bytes).len(), bytes);
                    pieces.push((bytes, last));
                    if last {
                        return pieces;
                    }
                }
                Piece::Pending => panic!("all is there at once"),
            }
        }
    }

    #[test]
    fn the_last_piece_is_known_to_be_the_last() {
        const MAX: usize = PAYLOAD_OCTETS_MAX;
        assert_eq!(pieces(""), [(0, true)]);
        assert_eq!(pieces("abc"), [(3, true)]);
        let (one, two) = (vec![b'x'; MAX], vec![b'x'; MAX + 1]);
        assert_eq!(pieces(one), [(MAX, true)]);
        assert_eq!(pieces(two), [(MAX, false), (1, true)]);
        assert_eq!(pieces(Input::reader(io::repeat(7).take(300))), [(MAX, false), (44, true)]);
    }

    #[test]
    fn a_pipe_without_anything_is_waited_for_and_what_it_has_is_sent_at_once() {
        let (reader, mut writer) = UnixStream::pair().unwrap();
        let mut input = Input::descriptor(reader);
        assert_eq!(input.next().unwrap(), Piece::Pending);
        assert_eq!(input.length_hint(), None);
        io::Write::write_all(&mut writer, b"abc").unwrap();
        assert_eq!(input.next().unwrap(), Piece::Ready { bytes: 3, last: false });
        assert_eq!(input.take(3), b"abc");
        writer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(input.next().unwrap(), Piece::Ready { bytes: 0, last: true });
    }

    /// A file of this many bytes, to be read from its beginning.
    fn file(length: usize) -> File {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, &vec![b'x'; length]).unwrap();
        io::Seek::rewind(&mut file).unwrap();
        file
    }

    fn count(input: &mut Input<'_>) -> io::Result<usize> {
        let mut count = 0;
        loop {
            match input.next()? {
                Piece::Ready { bytes, last } => {
                    count += input.take(bytes).len();
                    if last {
                        return Ok(count);
                    }
                }
                Piece::Pending => panic!("a file is always ready"),
            }
        }
    }

    #[test]
    fn what_is_announced_of_a_file_is_sent_whatever_becomes_of_the_file() {
        for length in [0, 1, AHEAD_BYTES, 3 * AHEAD_BYTES, 3 * AHEAD_BYTES + 1] {
            for new_length in [0, length as u64, length as u64 + 9] {
                let file = file(length);
                let mut input = Input::descriptor(&file);
                assert_eq!(input.announce_length().unwrap(), Some(length as u64));
                file.set_len(new_length).unwrap();
                match count(&mut input) {
                    Ok(count) => assert_eq!(count, length),
                    Err(error) => assert!(
                        length > AHEAD_BYTES
                            && new_length == 0
                            && error.kind() == ErrorKind::UnexpectedEof,
                        "{length} {new_length} {error}"
                    ),
                }
            }
        }
    }

    /// A reader that returns these results, one after the other.
    struct Stutter(std::vec::IntoIter<Result<&'static [u8], ErrorKind>>);

    impl Read for Stutter {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let mut octets = self.0.next().unwrap_or(Ok(b""))?;
            octets.read(buffer)
        }
    }

    #[test]
    fn only_the_end_of_a_source_ends_the_message() {
        let results = vec![
            Err(ErrorKind::WouldBlock),
            Ok(b"abc".as_slice()),
            Err(ErrorKind::WouldBlock),
            Err(ErrorKind::Interrupted),
            Err(ErrorKind::ConnectionReset),
        ];
        let mut input = Input::reader(Stutter(results.into_iter()));
        assert_eq!(input.next().unwrap(), Piece::Pending);
        assert_eq!(input.next().unwrap(), Piece::Ready { bytes: 3, last: false });
        assert_eq!(input.next().unwrap_err().kind(), ErrorKind::ConnectionReset);
        let folder = File::open("/").unwrap();
        assert_eq!(Input::from(folder).next().unwrap_err().kind(), ErrorKind::IsADirectory);
    }

    #[test]
    fn what_is_given_back_comes_before_what_has_not_been_taken() {
        let mut input = Input::from("abcdef");
        input.take(4);
        input.put_back(b"abcd".to_vec());
        assert_eq!(input.all(), b"abcdef");
    }

    #[test]
    fn a_file_that_does_not_say_its_length_is_read_to_its_end() {
        let mut input = Input::from(File::open("/proc/self/status").unwrap());
        let length = input.announce_length().unwrap();
        assert!(length.is_some_and(|length| length > 100), "{length:?}");
        assert_eq!(count(&mut input).unwrap() as u64, length.unwrap());
    }

    #[test]
    fn the_length_of_a_file_is_what_is_left_of_it() {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, b"twelve bytes").unwrap();
        io::Seek::seek(&mut file, io::SeekFrom::Start(7)).unwrap();
        assert_eq!(Input::from(file).length_hint(), Some(5));
    }
}
