//! What passed between nodes as a capture: pcapng, with IPv4 and TCP around the bytes.
//!
//! The capture is the senders': a packet stands at the instant at which it was sent, and one that
//! never arrived stands there too.
//! *Source*: IETF draft-ietf-opsawg-pcapng; RFC 791; RFC 9293.

use std::collections::BTreeMap;

use super::network::{ConnectionId, Side};
use super::plan::Plan;
use super::record::Message;
use super::turn::NodeId;
use crate::time::Instant;

/// The state of a connection in the capture.
#[derive(Clone, Copy, Debug)]
struct Flow {
    /// What the dialler and the acceptor send next.
    next: [u32; 2],
}

/// A segment.
#[derive(Clone, Copy, Debug)]
struct Segment<'a> {
    from: ([u8; 4], u16),
    to: ([u8; 4], u16),
    sequence: u32,
    acknowledged: u32,
    flags: u8,
    payload: &'a [u8],
}

/// The capture of all messages.
pub(super) fn capture(plan: &Plan, messages: &[Message]) -> Vec<u8> {
    let mut out = Vec::new();
    block(&mut out, 0x0a0d_0d0a, &section());
    block(&mut out, 1, &interface());
    let mut flows: BTreeMap<ConnectionId, Flow> = BTreeMap::new();
    for message in messages {
        let (dialler, acceptor) = match message.side {
            Side::Dialler => (message.from, message.to),
            Side::Acceptor => (message.to, message.from),
        };
        let ends = [
            (ip(plan, dialler), u16::try_from(40_000 + message.connection.0 % 20_000).unwrap_or(0)),
            (ip(plan, acceptor), port(plan, acceptor)),
        ];
        let flow = flows.entry(message.connection).or_insert_with(|| {
            handshake(&mut out, message.sent_at, ends);
            Flow { next: [1, 1] }
        });
        let own = usize::from(message.side == Side::Acceptor);
        for piece in message.bytes.chunks(PAYLOAD_MAX) {
            let segment = Segment {
                from: ends[own],
                to: ends[1 - own],
                sequence: flow.next[own],
                acknowledged: flow.next[1 - own],
                flags: PSH | ACK,
                payload: piece,
            };
            packet(&mut out, message.sent_at, segment);
            let length = u32::try_from(piece.len()).unwrap_or(0);
            flow.next[own] = flow.next[own].wrapping_add(length);
        }
    }
    out
}

fn handshake(out: &mut Vec<u8>, at: Instant, [dialler, acceptor]: [([u8; 4], u16); 2]) {
    let steps = [
        (dialler, acceptor, 0, 0, SYN),
        (acceptor, dialler, 0, 1, SYN | ACK),
        (dialler, acceptor, 1, 1, ACK),
    ];
    for (from, to, sequence, acknowledged, flags) in steps {
        packet(out, at, Segment { from, to, sequence, acknowledged, flags, payload: &[] });
    }
}

fn packet(out: &mut Vec<u8>, at: Instant, segment: Segment<'_>) {
    let length = u32::try_from(40 + segment.payload.len()).unwrap_or(u32::MAX);
    let micros = at.micros();
    let mut body = Vec::new();
    body.extend(0_u32.to_le_bytes());
    body.extend(((micros >> 32) as u32).to_le_bytes());
    body.extend((micros as u32).to_le_bytes());
    body.extend(length.to_le_bytes());
    body.extend(length.to_le_bytes());
    body.extend(internet(&segment));
    block(out, 6, &body);
}

/// IPv4 and TCP headers, and the payload.
fn internet(segment: &Segment<'_>) -> Vec<u8> {
    let total = u16::try_from(40 + segment.payload.len()).unwrap_or(u16::MAX);
    let mut bytes = vec![0x45, 0];
    bytes.extend(total.to_be_bytes());
    bytes.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    bytes.extend(segment.from.0);
    bytes.extend(segment.to.0);
    let sum: u32 = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !((folded & 0xffff) + (folded >> 16)) as u16;
    bytes[10..12].copy_from_slice(&checksum.to_be_bytes());
    bytes.extend(segment.from.1.to_be_bytes());
    bytes.extend(segment.to.1.to_be_bytes());
    bytes.extend(segment.sequence.to_be_bytes());
    bytes.extend(segment.acknowledged.to_be_bytes());
    // A header of five words; a window; no checksum, as of a card that computes it; nothing urgent.
    bytes.extend([0x50, segment.flags, 0xff, 0xff, 0, 0, 0, 0]);
    bytes.extend(segment.payload);
    bytes
}

/// Byte order, version 1.0, length unknown.
fn section() -> Vec<u8> {
    let mut body = 0x1a2b_3c4d_u32.to_le_bytes().to_vec();
    body.extend([1, 0, 0, 0]);
    body.extend(u64::MAX.to_le_bytes());
    body
}

/// Packets begin with an IP header; times are microseconds.
fn interface() -> Vec<u8> {
    let mut body = 101_u16.to_le_bytes().to_vec();
    body.extend([0, 0]);
    body.extend(0_u32.to_le_bytes());
    body
}

fn block(out: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let padding = body.len().next_multiple_of(4) - body.len();
    let length = u32::try_from(12 + body.len() + padding).unwrap_or(u32::MAX);
    out.extend(kind.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(body);
    out.extend(std::iter::repeat_n(0, padding));
    out.extend(length.to_le_bytes());
}

fn ip(plan: &Plan, node: NodeId) -> [u8; 4] {
    let mut bytes = [0; 4];
    for (byte, part) in bytes.iter_mut().zip(plan.nodes[node.0].ip.split('.')) {
        *byte = part.parse().unwrap_or(0);
    }
    bytes
}

fn port(plan: &Plan, node: NodeId) -> u16 {
    u16::try_from(plan.nodes[node.0].config.number("port")).unwrap_or(0)
}

const SYN: u8 = 0x02;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;
/// Longer pieces are several segments.
const PAYLOAD_MAX: usize = 1_460;
