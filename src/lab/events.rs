//! What each event does: turns for nodes, and what their orders put on the agenda.

use std::rc::Rc;

use super::label::FrameKind;
use super::network::{Connection, ConnectionId, InFlight, Pipe, Side};
use super::turn::{Fact, NodeId, Order};
use super::world::{Event, World};
use crate::node::{Address, Level, Link};
use crate::time::{Duration, Instant};

impl World {
    pub(super) fn enact(&mut self, event: Event) {
        match event {
            Event::Start(node) => self.turn(node, Fact::Started),
            Event::Intervene(act) => self.intervene(&act),
            Event::Reach { dialler, to } => self.reach(dialler, to),
            Event::Establish(id) => self.establish(id),
            Event::Refuse { dialler: (node, link), why } => {
                self.turn(node, Fact::Refused { link, why: why.to_owned() });
            }
            Event::Arrive { connection, from } => self.arrive(connection, from),
            Event::Reset { connection, to } => self.reset_arrives(connection, to),
            Event::Disk(node) => {
                let disk = &mut self.machines[node.0].disk;
                self.moved += disk.works.pop_front().map_or(0, |work| work.bytes);
                let health = disk.health;
                self.turn(node, Fact::DiskDone { health });
            }
            Event::Wake(node) => {
                self.machines[node.0].deadline = None;
                self.turn(node, Fact::Woke);
            }
        }
    }

    fn reach(&mut self, dialler: (NodeId, Link), to: NodeId) {
        let way = (dialler.0, to);
        if self.network.trouble(way.0, way.1).stalled {
            self.held.push((way, Event::Reach { dialler, to }));
            return;
        }
        let ended = self.machines[to.0].ended;
        if self.network.is_cut(dialler.0, to) || ended {
            let why = if ended { "Connection refused" } else { "No route to host" };
            let why = why.to_owned();
            return self.turn(dialler.0, Fact::Refused { link: dialler.1, why });
        }
        let id = ConnectionId(self.network.next);
        self.network.next += 1;
        let acceptor = (to, Link::accepted(id.0));
        let (up, down) = (Pipe::default(), Pipe::default());
        let connection = Connection { dialler, acceptor, up, down, half_open: None };
        self.network.connections.insert(id, connection);
        self.network.links.insert(dialler, (id, Side::Dialler));
        self.network.links.insert(acceptor, (id, Side::Acceptor));
        let at = self.now + self.network.latency(to, dialler.0);
        self.agenda.add(at, Event::Establish(id));
        let port = u16::try_from(EPHEMERAL_PORT + id.0 % 20_000).unwrap_or(u16::MAX);
        let peer = Address::new(&self.node(dialler.0).ip, port);
        let own = self.node(to);
        let listens = u16::try_from(own.config.number("port")).unwrap_or(0);
        let local = Address::new(&own.ip, listens);
        self.turn(to, Fact::Accepted { link: acceptor.1, connection: id, dialler, peer, local });
    }

    fn establish(&mut self, id: ConnectionId) {
        let Some(connection) = self.network.connections.get(&id) else { return };
        let (node, link) = connection.dialler;
        let way = (connection.acceptor.0, node);
        if self.network.trouble(way.0, way.1).stalled {
            self.held.push((way, Event::Establish(id)));
        } else if self.network.listens(id, Side::Dialler) {
            self.turn(node, Fact::Opened { link, connection: id });
        }
    }

    fn arrive(&mut self, id: ConnectionId, from: Side) {
        let Some(connection) = self.network.connections.get_mut(&id) else { return };
        let (sender, receiver) = (connection.end(from), connection.end(from.other()));
        let Some(frame) = connection.pipe_mut(from).frames.pop_front() else { return };
        let knows_nothing = connection.half_open == Some(from.other());
        let hears = self.network.listens(id, from.other());
        let paces = frame.paced && self.network.listens(id, from);
        if frame.end {
            if hears {
                self.turn(receiver.0, Fact::Closed { link: receiver.1 });
            }
            return self.forget(id);
        }
        self.moved += frame.bytes;
        self.so_far.spoke = matches!(frame.kind, FrameKind::Control | FrameKind::Stream);
        if hears {
            self.turn(receiver.0, Fact::Received { link: receiver.1 });
        }
        if paces && !knows_nothing {
            self.turn(sender.0, Fact::Sent { link: sender.1, bytes: frame.bytes });
        }
        if knows_nothing {
            // A machine answers bytes for a connection that it does not know with a reset.
            let at = self.now + self.network.latency(receiver.0, sender.0);
            self.agenda.add(at, Event::Reset { connection: id, to: from });
        }
    }

    #[inline(never)]
    fn reset_arrives(&mut self, id: ConnectionId, to: Side) {
        let Some(connection) = self.network.connections.get(&id) else { return };
        let (own, other) = (connection.end(to), connection.end(to.other()).0);
        if self.network.trouble(other, own.0).stalled {
            self.held.push(((other, own.0), Event::Reset { connection: id, to }));
            return;
        }
        if self.network.listens(id, to) {
            self.turn(own.0, Fact::Reset { link: own.1 });
        }
        self.forget(id);
    }

