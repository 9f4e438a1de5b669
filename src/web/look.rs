//! What the page sees of one node: what its host knows and the driver cannot.

use serde::{Deserialize, Serialize};

use crate::lab::{Place, label, printable};
use crate::node::{Carries, OutputLimit, ReplicaStatus, Status, Target, TransferForm};
use crate::replication::Stage;
use crate::resp::commands_at_end;
use crate::time::Instant;

/// A node, as its host sees it: what the driver cannot know.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeLook {
    /// The second that the lags were counted at.
    second: u64,
    role: String,
    replid: String,
    replid2: String,
    offset: u64,
    second_offset: i64,
    backlog: Option<BacklogView>,
    upstream: Option<UpstreamView>,
    replicas: Vec<ReplicaView>,
    snapshot: Option<SnapshotView>,
    loading: Option<LoadingView>,
    keys: KeysView,
    /// The end of the stream as commands; of a node that produces it.
    stream: Vec<PieceView>,
    buffer_limit: BufferLimitView,
    config: Vec<(String, String)>,
}

/// A command of the stream: where it ends, how long it is, and what it says.
#[derive(Debug, Serialize, Deserialize)]
struct PieceView {
    end: u64,
    bytes: u64,
    label: String,
}

/// `client-output-buffer-limit replica`.
#[derive(Debug, Serialize, Deserialize)]
struct BufferLimitView {
    hard: u64,
    soft: u64,
    seconds: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct BacklogView {
    size: u64,
    first: u64,
    histlen: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct UpstreamView {
    host: String,
    port: u16,
    state: String,
    up: bool,
    received: u64,
    processed: u64,
    transfer: Option<TransferView>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TransferView {
    form: String,
    total: u64,
    read: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReplicaView {
    /// The connection; the driver turns it into the node.
    link: u64,
    node: Option<usize>,
    address: String,
    state: String,
    waits_for_ack: bool,
    acked: u64,
    sent: u64,
    buffered: u64,
    lag: u64,
    rdb_sent: u64,
    rdb_total: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotView {
    target: String,
    written: u64,
    keys_done: u64,
    keys_total: u64,
    section: String,
    copied_pages: u64,
    copied_bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct LoadingView {
    read: u64,
    keys: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeysView {
    total: u64,
    window: Vec<KeyView>,
    pages: Vec<PageView>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeyView {
    db: usize,
    key: String,
    #[serde(rename = "type")]
    kind: String,
    value: String,
    expires: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PageView {
    keys: usize,
    copied: bool,
}

impl NodeLook {
    /// How far the node's history has come.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// How many keys the node holds.
    pub(super) const fn keys_held(&self) -> u64 {
        self.keys.total
    }

    /// Brings up to `now` what depends on more than the node: the other ends of its connections,
    /// and how long it has not heard of them.
    pub(super) fn settle(&mut self, now: Instant, node: impl Fn(u64) -> Option<usize>) {
        let passed = now.seconds().saturating_sub(self.second);
        self.second += passed;
        for replica in &mut self.replicas {
            replica.node = node(replica.link);
            if replica.state == "online" {
                replica.lag += passed;
            }
        }
    }

    /// What can be seen of the node at `place`, with at most `keys` keys.
    pub(super) fn of(place: &Place, now: Instant, keys: usize) -> Self {
        let status = place.status(now, keys);
        let option = |name: &&str| ((*name).to_owned(), place.option(name).to_owned());
        Self {
            second: now.seconds(),
            role: if status.replica { "replica" } else { "master" }.to_owned(),
            replid: status.id.to_string(),
            replid2: status.second_id.to_string(),
            offset: status.offset.0,
            second_offset: status.second_offset,
            backlog: status.backlog.map(|backlog| BacklogView {
                size: backlog.size,
                first: backlog.first,
                histlen: backlog.len,
            }),
            upstream: upstream(&status),
            replicas: status
                .replicas
                .iter()
                .map(|replica| replica_view(replica, &status))
                .collect(),
            snapshot: status.snapshot.as_ref().map(|snapshot| SnapshotView {
                target: match snapshot.target {
                    Target::Disk => "disk",
                    Target::Sockets => "sockets",
                }
                .to_owned(),
                written: snapshot.written,
                keys_done: snapshot.keys.0,
                keys_total: snapshot.keys.1,
                section: snapshot.section.clone(),
                copied_pages: snapshot.copied_pages,
                copied_bytes: snapshot.copied_bytes,
            }),
            loading: status
                .loading
                .map(|loading| LoadingView { read: loading.read, keys: loading.keys }),
            keys: keys_view(&status),
            stream: if status.replica { Vec::new() } else { stream_view(place, status.offset.0) },
            buffer_limit: {
                let OutputLimit { hard, soft, seconds } = place.replica_limit();
                BufferLimitView { hard, soft, seconds }
            },
            config: SHOWN_OPTIONS.iter().map(option).collect(),
        }
    }
}

fn stream_view(place: &Place, end: u64) -> Vec<PieceView> {
    let bytes = place.stream_tail(STREAM_MAX);
    let mut at = bytes.len();
    let lengths = commands_at_end(&bytes);
    let last = lengths.iter().rev().take(PIECES_MAX).map(|&length| {
        let stop = at;
        at -= length;
        PieceView {
            end: end - (bytes.len() - stop) as u64,
            bytes: length as u64,
            label: label(&bytes[at..stop], Carries::Stream).1,
        }
    });
    let mut pieces: Vec<_> = last.collect();
    pieces.reverse();
    pieces
}

fn upstream(status: &Status) -> Option<UpstreamView> {
    let upstream = status.upstream.as_ref()?;
    Some(UpstreamView {
        host: upstream.master.host.to_string(),
        port: upstream.master.port,
        state: upstream.state.to_owned(),
        up: upstream.up,
        received: upstream.received.0,
        processed: upstream.processed.0,
        transfer: upstream.transfer.map(|(form, total, read)| TransferView {
            form: match form {
                TransferForm::Waiting => "waiting",
                TransferForm::Counted => "counted",
                TransferForm::Streamed => "streamed",
            }
            .to_owned(),
            total,
            read,
        }),
    })
}

fn replica_view(replica: &ReplicaStatus, status: &Status) -> ReplicaView {
    let streamed = status.snapshot.as_ref().filter(|s| s.target == Target::Sockets);
    let (state, rdb_sent, rdb_total) = match &replica.stage {
        Stage::AwaitSnapshot => ("wait_bgsave_start", 0, None),
        Stage::AwaitSnapshotEnd { .. } => {
            ("wait_bgsave_end", streamed.map_or(0, |snapshot| snapshot.written), None)
        }
        Stage::SendSnapshot { sent, total, .. } => ("send_bulk", *sent, Some(*total)),
        Stage::AwaitFirstAck { .. } | Stage::Streaming { .. } => ("online", 0, None),
    };
    ReplicaView {
        link: replica.link.0,
        node: None,
        address: replica.name.clone(),
        state: state.to_owned(),
        waits_for_ack: matches!(replica.stage, Stage::AwaitFirstAck { .. }),
        acked: replica.acked.0,
        sent: replica.stage.reader().map_or(0, |reader| reader.0),
        buffered: replica.buffered,
        lag: replica.lag,
        rdb_sent,
        rdb_total,
    }
}

fn keys_view(status: &Status) -> KeysView {
    let window = status.keys.iter().map(|key| KeyView {
        db: key.db,
        key: printable(&key.key, 40),
        kind: key.kind.to_owned(),
        value: printable(&key.value, 60),
        expires: key.expires,
    });
    let pages = status
        .pages
        .iter()
        .map(|page| PageView { keys: page.keys, copied: page.copied && status.snapshot.is_some() });
    KeysView { total: status.keys_total, window: window.collect(), pages: pages.collect() }
}

/// The options that the page shows.
const SHOWN_OPTIONS: [&str; 6] = [
    "repl-diskless-sync",
    "repl-diskless-sync-delay",
    "repl-backlog-size",
    "repl-ping-replica-period",
    "repl-timeout",
    "replica-read-only",
];
/// So many bytes of the stream's end are taken apart, into so many commands.
const STREAM_MAX: u64 = 4_096;
const PIECES_MAX: usize = 48;
