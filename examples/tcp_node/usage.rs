//! What the process has used of its machine, for INFO.

use memory_stats::memory_stats;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use replica_lab::node::Usage;
use replica_lab::time::{Duration, Instant};

/// Reads the meters, as often as Redis does.
pub(crate) struct Meter {
    /// Bytes of memory that the machine has.
    machine: u64,
    read_at: Instant,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self { machine: machine_memory(), read_at: Instant::EPOCH }
    }

    /// What has been used, unless it was read just now.
    pub(crate) fn read(&mut self, now: Instant) -> Option<Usage> {
        if now.since(self.read_at) < EVERY {
            return None;
        }
        self.read_at = now;
        let used = getrusage(UsageWho::RUSAGE_SELF).ok()?;
        Some(Usage {
            user: time(used.user_time()),
            system: time(used.system_time()),
            resident: memory_stats().map_or(0, |memory| memory.physical_mem as u64),
            machine: self.machine,
        })
    }
}

fn time(value: TimeVal) -> Duration {
    let micros = value.tv_sec() * 1_000_000 + value.tv_usec();
    Duration::from_micros(micros as u64)
}

#[cfg(target_os = "linux")]
fn machine_memory() -> u64 {
    nix::sys::sysinfo::sysinfo().map_or(0, |machine| machine.ram_total())
}

#[cfg(not(target_os = "linux"))]
const fn machine_memory() -> u64 {
    0
}

/// A tick of Redis' cron.
const EVERY: Duration = Duration::from_millis(100);
