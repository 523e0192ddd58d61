//! How many threads want a processor, and how long this one has waited for one.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

/// A reusable look at how many threads of the machine are running or runnable at this moment
/// (`/proc/loadavg`).
#[derive(Debug)]
pub(crate) struct Load(Option<File>);

impl Load {
    pub(crate) fn open() -> Self {
        Self(File::open("/proc/loadavg").ok())
    }

    /// How many threads want a processor now, this one included; 1 if that is not known.
    pub(crate) fn runnable(&self) -> usize {
        let mut text = [0; 64];
        let len = self.0.as_ref().and_then(|file| file.read_at(&mut text, 0).ok());
        len.and_then(|len| runnable(text.get(..len)?)).unwrap_or(1)
    }
}

/// A reusable look at how long the thread that opened it was runnable without a processor
/// (`/proc/thread-self/schedstat`, second field).
#[derive(Debug)]
pub(crate) struct Delay(Option<File>);

impl Delay {
    pub(crate) fn open() -> Self {
        Self(File::open("/proc/thread-self/schedstat").ok())
    }

    /// The time since the thread began; `None` if the kernel does not count it
    /// (`CONFIG_SCHED_INFO`).
    pub(crate) fn total(&self) -> Option<Duration> {
        let mut text = [0; 64];
        let len = self.0.as_ref()?.read_at(&mut text, 0).ok()?;
        let text = std::str::from_utf8(text.get(..len)?).ok()?;
        text.split_ascii_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
    }
}

/// The first number of the fourth field: `0.20 0.18 0.12 1/80 11206`.
fn runnable(text: &[u8]) -> Option<usize> {
    let field = std::str::from_utf8(text).ok()?.split_ascii_whitespace().nth(3)?;
    field.split_once('/')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_counted() {
        assert!(Load::open().runnable() >= 1);
        assert_eq!(Load(None).runnable(), 1);
    }

    #[test]
    fn a_delay_never_shrinks() {
        let delay = Delay::open();
        let before = delay.total();
        std::thread::yield_now();
        assert!(delay.total() >= before);
        assert_eq!(Delay(None).total(), None);
    }

    #[test]
    fn the_number_is_the_one_before_the_slash() {
        assert_eq!(runnable(b"0.20 0.18 0.12 12/80 11206\n"), Some(12));
        assert_eq!(runnable(b"0.20 0.18"), None);
    }
}
