//! Who owns a process, and which processes it may signal.

use nix::unistd::{Uid, User};

/// The user ids of a process (credentials(7)) that kill(2) looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// The user who started the process.
    pub real: u32,
    /// The user whose rights it has now.
    pub effective: u32,
    /// The user whose rights it can take back (set-user-ID programs).
    pub saved: u32,
}

impl Credentials {
    /// Whether the ids alone let a process signal one with the ids of `target`.
    ///
    /// kill(2): the real or effective user id of the sender must equal the real or saved user id of
    /// the target. For a process with [`CapabilitySet::has_kill`] the ids do not matter; see
    /// [`ProcessStatus::may_signal`](crate::process::ProcessStatus::may_signal).
    #[must_use]
    pub const fn may_signal(self, target: Self) -> bool {
        self.effective == target.saved
            || self.effective == target.real
            || self.real == target.saved
            || self.real == target.real
    }
}

/// A set of capabilities (capabilities(7)), as the hexadecimal masks in `/proc/PID/status`: bit
/// `n`, counted from the least significant one and from 0, stands for capability `n`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CapabilitySet(pub u64);

impl CapabilitySet {
    /// `CAP_KILL` of `linux/capability.h`.
    const KILL: u32 = 5;

    /// Whether it contains `CAP_KILL`: the right to signal processes of other users. User id 0 is
    /// neither sufficient nor necessary for it.
    #[must_use]
    pub const fn has_kill(self) -> bool {
        self.0 >> Self::KILL & 1 == 1
    }
}

/// The name of the user with the id `uid`, if it has one, for messages.
#[must_use]
pub fn user_name(uid: u32) -> Option<String> {
    Some(User::from_uid(Uid::from_raw(uid)).ok()??.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ids(real: u32, effective: u32, saved: u32) -> Credentials {
        Credentials { real, effective, saved }
    }

    #[test]
    fn permission_follows_kill_2() {
        let alice = ids(1, 1, 1);
        let bob = ids(2, 2, 2);
        let root = ids(0, 0, 0);
        let alice_as_bob = ids(1, 2, 2);
        let root_as_bob = ids(0, 2, 0);
        let rows = [
            (alice, alice, true),
            (alice, bob, false),
            // Whatever else root may do is due to a capability.
            (root, alice, false),
            (alice, root, false),
            (alice_as_bob, bob, true),
            (alice_as_bob, alice, true),
            // The effective id of the target does not count, its saved one does.
            (bob, alice_as_bob, true),
            (bob, ids(1, 2, 1), false),
            (root_as_bob, alice, false),
            (root_as_bob, bob, true),
        ];
        for (sender, target, expected) in rows {
            assert_eq!(sender.may_signal(target), expected, "{sender:?} to {target:?}");
        }
    }

    #[test]
    fn the_capability_to_signal_anybody_is_the_fifth_bit() {
        assert!(CapabilitySet(0x20).has_kill() && CapabilitySet(u64::MAX).has_kill());
        assert!(!CapabilitySet(!0x20).has_kill() && !CapabilitySet(0).has_kill());
    }

    #[test]
    fn users_have_names() {
        assert_eq!(user_name(0).as_deref(), Some("root"));
        assert_eq!(user_name(3_999_999_999), None);
    }
}
