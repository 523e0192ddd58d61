//! Walks through every state that a system can reach.

use std::collections::HashSet;
use std::fmt::{Debug, Write as _};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::string::String;
use std::vec::Vec;

/// A system that can be explored.
pub(super) trait System: Clone + Hash {
    /// One thing that can happen to it.
    type Step: Copy + Debug;

    /// Adds to `next` every state that one step leads to. The step that a fair scheduler takes,
    /// with no fault in it, comes first. Adds nothing if the system has ended.
    ///
    /// # Errors
    ///
    /// The promise that was broken.
    fn next(&self, next: &mut Vec<(Self, Self::Step)>) -> Result<(), String>;
}

/// What was found.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) states: usize,
    pub(super) ended: usize,
    pub(super) violation: Option<String>,
}

/// The number of steps within which a fair line without faults must bring any state to its end.
const STEPS_MAX: usize = 20_000;

/// Explores every state that can be reached from `first`, depth first.
///
/// Checks for each of them that the system ends if nothing goes wrong from then on.
pub(super) fn explore<S: System>(first: S) -> Report {
    // Only a 64-bit hash of each state is kept. Two states with the same hash would hide one of
    // them, with a probability of less than 10^-4 for the sizes explored here.
    let mut seen = Fingerprints::default();
    let mut ending = Fingerprints::default();
    let mut report = Report { states: 1, ended: 0, violation: None };
    let mut path = Vec::new();
    let mut next = Vec::new();
    seen.insert(fingerprint(&first));
    let mut stack = std::vec![(first, 0, None)];
    while let Some((system, depth, step)) = stack.pop() {
        path.truncate(depth);
        path.extend(step);
        let fair = match system.next(&mut next) {
            Ok(()) => must_end(&system, &mut ending, &mut path),
            Err(violation) => Err(violation),
        };
        if let Err(violation) = fair {
            report.violation = Some(told(&violation, &path));
            return report;
        }
        report.ended += usize::from(next.is_empty());
        for (state, step) in next.drain(..) {
            if seen.insert(fingerprint(&state)) {
                report.states += 1;
                stack.push((state, path.len(), Some(step)));
            }
        }
    }
    report
}

/// Lets the system run, fairly and without faults, until it ends or reaches a state that is known
/// to end. If it does not, the steps are added to `path`.
fn must_end<S: System>(
    system: &S,
    ending: &mut Fingerprints,
    path: &mut Vec<S::Step>,
) -> Result<(), String> {
    let mut system = system.clone();
    let depth = path.len();
    let mut next = Vec::new();
    let mut run = Fingerprints::default();
    for _ in 0..STEPS_MAX {
        let state = fingerprint(&system);
        if run.contains(&state) {
            break;
        }
        if !ending.insert(state) {
            path.truncate(depth);
            return Ok(());
        }
        run.insert(state);
        next.clear();
        system.next(&mut next)?;
        if next.is_empty() {
            path.truncate(depth);
            return Ok(());
        }
        let (state, step) = next.swap_remove(0);
        system = state;
        path.push(step);
    }
    Err("without further faults it does not end".into())
}

/// Describes a violation: what was broken, the path to it, and how it ended.
fn told(violation: &str, path: &[impl Debug]) -> String {
    let mut text = std::format!("{violation}, after {} steps", path.len());
    for (index, step) in path.iter().enumerate() {
        let step = std::format!("{step:?}");
        let is_fault = ["true", "Timer", "Storm", "Abort"].iter().any(|name| step.contains(name));
        if is_fault || index + 30 > path.len() {
            let _ = write!(text, "\n  {index}: {step}");
        }
    }
    text
}

type Fingerprints = HashSet<u64, BuildHasherDefault<AsItIs>>;

fn fingerprint(state: &impl Hash) -> u64 {
    let mut hasher = Folded(0x243F_6A88_85A3_08D3);
    state.hash(&mut hasher);
    hasher.finish()
}

/// A hasher for values that are fingerprints already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("fingerprints are numbers");
    }

    fn write_u64(&mut self, fingerprint: u64) {
        self.0 = fingerprint;
    }
}

/// Multiply and fold: much faster than the default hasher, which is designed to withstand attacks.
struct Folded(u64);

impl Folded {
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0x9E37_79B9_7F4A_7C15;
        let octets = product.to_le_bytes();
        let (low, high) = octets.split_at(8);
        let number = |half: &[u8]| u64::from_le_bytes(half.try_into().expect("eight octets"));
        let (low, high) = (number(low), number(high));
        self.0 = (high ^ low).rotate_left(23).wrapping_add(word);
    }
}

impl Hasher for Folded {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        let mut chunks = octets.chunks_exact(8);
        for chunk in &mut chunks {
            self.mix(u64::from_le_bytes(chunk.try_into().expect("eight octets")));
        }
        let mut last = [0; 8];
        last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
        self.mix(u64::from_le_bytes(last));
    }

    fn write_u8(&mut self, number: u8) {
        self.mix(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.mix(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.mix(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.mix(u64::try_from(number).unwrap_or(u64::MAX));
    }
}