    /// Forgets a connection, and what it would have brought.
    pub(super) fn forget(&mut self, id: ConnectionId) {
        self.network.forget(id);
        self.drop_events(|event| match event {
            Event::Arrive { connection, .. }
            | Event::Establish(connection)
            | Event::Reset { connection, .. } => *connection == id,
            Event::Start(_)
            | Event::Intervene(_)
            | Event::Reach { .. }
            | Event::Refuse { .. }
            | Event::Disk(_)
            | Event::Wake(_) => false,
        });
    }

    /// Drops every event that will be of no use, from the agenda and from what is held.
    pub(super) fn drop_events(&mut self, useless: impl Fn(&Event) -> bool) {
        self.agenda.retain(|event| !useless(event));
        self.held.retain(|(_, event)| !useless(event));
    }

    pub(super) fn absorb_order(&mut self, node: NodeId, order: Order) {
        self.so_far.orders += 1;
        match order {
            Order::Dial { link, to } => self.dial(node, link, &to),
            Order::Send { link, bytes, paced, digest, kind, label } => {
                self.mix(&[1, node.0 as u64, link.0, bytes, digest]);
                let label = Rc::from(label.as_str());
                self.send(node, link, |number, sent_at| InFlight {
                    number,
                    bytes,
                    paced,
                    sent_at,
                    takes: Duration::ZERO,
                    departs_at: sent_at,
                    arrives_at: sent_at,
                    kind,
                    label,
                    end: false,
                });
            }
            Order::Close { link } => self.close(node, link),
            Order::Disk { work } => {
                let bytes = work.bytes;
                self.mix(&[3, node.0 as u64, bytes]);
                let planned = self.node(node).disk_bytes_per_second;
                let disk = &mut self.machines[node.0].disk;
                let takes = Duration::of_bytes(bytes, disk.speed.unwrap_or(planned));
                let at = disk.busy_until.max(self.now) + takes;
                disk.busy_until = at;
                disk.works.push_back(work);
                self.agenda.add(at, Event::Disk(node));
            }
            Order::Note { line, level } => {
                let (count, now) = (self.count(), self.now);
                let line: Rc<str> = Rc::from(line.as_str());
                if level >= Level::Notice {
                    self.so_far.said = Some(Rc::clone(&line));
                }
                self.machines[node.0].log.note((count, now, level, line));
            }
            Order::Said { text } => self.machines[node.0].log.said(&text),
            Order::Exit => self.exit(node),
        }
    }

    fn dial(&mut self, node: NodeId, link: Link, to: &Address) {
        self.mix(&[2, node.0 as u64, link.0]);
        let dialler = (node, link);
        let plain = self.network.wiring.latency;
        let (after, event) = match self.plan.find(to).map(NodeId) {
            Some(to) if self.network.is_cut(node, to) => {
                (plain, Event::Refuse { dialler, why: "No route to host" })
            }
            Some(to) if self.machines[to.0].ended && !self.network.trouble(node, to).stalled => {
                (plain, Event::Refuse { dialler, why: "Connection refused" })
            }
            Some(to) => (self.network.latency(node, to), Event::Reach { dialler, to }),
            None if self.plan.named(&to.host).is_some() => {
                (plain, Event::Refuse { dialler, why: "Connection refused" })
            }
            None => (plain, Event::Refuse { dialler, why: "Name or service not known" }),
        };
        self.agenda.add(self.now + after, event);
    }

    fn send(&mut self, node: NodeId, link: Link, frame: impl FnOnce(u64, Instant) -> InFlight) {
        let Some(&(connection, from)) = self.network.links.get(&(node, link)) else { return };
        if let Some(at) = self.network.send(connection, from, self.now, frame) {
            self.agenda.add(at, Event::Arrive { connection, from });
        }
    }

    /// A node closes its end; the other hears of it behind everything sent before.
    pub(super) fn close(&mut self, node: NodeId, link: Link) {
        self.mix(&[4, node.0 as u64, link.0]);
        self.send(node, link, |number, sent_at| InFlight {
            number,
            bytes: 0,
            paced: false,
            sent_at,
            takes: Duration::ZERO,
            departs_at: sent_at,
            arrives_at: sent_at,
            kind: FrameKind::Control,
            label: Rc::from("the connection is closed"),
            end: true,
        });
        if self.network.links.remove(&(node, link)).is_none() {
            // It was still being made.
            self.drop_events(|event| match event {
                Event::Reach { dialler, .. } | Event::Refuse { dialler, .. } => {
                    *dialler == (node, link)
                }
                Event::Start(_)
                | Event::Intervene(_)
                | Event::Establish(_)
                | Event::Arrive { .. }
                | Event::Reset { .. }
                | Event::Disk(_)
                | Event::Wake(_) => false,
            });
        }
    }

    /// A process has ended: its connections close, and nothing wakes it.
    pub(super) fn exit(&mut self, node: NodeId) {
        self.machines[node.0].ended = true;
        let links = self.links_of(node);
        for link in links {
            self.close(node, link);
        }
    }
}

/// The first port from which connections come.
const EPHEMERAL_PORT: u64 = 40_000;
