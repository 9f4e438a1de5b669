//! Which turns may be taken before their time, because nothing can change them any more.
//!
//! Whatever a node does reaches another only over a wire, and the shortest wire has a latency. So
//! what is on the agenda before *now* plus that latency, for a node that has no turn before, will
//! happen just so; a host that has a processor for each node lets the node begin at once:
//!
//! ```text
//!     now              a ■■■■■■■■■■■■■■■   a turn that is under way, and what a hears right after
//!     now +  20 µs        b ■■■■■■         ahead: nothing of a reaches b before now + 100 µs
//!     now +  30 µs                         another of a: it depends on what comes of the first
//!     now + 100 µs  ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─  the horizon
//! ```
//!
//! What a node will hear at the very instant of its turn is on the agenda before anything that
//! comes of the turn: it *follows*, unless the turn ends something
//! ([`Done::ends_something`](super::turn::Done::ends_something)): a host that sees this takes none
//! of those that follow, and is asked anew.
//!
//! What comes of a turn is taken in when its event has come, so the history is the same.

use std::collections::VecDeque;

use super::network::{ConnectionId, Side};
use super::turn::{Fact, NodeId, Turn};
use super::world::{Event, World};
use crate::time::Instant;

/// A turn that may be taken ahead of its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Ahead {
    /// The turn.
    pub turn: Turn,
    /// True if the node has a turn before it: if that ends something, this is not to be taken.
    pub follows: bool,
}

/// What a node does before an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Turns up to this instant, which are known.
    Known(Instant),
    /// Something that is not.
    Unknown,
}

/// The nodes that an event concerns, each with what it will be told, if that is known.
type Concerned = [Option<(NodeId, Option<Fact>)>; 2];

impl World {
    /// The turns of later events, before `end`, that may begin now. `begun` are those that have, in
    /// their order.
    pub(super) fn turns_ahead(&self, end: Instant, begun: &VecDeque<Turn>) -> Vec<Ahead> {
        let horizon = end.min(self.now + self.network.shortest());
        let mut begun: Vec<&Turn> = begun.iter().collect();
        let mut before: Vec<Option<Before>> = vec![None; self.machines.len()];
        self.under_way.iter().for_each(|node| before[node.0] = Some(Before::Known(self.now)));
        for turn in &self.turns {
            let known = take_first(&mut begun, turn.node).is_some();
            let now = if known { Before::Known(self.now) } else { Before::Unknown };
            before[turn.node.0] = Some(now);
        }
        let mut arrivals = Arrivals::new();
        let mut ahead = Vec::new();
        for (at, event) in self.agenda.iter().take(EVENTS_SEEN) {
            if at >= horizon || matches!(event, Event::Intervene(_)) {
                break;
            }
            let now = at.max(self.now);
            for (node, fact) in self.concerned(event, &mut arrivals).into_iter().flatten() {
                let last = before[node.0];
                let fact = fact.filter(|fact| is_certain(fact, now, last));
                let known = fact.as_ref().map_or(Before::Unknown, |_| Before::Known(now));
                before[node.0] = Some(known);
                if let Some(fact) = fact
                    && take_first(&mut begun, node).is_none()
                {
                    ahead.push(Ahead { turn: Turn { node, now, fact }, follows: last.is_some() });
                }
            }
        }
        ahead
    }

    fn concerned(&self, event: &Event, arrivals: &mut Arrivals) -> Concerned {
        match event {
            Event::Arrive { connection, from } => {
                let number = arrivals.iter().filter(|seen| **seen == (*connection, *from)).count();
                arrivals.push((*connection, *from));
                self.arrival(*connection, *from, number)
            }
            Event::Disk(node) => {
                let health = self.machines[node.0].disk.health;
                [Some((*node, self.told(*node, Fact::DiskDone { health }))), None]
            }
            Event::Wake(node) => [Some((*node, self.told(*node, Fact::Woke))), None],
            Event::Start(node) | Event::Refuse { dialler: (node, _), .. } => {
                [Some((*node, None)), None]
            }
            Event::Reach { dialler, to } => [Some((dialler.0, None)), Some((*to, None))],
            Event::Establish(id) | Event::Reset { connection: id, .. } => self.both_ends(*id),
            Event::Intervene(_) => [None, None],
        }
    }

    /// A node that stands still or has ended is told nothing.
    fn told(&self, node: NodeId, fact: Fact) -> Option<Fact> {
        (self.is_running(node) && !self.is_frozen(node)).then_some(fact)
    }

    /// A frame of a pipe arrives: the receiver has it, and a sender that paces itself hears that it
    /// has left.
    fn arrival(&self, id: ConnectionId, from: Side, number: usize) -> Concerned {
        let Some(connection) = self.network.connections.get(&id) else { return [None, None] };
        let frame = connection.pipe(from).frames.get(number).filter(|frame| !frame.end);
        let Some(frame) = frame else { return self.both_ends(id) };
        let (sender, receiver) = (connection.end(from), connection.end(from.other()));
        let hears = self.network.listens(id, from.other());
        let knows = connection.half_open != Some(from.other());
        let paces = frame.paced && knows && self.network.listens(id, from);
        let received = self.told(receiver.0, Fact::Received { link: receiver.1 });
        let sent = self.told(sender.0, Fact::Sent { link: sender.1, bytes: frame.bytes });
        let receiver = Some((receiver.0, received.filter(|_| hears)));
        // Who is told nothing of a frame that it does not pace is not concerned.
        let sender = (frame.paced || !knows).then(|| (sender.0, sent.filter(|_| paces)));
        [receiver, sender]
    }

    fn both_ends(&self, id: ConnectionId) -> Concerned {
        let ends = self.network.connections.get(&id).map(|c| [c.dialler.0, c.acceptor.0]);
        ends.map_or([None, None], |ends| ends.map(|node| Some((node, None))))
    }
}

/// The frames that have been seen, by their pipes.
type Arrivals = Vec<(ConnectionId, Side)>;

/// True if a node will be told this just so, after what it does before.
fn is_certain(fact: &Fact, now: Instant, before: Option<Before>) -> bool {
    match before {
        None => true,
        // A timer may be set anew by a turn before it.
        Some(Before::Known(last)) => last == now && !matches!(fact, Fact::Woke),
        Some(Before::Unknown) => false,
    }
}

/// Takes the first turn of a node out of a list.
fn take_first<'a>(turns: &mut Vec<&'a Turn>, node: NodeId) -> Option<&'a Turn> {
    let index = turns.iter().position(|turn| turn.node == node)?;
    Some(turns.remove(index))
}

/// So many events are looked at.
const EVENTS_SEEN: usize = 192;
