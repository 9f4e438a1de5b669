//! The options of the configuration that data commands obey.

use super::Classes;
use crate::keyspace::{Fill, Limits, SetLimits, StreamLimits, Tracking};
use crate::rdb::Thresholds;

/// The options of `redis.conf` that change what data commands do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `notify-keyspace-events`.
    pub notify: Classes,
    /// `lazyfree-lazy-expire`: expired keys enter the stream as UNLINK.
    pub lazy_expire: bool,
    /// `lazyfree-lazy-server-del`: implicit deletions enter the stream as UNLINK.
    pub lazy_server_del: bool,
    /// `lazyfree-lazy-user-del`: DEL is UNLINK.
    pub lazy_user_del: bool,
    /// `lazyfree-lazy-user-flush`: what is emptied is freed later, if nobody says otherwise.
    pub lazy_user_flush: bool,
    /// `DEBUG SET-SKIP-CHECKSUM-VALIDATION`: what was changed on the way is looked at all the same.
    pub skips_checksum: bool,
    /// What a client may be owed before it is dropped, in bytes; 0 for any amount.
    pub reply_bytes_max: u64,
    /// False if every small number has to be told from the others, for `maxmemory-policy`.
    pub shares_integers: bool,
    /// `hash-max-listpack-entries`.
    pub hash_listpack_entries: usize,
    /// `hash-max-listpack-value`.
    pub hash_listpack_value: usize,
    /// `list-max-listpack-size`, and from where on elements are not packed.
    pub list_fill: Fill,
    /// `set-max-intset-entries`.
    pub set_intset_entries: usize,
    /// `set-max-listpack-entries`.
    pub set_listpack_entries: usize,
    /// `set-max-listpack-value`.
    pub set_listpack_value: usize,
    /// `zset-max-listpack-entries`.
    pub zset_listpack_entries: usize,
    /// `zset-max-listpack-value`.
    pub zset_listpack_value: usize,
    /// `stream-node-max-bytes`.
    pub stream_node_bytes: usize,
    /// `stream-node-max-entries`.
    pub stream_node_entries: usize,
    /// `hll-sparse-max-bytes`.
    pub hll_sparse_bytes: usize,
    /// `proto-max-bulk-len`: how long a string may be.
    pub string_bytes_max: u64,
    /// `maxmemory-policy`, as far as it says what is noted of a key's use.
    pub tracking: Tracking,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reply_bytes_max: 0,
            shares_integers: true,
            notify: Classes::default(),
            lazy_expire: false,
            lazy_server_del: false,
            lazy_user_del: false,
            lazy_user_flush: false,
            skips_checksum: false,
            hash_listpack_entries: 512,
            hash_listpack_value: 64,
            list_fill: Fill::of(-2),
            set_intset_entries: 512,
            set_listpack_entries: 128,
            set_listpack_value: 64,
            zset_listpack_entries: 128,
            zset_listpack_value: 64,
            stream_node_bytes: 4_096,
            stream_node_entries: 100,
            hll_sparse_bytes: 3_000,
            string_bytes_max: 512 << 20,
            tracking: Tracking::Recency,
        }
    }
}

impl Settings {
    /// Up to where values are packed that are read from a snapshot.
    pub const fn thresholds(&self) -> Thresholds {
        Thresholds {
            list_fill: self.list_fill,
            set: self.set_limits(),
            hash: self.hash_limits(),
            sorted_set: self.sorted_set_limits(),
        }
    }

    /// Up to where a hash is packed.
    pub const fn hash_limits(&self) -> Limits {
        Limits { entries: self.hash_listpack_entries, element_bytes: self.hash_listpack_value }
    }

    /// Up to where a set is packed.
    pub const fn set_limits(&self) -> SetLimits {
        let packed =
            Limits { entries: self.set_listpack_entries, element_bytes: self.set_listpack_value };
        SetLimits { numbers: self.set_intset_entries, packed }
    }

    /// Up to where entries of a stream share a node.
    pub const fn stream_limits(&self) -> StreamLimits {
        StreamLimits { bytes: self.stream_node_bytes, entries: self.stream_node_entries }
    }

    /// Up to where a sorted set is packed.
    pub const fn sorted_set_limits(&self) -> Limits {
        Limits { entries: self.zset_listpack_entries, element_bytes: self.zset_listpack_value }
    }
}
