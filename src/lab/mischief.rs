//! What random people do in random worlds.

use std::fmt::Write as _;

use super::intervention::{Intervention, MachineFault, WireFault};
use crate::random::Random;
use crate::time::Duration;

/// The names of the nodes of a trial.
pub(super) const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// A source of worlds and acts.
#[derive(Debug)]
pub(super) struct Mischief {
    random: Random,
    seed: u64,
}

impl Mischief {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: Random::fork(seed, 1), seed }
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// A world, and whom each of its nodes follows.
    pub(super) fn world(&mut self) -> (String, Vec<usize>) {
        let count = 2 + self.below(3) as usize;
        let mut parents = vec![0];
        let mut text = format!("seed {}\n", self.seed);
        for (index, name) in NAMES.iter().enumerate().take(count) {
            if index > 0 {
                let parent = if self.one_in(3) { index - 1 } else { 0 };
                parents.push(parent);
            }
            // A String takes every write.
            let _ = write!(text, "node {name}");
            if index > 0 && !self.one_in(4) {
                let _ = write!(text, " --replicaof \"{} 6379\"", NAMES[parents[index]]);
            }
            let settings = self.settings();
            let _ = writeln!(text, "{settings}");
        }
        let latency = self.pick(&["1ms", "1ms", "5ms", "40ms", "300us"]);
        let bandwidth = self.pick(&["unlimited", "unlimited", "256KiB", "64KiB"]);
        let _ = writeln!(text, "wire latency={latency} bandwidth={bandwidth}");
        (text, parents)
    }

    fn settings(&mut self) -> String {
        let mut text = String::new();
        let mut say = |mischief: &mut Self, chances, choices: &[&str]| {
            if mischief.one_in(chances) {
                text.push(' ');
                text.push_str(mischief.pick(choices));
            }
        };
        say(self, 1, &["--repl-diskless-sync-delay 0", "--repl-diskless-sync-delay 1"]);
        say(self, 2, &["--repl-backlog-size 16kb"]);
        say(self, 2, &["--repl-diskless-sync no"]);
        say(self, 2, &["--repl-diskless-load swapdb", "--repl-diskless-load on-empty-db"]);
        say(self, 2, &["--repl-timeout 5", "--repl-timeout 10"]);
        say(self, 2, &["--repl-ping-replica-period 2", "--repl-ping-replica-period 5"]);
        say(self, 4, &["--repl-backlog-ttl 3"]);
        say(self, 4, &["--rdbcompression no", "--rdbchecksum no"]);
        say(self, 3, &["window=100", "window=1KiB"]);
        // Not slower: a machine that needs longer for its data than others wait never serves them.
        say(self, 4, &["snapshot=16KiB", "snapshot=64KiB"]);
        say(self, 4, &["load=32KiB", "load=128KiB"]);
        say(self, 4, &["disk=32KiB", "disk=128KiB"]);
        text
    }

    /// The next act, and how long it waits.
    pub(super) fn act(&mut self, nodes: usize) -> (Duration, Intervention) {
        let longest = [0, 20, 300, 2_000, 8_000][self.below(5) as usize];
        let wait = Duration::from_micros(self.below(longest * 1_000 + 1));
        let act = match self.below(10) {
            0..=4 => self.command(nodes),
            5..=7 => self.wire(nodes),
            _ => self.machine(nodes),
        };
        (wait, act)
    }

    fn node(&mut self, nodes: usize) -> String {
        NAMES[self.below(nodes as u64) as usize].to_owned()
    }

    fn pair(&mut self, nodes: usize) -> (String, String) {
        let a = self.below(nodes as u64) as usize;
        let b = (a + 1 + self.below(nodes as u64 - 1) as usize) % nodes;
        (NAMES[a].to_owned(), NAMES[b].to_owned())
    }

    fn wire(&mut self, nodes: usize) -> Intervention {
        let (from, to) = self.pair(nodes);
        let delay = Duration::from_millis([0, 3, 80, 700][self.below(4) as usize]);
        match self.below(10) {
            0 => Intervention::Cut { a: from, b: to },
            1 => Intervention::Reset { a: from, b: to },
            2 => Intervention::HalfOpen { a: from, b: to },
            3 => Intervention::Partition { left: vec![from], right: vec![to] },
            4 => Intervention::Wire { from, to, fault: WireFault::Stall },
            5 => Intervention::Wire { from, to, fault: WireFault::Delay(delay) },
            6 => Intervention::Wire { from, to, fault: WireFault::Jitter(delay) },
            7 => {
                let fault = WireFault::Bandwidth([0, 50, 1_000, 30_000][self.below(4) as usize]);
                Intervention::Wire { from, to, fault }
            }
            8 => Intervention::Heal { pair: Some((from, to)) },
            _ => Intervention::Heal { pair: None },
        }
    }

    fn machine(&mut self, nodes: usize) -> Intervention {
        let node = self.node(nodes);
        let fault = match self.below(14) {
            0 | 1 => MachineFault::Freeze,
            2 | 3 => MachineFault::Thaw,
            4 => MachineFault::Crash,
            5 => MachineFault::Restart { rdb: false },
            6 => MachineFault::Restart { rdb: true },
            7 => MachineFault::DiskSpeed([0, 100, 4_000][self.below(3) as usize]),
            8 => MachineFault::DiskFull,
            9 => MachineFault::DiskFails,
            10 => MachineFault::DiskWorks,
            11 => MachineFault::ForkFails,
            12 => MachineFault::ForkWorks,
            _ => {
                let line = match self.below(3) {
                    0 => "REPLICAOF NO ONE".to_owned(),
                    _ => format!("REPLICAOF {} 6379", self.node(nodes)),
                };
                return Intervention::Type { node, line };
            }
        };
        Intervention::Machine { node, fault }
    }

    fn command(&mut self, nodes: usize) -> Intervention {
        // Most of what people write they write to the master.
        let node = if self.one_in(4) { self.node(nodes) } else { NAMES[0].to_owned() };
        let key = self.pick(&["k", "l", "m", "n", "큰"]);
        let number = self.below(100);
        let line = match self.below(26) {
            0..=5 => format!("SET {key} {number}"),
            6 => format!("SET {key} {}", "x".repeat(1 + self.below(4_000) as usize)),
            7 => format!("SET {key} {number} PX {}", 1 + self.below(3_000)),
            8 => format!("INCRBY {key} {number}"),
            9 => format!("INCRBYFLOAT {key} 0.{number}"),
            10 => format!("APPEND {key} {number}"),
            11 => format!("DEL {key}"),
            12 => format!("PEXPIRE {key} {}", self.below(4_000)),
            13 => format!("GETEX {key} PERSIST"),
            14 => format!("SELECT {}", self.below(3)),
            15 => format!("RPUSH list:{key} {number} a b"),
            16 => format!("LPOP list:{key} 2"),
            17 => format!("SADD set:{key} {number} {key}"),
            18 => format!("SPOP set:{key}"),
            19 => format!("HSET hash:{key} f {number}"),
            20 => format!("ZADD zset:{key} {number} m{number}"),
            21 => self.pick(&["MULTI", "EXEC", "EXEC", "DISCARD"]).to_owned(),
            22 => self.pick(&["BGSAVE", "SAVE", "FLUSHALL", "RANDOMKEY"]).to_owned(),
            23 => format!("WAIT 1 {}", 1 + self.below(500)),
            24 => format!("RENAME {key} {}", self.pick(&["k", "l", "m"])),
            _ => format!("GET {key}"),
        };
        Intervention::Type { node, line }
    }
}
