//! Three nodes in a row, on wires that can be held and cut, with disks and a clock of their own.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one order among many")]

use std::collections::{BTreeMap, VecDeque};

use replica_lab::node::{
    Address, Config, DiskFact, DiskOrder, Input, Link, Node, Outbox, Output, Setup, Speeds,
};
use replica_lab::random::Random;
use replica_lab::resp::{Bytes, Protocol, Reply, ReplyDecoder, encode_command};
use replica_lab::time::{Duration, Instant};

/// A master, its replica, and the replica's replica.
pub(crate) struct World {
    sites: Vec<Site>,
    wires: Vec<Wire>,
    pub(crate) now: Instant,
    /// Where pieces of bytes end.
    random: Random,
    /// While true, what is sent waits.
    pub(crate) held: bool,
}

struct Site {
    node: Node,
    files: BTreeMap<String, Vec<u8>>,
    accepted: u64,
    /// What its clients have heard.
    heard: BTreeMap<Link, ReplyDecoder>,
}

/// A connection between two nodes: at each end a node, its name for the wire, and what is on its
/// way to the other end, with whether its sender wants a receipt.
struct Wire {
    ends: [(usize, Link); 2],
    flying: [VecDeque<(Bytes, bool)>; 2],
}

/// The first client of every node, and the second.
pub(crate) const CLIENTS: [Link; 2] = [Link::accepted(0), Link::accepted(1)];

/// What distinguishes one world from another.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) diskless: bool,
    pub(crate) load: &'static str,
    pub(crate) bytes_per_second: u64,
    pub(crate) send_window: u64,
}

impl World {
    /// Three nodes that have started, each but the first following the one before.
    pub(crate) fn new(plan: &Plan) -> Self {
        let now = Instant::from_millis(1_742_822_352_000);
        let mut world = Self {
            sites: Vec::new(),
            wires: Vec::new(),
            now,
            random: Random::new(plan.seed),
            held: false,
        };
        for place in 0..3 {
            let node = Node::new(setup(plan, place), now);
            let (files, heard) = Default::default();
            world.sites.push(Site { node, files, accepted: CLIENTS.len() as u64, heard });
            world.tell(place, Input::Started { dump: false });
            for link in CLIENTS {
                let (peer, local) = (Address::new("127.0.0.1", 4_000), address(place));
                world.tell(place, Input::Accepted { link, peer, local });
            }
        }
        world
    }

    /// A client says something; its replies so far.
    pub(crate) fn command(&mut self, place: usize, client: Link, args: &[&str]) -> Vec<Reply> {
        let mut bytes = Vec::new();
        encode_command(args, &mut bytes);
        self.tell(place, Input::Received { link: client, bytes: Bytes::from(bytes) });
        self.deliver();
        let decoder = self.sites[place].heard.entry(client).or_default();
        std::iter::from_fn(|| decoder.next_reply().expect("a node speaks RESP")).collect()
    }

    /// What the first client of a node hears, as text.
    pub(crate) fn ask(&mut self, place: usize, args: &[&str]) -> String {
        let reply = self.command(place, CLIENTS[0], args).pop();
        let bytes = reply.map(|reply| reply.to_bytes(Protocol::Resp2)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Lets time go by.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.deliver();
            let due = |site: &Site| site.node.deadline().map(|deadline| deadline.at);
            let next = (0..self.sites.len()).filter_map(|n| Some((due(&self.sites[n])?, n))).min();
            let Some((at, place)) = next.filter(|(at, _)| *at <= end) else { break };
            self.now = self.now.max(at);
            self.tell(place, Input::Woke);
        }
        self.now = end;
    }

    /// Every wire to or from a node breaks; what flies is lost.
    pub(crate) fn cut(&mut self, place: usize) {
        let (lost, kept) =
            self.wires.drain(..).partition(|wire| wire.ends.iter().any(|end| end.0 == place));
        self.wires = kept;
        let lost: Vec<Wire> = lost;
        for (place, link) in lost.into_iter().flat_map(|wire| wire.ends) {
            self.tell(place, Input::Closed { link });
        }
    }

