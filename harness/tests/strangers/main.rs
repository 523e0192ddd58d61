//! Among strangers: what other users, other processes and an unusual machine do to the two
//! programs, and what these do to them. `docs/security.md` says who may do what to whom.
//!
//! What a machine does not allow (namespaces, another user) is reported and skipped.

mod common;
mod delays;
mod descriptors;
mod files;
mod floods;
mod innocents;
mod kernel;
mod names;
mod slow;
mod terminals;
