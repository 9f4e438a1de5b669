//! Whatever order ports deliver in, the trace is the same: the conductor's order is the only one.

use std::collections::{BTreeMap, VecDeque};

use replica_lab::lab::{Conductor, Fact, LocalLab, NodeId, Place, Script, Sent, Turn};
use replica_lab::node::Link;
use replica_lab::random::Random;
use replica_lab::resp::Bytes;

/// A full sync to two replicas, a chain, faults of every kind, and writes all the time.
const STORY: &str = "
node a --repl-diskless-sync-delay 0 snapshot=64KiB window=4KiB
node b --replicaof \"a 6379\" --repl-timeout 5
node c load=64KiB
wire latency=3ms bandwidth=128KiB
a> DEBUG POPULATE 100 key 200
c> REPLICAOF b 6379
run 1s
jitter a b 40ms
a> SET k 1
freeze b
run 2s
a> SET k 2
thaw b
half-open a b
run 3s
partition a | b
a> SET k 3
run 7s
heal
crash c
run 1s
restart c
c> REPLICAOF a 6379
run 5s
";

/// A host whose ports deliver when chance wants, each in its own order.
struct Shuffled {
    conductor: Conductor,
    places: Vec<Place>,
    /// What is in each port.
    ports: BTreeMap<(NodeId, Link), VecDeque<Bytes>>,
    chance: Random,
}

impl Shuffled {
    fn deliver_one(&mut self) {
        let full: Vec<_> =
            self.ports.iter().filter(|(_, port)| !port.is_empty()).map(|(&end, _)| end).collect();
        if full.is_empty() {
            return;
        }
        let (node, link) = full[self.chance.below(full.len() as u64) as usize];
        let frame = self.ports.get_mut(&(node, link)).and_then(VecDeque::pop_front);
        self.places[node.0].deliver(link, frame.expect("the port is not empty"));
    }

    fn step(&mut self) -> bool {
        if !self.conductor.begin() {
            return false;
        }
        while let Some(Turn { node, now, fact }) = self.conductor.next_turn() {
            for _ in 0..self.chance.below(3) {
                self.deliver_one();
            }
            if let Fact::Received { link } = &fact {
                while !self.places[node.0].has_frame(*link) {
                    self.deliver_one();
                }
            }
            let (done, sent) = self.places[node.0].take(now, fact);
            for Sent { link, bytes } in sent {
                if let Some(end) = self.conductor.world().peer(node, link) {
                    self.ports.entry(end).or_default().push_back(bytes);
                }
            }
            self.conductor.absorb(node, done);
        }
        self.conductor.finish();
        true
    }
}

#[test]
fn whatever_order_ports_deliver_in_the_trace_is_the_same() {
    let script = Script::parse(STORY).expect("the story is a script");
    let mut plain = LocalLab::from_script(&script);
    let end = plain.conductor().world().plan().epoch + replica_lab::time::Duration::from_secs(20);
    plain.run_until(end);
    let events = plain.conductor().cursor();
    assert!(events > 150, "{events}");
    for seed in 0..20 {
        let conductor = Conductor::from_script(&script);
        let plan = conductor.world().plan();
        let place = |index| Place::new(plan.setup(index), plan.epoch);
        let places = (0..plan.nodes.len()).map(place).collect();
        let chance = Random::new(seed);
        let mut host = Shuffled { conductor, places, ports: BTreeMap::new(), chance };
        while host.conductor.cursor() < events && host.step() {}
        assert_eq!(host.conductor.world().hash(), plain.conductor().world().hash(), "seed {seed}");
    }
}
