//! Everything that is `unsafe`: the handler, its installation, and a few system calls.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::ptr;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::time::TimeSpec;

use crate::arrival::Caught;
use crate::os_error::OsError;
use crate::queue::QUEUE;
use crate::watch::Interest;

/// How long to sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sleep {
    /// Until something happens.
    Unlimited,
    /// At most this many microseconds; 0 only checks.
    Micros(u64),
}

/// Bit `n` is set if descriptor `n`, from 0 to 2, was closed when the program was started.
static CLOSED_AT_START: AtomicU8 = AtomicU8::new(0);

/// Run by the C library before `main`, and so before the standard library opens what is closed.
#[used]
// SAFETY: a function in this section is called once, when the C library is ready for system calls.
// This one makes three of them and modifies an atomic; it needs nothing from the standard library's
// runtime.
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = look_at_descriptors;

extern "C" fn look_at_descriptors() {
    for fd in 0..3 {
        // SAFETY: F_GETFD takes no further argument, and changes nothing.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } == -1 {
            CLOSED_AT_START.fetch_or(1 << fd, Relaxed);
        }
    }
}

/// Which of the descriptors 0 to 2 were closed when the program was started, as a bit mask.
pub(crate) fn closed_at_start() -> u8 {
    CLOSED_AT_START.load(Relaxed)
}

/// Ignores `SIGXFSZ` from now on.
pub(crate) fn ignore_file_size_signal() -> Result<(), OsError> {
    let ignored = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: no handler is installed, so none can do anything that a handler must not.
    unsafe { sigaction(Signal::SIGXFSZ, &ignored)? };
    Ok(())
}

/// No waiting; a constant for the loop that polls.
static NO_TIME: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 0 };

/// Takes one pending signal of `set`, which is blocked, if there is one (sigtimedwait(2)).
#[inline]
pub(crate) fn take(set: &SigSet) -> Result<Option<Caught>, OsError> {
    take_within(set, Some(&NO_TIME))
}

/// Sleeps until a signal of `set`, which is blocked, is pending, and takes it.
///
/// `Ok(None)`: the time is over, or a handler installed by someone else ran.
pub(crate) fn take_asleep(set: &SigSet, sleep: Sleep) -> Result<Option<Caught>, OsError> {
    match sleep {
        Sleep::Unlimited => take_within(set, None),
        Sleep::Micros(micros) => take_within(set, Some(&timespec(micros))),
    }
}

#[inline]
fn take_within(set: &SigSet, timeout: Option<&libc::timespec>) -> Result<Option<Caught>, OsError> {
    let mut info = MaybeUninit::<libc::siginfo_t>::uninit();
    let timeout = timeout.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: `set` is an initialized signal set, `info` has room for one `siginfo_t`, and
    // `timeout` is null (no limit) or points to a value borrowed for the call.
    let number = unsafe { libc::sigtimedwait(set.as_ref(), info.as_mut_ptr(), timeout) };
    if number > 0 {
        // SAFETY: a positive result means that the call has filled in `info`.
        let info = unsafe { info.assume_init_ref() };
        return Ok(Some(caught(number, info)));
    }
    // Most polls end here, so the error number is compared without a conversion.
    match Errno::last_raw() {
        libc::EAGAIN | libc::EINTR => Ok(None),
        errno => Err(Errno::from_raw(errno).into()),
    }
}

/// Whether the descriptor with this number is ready for `interest` now (poll(2)); false if there is
/// no such descriptor.
pub(crate) fn is_ready(fd: RawFd, interest: Interest) -> bool {
    let events = match interest {
        Interest::Readable => libc::POLLIN,
        Interest::Writable => libc::POLLOUT,
    };
    poll(Some((fd, events)), Some(&NO_TIME), None).is_ok_and(|ready| ready)
}

/// Sleeps until `fd` is readable or a signal that `mask` does not block has run its handler.
///
/// The mask and the sleep change in one step (ppoll(2)): a signal that is already pending ends the
/// sleep at once.
pub(crate) fn poll_asleep(
    fd: Option<BorrowedFd<'_>>,
    sleep: Sleep,
    mask: &SigSet,
) -> Result<(), OsError> {
    let fd = fd.map(|fd| (fd.as_raw_fd(), libc::POLLIN));
    match sleep {
        Sleep::Unlimited => poll(fd, None, Some(mask))?,
        Sleep::Micros(micros) => poll(fd, Some(&timespec(micros)), Some(mask))?,
    };
    Ok(())
}

fn poll(
    fd: Option<(RawFd, i16)>,
    timeout: Option<&libc::timespec>,
    mask: Option<&SigSet>,
) -> Result<bool, OsError> {
    // poll(2) ignores a negative number.
    let (fd, events) = fd.unwrap_or((-1, 0));
    let mut watched = libc::pollfd { fd, events, revents: 0 };
    let timeout = timeout.map_or(ptr::null(), ptr::from_ref);
    let mask = mask.map_or(ptr::null(), |mask| ptr::from_ref(mask.as_ref()));
    // SAFETY: `watched` is one `pollfd`, borrowed exclusively for the call; `timeout` (null: no
    // limit) and `mask` (null: no change) are borrowed for it as well.
    let ready = unsafe { libc::ppoll(&raw mut watched, 1, timeout, mask) };
    if ready >= 0 {
        return Ok(ready > 0 && watched.revents & libc::POLLNVAL == 0);
    }
    match Errno::last() {
        Errno::EINTR | Errno::EAGAIN => Ok(false),
        errno => Err(errno.into()),
    }
}

