//! Every event before it happens: as data, for who says it in the reader's language, and in words.

use std::rc::Rc;

use super::disk::DiskWork;
use super::intervention::Intervention;
use super::label::FrameKind;
use super::network::{ConnectionId, Side};
use super::timeline::EventKind;
use super::turn::NodeId;
use super::world::{Event, World};
use crate::node::Wake;
use crate::time::Instant;

/// What happens in an event, to the node that the event names.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// The server starts.
    Start,
    /// A person acts.
    Act(Intervention),
    /// A connection arrives.
    Reach {
        /// Who dialled.
        from: NodeId,
    },
    /// A dialled connection stands.
    Establish {
        /// Who was dialled.
        to: NodeId,
    },
    /// A dialled connection could not be made.
    Refuse {
        /// The system's words.
        why: &'static str,
    },
    /// Bytes arrive.
    Receive {
        /// Who sent them.
        from: NodeId,
        /// On which connection.
        connection: ConnectionId,
        /// Their number on it, among those of the sender.
        number: u64,
        /// When they were sent.
        sent_at: Instant,
        /// What they are.
        kind: FrameKind,
        /// What they say.
        label: Rc<str>,
        /// How many.
        bytes: u64,
    },
    /// The other end has closed the connection.
    Close {
        /// Who closed it.
        by: NodeId,
    },
    /// The other end knows no such connection.
    Reset {
        /// Who does not know it.
        by: NodeId,
    },
    /// The disk has carried out an order.
    Disk(DiskWork),
    /// The node's own time has come.
    Wake(Wake),
}

impl Happening {
    /// Of what kind it is.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Start | Self::Wake(_) => EventKind::Woke,
            Self::Act(Intervention::Type { .. }) => EventKind::Typed,
            Self::Act(_) => EventKind::Fault,
            Self::Reach { .. } | Self::Establish { .. } => EventKind::Opened,
            Self::Refuse { .. } => EventKind::Refused,
            Self::Receive { .. } => EventKind::Delivered,
            Self::Close { .. } | Self::Reset { .. } => EventKind::Closed,
            Self::Disk(_) => EventKind::Disk,
        }
    }
}

impl World {
    /// The node to which an event happens, and what happens.
    pub(super) fn describe(&self, event: &Event) -> (NodeId, Happening) {
        match event {
            Event::Start(node) => (*node, Happening::Start),
            Event::Intervene(act) => {
                let node = act.nodes().first().and_then(|name| self.plan().named(name));
                (NodeId(node.unwrap_or(0)), Happening::Act(act.clone()))
            }
            Event::Reach { dialler, to } => (*to, Happening::Reach { from: dialler.0 }),
            Event::Establish(id) => {
                let (dialler, to) = self.ends(*id, Side::Dialler);
                (dialler, Happening::Establish { to })
            }
            Event::Refuse { dialler, why } => (dialler.0, Happening::Refuse { why }),
            Event::Arrive { connection, from } => self.describe_arrival(*connection, *from),
            Event::Reset { connection, to } => {
                let (own, by) = self.ends(*connection, *to);
                (own, Happening::Reset { by })
            }
            Event::Disk(node) => {
                let work = self.machines[node.0].disk.works.front();
                (*node, Happening::Disk(work.expect("a disk that is done had work").clone()))
            }
            Event::Wake(node) => {
                let deadline = self.machines[node.0].deadline.as_ref();
                let (deadline, _) = deadline.expect("a node that is woken wanted to be");
                (*node, Happening::Wake(deadline.wake))
            }
        }
    }

    fn describe_arrival(&self, id: ConnectionId, from: Side) -> (NodeId, Happening) {
        let (receiver, sender) = self.ends(id, from.other());
        let frame = self.network.connections.get(&id).and_then(|c| c.pipe(from).frames.front());
        let happening = match frame {
            Some(frame) if !frame.end => Happening::Receive {
                from: sender,
                connection: id,
                number: frame.number,
                sent_at: frame.sent_at,
                kind: frame.kind,
                label: Rc::clone(&frame.label),
                bytes: frame.bytes,
            },
            _ => Happening::Close { by: sender },
        };
        (receiver, happening)
    }

    /// The node at `side` of a connection, and the other.
    fn ends(&self, id: ConnectionId, side: Side) -> (NodeId, NodeId) {
        let connection = self.network.connections.get(&id);
        connection.map_or((NodeId(0), NodeId(0)), |c| (c.end(side).0, c.end(side.other()).0))
    }

    /// What happens to `node`, in words.
    pub(super) fn in_words(&self, node: NodeId, happening: &Happening) -> String {
        let name = |id: &NodeId| self.node(*id).name.as_str();
        let own = name(&node);
        match happening {
            Happening::Start => format!("{own}: the server starts"),
            Happening::Act(act) => act.to_string(),
            Happening::Reach { from } => format!("{own}: a connection from {} arrives", name(from)),
            Happening::Establish { to } => format!("{own}: the connection to {} stands", name(to)),
            Happening::Refuse { why } => format!("{own}: no connection ({why})"),
            Happening::Receive { from, label, bytes, .. } => {
                format!("{own} receives from {}: {label} ({bytes} bytes)", name(from))
            }
            Happening::Close { by } => format!("{own}: {} has closed the connection", name(by)),
            Happening::Reset { by } => format!("{own}: {} knows no such connection", name(by)),
            Happening::Disk(work) => format!("{own}: the disk has done: {work}"),
            Happening::Wake(wake) => format!("{own}: {wake}"),
        }
    }
}
