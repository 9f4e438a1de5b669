//! Whatever order ports deliver in, the trace is the same: the conductor's order is the only one.

use std::collections::{BTreeMap, VecDeque};

use replica_lab::lab::{
    Action, Ahead, Conductor, Done, Fact, Intervention, LocalLab, NodeId, Place, Script, Sent,
    Trial, Turn,
};
use replica_lab::node::Link;
use replica_lab::random::Random;
use replica_lab::resp::Bytes;
use replica_lab::time::{Duration, Instant};

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

/// A host whose ports deliver when chance wants, each in its own order, and whose nodes take turns
/// ahead of their time when chance wants.
struct Shuffled {
    conductor: Conductor,
    places: Vec<Place>,
    /// Turns that each node has been asked to take, and what came of those that it has taken.
    asked: Vec<VecDeque<(Turn, Option<Done>)>>,
    /// True if the last turn that a node has taken ended something.
    ended: Vec<bool>,
    /// How many turns were taken before their event.
    taken_ahead: u64,
    /// How many were not, because of the one before.
    not_taken: u64,
    /// What is in each port.
    ports: BTreeMap<(NodeId, Link), VecDeque<Bytes>>,
    /// What was sent to each end of a connection, and how much of it its node has been told of.
    told: BTreeMap<(NodeId, Link), (Vec<u8>, usize)>,
    chance: Random,
}

impl Shuffled {
    fn new(conductor: Conductor, seed: u64) -> Self {
        let plan = conductor.world().plan();
        let place = |index| Place::of(plan, index, plan.epoch);
        let places = (0..plan.nodes.len()).map(place).collect();
        let count = plan.nodes.len();
        Self {
            conductor,
            places,
            asked: vec![VecDeque::new(); count],
            ended: vec![false; count],
            taken_ahead: 0,
            not_taken: 0,
            ports: BTreeMap::new(),
            told: BTreeMap::new(),
            chance: Random::new(seed),
        }
    }

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

    /// Carries out the next event, on the way to `end`.
    fn step(&mut self, end: Instant) -> bool {
        if !self.conductor.begin() {
            return false;
        }
        self.carry_out(end);
        true
    }

    fn carry_out(&mut self, end: Instant) {
        let world = self.conductor.world();
        for index in self.places.len()..world.plan().nodes.len() {
            self.places.push(Place::of(world.plan(), index, world.now()));
            self.asked.push(VecDeque::new());
            self.ended.push(false);
        }
        while let Some(turn) = self.conductor.next_turn() {
            let node = turn.node;
            if self.asked[node.0].is_empty() {
                self.ended[node.0] = false;
                self.asked[node.0].push_back((turn, None));
            }
            for Ahead { turn, follows } in self.conductor.turns_ahead(end) {
                if !follows {
                    self.ended[turn.node.0] = false;
                }
                self.asked[turn.node.0].push_back((turn, None));
            }
            // Whoever is lucky goes on.
            for _ in 0..self.chance.below(12) {
                let lucky = self.chance.below(self.asked.len() as u64) as usize;
                self.go_on(NodeId(lucky));
            }
            while self.asked[node.0][0].1.is_none() {
                self.go_on(node);
            }
            let done = self.asked[node.0].pop_front().and_then(|(_, done)| done);
            let done = done.expect("it has been taken");
            if done.ends_something() {
                self.not_taken += self.asked[node.0].len() as u64;
                assert!(self.asked[node.0].iter().all(|(_, done)| done.is_none()));
                self.asked[node.0].clear();
            }
            self.conductor.absorb(node, done);
        }
        self.conductor.finish();
    }

    /// A node takes the next of the turns that it was asked to take, if it may.
    fn go_on(&mut self, node: NodeId) {
        let index = self.asked[node.0].iter().position(|(_, done)| done.is_none());
        let Some(index) = index.filter(|_| !self.ended[node.0]) else { return };
        let turn = self.asked[node.0][index].0.clone();
        let done = self.take(turn);
        self.ended[node.0] = done.ends_something();
        self.asked[node.0][index].1 = Some(done);
        self.taken_ahead += u64::from(index > 0);
    }