/// Asks whether this process may signal the one that `pidfd` holds: signal 0
/// (`pidfd_send_signal(2)`).
pub(crate) fn check_pidfd(pidfd: BorrowedFd<'_>) -> Result<(), rustix::io::Errno> {
    send_by_pidfd(pidfd, 0, 0)
}

/// Sends a signal to the first thread of the process that `pidfd` holds, and to no other
/// (`pidfd_send_signal(2)`); `EINVAL` before Linux 6.9.
pub(crate) fn send_to_first_thread(
    pidfd: BorrowedFd<'_>,
    signal: Signal,
) -> Result<(), rustix::io::Errno> {
    send_by_pidfd(pidfd, signal as c_int, libc::PIDFD_SIGNAL_THREAD)
}

/// Asks the same for its first thread alone: `EINVAL` before Linux 6.9.
pub(crate) fn check_first_thread(pidfd: BorrowedFd<'_>) -> Result<(), rustix::io::Errno> {
    send_by_pidfd(pidfd, 0, libc::PIDFD_SIGNAL_THREAD)
}

#[inline]
fn send_by_pidfd(
    pidfd: BorrowedFd<'_>,
    signal: c_int,
    flags: libc::c_uint,
) -> Result<(), rustix::io::Errno> {
    let info = ptr::null::<libc::siginfo_t>();
    // SAFETY: no memory is passed: two numbers, a null siginfo, and flags.
    let result = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, info, flags)
    };
    if result == 0 { Ok(()) } else { Err(rustix::io::Errno::from_raw_os_error(Errno::last_raw())) }
}

fn timespec(micros: u64) -> libc::timespec {
    // A day is practically unlimited, and fits into every `time_t`.
    const MICROS_MAX: u64 = 86_400_000_000;
    *TimeSpec::from(Duration::from_micros(micros.min(MICROS_MAX))).as_ref()
}

/// Installs the handler of this module for `signal`, and returns the action from before.
pub(crate) fn catch(signal: Signal) -> Result<SigAction, OsError> {
    // A full mask: nothing interrupts the handler, and one `ppoll` runs it once.
    let handler = SigHandler::SigAction(on_signal);
    set_action(signal, &SigAction::new(handler, SaFlags::SA_SIGINFO, SigSet::all()))
}

/// Ignores `signal`, which also discards it if it is pending.
pub(crate) fn ignore(signal: Signal) -> Result<(), OsError> {
    let action = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    set_action(signal, &action).map(drop)
}

/// Restores the action for `signal` that [`catch`] returned.
pub(crate) fn restore(signal: Signal, action: &SigAction) -> Result<(), OsError> {
    set_action(signal, action).map(drop)
}

fn set_action(signal: Signal, action: &SigAction) -> Result<SigAction, OsError> {
    // SAFETY: `action` is `on_signal`, which does only what a handler may, or no handler at all, or
    // what was installed before; the last is as sound as it was when its owner installed it.
    Ok(unsafe { sigaction(signal, action) }?)
}

/// Whether `signal` is ignored now.
pub(crate) fn is_ignored(signal: Signal) -> Result<bool, OsError> {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: the new action is null, so nothing is changed; `action` has room for the current one.
    let result = unsafe { libc::sigaction(signal as c_int, ptr::null(), action.as_mut_ptr()) };
    Errno::result(result)?;
    // SAFETY: the call succeeded, so it has filled in `action`.
    let action = unsafe { action.assume_init_ref() };
    Ok(action.sa_sigaction == libc::SIG_IGN)
}

/// The handler. It runs only while [`poll_asleep`] sleeps and while the line is
/// [catching](crate::Line::catching), because its signals are blocked everywhere else; but nothing
/// breaks if it runs elsewhere, or in two threads at once.
extern "C" fn on_signal(number: c_int, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    let _errno = KeepErrno::new();
    // SAFETY: the kernel calls a handler installed with `SA_SIGINFO` with a valid `siginfo_t`,
    // which nothing else uses until the handler returns.
    let info = unsafe { &*info };
    QUEUE.record(caught(number, info));
}

/// The part of a `siginfo_t` that matters.
#[inline]
fn caught(number: c_int, info: &libc::siginfo_t) -> Caught {
    // SAFETY: the fields are part of a union of plain integers, all of which the kernel has filled
    // in or zeroed. Whether they mean what their names say depends on `si_code`, which
    // `Caught::meaning` checks.
    let (pid, uid) = unsafe { (info.si_pid(), info.si_uid()) };
    Caught { number, code: info.si_code, pid, uid }
}

/// Restores errno when dropped: the interrupted code may be about to read it.
struct KeepErrno(c_int);

impl KeepErrno {
    fn new() -> Self {
        Self(Errno::last_raw())
    }
}

impl Drop for KeepErrno {
    fn drop(&mut self) {
        Errno::set_raw(self.0);
    }
}
