//! A lab's history for other tools: a trace as NDJSON, a log for ShiViz, a space-time diagram.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::conductor::Conductor;
use super::label::FrameKind;
use super::local::LocalLab;
use super::pcapng;
use super::record::Message;
use super::share::Shared;
use super::timeline::{EventKind, TraceEntry};
use super::turn::NodeId;
use crate::time::Instant;

impl Conductor {
    /// Every event up to the cursor, one JSON object a line. The line before the first says what
    /// the file is, to which hash the history comes, and the link that lives it again: no line of
    /// the file is needed for that but this one, and every other is there to be compared.
    pub fn ndjson(&self) -> String {
        let mut out = format!(
            "{{\"replicaLab\":1,\"events\":{},\"hash\":\"{:016x}\",\"link\":{}}}\n",
            self.cursor(),
            self.world().hash(),
            json(&Shared::whole(self).fragment()),
        );
        for (index, entry) in self.happened().iter().enumerate() {
            // A String takes every write.
            let _ = writeln!(
                out,
                "{{\"event\":{index},\"seconds\":{},\"node\":{},\"kind\":{},\"text\":{}{}}}",
                self.seconds(entry.at),
                json(self.name(entry.node)),
                json(kind_name(entry.kind)),
                json(&entry.text),
                entry
                    .said
                    .as_ref()
                    .map(|said| format!(",\"log\":{}", json(said)))
                    .unwrap_or_default(),
            );
        }
        out
    }

    /// What passed between nodes, as a capture that Wireshark opens.
    pub fn pcapng(&self) -> Vec<u8> {
        pcapng::capture(self.world().plan(), &LocalLab::recorded(self))
    }

    /// A log with vector clocks, as ShiViz reads it with
    /// `(?<host>\S*) (?<clock>{.*})\n(?<event>.*)`.
    pub fn shiviz(&self) -> String {
        let messages = LocalLab::recorded(self);
        let mut heard: BTreeMap<u64, Vec<&Message>> = BTreeMap::new();
        for message in &messages {
            if let Some((event, _)) = message.arrived {
                heard.entry(event).or_default().push(message);
            }
        }
        let mut clocks: BTreeMap<NodeId, BTreeMap<NodeId, u64>> = BTreeMap::new();
        // The clock of each node behind each event of its own.
        let mut behind: BTreeMap<(u64, NodeId), BTreeMap<NodeId, u64>> = BTreeMap::new();
        let mut out = String::new();
        for (index, entry) in (0_u64..).zip(self.happened()) {
            let mut merged = clocks.get(&entry.node).cloned().unwrap_or_default();
            for message in heard.get(&index).into_iter().flatten() {
                let sender = behind.get(&(message.sent_in, message.from));
                for (&node, &tick) in sender.into_iter().flatten() {
                    let known = merged.entry(node).or_default();
                    *known = tick.max(*known);
                }
            }
            *merged.entry(entry.node).or_default() += 1;
            let ticks: Vec<String> = merged
                .iter()
                .map(|(node, tick)| format!("{}: {tick}", json(self.name(*node))))
                .collect();
            let name = self.name(entry.node);
            let _ = writeln!(out, "{name} {{{}}}\n{}", ticks.join(", "), one_line(&entry.text));
            behind.insert((index, entry.node), merged.clone());
            clocks.insert(entry.node, merged);
        }
        out
    }

    /// A space-time diagram: a line for each node, time downwards, an arrow for each message.
    pub fn svg(&self) -> String {
        let messages = LocalLab::recorded(self);
        let first = messages.len().saturating_sub(ARROWS_MAX);
        let messages = &messages[first..];
        let (now, epoch) = (self.world().now(), self.world().plan().epoch);
        let start = messages.first().map_or(epoch, |message| message.sent_at);
        let span = now.since(start).micros().max(1);
        let height = (messages.len() as u64 * 14).clamp(200, 6_000);
        let y = |at: Instant| 50 + at.since(start).micros() * height / span;
        let x = |node: NodeId| 80 + node.0 as u64 * 240;
        let nodes = &self.world().plan().nodes;
        let (width, whole) = (160 + nodes.len() as u64 * 240, height + 80);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {whole}\" \
             font-family=\"sans-serif\" font-size=\"11\">\n"
        );
        for (index, node) in nodes.iter().enumerate() {
            let (x, end) = (x(NodeId(index)), 50 + height);
            let _ = writeln!(
                out,
                "<text x=\"{x}\" y=\"30\" text-anchor=\"middle\">{}</text>\
                 <line x1=\"{x}\" y1=\"40\" x2=\"{x}\" y2=\"{end}\" stroke=\"#888\"/>",
                xml(&node.name)
            );
        }
        for message in messages {
            let end = message.arrived.map_or(now, |(_, at)| at);
            let lost = if message.arrived.is_none() { " stroke-dasharray=\"4 3\"" } else { "" };
            let _ = writeln!(
                out,
                "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{}\"{lost}>\
                 <title>{} s: {} → {}: {}</title></line>",
                x(message.from),
                y(message.sent_at),
                x(message.to),
                y(end),
                colour(message.kind),
                self.seconds(message.sent_at),
                xml(self.name(message.from)),
                xml(self.name(message.to)),
                xml(&message.label),
            );
        }
        if first > 0 {
            let _ = writeln!(
                out,
                "<text x=\"8\" y=\"14\">{first} earlier messages are not drawn</text>"
            );
        }
        out + "</svg>\n"
    }

    fn happened(&self) -> &[TraceEntry] {
        let end = usize::try_from(self.cursor()).unwrap_or(usize::MAX);
        &self.entries()[..end.min(self.entries().len())]
    }

    fn name(&self, node: NodeId) -> &str {
        &self.world().plan().nodes[node.0].name
    }

    /// Seconds since the world began, with all their digits.
    fn seconds(&self, at: Instant) -> String {
        let micros = at.since(self.world().plan().epoch).micros();
        format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
    }
}

const fn kind_name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Typed => "typed",
        EventKind::Opened => "opened",
        EventKind::Refused => "refused",
        EventKind::Delivered => "delivered",
        EventKind::Closed => "closed",
        EventKind::Woke => "woke",
        EventKind::Disk => "disk",
        EventKind::Fault => "fault",
    }
}

const fn colour(kind: FrameKind) -> &'static str {
    match kind {
        FrameKind::Control => "#555",
        FrameKind::Rdb => "#b35900",
        FrameKind::Stream => "#0060b3",
        FrameKind::Ack => "#aaa",
    }
}

/// A JSON string.
fn json(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out + "\""
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// More arrows are not drawn.
const ARROWS_MAX: usize = 500;
