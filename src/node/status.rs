//! What can be seen of a node from outside: bounded, and never the dataset.

use super::config::OutputLimit;
use super::io::{Address, Link};
use super::machine::Node;
use super::note::Target;
use super::save::{Child, ChildTarget};
use super::state::State;
use super::upstream::Uplink;
use crate::keyspace::{Entry, Keyspace, Millis, PageView, Value};
use crate::rdb::{Digest, Section};
use crate::replication::{Form, Offset, ReplicationId, Stage};
use crate::resp::Bytes;
use crate::time::Instant;

/// A node at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// True if it follows a master.
    pub replica: bool,
    /// The name of its history.
    pub id: ReplicationId,
    /// Its second name.
    pub second_id: ReplicationId,
    /// How far the history has come.
    pub offset: Offset,
    /// The first wire offset that the second name does not cover, or -1.
    pub second_offset: i64,
    /// The backlog, if there is one.
    pub backlog: Option<BacklogStatus>,
    /// The link to the master, if it follows one.
    pub upstream: Option<UpstreamStatus>,
    /// The replicas, in the order of attachment.
    pub replicas: Vec<ReplicaStatus>,
    /// The snapshot child, if one runs.
    pub snapshot: Option<SnapshotStatus>,
    /// The load, if one is under way.
    pub loading: Option<LoadingStatus>,
    /// All keys of all databases.
    pub keys_total: u64,
    /// The first keys, in the order of their names.
    pub keys: Vec<KeyStatus>,
    /// The first pages of database 0.
    pub pages: Vec<PageView>,
}

/// A backlog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BacklogStatus {
    /// `repl-backlog-size`.
    pub size: u64,
    /// The wire offset of the oldest byte.
    pub first: u64,
    /// How many bytes are kept.
    pub len: u64,
}

/// A link to a master.
#[derive(Clone, Debug, PartialEq)]
pub struct UpstreamStatus {
    /// The master.
    pub master: Address,
    /// The connection, if there is one.
    pub link: Option<Link>,
    /// Redis' name of the state.
    pub state: &'static str,
    /// True while the stream flows.
    pub up: bool,
    /// Bytes of the stream that have arrived.
    pub received: Offset,
    /// Bytes of the stream that are carried out.
    pub processed: Offset,
    /// The transfer of a snapshot: its form, its length if known, and what has arrived.
    pub transfer: Option<(TransferForm, u64, u64)>,
}

/// The form of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferForm {
    /// Nothing has come yet.
    Waiting,
    /// Its length is known.
    Counted,
    /// A mark will end it.
    Streamed,
}

/// An attached replica.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaStatus {
    /// Its connection.
    pub link: Link,
    /// Its name in the log.
    pub name: String,
    /// How far it was brought.
    pub stage: Stage,
    /// What it has confirmed.
    pub acked: Offset,
    /// Bytes of the stream that wait for it.
    pub buffered: u64,
    /// Seconds since its last ACK.
    pub lag: u64,
}

/// A snapshot child.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotStatus {
    /// Where it writes.
    pub target: Target,
    /// Bytes written.
    pub written: u64,
    /// Keys written, and keys in all.
    pub keys: (u64, u64),
    /// What was written last.
    pub section: String,
    /// Pages of the keyspace that writes have copied since the fork.
    pub copied_pages: u64,
    /// Roughly their bytes.
    pub copied_bytes: u64,
}

/// A load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadingStatus {
    /// Bytes read.
    pub read: u64,
    /// Keys read.
    pub keys: u64,
}

/// A key.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyStatus {
    /// Its database.
    pub db: usize,
    /// Its name.
    pub key: Bytes,
    /// Its type.
    pub kind: &'static str,
    /// The beginning of its value.
    pub value: Vec<u8>,
    /// When it expires.
    pub expires: Option<Millis>,
}

impl Node {
    /// What can be seen at `now`, with at most `keys` keys.
    pub fn status(&self, now: Instant, keys: usize) -> Status {
        let state = &self.state;
        Status {
            replica: state.is_replica(),
            id: state.history.id,
            second_id: state.history.second_id(),
            offset: state.history.offset,
            second_offset: state.history.second_wire_offset(),
            backlog: state.backlog.as_ref().map(|backlog| BacklogStatus {
                size: backlog.size(),
                first: backlog.first().0 + 1,
                len: backlog.len(),
            }),
            upstream: upstream(state),
            replicas: replicas(state, now),
            snapshot: state.child.as_ref().map(|child| snapshot(state, child)),
            loading: state
                .loading
                .as_ref()
                .map(|loading| LoadingStatus { read: loading.read, keys: loading.loaded }),
            keys_total: state.keyspace.len(),
            keys: first_keys(state, keys),
            pages: state.keyspace.db(0).page_views(PAGES_MAX),
        }
    }

    /// The end of the stream, as far as the backlog keeps it: at most `max` bytes.
    pub fn stream_tail(&self, max: u64) -> Vec<u8> {
        self.state.backlog.as_ref().map_or_else(Vec::new, |backlog| backlog.tail(max))
    }

