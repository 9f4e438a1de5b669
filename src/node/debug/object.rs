//! DEBUG OBJECT: how a value lies in memory. *Source*: Redis 7.2 · debug.c.

use super::super::io::Link;
use super::super::machine::Machine;
use crate::commands::encoding_name;
use crate::keyspace::{Encoding, List, Value};
use crate::rdb::dump;
use crate::resp::{Bytes, Reply};

/// `DEBUG OBJECT <key>`. A value has no address here; the other words are Redis'.
pub(super) fn object(machine: &Machine<'_>, link: Link, key: &Bytes) -> Reply {
    let state = &machine.state;
    let db = state.clients.get(&link).map_or(0, |client| client.db);
    let Some(entry) = state.keyspace.db(db).get(key) else {
        return Reply::error("ERR no such key");
    };
    let now = machine.now.millis() as i64;
    let payload = dump(&entry.value, state.setup.profile.rdb_version());
    let mut text = format!(
        "Value at:0x0 refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
        encoding_name(&entry.value, state.setup.profile.rdb_version()),
        payload.len() - DUMP_FRAME_BYTES,
        entry.access.bits(),
        entry.access.idle_seconds(now),
    );
    if let Value::List(list) = &entry.value
        && list.encoding() == Encoding::Quicklist
    {
        let fill = state.config().get("list-max-listpack-size");
        text += &quicklist(list, fill);
    }
    Reply::Simple(text.into())
}

fn quicklist(list: &List, fill: &str) -> String {
    let nodes = list.nodes().count();
    let bytes: usize = list.nodes().map(|node| node.bytes()).sum();
    let mean = list.len() as f64 / nodes.max(1) as f64;
    format!(
        " ql_nodes:{nodes} ql_avg_node:{mean:.2} ql_listpack_max:{fill} ql_compressed:0 \
         ql_uncompressed_size:{bytes}"
    )
}

/// What DUMP puts around a value: its type, a version and a checksum.
const DUMP_FRAME_BYTES: usize = 11;
