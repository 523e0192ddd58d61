//! Processes that compete for the processors, and how many do so anyway.

use std::fs;
use std::process::{Child, Command, Stdio};

/// Processes that only use up processor time. They end when this is dropped.
#[derive(Debug)]
pub struct BusyLoops(Vec<Child>);

impl BusyLoops {
    /// Starts `count` of them.
    ///
    /// # Panics
    ///
    /// If there is no shell.
    #[must_use]
    pub fn start(count: usize) -> Self {
        let spin = || {
            let mut shell = Command::new("sh");
            shell.args(["-c", "while :; do :; done"]).stdin(Stdio::null());
            shell.spawn().expect("sh can be run")
        };
        Self((0..count).map(|_| spin()).collect())
    }
}

impl Drop for BusyLoops {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // One that has already ended cannot be killed, and need not be.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Processor, kernel and load average: what the figures depend on.
#[must_use]
pub fn machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let models = cpuinfo.lines().filter(|line| line.starts_with("model name"));
    let model = models.clone().next().and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown");
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or("unknown");
    format!(
        "{} × {model}, Linux {}, load average {load} before the run",
        models.count(),
        kernel.trim()
    )
}