    /// A key of this name in every database that has one.
    pub fn key(&self, name: &[u8]) -> Vec<KeyStatus> {
        let databases = self.state.keyspace.iter();
        databases
            .filter_map(|(db, database)| database.get(name).map(|entry| key_status(db, entry)))
            .collect()
    }

    /// Forty digits that are equal for equal datasets.
    pub fn digest(&self) -> Digest {
        Digest::of_keyspace(&self.state.keyspace)
    }

    /// The dataset: a clone of it tells whether it was written to since.
    pub const fn keyspace(&self) -> &Keyspace {
        &self.state.keyspace
    }

    /// True if a client of a replica may not write.
    pub fn replica_is_read_only(&self) -> bool {
        self.state.config().hot.replica_read_only
    }

    /// How much may wait to be read by a replica.
    pub fn replica_limit(&self) -> OutputLimit {
        self.state.config().hot.output_limits.replica
    }

    /// The value of an option, as CONFIG GET prints it.
    pub fn option(&self, name: &str) -> &str {
        self.state.config().get(name)
    }
}

fn upstream(state: &State) -> Option<UpstreamStatus> {
    let upstream = &state.upstream;
    let master = upstream.master.clone()?;
    let processed = state.history.offset;
    let (unprocessed, transfer) = match &upstream.link {
        Uplink::Idle | Uplink::Connect | Uplink::Connecting { .. } | Uplink::Handshake { .. } => {
            (0, None)
        }
        Uplink::Connected(stream) => (stream.unprocessed(), None),
        Uplink::Transfer(transfer) => {
            let (form, total) = match transfer.receiver.form() {
                None => (TransferForm::Waiting, 0),
                Some(Form::Counted(total)) => (TransferForm::Counted, total),
                Some(Form::Marked) => (TransferForm::Streamed, 0),
            };
            (0, Some((form, total, transfer.receiver.read())))
        }
    };
    Some(UpstreamStatus {
        master,
        link: upstream.connection(),
        state: upstream.state_name(),
        up: upstream.is_up(),
        received: processed.plus(unprocessed),
        processed,
        transfer,
    })
}

fn replicas(state: &State, now: Instant) -> Vec<ReplicaStatus> {
    let status = |(link, down): (Link, &crate::replication::Downlink)| ReplicaStatus {
        link,
        name: state.replica_name(link),
        stage: down.stage.clone(),
        acked: down.acked,
        buffered: down.stage.reader().map_or(0, |reader| state.history.offset.since(reader)),
        lag: down.lag(now),
    };
    state.downlinks().map(status).collect()
}

fn snapshot(state: &State, child: &Child) -> SnapshotStatus {
    let copied = state.keyspace.copied();
    let (section, done, total) = match child.encoder.section() {
        Section::Header => ("header".to_owned(), 0, None),
        Section::Aux => ("aux".to_owned(), 0, None),
        Section::Database { index } => (format!("db {index}"), 0, None),
        Section::Key { index, done, total } => (format!("db {index}"), done, Some(total)),
        Section::End => ("end".to_owned(), child.encoder.keys_total(), None),
    };
    SnapshotStatus {
        target: match child.target {
            ChildTarget::Disk { .. } => Target::Disk,
            ChildTarget::Sockets { .. } => Target::Sockets,
        },
        written: child.written,
        keys: (done, total.unwrap_or_else(|| child.encoder.keys_total())),
        section,
        copied_pages: copied.pages,
        copied_bytes: copied.bytes,
    }
}

/// The first keys by name: of a large dataset, the first by name among those met first.
fn first_keys(state: &State, limit: usize) -> Vec<KeyStatus> {
    let entries = |(db, database): (usize, &'_ crate::keyspace::Database)| {
        let entries: Vec<_> = database.iter().take(KEYS_LOOKED_AT).cloned().collect();
        entries.into_iter().map(move |entry| key_status(db, &entry)).collect::<Vec<_>>()
    };
    let mut keys: Vec<KeyStatus> = state.keyspace.iter().flat_map(entries).collect();
    keys.sort_by(|a, b| (a.db, &a.key).cmp(&(b.db, &b.key)));
    keys.truncate(limit);
    keys
}

fn key_status(db: usize, entry: &Entry) -> KeyStatus {
    let value = match &entry.value {
        Value::String(string) => {
            let bytes = string.to_bytes();
            bytes[..bytes.len().min(VALUE_BYTES_MAX)].to_vec()
        }
        Value::List(_)
        | Value::Set(_)
        | Value::Hash(_)
        | Value::SortedSet(_)
        | Value::Stream(_) => entry.value.encoding().name().into(),
    };
    let (key, kind) = (entry.key.clone(), entry.value.type_name());
    KeyStatus { db, key, kind, value, expires: entry.expires.at() }
}

/// How much of a value is shown.
const VALUE_BYTES_MAX: usize = 64;
/// How many pages are shown.
const PAGES_MAX: usize = 256;
/// How many entries of a database are looked at for the first keys.
const KEYS_LOOKED_AT: usize = 1_024;
