//! Files of real servers, read from the folder beside the project where they are collected.
//!
//! For each file a server of version 7.2.4 has said whether it loads it, how many keys it found and
//! what `DEBUG DIGEST` answered. They are other projects' files and not part of this one: where the
//! folder is not, each test says so and is done.

use std::path::Path;

use replica_lab::{
    keyspace::{Entry, Keyspace},
    rdb::{
        DecodeError, DecodeOptions, Decoder, Digest, EncodeOptions, Encoder, Header, Item, Version,
        dump,
    },
};
use serde_json::Value as Json;

/// A file, and what a real server has made of it.
struct Recorded {
    /// Its name in the collection.
    name: String,
    bytes: Vec<u8>,
    /// True if the server refused it.
    refused: bool,
    /// How many keys it held.
    keys: Option<u64>,
    /// What `DEBUG DIGEST` answered.
    digest: Option<String>,
    /// Each key with its value, if the server loaded it.
    expected: Option<Json>,
}

#[test]
fn real_files_load_as_in_redis() {
    let Some(files) = collection() else { return };
    let mut refused = 0;
    for file in &files {
        let name = &file.name;
        match load(&file.bytes, 1 << 16) {
            Ok(keyspace) => {
                assert!(!file.refused, "{name}");
                assert_eq!(Some(keyspace.len()), file.keys, "{name}");
                let digest = Digest::of_keyspace(&keyspace).to_string();
                assert_eq!(Some(digest), file.digest, "{name}");
                survives_a_round_trip(&keyspace);
                assert_eq!(load(&file.bytes, 1).unwrap().len(), keyspace.len(), "{name}");
            }
            Err(error) => {
                assert!(file.refused, "{name}: {error}");
                println!("{name}: {error}");
                refused += 1;
            }
        }
    }
    println!("{} loaded, {refused} refused, as by Redis", files.len() - refused);
}

#[test]
fn a_file_that_is_cut_is_an_error_at_every_length() {
    let Some(files) = collection() else { return };
    let mut cuts = 0;
    for file in &files {
        // What is read of a file does not depend on its pieces, so each byte is the end of a cut.
        let mut decoder = Decoder::new(DecodeOptions::default());
        for (at, byte) in (0..).zip(&file.bytes) {
            let error = read_on(&mut decoder).and_then(|()| decoder.finish()).unwrap_err();
            assert!(error == DecodeError::Cut { at } || file.refused, "{} to {at}", file.name);
            decoder.feed(&[*byte]);
            cuts += 1;
        }
        let outcome = read_on(&mut decoder).and_then(|()| decoder.finish());
        assert_eq!(outcome.is_err(), file.refused, "{}", file.name);
        for end in (0..file.bytes.len()).take_while(|_| file.is_small()) {
            assert!(load(&file.bytes[..end], 1 << 16).is_err(), "{} to {end}", file.name);
        }
    }
    println!("{cuts} cuts of {} files", files.len());
}

/// Reads everything that is there.
fn read_on(decoder: &mut Decoder) -> Result<(), DecodeError> {
    while decoder.next()?.is_some() {}
    Ok(())
}

/// The checksum tells. Without it a file may mean something else, and then it can be used.
#[test]
fn a_flipped_byte_is_an_error_and_does_no_harm() {
    let Some(files) = collection() else { return };
    let (mut flips, mut loaded) = (0, 0);
    for file in &files {
        let mut bytes = file.bytes.clone();
        // Of the largest, every byte would take an hour.
        for at in (0..bytes.len()).step_by(1 + bytes.len() * bytes.len() / BYTES_READ_MAX) {
            for change in [0x01, 0x80, 0xff] {
                bytes[at] ^= change;
                let told = load(&bytes, 1 << 16).is_err();
                // One is refused for a single byte, which is flipped back here.
                let excused = file.refused || !has_checksum(&bytes);
                assert!(told || excused, "{} at {at}", file.name);
                if let Ok(keyspace) = load_unchecked(&bytes) {
                    survives_a_round_trip(&keyspace);
                    loaded += 1;
                }
                bytes[at] ^= change;
                flips += 1;
            }
        }
    }
    println!("{flips} flips; without the checksum {loaded} of them can be loaded");
}

/// True if the version says that the last eight bytes are a checksum, and they do not say none.
fn has_checksum(bytes: &[u8]) -> bool {
    let version = std::str::from_utf8(&bytes[5..9]).ok().and_then(|text| text.parse::<u16>().ok());
    version.is_some_and(|version| version >= 5) && !bytes.ends_with(&[0; 8])
}

