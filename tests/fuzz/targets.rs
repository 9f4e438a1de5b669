//! What is fuzzed, as functions of bytes: `cargo fuzz` searches with them, and `tests/corpus.rs`
//! replays what it has found. A target fails by a panic.
#![allow(dead_code, reason = "each target is a program of its own")]

#[path = "../support/mod.rs"]
mod support;

use replica_lab::keyspace::Keyspace;
use replica_lab::lab::{Script, Shared};
use replica_lab::rdb::{DecodeOptions, Decoder, Digest, EncodeOptions, Encoder, Header, Item};
use replica_lab::resp::{CommandDecoder, ReplyDecoder};
use support::{Bench, CLIENT, STRANGER, World};

/// A target.
pub(crate) type Target = fn(&[u8]);

/// Every target, by the name of its program and of its folder in `tests/corpus`.
pub(crate) const TARGETS: &[(&str, Target)] = &[
    ("commands", commands),
    ("replies", replies),
    ("rdb", rdb),
    ("client", client),
    ("replica", replica),
    ("master", master),
    ("script", script),
    ("link", link),
];

/// Commands are the same however they are cut, and no byte of them is lost.
pub(crate) fn commands(bytes: &[u8]) {
    let Some((size, bytes)) = cut(bytes) else { return };
    let read = |size: usize| {
        let (mut decoder, mut said, mut counted) = (CommandDecoder::default(), Vec::new(), 0);
        for piece in bytes.chunks(size.max(1)) {
            decoder.feed(piece);
            loop {
                match decoder.next_command() {
                    Ok(Some(command)) => {
                        counted += decoder.raw().len();
                        said.push(format!("{command:?}"));
                    }
                    Ok(None) => break,
                    Err(error) => {
                        said.push(error.to_string());
                        return (said, None);
                    }
                }
            }
        }
        (said, Some(counted + decoder.pending()))
    };
    let whole = read(bytes.len());
    assert_eq!(whole, read(size));
    if let Some(counted) = whole.1 {
        assert_eq!(counted, bytes.len(), "a byte is lost");
    }
}

/// Replies are the same however they are cut.
pub(crate) fn replies(bytes: &[u8]) {
    let Some((size, bytes)) = cut(bytes) else { return };
    let read = |size: usize| {
        let (mut decoder, mut said) = (ReplyDecoder::default(), Vec::new());
        for piece in bytes.chunks(size.max(1)) {
            decoder.feed(piece);
            loop {
                match decoder.next_reply() {
                    Ok(Some(reply)) => said.push(format!("{reply:?}")),
                    Ok(None) => break,
                    Err(error) => {
                        said.push(error);
                        return said;
                    }
                }
            }
        }
        said
    };
    assert_eq!(read(bytes.len()), read(size));
}

/// A dataset is the same however it is cut; what could be read can be written and read again.
pub(crate) fn rdb(bytes: &[u8]) {
    let Some((size, bytes)) = cut(bytes) else { return };
    let whole = load(bytes, bytes.len());
    let pieces = load(bytes, size);
    match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => {
            assert_eq!(digest(&whole), digest(&pieces));
            let options = EncodeOptions::default();
            let mut encoder = Encoder::new(whole.clone(), header(), options);
            let mut written = Vec::new();
            while let Some(chunk) = encoder.next_chunk(64) {
                written.extend(chunk);
            }
            let again = load(&written, written.len()).expect("what we write can be read");
            assert_eq!(digest(&again), digest(&whole));
        }
        (whole, pieces) => assert_eq!(whole.err(), pieces.err()),
    }
}

/// A client may say anything: another is served all the same.
pub(crate) fn client(bytes: &[u8]) {
    let Some((size, bytes)) = cut(bytes) else { return };
    let mut world = World::new(Bench::new());
    world.bench.accept(STRANGER);
    for piece in bytes.chunks(size) {
        let orders = world.bench.receive(STRANGER, piece);
        world.carry_out(orders);
        if world.exited {
            return;
        }
    }
    world.wake(20);
    lives(&mut world, bytes);
}

