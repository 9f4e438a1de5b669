//! What a hostile RDB file can make a reader hold: something in proportion to its own length, and
//! never what it only announces. One test alone in its process, for it counts what is allocated.
#![cfg(not(target_arch = "wasm32"))]

use std::path::Path;

use peak_alloc::PeakAlloc;
use replica_lab::keyspace::Keyspace;
use replica_lab::rdb::{DecodeOptions, Decoder, Item};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

#[test]
fn no_file_takes_more_memory_than_its_length_allows() {
    let (mut most, mut measured) = (0, 0);
    let mut look = |name: &str, bytes: &[u8]| {
        let taken = taken_by(bytes);
        let allowed = FIXED_MAX + bytes.len() * FOR_A_BYTE_MAX;
        assert!(taken <= allowed, "{name}: {taken} bytes for {}", bytes.len());
        most = most.max(taken);
        measured += 1;
    };
    for (name, bytes) in announcements() {
        look(name, &bytes);
    }
    for mut bytes in small_files() {
        for at in 0..bytes.len() {
            for change in [0x01, 0x80, 0xff] {
                bytes[at] ^= change;
                look("a damaged file", &bytes);
                bytes[at] ^= change;
            }
        }
    }
    println!("{measured} files: at most {most} bytes");
}

/// The most that is held while a file is read, and its values kept.
fn taken_by(file: &[u8]) -> usize {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut decoder = Decoder::new(DecodeOptions { checksum: false, ..DecodeOptions::default() });
    let mut keyspace = Keyspace::new(16);
    for piece in file.chunks(1 << 10) {
        decoder.feed(piece);
        while let Ok(Some(item)) = decoder.next() {
            if let Item::Key { db, key, value, expires, .. } = item
                && db < 16
            {
                keyspace.db_mut(db as usize).insert(key, value, expires);
            }
        }
    }
    MEMORY.peak_usage() - before
}

/// Files that announce more than they hold.
fn announcements() -> Vec<(&'static str, Vec<u8>)> {
    const HALF_A_GIGABYTE: &[u8] = b"\x80\x1f\xff\xff\xff";
    const MORE_THAN_ANY: &[u8] = b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff";
    let file = |parts: &[&[u8]]| [&b"REDIS0011"[..], &parts.concat()].concat();
    let mut files = vec![
        ("a string", file(&[b"\x00\x01k", HALF_A_GIGABYTE, b"v"])),
        ("a packed string", file(&[b"\x00\x01k\xc3\x04", HALF_A_GIGABYTE, b"\x01ab\x20\x00"])),
        ("a packed string of its own", file(&[b"\x00\x01k\xc3", HALF_A_GIGABYTE, b"\x01a"])),
        ("a hint", file(&[b"\xfe\x00\xfb", MORE_THAN_ANY, MORE_THAN_ANY])),
        ("a name", file(&[b"\xfa", HALF_A_GIGABYTE])),
        ("a library", file(&[b"\xf5", HALF_A_GIGABYTE])),
        ("an intset", file(&[b"\x0b\x01k\x0c\x08\0\0\0\xff\xff\xff\x7f\0\0\0\0"])),
        ("a listpack", file(&[b"\x10\x01k\x08\xff\xff\xff\x7f\xff\xff\x01\xff"])),
        ("a ziplist", file(&[b"\x0d\x01k\x0c\xff\xff\xff\x7f\xff\xff\xff\x7f\xff\xff\0\xff"])),
        ("a zipmap", file(&[b"\x09\x01k\x07\xfe\xfe\xff\xff\xff\x7f\xff"])),
    ];
    // Collections, each with its number of elements, and one of them.
    for (name, layout) in [
        ("a list", 1),
        ("a set", 2),
        ("a hash", 4),
        ("a sorted set", 5),
        ("runs", 14),
        ("runs", 18),
    ] {
        files.push((name, file(&[&[layout], b"\x01k", MORE_THAN_ANY, b"\x01a\x01b"])));
    }
    for layout in [15, 19, 21] {
        files.push(("a stream", file(&[&[layout], b"\x01k", MORE_THAN_ANY, b"\x10"])));
        // Without nodes: its length, its last id, and so many groups.
        let groups = [&[layout], &b"\x01k\x00\x00\x00\x00"[..], MORE_THAN_ANY].concat();
        files.push(("groups", file(&[&groups])));
    }
    files
}

/// The files of real servers that can be damaged at every byte, if they are there.
fn small_files() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/rdb");
    let mut files = Vec::new();
    for origin in ["redis-7.2.4", "librdb", "redis-rdb-tools"] {
        let Ok(entries) = std::fs::read_dir(folder.join(origin)) else {
            println!("../shared/rdb/{origin} is absent: its files were not damaged");
            continue;
        };
        let paths = entries.map(|entry| entry.expect("the folder can be read").path());
        let bytes = paths.map(|path| std::fs::read(path).expect("the file can be read"));
        files.extend(bytes.filter(|bytes| bytes.len() < 1_000));
    }
    files
}

/// What an empty keyspace and a decoder take.
const FIXED_MAX: usize = 32 << 10;
/// For each byte of the file: a packed string may unpack to 88 times as much.
const FOR_A_BYTE_MAX: usize = 88;