#[test]
fn every_key_of_a_real_file_is_kept_as_redis_keeps_it() {
    let Some(files) = collection() else { return };
    let mut count = 0;
    for file in files.iter().filter(|file| !file.refused) {
        let keyspace = load(&file.bytes, 1 << 16).unwrap();
        let expected = file.expected.as_ref().expect("what was loaded was recorded");
        for (db, keys) in expected["dbs"].as_object().unwrap() {
            let db = keyspace.db(db.parse().unwrap());
            for (key, expected) in keys.as_object().unwrap() {
                // Strings are recorded as one character for each byte.
                let key: Vec<u8> =
                    key.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
                let entry = db.get(&key);
                let entry = entry.unwrap_or_else(|| panic!("{} has lost {key:?}", file.name));
                is_as_recorded(entry, expected, &file.name);
                count += 1;
            }
        }
    }
    println!("{count} keys are as recorded");
}

fn is_as_recorded(entry: &Entry, expected: &Json, file: &str) {
    let key = String::from_utf8_lossy(&entry.key);
    assert_eq!(entry.value.type_name(), expected["type"], "{key}");
    assert_eq!(entry.value.encoding().name(), expected["encoding"], "{key}");
    assert_eq!(entry.expires.at().unwrap_or(-1), expected["pexpiretime"], "{key}");
    let digest = Digest::of_value(&entry.value, entry.expires.is_some()).to_string();
    assert_eq!(digest, expected["digest"], "{key}");
    if LONG_SCORES.contains(&file) {
        return;
    }
    let payload = dump(&entry.value, Version::V11);
    assert_eq!(payload.len(), expected["dump_len"], "{key}");
    // The order of a hash table is each server's own.
    if let Some(recorded) = expected["dump"].as_str()
        && expected["encoding"] != "hashtable"
    {
        let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, recorded, "{key}");
    }
}

/// Redis keeps the text of a packed score as it was written, and we the number: 2.37 is written as
/// `2.37` here, and by Redis as the old server wrote it, `2.3700000000000001`.
const LONG_SCORES: [&str; 2] =
    ["librdb/zset_zl_v6.rdb", "redis-rdb-tools/sorted_set_as_ziplist.rdb"];

/// The files and what is known of them; none, and a line that says so, where they are not.
fn collection() -> Option<Vec<Recorded>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/rdb");
    let Ok(manifest) = std::fs::read_to_string(folder.join("manifest.json")) else {
        println!("../shared/rdb is absent: no files of real servers were read");
        return None;
    };
    let manifest: Json = serde_json::from_str(&manifest).expect("the manifest is JSON");
    let files = manifest.as_array().expect("a list").iter().map(|row| recorded(&folder, row));
    let files: Vec<Recorded> = files.collect();
    assert_eq!(files.len(), 78);
    Some(files)
}

fn recorded(folder: &Path, row: &Json) -> Recorded {
    let text = |field: &str| row[field].as_str().map(str::to_owned);
    let name = text("file").expect("a name");
    let expected = text("expected").map(|file| {
        let text = std::fs::read_to_string(folder.join(file)).expect("it was recorded");
        serde_json::from_str(&text).expect("what is expected is JSON")
    });
    Recorded {
        bytes: std::fs::read(folder.join(&name)).expect("the file is there"),
        refused: row["outcome"] == "refused",
        keys: row["keys"].as_u64(),
        digest: text("digest"),
        expected,
        name,
    }
}

impl Recorded {
    /// True if it can be read some thousand times.
    fn is_small(&self) -> bool {
        self.bytes.len() < 3_000
    }
}

fn load(file: &[u8], piece: usize) -> Result<Keyspace, DecodeError> {
    load_with(file, piece, DecodeOptions::default())
}

fn load_unchecked(file: &[u8]) -> Result<Keyspace, DecodeError> {
    load_with(file, 1 << 16, DecodeOptions { checksum: false, ..DecodeOptions::default() })
}

fn load_with(file: &[u8], piece: usize, options: DecodeOptions) -> Result<Keyspace, DecodeError> {
    let mut keyspace = Keyspace::new(16);
    let mut decoder = Decoder::new(options);
    for piece in file.chunks(piece) {
        decoder.feed(piece);
        while let Some(item) = decoder.next()? {
            if let Item::Key { db, key, value, expires, .. } = item
                && db < 16
            {
                keyspace.db_mut(db as usize).insert(key, value, expires);
            }
        }
    }
    decoder.finish().map(|()| keyspace)
}

fn survives_a_round_trip(keyspace: &Keyspace) {
    let header = Header {
        redis_version: "7.2.4".to_owned(),
        ctime_seconds: 0,
        used_memory: 0,
        repl: None,
        libraries: Vec::new(),
    };
    let mut encoder = Encoder::new(keyspace.clone(), header, EncodeOptions::default());
    let file: Vec<u8> = std::iter::from_fn(|| encoder.next_chunk(1 << 12)).flatten().collect();
    let copy = load(&file, 1 << 10).expect("what we write is sound");
    assert_eq!(Digest::of_keyspace(&copy), Digest::of_keyspace(keyspace));
}

/// So much of a file is read at most, again and again, by how many places are damaged.
const BYTES_READ_MAX: usize = 10_000_000;
