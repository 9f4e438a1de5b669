//! A node without a world: a test tells it facts and looks at its orders.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one order among many")]
#![allow(dead_code, reason = "each test uses its own part")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use replica_lab::node::{Address, DiskFact, DiskOrder, Input, Link, Node, Outbox, Output, Setup};
use replica_lab::resp::{Bytes, encode_command};
use replica_lab::time::{Duration, Instant};

/// A node without a world, with a client that has set one key.
pub(crate) struct Bench {
    /// The node.
    pub(crate) node: Node,
    /// Its time.
    pub(crate) now: Instant,
}

/// The client.
pub(crate) const CLIENT: Link = Link::accepted(0);
/// Another.
pub(crate) const STRANGER: Link = Link::accepted(1);

impl Bench {
    /// A node that has started, and its client.
    pub(crate) fn new() -> Self {
        let mut bench = Self::started(Setup::default(), Instant::from_millis(1_742_822_352_000));
        bench.accept(CLIENT);
        bench.command(CLIENT, &["SET", "kept", "value"]);
        bench
    }

    /// A node that has started at `now`, empty and alone.
    pub(crate) fn started(mut setup: Setup, now: Instant) -> Self {
        let debug = setup.config.set_at_start("enable-debug-command", "yes");
        debug.expect("the option exists");
        let mut bench = Self { node: Node::new(setup, now), now };
        bench.tell(Input::Started { dump: false });
        bench
    }

    /// Tells a fact, and hears the orders.
    pub(crate) fn tell(&mut self, input: Input) -> Vec<Output> {
        let mut out = Outbox::default();
        self.now += Duration::from_micros(10);
        self.node.handle(self.now, input, &mut out);
        out.orders
    }

    /// Somebody connects.
    pub(crate) fn accept(&mut self, link: Link) {
        let (peer, local) = (Address::new("127.0.0.1", 4_000), Address::new("127.0.0.1", 6_379));
        self.tell(Input::Accepted { link, peer, local });
    }

    /// Bytes arrive.
    pub(crate) fn receive(&mut self, link: Link, bytes: &[u8]) -> Vec<Output> {
        self.tell(Input::Received { link, bytes: Bytes::from(bytes) })
    }

    /// A command arrives.
    pub(crate) fn command(&mut self, link: Link, args: &[&str]) -> Vec<Output> {
        let mut bytes = Vec::new();
        encode_command(args, &mut bytes);
        self.receive(link, &bytes)
    }

    /// Lets the node's own time come, some times.
    pub(crate) fn wake(&mut self, times: usize) {
        for _ in 0..times {
            let Some(deadline) = self.node.deadline() else { return };
            self.now = self.now.max(deadline.at);
            self.tell(Input::Woke);
        }
    }

    /// What the client hears.
    pub(crate) fn heard(&mut self, args: &[&str]) -> Vec<u8> {
        sent_to(CLIENT, &self.command(CLIENT, args))
    }

    /// Makes the node follow a master, and answers it up to where the snapshot begins.
    pub(crate) fn follow(&mut self) -> Link {
        let orders = self.command(CLIENT, &["REPLICAOF", "liar", "6379"]);
        let link = orders.iter().find_map(|order| match order {
            Output::Dial { link, .. } => Some(*link),
            _ => None,
        });
        let link = link.expect("the node dials its master");
        self.tell(Input::Opened { link });
        self.receive(link, b"+PONG\r\n");
        self.receive(link, b"+OK\r\n+OK\r\n");
        link
    }
}

/// What orders send on a link.
pub(crate) fn sent_to(wanted: Link, orders: &[Output]) -> Vec<u8> {
    let bytes = orders.iter().filter_map(|order| match order {
        Output::Send { link, bytes, .. } if *link == wanted => Some(bytes.to_vec()),
        _ => None,
    });
    bytes.flatten().collect()
}

/// A bench with a disk that works and wires that are fast.
pub(crate) struct World {
    /// The node.
    pub(crate) bench: Bench,
    /// Its files.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// The connections that it has closed.
    pub(crate) closed: BTreeSet<Link>,
    /// True once it has ended.
    pub(crate) exited: bool,
    /// While true, no snapshot leaves.
    pub(crate) stuck: bool,
}

impl World {
    /// A world around a bench.
    pub(crate) fn new(bench: Bench) -> Self {
        Self { bench, files: BTreeMap::new(), closed: BTreeSet::new(), exited: false, stuck: false }
    }

    /// Does what the node orders, and what it orders when it hears that it is done.
    pub(crate) fn carry_out(&mut self, orders: Vec<Output>) {
        let mut queue: VecDeque<Output> = orders.into();
        while let Some(order) = queue.pop_front() {
            let answer = match order {
                Output::Disk { job, order } => Input::Disk { job, result: self.disk(order) },
                Output::Send { link, bytes, carries } if carries.is_paced() && !self.stuck => {
                    Input::Sent { link, bytes: bytes.len() as u64 }
                }
                Output::Close { link } => {
                    self.closed.insert(link);
                    continue;
                }
                Output::Exit => {
                    self.exited = true;
                    return;
                }
                _ => continue,
            };
            queue.extend(self.bench.tell(answer));
        }
    }

    /// Lets the node's own time come, some times.
    pub(crate) fn wake(&mut self, times: usize) {
        for _ in 0..times {
            let Some(deadline) = self.bench.node.deadline().filter(|_| !self.exited) else {
                return;
            };
            self.bench.now = self.bench.now.max(deadline.at);
            let orders = self.bench.tell(Input::Woke);
            self.carry_out(orders);
        }
    }

    fn disk(&mut self, order: DiskOrder) -> Result<DiskFact, String> {
        const MISSING: &str = "No such file or directory";
        match order {
            DiskOrder::Append { file, bytes, create } => {
                let kept = self.files.entry(file).or_default();
                if create {
                    kept.clear();
                }
                kept.extend_from_slice(&bytes);
            }
            DiskOrder::Link { from, to } => {
                let kept = self.files.get(&from).cloned().ok_or(MISSING)?;
                self.files.insert(to, kept);
            }
            DiskOrder::Rename { from, to } => {
                let kept = self.files.remove(&from).ok_or(MISSING)?;
                self.files.insert(to, kept);
            }
            DiskOrder::Read { file, at, max } => {
                let kept = self.files.get(&file).ok_or(MISSING)?;
                let start = usize::try_from(at).unwrap_or(usize::MAX).min(kept.len());
                let end = start.saturating_add(max as usize).min(kept.len());
                return Ok(DiskFact::Read { bytes: Bytes::from(&kept[start..end]) });
            }
            DiskOrder::Remove { file } => {
                self.files.remove(&file);
            }
        }
        Ok(DiskFact::Done)
    }
}
