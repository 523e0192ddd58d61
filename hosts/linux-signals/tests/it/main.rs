//! Real signals between real processes.

mod common;
mod death;
mod lifetime;
mod line;
mod sleep;
