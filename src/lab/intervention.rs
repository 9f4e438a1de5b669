//! Everything that a person may do to a world.
//!
//! The page sends it, a script parses to it, a link contains it, a rewind repeats it. The text form
//! is the one that people write: `master> SET k v`, `stall master replica1`.
//!
//! Replication runs on TCP, so the faults are those of TCP connections and of processes. Bytes may
//! come late, slowly, or no more; none is ever lost from the middle.
//!
//! ```text
//!     NODE> COMMAND                   types at a prompt; CONFIG SET configures
//!     cut A B                         resets every connection; none can be made
//!     reset A B                       resets every connection; they may be made again
//!     half-open A B                   A has lost its connections to B, and B has not heard of it
//!     partition A B | C D             nothing passes between the two sides, and nobody is told
//!     stall A B                       nothing that A sends reaches B; it is kept
//!     delay A B 200ms                 how long a byte takes from A to B
//!     jitter A B 50ms                 up to so much longer, by chance
//!     bandwidth A B 16KiB             how much passes from A to B in a second
//!     heal A B, heal                  ends all that is wrong between two nodes, or everywhere
//!     freeze A, thaw A                a process stands still (SIGSTOP), goes on (SIGCONT)
//!     crash A                         a process is killed (SIGKILL); its disk stays
//!     restart A, restart A without rdb
//!     disk A 64KiB | full | fails | works
//!     fork A fails | works
//!     add NAME SETTINGS, remove NAME
//! ```

use std::fmt;

use super::units;
use crate::time::Duration;

/// An act of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intervention {
    /// Types a line at a node's prompt.
    Type {
        /// The node's name.
        node: String,
        /// The line.
        line: String,
    },
    /// Resets every connection between two nodes and lets none be made.
    Cut {
        /// One node's name.
        a: String,
        /// The other's.
        b: String,
    },
    /// Resets every connection between two nodes.
    Reset {
        /// One node's name.
        a: String,
        /// The other's.
        b: String,
    },
    /// Lets one node lose its connections to another, which hears of it only when it sends.
    HalfOpen {
        /// The node that has lost them.
        a: String,
        /// The node that has not heard of it.
        b: String,
    },
    /// Lets nothing pass between two sides.
    Partition {
        /// The names of one side.
        left: Vec<String>,
        /// The names of the other.
        right: Vec<String>,
    },
    /// Changes what a wire does in one direction.
    Wire {
        /// The name of the node that sends.
        from: String,
        /// The name of the node that receives.
        to: String,
        /// What it does now.
        fault: WireFault,
    },
    /// Ends every fault between two nodes; without them, between all.
    Heal {
        /// The two nodes' names.
        pair: Option<(String, String)>,
    },
    /// Does something to a process or its machine.
    Machine {
        /// The node's name.
        node: String,
        /// What happens to it.
        fault: MachineFault,
    },
    /// Adds a node, which starts.
    Add {
        /// Its name.
        name: String,
        /// Its settings, as on a script's `node` line.
        settings: String,
    },
}

/// What a wire does in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireFault {
    /// Nothing arrives; it is kept.
    Stall,
    /// A byte takes so long.
    Delay(Duration),
    /// A byte takes up to so much longer, by chance.
    Jitter(Duration),
    /// So many bytes pass in a second; 0 is "any number".
    Bandwidth(u64),
}

/// What happens to a process or its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineFault {
    /// The process stands still.
    Freeze,
    /// The process goes on.
    Thaw,
    /// The process is killed.
    Crash,
    /// The process is killed, if it runs, and another starts.
    Restart {
        /// False if its RDB file is removed before.
        rdb: bool,
    },
    /// The disk moves so many bytes in a second; 0 is "any number".
    DiskSpeed(u64),
    /// The disk takes no more bytes.
    DiskFull,
    /// The disk does nothing that it is told.
    DiskFails,
    /// The disk works.
    DiskWorks,
    /// The process cannot fork, for want of memory.
    ForkFails,
    /// The process can fork.
    ForkWorks,
    /// The process is killed, and its machine is taken away.
    Remove,
}

impl Intervention {
    /// A person types a line.
    pub fn typed(node: &str, line: &str) -> Self {
        Self::Type { node: node.to_owned(), line: line.to_owned() }
    }

    /// The names of the nodes that it concerns.
    pub fn nodes(&self) -> Vec<&str> {
        match self {
            Self::Type { node, .. } | Self::Machine { node, .. } => vec![node],
            Self::Cut { a, b } | Self::Reset { a, b } | Self::HalfOpen { a, b } => vec![a, b],
            Self::Partition { left, right } => {
                left.iter().chain(right).map(String::as_str).collect()
            }
            Self::Wire { from, to, .. } => vec![from, to],
            Self::Heal { pair } => pair.iter().flat_map(|(a, b)| [&**a, &**b]).collect(),
            Self::Add { .. } => Vec::new(),
        }
    }
}

impl fmt::Display for Intervention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { node, line } => write!(f, "{node}> {line}"),
            Self::Cut { a, b } => write!(f, "cut {a} {b}"),
            Self::Reset { a, b } => write!(f, "reset {a} {b}"),
            Self::HalfOpen { a, b } => write!(f, "half-open {a} {b}"),
            Self::Partition { left, right } => {
                write!(f, "partition {} | {}", left.join(" "), right.join(" "))
            }
            Self::Wire { from, to, fault } => write_wire(f, from, to, *fault),
            Self::Heal { pair: Some((a, b)) } => write!(f, "heal {a} {b}"),
            Self::Heal { pair: None } => f.write_str("heal"),
            Self::Machine { node, fault } => write_machine(f, node, *fault),
            Self::Add { name, settings } if settings.is_empty() => write!(f, "add {name}"),
            Self::Add { name, settings } => write!(f, "add {name} {settings}"),
        }
    }
}

/// What is not wanted to begin with: a page fetches it when it is called.
#[inline(never)]
fn write_wire(f: &mut fmt::Formatter<'_>, from: &str, to: &str, fault: WireFault) -> fmt::Result {
    match fault {
        WireFault::Stall => write!(f, "stall {from} {to}"),
        WireFault::Delay(by) => write!(f, "delay {from} {to} {}", units::span(by)),
        WireFault::Jitter(by) => write!(f, "jitter {from} {to} {}", units::span(by)),
        WireFault::Bandwidth(rate) => write!(f, "bandwidth {from} {to} {}", units::amount(rate)),
    }
}

#[inline(never)]
fn write_machine(f: &mut fmt::Formatter<'_>, node: &str, fault: MachineFault) -> fmt::Result {
    match fault {
        MachineFault::Freeze => write!(f, "freeze {node}"),
        MachineFault::Thaw => write!(f, "thaw {node}"),
        MachineFault::Crash => write!(f, "crash {node}"),
        MachineFault::Restart { rdb: true } => write!(f, "restart {node}"),
        MachineFault::Restart { rdb: false } => write!(f, "restart {node} without rdb"),
        MachineFault::DiskSpeed(rate) => write!(f, "disk {node} {}", units::amount(rate)),
        MachineFault::DiskFull => write!(f, "disk {node} full"),
        MachineFault::DiskFails => write!(f, "disk {node} fails"),
        MachineFault::DiskWorks => write!(f, "disk {node} works"),
        MachineFault::ForkFails => write!(f, "fork {node} fails"),
        MachineFault::ForkWorks => write!(f, "fork {node} works"),
        MachineFault::Remove => write!(f, "remove {node}"),
    }
}