/// A replica may say anything after a proper beginning.
pub(crate) fn replica(bytes: &[u8]) {
    let Some((size, bytes)) = cut(bytes) else { return };
    let mut world = World::new(Bench::new());
    world.bench.accept(STRANGER);
    world.bench.command(STRANGER, &["REPLCONF", "capa", "eof", "capa", "psync2"]);
    let orders = world.bench.command(STRANGER, &["PSYNC", "?", "-1"]);
    world.carry_out(orders);
    world.wake(10);
    for piece in bytes.chunks(size) {
        let orders = world.bench.receive(STRANGER, piece);
        world.carry_out(orders);
        if world.exited {
            return;
        }
    }
    world.wake(20);
    lives(&mut world, bytes);
}

/// A master may say anything from its first word.
pub(crate) fn master(bytes: &[u8]) {
    let Some((size, bytes)) = cut(bytes) else { return };
    let mut bench = Bench::new();
    let link = bench.follow();
    let mut world = World::new(bench);
    for piece in bytes.chunks(size) {
        let orders = world.bench.receive(link, piece);
        world.carry_out(orders);
        if world.exited {
            return;
        }
    }
    world.wake(20);
    lives(&mut world, bytes);
}

/// A script is read or refused in a sentence that names its line.
pub(crate) fn script(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(error) = Script::parse(text) {
        assert!(error.line <= text.lines().count().max(1), "{error} names no line of the script");
        assert!(!error.to_string().is_empty());
    }
}

/// A link is read or refused in a sentence; what was read is spelled so that it is read again.
/// Since nobody guesses deflate, the bytes are also taken for what a link unpacks to.
pub(crate) fn link(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for read in [Shared::parse(&text), Shared::parse_unpacked(&text)] {
        match read {
            Ok(shared) => assert_eq!(Shared::parse(&shared.fragment()), Ok(shared)),
            Err(why) => assert!(!why.is_empty()),
        }
    }
}

/// A client hears the server, unless it has ended, or was asked to be silent.
fn lives(world: &mut World, bytes: &[u8]) {
    let silenced = [&b"pause"[..], b"failover", b"kill"];
    let lower = bytes.to_ascii_lowercase();
    if world.exited
        || world.closed.contains(&CLIENT)
        || silenced.iter().any(|word| lower.windows(word.len()).any(|part| part == *word))
    {
        return;
    }
    let orders = world.bench.command(CLIENT, &["RESET"]);
    assert!(!support::sent_to(CLIENT, &orders).is_empty(), "the server is mute");
}

/// The first byte says in pieces of which size the others arrive.
fn cut(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&size, rest) = bytes.split_first()?;
    Some((usize::from(size).max(1), rest))
}

fn load(bytes: &[u8], size: usize) -> Result<Keyspace, String> {
    let mut decoder = Decoder::new(DecodeOptions::default());
    let mut keyspace = Keyspace::new(16);
    for piece in bytes.chunks(size.max(1)) {
        decoder.feed(piece);
        loop {
            match decoder.next() {
                Ok(Some(Item::Key { db, key, value, expires, .. })) => {
                    let db = usize::try_from(db).unwrap_or(0) % 16;
                    keyspace.db_mut(db).insert(key, value, expires);
                }
                Ok(Some(Item::End)) => return Ok(keyspace),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => return Err(error.to_string()),
            }
        }
    }
    Err("the end is missing".to_owned())
}

fn digest(keyspace: &Keyspace) -> String {
    Digest::of_keyspace(keyspace).to_string()
}

fn header() -> Header {
    Header {
        redis_version: "7.2.4".to_owned(),
        ctime_seconds: 0,
        used_memory: 0,
        repl: None,
        libraries: Vec::new(),
    }
}
