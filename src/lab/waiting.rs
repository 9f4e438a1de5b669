//! Runs a lab until something holds.

use super::local::LocalLab;
use super::turn::NodeId;
use super::until::Until;
use crate::node::KeyStatus;
use crate::time::Duration;

/// What was there when a wait began.
#[derive(Debug)]
struct Since {
    /// How many lines each log had.
    lines: Vec<u64>,
    /// The key that is waited for.
    key: Vec<KeyStatus>,
}

impl LocalLab {
    /// Steps until a condition holds, for at most an hour of virtual time; false if it never does.
    pub fn until(&mut self, condition: &Until) -> bool {
        let deadline = self.conductor().world().now() + Duration::from_secs(3_600);
        let since = Since { lines: self.log_counts(), key: self.watched_key(condition) };
        while !self.holds(condition, &since) {
            let next = self.conductor().next_event();
            if next.is_none_or(|next| next.at > deadline) || !self.step() {
                return false;
            }
        }
        true
    }

    /// How many lines each node has printed.
    pub fn log_counts(&self) -> Vec<u64> {
        self.nodes().map(|node| self.conductor().world().log(node).count).collect()
    }

    fn holds(&self, condition: &Until, since: &Since) -> bool {
        let plan = self.conductor().world().plan();
        let Some(node) = condition.node() else {
            return self.nodes().all(|node| self.is_synced(node));
        };
        let Some(node) = plan.named(node).map(NodeId) else { return false };
        match condition {
            Until::Synced => true,
            Until::Log { text, .. } => self.has_printed(node, since, |line| line.contains(text)),
            Until::FullSync { .. } => self.has_printed(node, since, |line| {
                line.contains("Full resync from master:")
                    || line.contains("Full resync requested by replica")
            }),
            Until::Up { .. } => self.status(node, 0).upstream.is_some_and(|upstream| upstream.up),
            Until::Lag { bytes, .. } => {
                let status = self.status(node, 0);
                let behind = |acked| status.offset.since(acked) > *bytes;
                status.replicas.iter().any(|replica| behind(replica.acked))
            }
            Until::Buffer { percent, .. } => {
                let limit = self.place(node).option("client-output-buffer-limit");
                let hard = hard_limit(limit);
                let full = |buffered: u64| hard > 0 && buffered * 100 > hard * *percent;
                self.status(node, 0).replicas.iter().any(|replica| full(replica.buffered))
            }
            Until::Key { .. } => self.watched_key(condition) != since.key,
        }
    }

    fn has_printed(&self, node: NodeId, since: &Since, wanted: impl Fn(&str) -> bool) -> bool {
        let log = self.conductor().world().log(node);
        let before = since.lines.get(node.0).copied().unwrap_or(0);
        let fresh = usize::try_from(log.count - before).unwrap_or(usize::MAX);
        log.lines.iter().rev().take(fresh).any(|(.., line)| wanted(line))
    }

    /// The key of a condition, in every database.
    fn watched_key(&self, condition: &Until) -> Vec<KeyStatus> {
        let Until::Key { node, key } = condition else { return Vec::new() };
        let Some(node) = self.conductor().world().plan().named(node) else { return Vec::new() };
        self.place(NodeId(node)).key(key.as_bytes())
    }

    /// Why the nodes that run do not all have their masters' data; `None` if they do.
    pub fn unsettled(&self) -> Option<String> {
        let world = self.conductor().world();
        self.nodes().filter(|node| world.is_running(*node)).find_map(|node| {
            let name = &world.plan().nodes[node.0].name;
            let status = self.status(node, 0);
            let upstream = status.upstream.as_ref()?;
            let master = world.plan().find(&upstream.master).map(NodeId);
            let Some(master) = master.filter(|master| world.is_running(*master)) else {
                return Some(format!("{name} follows {}, which is not there", upstream.master));
            };
            let (above, theirs) = (self.status(master, 0), &world.plan().nodes[master.0].name);
            if !upstream.up {
                return Some(format!("{name}'s link to {theirs} is in state {}", upstream.state));
            }
            if status.id != above.id || status.offset != above.offset {
                let (own, other) = (status.offset, above.offset);
                return Some(format!("{name} is at offset {own}, {theirs} is at {other}"));
            }
            let same = self.place(node).digest() == self.place(master).digest();
            (!same).then(|| format!("{name} and {theirs} are at one offset with different data"))
        })
    }

    /// True if a node's link to its master, if it has one, has nothing left to do.
    fn is_synced(&self, node: NodeId) -> bool {
        if !self.conductor().world().is_running(node) {
            return true;
        }
        let status = self.status(node, 0);
        let Some(upstream) = status.upstream else {
            let offset = status.offset;
            return status.replicas.iter().all(|replica| replica.acked == offset);
        };
        let master = self.conductor().world().plan().find(&upstream.master).map(NodeId);
        upstream.up
            && master.is_some_and(|master| {
                let master = self.status(master, 0);
                master.offset == status.offset && master.id == status.id
            })
    }
}

/// The hard limit of a replica's output buffer: `normal 0 0 0 slave 268435456 67108864 60 …`.
fn hard_limit(option: &str) -> u64 {
    let mut words = option.split_whitespace().skip_while(|word| *word != "slave");
    words.nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
}
