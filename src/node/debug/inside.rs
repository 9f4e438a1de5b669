//! DEBUG SDSLEN, LISTPACK and QUICKLIST: how values lie in memory.
//!
//! Redis prints structures on its standard output; here they are lines of the log. What is told is
//! what there is: a string lies in as many bytes as it has, a listpack has the very entries that
//! Redis would write, and nothing has an address. *Source*: Redis 7.2 · debug.c; listpack.c ·
//! lpRepr; quicklist.c · quicklistRepr.

use super::super::io::Link;
use super::super::machine::Machine;
use super::super::note::ServerNote;
use crate::commands::encoding_name;
use crate::keyspace::{Encoding, Entry, List, ListNode, Piece, Value, back_bytes};
use crate::resp::{Bytes, Reply, parse_integer};

/// `DEBUG SDSLEN <key>`.
#[inline(never)]
pub(super) fn string_lengths(machine: &Machine<'_>, link: Link, key: &Bytes) -> Reply {
    let Some(entry) = entry(machine, link, key) else { return no_such_key() };
    let Value::String(string) = &entry.value else { return not_encoded("an sds encoded string") };
    let Some(text) = string.as_bytes() else { return not_encoded("an sds encoded string") };
    let (key, text) = (entry.key.len(), text.len());
    let line = format!(
        "key_sds_len:{key}, key_sds_avail:0, key_zmalloc: {key}, val_sds_len:{text}, \
         val_sds_avail:0, val_zmalloc: {text}"
    );
    Reply::Simple(line.into())
}

/// `DEBUG LISTPACK <key>`.
#[inline(never)]
pub(super) fn listpack(machine: &mut Machine<'_>, link: Link, key: &Bytes) -> Reply {
    let version = machine.state.setup.profile.rdb_version();
    let Some(entry) = entry(machine, link, key) else { return no_such_key() };
    if encoding_name(&entry.value, version) != Encoding::Listpack.name() {
        return not_encoded("a listpack encoded object");
    }
    let pack = match &entry.value {
        Value::List(list) => list.nodes().next().map(|node| (node.entries(), node.len())),
        Value::Set(set) => set.as_listpack(),
        Value::Hash(hash) => hash.as_listpack(),
        Value::SortedSet(members) => members.as_listpack(),
        Value::String(_) | Value::Stream(_) => None,
    };
    let (entries, count) = pack.unwrap_or_default();
    let lines = listpack_lines(entries, count);
    print(machine, lines);
    Reply::Simple("Listpack structure printed on stdout".into())
}

/// `DEBUG QUICKLIST <key> [<0|1>]`.
#[inline(never)]
pub(super) fn quicklist(
    machine: &mut Machine<'_>,
    link: Link,
    key: &Bytes,
    full: Option<&Bytes>,
) -> Reply {
    let version = machine.state.setup.profile.rdb_version();
    let Some(entry) = entry(machine, link, key) else { return no_such_key() };
    let Value::List(list) = &entry.value else { return not_encoded("a quicklist encoded object") };
    if encoding_name(&entry.value, version) != Encoding::Quicklist.name() {
        return not_encoded("a quicklist encoded object");
    }
    let full = full.and_then(|flag| parse_integer(flag)).is_some_and(|flag| flag != 0);
    let lines = quicklist_lines(list, machine.state.config().get("list-max-listpack-size"), full);
    print(machine, lines);
    Reply::Simple("Quicklist structure printed on stdout".into())
}

fn entry<'a>(machine: &'a Machine<'_>, link: Link, key: &Bytes) -> Option<&'a Entry> {
    let db = machine.state.clients.get(&link).map_or(0, |client| client.db);
    machine.state.keyspace.db(db).get(key)
}

fn not_encoded(what: &str) -> Reply {
    Reply::error(format!("ERR Not {what}."))
}

fn no_such_key() -> Reply {
    Reply::error("ERR no such key")
}

fn print(machine: &mut Machine<'_>, lines: Vec<String>) {
    for line in lines {
        machine.note(ServerNote::Printed(line));
    }
}

fn quicklist_lines(list: &List, fill: &str, full: bool) -> Vec<String> {
    let mut lines = vec![
        format!("{{count : {}}}", list.len()),
        format!("{{len : {}}}", list.nodes().count()),
        format!("{{fill : {fill}}}"),
        "{compress : 0}".to_owned(),
        "{bookmark_count : 0}".to_owned(),
    ];
    for (index, node) in list.nodes().enumerate() {
        let container = if node.is_plain() { "PLAIN" } else { "PACKED" };
        lines.push(format!("{{quicklist node({index})"));
        lines.push(format!(
            "{{container : {container}, encoding: RAW, size: {}, count: {}, recompress: 0, \
             attempted_compress: 0}}",
            node.bytes(),
            node.len(),
        ));
        if full {
            lines.extend(node_lines(node));
            lines.push("}".to_owned());
        }
    }
    lines
}

fn node_lines(node: &ListNode) -> Vec<String> {
    if node.is_plain() {
        return vec![format!("{{ entry : {} }}", String::from_utf8_lossy(node.entries()))];
    }
    let mut lines = vec!["{ listpack:".to_owned()];
    lines.extend(listpack_lines(node.entries(), node.len()));
    lines.push("}".to_owned());
    lines
}

fn listpack_lines(entries: &[u8], count: usize) -> Vec<String> {
    let bytes = HEADER_BYTES + entries.len() + END_BYTES;
    let mut lines = vec![format!("{{total bytes {bytes}}} {{num entries {count}}}")];
    let (mut at, mut index) = (0, 0);
    while let Some((piece, size)) = Piece::read(&entries[at..]) {
        let back = back_bytes(size);
        let payload = match piece {
            Piece::Integer(_) => size - 1,
            Piece::Bytes(text) => text.len(),
        };
        let raw: String =
            entries[at..].iter().take(size + back).map(|b| format!("{b:02x}|")).collect();
        let text = piece.to_bytes();
        let shown = String::from_utf8_lossy(&text[..text.len().min(TEXT_BYTES_MAX)]).into_owned();
        let more = if text.len() > TEXT_BYTES_MAX { "..." } else { "" };
        lines.extend([
            "{".to_owned(),
            format!("\tindex: {index:2},"),
            format!("\toffset: {},", HEADER_BYTES + at),
            format!("\thdr+entrylen+backlen: {:2},", size + back),
            format!("\thdrlen: {:3},", size - payload),
            format!("\tbacklen: {back:2},"),
            format!("\tpayload: {payload}"),
            format!("\tbytes: {raw}"),
            format!("\t[str]{shown}{more}"),
            "}".to_owned(),
        ]);
        (at, index) = (at + size + back, index + 1);
    }
    lines.push("{end}".to_owned());
    lines
}

/// What stands at the head of a listpack: its bytes, and how many entries it has.
const HEADER_BYTES: usize = 6;
/// What stands at its end.
const END_BYTES: usize = 1;
/// So much of an element is shown.
const TEXT_BYTES_MAX: usize = 40;
