//! Real signals between real processes.

mod common;
mod crowd;
mod death;
mod hosting;
mod lifetime;
mod line;
mod sleep;
