//! The processor that this thread runs on, and how to move to another one.

use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

/// Moves this thread to another processor of those that it may run on; false if there is none.
///
/// Its affinity is the same afterwards. The current processor is excluded only for a moment,
/// because that alone makes the scheduler move the thread at once (`sched_setaffinity(2)`). But if
/// the cpuset gets more processors later, this thread will not use them.
pub(crate) fn leave() -> bool {
    let Ok(allowed) = sched_getaffinity(THIS_THREAD) else { return false };
    let mut others = allowed;
    if sched_getcpu().and_then(|here| others.unset(here)).is_err() || others == CpuSet::new() {
        return false;
    }
    go(&others, &allowed)
}

/// Moves this thread to the processor `there`, in the same way, if it may run there and is not
/// there yet.
pub(crate) fn join(there: usize) -> bool {
    let Ok(allowed) = sched_getaffinity(THIS_THREAD) else { return false };
    let mut only = CpuSet::new();
    let may_go = allowed.is_set(there) == Ok(true) && sched_getcpu() != Ok(there);
    may_go && only.set(there).is_ok() && go(&only, &allowed)
}

const THIS_THREAD: Pid = Pid::from_raw(0);

fn go(there: &CpuSet, allowed: &CpuSet) -> bool {
    let has_gone = sched_setaffinity(THIS_THREAD, there).is_ok();
    has_gone && sched_setaffinity(THIS_THREAD, allowed).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn allowed() -> CpuSet {
        sched_getaffinity(Pid::from_raw(0)).unwrap()
    }

    #[test]
    fn where_a_thread_may_run_is_the_same_after_it_has_left_a_processor() {
        let before = allowed();
        let has_choice = thread::available_parallelism().unwrap().get() > 1;
        assert!(leave() || !has_choice);
        assert_eq!(allowed(), before);
    }

    #[test]
    fn a_thread_goes_where_it_may_and_is_not_yet() {
        let go_around = || {
            let before = allowed();
            for there in (0..CpuSet::count()).filter(|&there| before.is_set(there).unwrap()) {
                assert!(join(there) || sched_getcpu() == Ok(there));
                assert_eq!(allowed(), before);
            }
            assert!(!join(CpuSet::count() - 1) || CpuSet::count() == 1);
            assert!(!join(usize::MAX));
        };
        thread::spawn(go_around).join().unwrap();
    }

    #[test]
    fn a_thread_that_has_one_processor_does_not_leave_it() {
        let pinned = || {
            let mut only = CpuSet::new();
            only.set(sched_getcpu().unwrap()).unwrap();
            sched_setaffinity(Pid::from_raw(0), &only).unwrap();
            assert!(!leave());
            assert_eq!(allowed(), only);
        };
        thread::spawn(pinned).join().unwrap();
    }
}