    fn take(&mut self, Turn { node, now, fact }: Turn) -> Done {
        for _ in 0..self.chance.below(3) {
            self.deliver_one();
        }
        if let Fact::Received { link } = &fact {
            while self.places[node.0].waiting(*link) == 0 {
                self.deliver_one();
            }
            self.is_told(node, *link);
        }
        let (done, sent) = self.places[node.0].take(now, fact);
        for Sent { link, bytes } in sent {
            if let Some(end) = self.conductor.world().peer(node, link) {
                self.told.entry(end).or_default().0.extend_from_slice(&bytes);
                self.ports.entry(end).or_default().push_back(bytes);
            }
        }
        done
    }

    /// Bytes delivered are a prefix of bytes sent, whatever is wrong with wires and nodes.
    fn is_told(&mut self, node: NodeId, link: Link) {
        let number = self.places[node.0].delivered(link) - self.places[node.0].waiting(link) as u64;
        let frame = self.places[node.0].frame(link, number).expect("a frame is there");
        let (sent, told) = self.told.get_mut(&(node, link)).expect("somebody has sent");
        let next = *told + frame.len();
        assert_eq!(sent.get(*told..next), Some(&*frame), "{node:?} is told what was not sent next");
        *told = next;
    }

    fn run(&mut self, span: Duration) {
        let end = self.conductor.world().now() + span;
        while self.conductor.next_at().is_some_and(|at| at <= end) && self.step(end) {}
        self.conductor.idle_until(end);
        assert!(!self.conductor.is_ahead(), "nobody is ahead of the end");
    }

    fn intervene(&mut self, act: Intervention) {
        self.conductor.begin_act(act);
        self.carry_out(Instant::EPOCH);
    }
}

#[test]
fn whatever_order_ports_deliver_in_the_trace_is_the_same() {
    let script = Script::parse(STORY).expect("the story is a script");
    let mut plain = LocalLab::from_script(&script);
    plain.run(Duration::from_secs(20));
    assert!(plain.conductor().cursor() > 150, "{}", plain.conductor().cursor());
    let mut taken_ahead = 0;
    for seed in 0..20 {
        let mut host = Shuffled::new(Conductor::from_script(&script), seed);
        host.run(Duration::from_secs(20));
        assert_eq!(host.conductor.world().hash(), plain.conductor().world().hash(), "seed {seed}");
        taken_ahead += host.taken_ahead;
    }
    assert!(taken_ahead > 100, "{taken_ahead}");
}

/// Random worlds and people: what a node does ahead of its time is what it would have done then.
#[test]
fn whoever_runs_ahead_the_trace_is_the_same() {
    let (mut taken_ahead, mut not_taken) = (0, 0);
    for seed in 0..200 {
        let text = Trial::random(seed).to_string();
        let script = Script::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let mut plain = LocalLab::from_plan(script.plan.clone());
        let mut host = Shuffled::new(Conductor::from_plan(script.plan), seed);
        for (_, action) in script.actions {
            match action {
                Action::Run(span) => {
                    plain.run(span);
                    host.run(span);
                }
                Action::Intervene(act) => {
                    plain.intervene(act.clone());
                    host.intervene(act);
                }
                Action::Idle(_) | Action::Step(_) | Action::Until(_) | Action::Show(_) => {
                    panic!("a trial only runs and acts")
                }
            }
            let (plain, host) = (plain.conductor().world(), host.conductor.world());
            assert_eq!((plain.count(), plain.hash()), (host.count(), host.hash()), "seed {seed}");
        }
        taken_ahead += host.taken_ahead;
        not_taken += host.not_taken;
    }
    assert!(taken_ahead > 1_000 && not_taken > 0, "{taken_ahead} {not_taken}");
}

/// The same, back and forth in a history that is known.
#[test]
fn going_back_and_ahead_again_is_the_same() {
    let script = Script::parse(STORY).expect("the story is a script");
    let mut host = Shuffled::new(Conductor::from_script(&script), 1);
    let first = host.places.clone();
    host.run(Duration::from_secs(20));
    let world = host.conductor.world();
    let (count, hash) = (world.count(), world.hash());
    host.conductor.forget_checkpoints();
    host.conductor.seek(0).expect("the beginning is behind");
    (host.places, host.ports, host.told) = (first, BTreeMap::new(), BTreeMap::new());
    let end = host.conductor.entries().last().expect("much has happened").at;
    while host.conductor.cursor() < count && host.step(end) {}
    assert_eq!(host.conductor.world().hash(), hash);
    assert!(!host.conductor.is_ahead());
}
