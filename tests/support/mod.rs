//! A node without a world: a test tells it facts and looks at its orders.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one order among many")]
#![allow(dead_code, reason = "each test uses its own part")]

use replica_lab::node::{Address, Input, Link, Node, Outbox, Output, Setup};
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
        let now = Instant::from_millis(1_742_822_352_000);
        let mut bench = Self { node: Node::new(Setup::default(), now), now };
        bench.tell(Input::Started);
        bench.accept(CLIENT);
        bench.command(CLIENT, &["SET", "kept", "value"]);
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
