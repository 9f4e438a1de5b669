//! What passed between nodes, message by message, for who wants to keep or draw it.

use std::rc::Rc;

use super::label::FrameKind;
use super::network::{ConnectionId, Side};
use super::place::Sent;
use super::turn::{Done, Fact, NodeId, Order};
use super::world::World;
use crate::resp::Bytes;
use crate::time::Instant;

/// A piece of bytes that one node sent to another.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) connection: ConnectionId,
    /// The end that sent it.
    pub(super) side: Side,
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    pub(super) sent_at: Instant,
    /// The event in which it was sent.
    pub(super) sent_in: u64,
    /// The event in which it arrived, and when, if it has.
    pub(super) arrived: Option<(u64, Instant)>,
    pub(super) kind: FrameKind,
    pub(super) label: Rc<str>,
    pub(super) bytes: Bytes,
}

/// A node is about to take a fact: if it is the arrival of bytes, the oldest that are on their way.
pub(super) fn arrived(record: &mut [Message], world: &World, node: NodeId, fact: &Fact) {
    let Fact::Received { link } = fact else { return };
    let Some((connection, side)) = world.connection(node, *link) else { return };
    let flying = record.iter_mut().find(|message| {
        message.connection == connection
            && message.side == side.other()
            && message.arrived.is_none()
    });
    if let Some(message) = flying {
        message.arrived = Some((world.count(), world.now()));
    }
}

/// A node has sent something.
pub(super) fn sent(
    record: &mut Vec<Message>,
    world: &World,
    node: NodeId,
    done: &Done,
    sent: &[Sent],
) {
    let labels = done.orders.iter().filter_map(|order| match order {
        Order::Send { kind, label, .. } => Some((*kind, label)),
        Order::Dial { .. }
        | Order::Close { .. }
        | Order::Disk { .. }
        | Order::Note { .. }
        | Order::Said { .. }
        | Order::Exit => None,
    });
    for (frame, (kind, label)) in sent.iter().zip(labels) {
        let Some((connection, side)) = world.connection(node, frame.link) else { continue };
        let Some((to, _)) = world.peer(node, frame.link) else { continue };
        record.push(Message {
            connection,
            side,
            from: node,
            to,
            sent_at: world.now(),
            sent_in: world.count(),
            arrived: None,
            kind,
            label: Rc::from(label.as_str()),
            bytes: Bytes::clone(&frame.bytes),
        });
    }
}
