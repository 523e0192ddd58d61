//! Memory for a decoder, up to a limit.

use std::cell::Cell;
use std::rc::Rc;

use brotli::enc::{Allocator, SliceWrapper, SliceWrapperMut};

/// The largest number of octets of memory that a decoder may take besides its own state.
///
/// The window takes 64 KiB of it, and the prefix codes of text a few KiB. A stream can ask for
/// three million octets of prefix codes; such a stream is [not
/// decoded](super::DecodeError::Memory).
pub const DECODER_OCTETS_MAX: usize = 1024 * 1024;

/// The remaining memory of one decoder. Its clones share it.
#[derive(Clone, Debug)]
pub(super) struct Budget(Rc<Cell<usize>>);

/// Allocated memory: everything that was asked for, or nothing.
#[derive(Debug)]
pub(super) struct Cells<T>(Box<[T]>);

impl Budget {
    pub(super) fn new(octets_max: usize) -> Self {
        Self(Rc::new(Cell::new(octets_max)))
    }
}

impl<T: Clone + Default> Allocator<T> for Budget {
    type AllocatedMemory = Cells<T>;

    /// Returns nothing if not enough is left; the decoder then reports that.
    fn alloc_cell(&mut self, length: usize) -> Cells<T> {
        let left = length.checked_mul(size_of::<T>());
        let Some(left) = left.and_then(|octets| self.0.get().checked_sub(octets)) else {
            return Cells::default();
        };
        self.0.set(left);
        Cells(vec![T::default(); length].into_boxed_slice())
    }

    fn free_cell(&mut self, cells: Cells<T>) {
        self.0.set(self.0.get() + size_of_val(&*cells.0));
    }
}

impl<T> Default for Cells<T> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<T> SliceWrapper<T> for Cells<T> {
    fn slice(&self) -> &[T] {
        &self.0
    }
}

impl<T> SliceWrapperMut<T> for Cells<T> {
    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}
