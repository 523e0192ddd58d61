//! A place for a value, empty or not.

/// Like `Option`, but all zeros when empty: a `static` initialised that way lies in `.bss` and
/// takes no room in flash. `Option` uses whatever value is impossible in `T`, which is rarely zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub(crate) enum Slot<T> {
    #[default]
    Empty,
    Full(T),
}

impl<T> Slot<T> {
    #[inline]
    pub(crate) const fn as_ref(&self) -> Option<&T> {
        match self {
            Self::Empty => None,
            Self::Full(value) => Some(value),
        }
    }

    #[inline]
    pub(crate) const fn as_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Empty => None,
            Self::Full(value) => Some(value),
        }
    }

    pub(crate) fn take(&mut self) -> Option<T> {
        match core::mem::take(self) {
            Self::Empty => None,
            Self::Full(value) => Some(value),
        }
    }
}
