//! Text in, octets out.

use std::fmt;

use brotli::enc::StandardAlloc;
use brotli::enc::encode::{
    BrotliEncoderOperation as Operation, BrotliEncoderParameter as Parameter,
    BrotliEncoderStateStruct,
};

use super::{WINDOW_BITS, varint};

/// The best quality that takes no more than a few milliseconds for a short text:
/// `docs/performance.md`, "Which library".
const QUALITY: u32 = 10;

/// Text in, octets out.
///
/// It takes about 4 MiB of memory.
pub struct Encoder {
    state: BrotliEncoderStateStruct<StandardAlloc>,
    octets: Vec<u8>,
    taken: usize,
}

impl Encoder {
    /// An encoder for a text of `length` bytes, if that is known.
    #[must_use]
    pub fn new(length: Option<u64>) -> Self {
        let mut state = BrotliEncoderStateStruct::new(StandardAlloc::default());
        state.set_parameter(Parameter::BROTLI_PARAM_QUALITY, QUALITY);
        state.set_parameter(Parameter::BROTLI_PARAM_LGWIN, WINDOW_BITS);
        // Do not buffer more than the window before producing output.
        state.set_parameter(Parameter::BROTLI_PARAM_LGBLOCK, WINDOW_BITS);
        Self { state, octets: varint::octets(length).collect(), taken: 0 }
    }

    /// Takes text. Its octets may be produced later.
    pub fn push(&mut self, text: &[u8]) {
        self.run(Operation::BROTLI_OPERATION_PROCESS, text);
    }

    /// Produces octets from which all text so far can be decoded.
    pub fn flush(&mut self) {
        self.run(Operation::BROTLI_OPERATION_FLUSH, &[]);
    }

    /// Ends the text.
    pub fn finish(&mut self) {
        self.run(Operation::BROTLI_OPERATION_FINISH, &[]);
    }

    /// The octets that have been produced and not been taken.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets[self.taken..]
    }

    /// Takes `count` of the octets, or as many as there are.
    pub fn take(&mut self, count: usize) -> &[u8] {
        let start = self.taken;
        self.taken = self.octets.len().min(start.saturating_add(count));
        &self.octets[start..self.taken]
    }

    fn run(&mut self, operation: Operation, text: &[u8]) {
        self.octets.drain(..self.taken);
        self.taken = 0;
        let (mut left, mut position) = (text.len(), 0);
        loop {
            let mut room = 0;
            // This fails only for calls in the wrong order, which do not happen: it is not called
            // after the end of the text.
            let is_running = self.state.compress_stream(
                operation,
                &mut left,
                text,
                &mut position,
                &mut room,
                &mut [],
                &mut 0,
                &mut None,
                &mut |_, _, _, _| {},
            );
            let mut all = 0;
            let octets = self.state.take_output(&mut all);
            let count = all.min(octets.len());
            self.octets.extend_from_slice(&octets[..count]);
            if !is_running || left == 0 && !self.state.has_more_output() {
                return;
            }
        }
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("octets", &self.octets().len()).finish_non_exhaustive()
    }
}