    /// What is on its way arrives, in pieces, in the order in which it was sent.
    fn deliver(&mut self) {
        while !self.held {
            let full = |wire: &Wire| (0..2).find(|&side| !wire.flying[side].is_empty());
            let next = self.wires.iter().enumerate().find_map(|(n, wire)| Some((n, full(wire)?)));
            let Some((n, side)) = next else { return };
            let Some((bytes, paced)) = self.wires[n].flying[side].pop_front() else { return };
            let ((from, sender), (to, receiver)) =
                (self.wires[n].ends[side], self.wires[n].ends[1 - side]);
            let piece = self.random.below(bytes.len() as u64) as usize + 1;
            if piece < bytes.len() {
                self.wires[n].flying[side].push_front((Bytes::from(&bytes[piece..]), paced));
            }
            if paced {
                self.tell(from, Input::Sent { link: sender, bytes: piece as u64 });
            }
            self.tell(to, Input::Received { link: receiver, bytes: Bytes::from(&bytes[..piece]) });
        }
    }

    /// Tells a node a fact, and carries out what it orders.
    fn tell(&mut self, place: usize, fact: Input) {
        let mut facts = VecDeque::from([(place, fact)]);
        while let Some((place, fact)) = facts.pop_front() {
            let mut out = Outbox::default();
            self.sites[place].node.handle(self.now, fact, &mut out);
            for order in out.orders {
                self.carry_out(place, order, &mut facts);
            }
        }
    }

    fn carry_out(&mut self, place: usize, order: Output, facts: &mut VecDeque<(usize, Input)>) {
        match order {
            Output::Dial { link, to } => {
                let other = usize::from(to.port) - PORT;
                let site = &mut self.sites[other];
                let accepted = Link::accepted(site.accepted);
                site.accepted += 1;
                let ends = [(place, link), (other, accepted)];
                self.wires.push(Wire { ends, flying: Default::default() });
                let (peer, local) = (address(place), address(other));
                facts.push_back((other, Input::Accepted { link: accepted, peer, local }));
                facts.push_back((place, Input::Opened { link }));
            }
            Output::Send { link, bytes, carries } => {
                let wire = self.wires.iter_mut().find(|wire| wire.ends.contains(&(place, link)));
                match wire {
                    Some(wire) => {
                        let side = usize::from(wire.ends[1] == (place, link));
                        wire.flying[side].push_back((bytes, carries.is_paced()));
                    }
                    None => self.sites[place].heard.entry(link).or_default().feed(&bytes),
                }
            }
            Output::Close { link } => {
                let at = self.wires.iter().position(|wire| wire.ends.contains(&(place, link)));
                let Some(wire) = at.map(|at| self.wires.remove(at)) else { return };
                let (other, name) = wire.ends[usize::from(wire.ends[0] == (place, link))];
                facts.push_back((other, Input::Closed { link: name }));
            }
            Output::Disk { job, order } => {
                let result = self.sites[place].disk(order);
                facts.push_back((place, Input::Disk { job, result }));
            }
            _ => {}
        }
    }
}

impl Site {
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
                let start = (at as usize).min(kept.len());
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

fn setup(plan: &Plan, place: usize) -> Setup {
    let mut config = Config::default();
    let mut set = |name: &str, value: &str| {
        config.set_at_start(name, value).expect("the option exists");
    };
    set("port", &(PORT + place).to_string());
    set("repl-backlog-size", "16384");
    set("repl-diskless-sync", if plan.diskless { "yes" } else { "no" });
    set("repl-diskless-sync-delay", "0");
    set("repl-diskless-load", plan.load);
    set("save", "");
    if place > 0 {
        set("replicaof", &format!("127.0.0.1 {}", PORT + place - 1));
    }
    let speed = plan.bytes_per_second;
    let speeds = Speeds { snapshot_bytes_per_second: speed, load_bytes_per_second: speed };
    let seed = plan.seed ^ place as u64;
    let send_window = plan.send_window;
    Setup { config, seed, speeds, send_window, ..Setup::default() }
}

fn address(place: usize) -> Address {
    Address::new("127.0.0.1", (PORT + place) as u16)
}

const PORT: usize = 6_379;
