//! What a snapshot says of itself, and the snapshot that nobody waits for.

use super::Node;
use super::state::State;
use crate::rdb::{EncodeOptions, Encoder, Header, ReplInfo};
use crate::time::Instant;

impl State {
    /// How a snapshot is written.
    pub(super) fn rdb_options(&self, now: Instant) -> EncodeOptions {
        EncodeOptions {
            version: self.setup.profile.rdb_version(),
            compress: self.config().yes("rdbcompression"),
            checksum: self.config().yes("rdbchecksum"),
            uses: self.rdb_uses(now),
        }
    }

    /// What the snapshot says of itself. Its place in the history is known once there is a stream.
    pub(super) fn rdb_header(&self, now: Instant) -> Header {
        let stream_db = match self.upstream.stream_db() {
            Some(db) => Some(db),
            None => self.backlog.as_ref().map(|_| self.stream.selected().unwrap_or(0)),
        };
        Header {
            redis_version: self.setup.profile.redis_version().to_owned(),
            ctime_seconds: now.seconds(),
            used_memory: self.used_memory(),
            libraries: self.libraries.codes(),
            repl: stream_db.map(|db| ReplInfo {
                stream_db: db as i64,
                id: *self.history.id.as_bytes(),
                offset: self.history.offset.0,
            }),
        }
    }
}

impl Node {
    /// The whole dataset as an RDB, as a snapshot of this instant would be. The node does not
    /// notice.
    pub fn dump(&self, now: Instant) -> Vec<u8> {
        let state = &self.state;
        let data = state.keyspace.clone().snapshot();
        let mut encoder = Encoder::new(data, state.rdb_header(now), state.rdb_options(now));
        let mut bytes = Vec::new();
        while let Some(chunk) = encoder.next_chunk(CHUNK_BYTES) {
            bytes.extend(chunk);
        }
        bytes
    }
}

/// So much is written at a time.
const CHUNK_BYTES: usize = 65_536;
