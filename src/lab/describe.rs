//! Every event in words, before it happens: what the step button says.

use super::intervention::Intervention;
use super::network::{ConnectionId, Side};
use super::timeline::EventKind;
use super::turn::NodeId;
use super::world::{Event, World};

impl World {
    pub(super) fn describe(&self, event: &Event) -> (NodeId, EventKind, String) {
        let name = |id: NodeId| self.node(id).name.as_str();
        match event {
            Event::Start(node) => {
                (*node, EventKind::Woke, format!("{}: the server starts", name(*node)))
            }
            Event::Intervene(act) => {
                let node = act.nodes().first().and_then(|name| self.plan().named(name));
                let kind = match act {
                    Intervention::Type { .. } => EventKind::Typed,
                    Intervention::Cut { .. }
                    | Intervention::Reset { .. }
                    | Intervention::HalfOpen { .. }
                    | Intervention::Partition { .. }
                    | Intervention::Wire { .. }
                    | Intervention::Heal { .. }
                    | Intervention::Machine { .. }
                    | Intervention::Add { .. } => EventKind::Fault,
                };
                (NodeId(node.unwrap_or(0)), kind, act.to_string())
            }
            Event::Reach { dialler, to } => {
                let text = format!("{}: a connection from {} arrives", name(*to), name(dialler.0));
                (*to, EventKind::Opened, text)
            }
            Event::Establish(id) => {
                let end = self.network.connections.get(id).map(|c| (c.dialler.0, c.acceptor.0));
                let (dialler, acceptor) = end.unwrap_or((NodeId(0), NodeId(0)));
                let text =
                    format!("{}: the connection to {} stands", name(dialler), name(acceptor));
                (dialler, EventKind::Opened, text)
            }
            Event::Refuse { dialler, why } => {
                let text = format!("{}: no connection ({why})", name(dialler.0));
                (dialler.0, EventKind::Refused, text)
            }
            Event::Arrive { connection, from } => self.describe_arrival(*connection, *from),
            Event::Reset { connection, to } => {
                let connection = self.network.connections.get(connection);
                let ends = connection.map(|c| (c.end(*to).0, c.end(to.other()).0));
                let (own, other) = ends.unwrap_or((NodeId(0), NodeId(0)));
                let text = format!("{}: {} knows no such connection", name(own), name(other));
                (own, EventKind::Closed, text)
            }
            Event::Disk(node) => {
                let label = self.machines[node.0].disk.labels.front().map_or("", |label| label);
                (*node, EventKind::Disk, format!("{}: the disk has done: {label}", name(*node)))
            }
            Event::Wake(node) => {
                let wake = self.machines[node.0].deadline.as_ref().map(|(d, _)| d.wake.to_string());
                let text = format!("{}: {}", name(*node), wake.unwrap_or_default());
                (*node, EventKind::Woke, text)
            }
        }
    }

    fn describe_arrival(&self, id: ConnectionId, from: Side) -> (NodeId, EventKind, String) {
        let Some(connection) = self.network.connections.get(&id) else {
            return (NodeId(0), EventKind::Delivered, String::new());
        };
        let (sender, receiver) = (connection.end(from).0, connection.end(from.other()).0);
        let (from_name, to_name) = (&self.node(sender).name, &self.node(receiver).name);
        match connection.pipe(from).frames.front() {
            Some(frame) if frame.end => {
                let text = format!("{to_name}: {from_name} has closed the connection");
                (receiver, EventKind::Closed, text)
            }
            frame => {
                let (label, bytes) = frame.map_or(("", 0), |frame| (&frame.label, frame.bytes));
                let text = format!("{to_name} receives from {from_name}: {label} ({bytes} bytes)");
                (receiver, EventKind::Delivered, text)
            }
        }
    }
}
