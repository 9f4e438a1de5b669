//! Files of real servers, read from the folder beside the project where they are collected.
//!
//! For each file a server of version 7.2.4 has said whether it loads it, how many keys it found and
//! what `DEBUG DIGEST` answered. They are other projects' files and not part of this one: where the
//! folder is not, the test says so and is done.

use std::path::{Path, PathBuf};

use replica_lab::{
    keyspace::{Entry, Keyspace},
    rdb::{
        DecodeError, DecodeOptions, Decoder, Digest, EncodeOptions, Encoder, Header, Item, Version,
        dump,
    },
};

#[test]
fn real_files_load_as_in_redis() {
    let Some((folder, manifest)) = collection() else {
        println!("../shared/rdb is absent: no files of real servers were read");
        return;
    };
    let (mut loaded, mut unsupported, mut refused) = (0, 0, 0);
    for file in manifest.as_array().unwrap() {
        let name = file["file"].as_str().unwrap();
        let bytes = std::fs::read(folder.join(name)).unwrap();
        match (load(&bytes, 1 << 16), file["outcome"].as_str().unwrap()) {
            (Ok(keyspace), "loaded") => {
                assert_eq!(Some(keyspace.len()), file["keys"].as_u64(), "{name}");
                let digest = Digest::of_keyspace(&keyspace).to_string();
                assert_eq!(digest, file["digest"], "{name}");
                survives_a_round_trip(&keyspace);
                assert_eq!(load(&bytes, 1).unwrap().len(), keyspace.len(), "{name}");
                loaded += 1;
            }
            (Err(DecodeError::Unsupported { what, .. }), "loaded") => {
                println!("{name}: {what}");
                unsupported += 1;
            }
            (Err(error), "refused") => {
                println!("{name}: {error}");
                refused += 1;
            }
            (result, outcome) => panic!("{name} was {outcome}, but {result:?}"),
        }
    }
    println!("{loaded} loaded, {unsupported} not supported, {refused} refused as by Redis");
}

#[test]
fn no_prefix_of_a_real_file_is_an_error() {
    let Some((folder, manifest)) = collection() else { return };
    for file in manifest.as_array().unwrap() {
        let bytes = std::fs::read(folder.join(file["file"].as_str().unwrap())).unwrap();
        if file["outcome"] == "loaded" && bytes.len() < 3_000 && load(&bytes, 1).is_ok() {
            for end in 0..bytes.len() {
                let error = load(&bytes[..end], 100).err();
                assert_eq!(error, None, "{} to {end}", file["file"]);
            }
        }
    }
}

#[test]
fn changed_bytes_of_real_files_do_no_harm() {
    let Some((folder, manifest)) = collection() else { return };
    for file in manifest.as_array().unwrap() {
        let mut bytes = std::fs::read(folder.join(file["file"].as_str().unwrap())).unwrap();
        if bytes.len() > 3_000 {
            continue;
        }
        for at in 9..bytes.len() {
            for change in [0x01, 0x80, 0xff] {
                bytes[at] ^= change;
                let _ = load(&bytes, 1 << 16);
                bytes[at] ^= change;
            }
        }
    }
}

#[test]
fn every_key_of_a_real_file_is_kept_as_redis_keeps_it() {
    let Some((folder, manifest)) = collection() else { return };
    let mut count = 0;
    for file in manifest.as_array().unwrap().iter().filter(|file| file["outcome"] == "loaded") {
        let name = file["file"].as_str().unwrap();
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let Ok(keyspace) = load(&bytes, 1 << 16) else { continue };
        let expected = folder.join(file["expected"].as_str().unwrap());
        let expected = std::fs::read_to_string(expected).unwrap();
        let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
        for (db, keys) in expected["dbs"].as_object().unwrap() {
            let db = keyspace.db(db.parse().unwrap());
            for (key, expected) in keys.as_object().unwrap() {
                // Strings are recorded as one character for each byte.
                let key: Vec<u8> =
                    key.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
                let entry = db.get(&key).unwrap_or_else(|| panic!("{name} has lost {key:?}"));
                is_as_recorded(entry, expected, name);
                count += 1;
            }
        }
    }
    println!("{count} keys are as recorded");
}

fn is_as_recorded(entry: &Entry, expected: &serde_json::Value, file: &str) {
    let key = String::from_utf8_lossy(&entry.key);
    assert_eq!(entry.value.type_name(), expected["type"], "{key}");
    assert_eq!(entry.value.encoding().name(), expected["encoding"], "{key}");
    assert_eq!(entry.expires.unwrap_or(-1), expected["pexpiretime"], "{key}");
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

/// The folder and what is known about its files.
fn collection() -> Option<(PathBuf, serde_json::Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/rdb");
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).ok()?;
    Some((folder, serde_json::from_str(&manifest).expect("the manifest is JSON")))
}

fn load(file: &[u8], piece: usize) -> Result<Keyspace, DecodeError> {
    let mut keyspace = Keyspace::new(16);
    let mut decoder = Decoder::new(DecodeOptions::default());
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
    Ok(keyspace)
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
