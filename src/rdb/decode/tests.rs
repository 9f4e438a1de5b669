use proptest::prelude::*;

use super::*;
use crate::{
    keyspace::{Keyspace, StringValue},
    rdb::{
        Counter, Digest, EncodeOptions, Encoder, Version,
        sample::{self, bytes},
        survey::elements_of,
    },
};

/// What a whole file says, and the bytes behind it.
fn items(file: &[u8]) -> Result<(Vec<Item>, Vec<u8>), DecodeError> {
    items_in_pieces([file])
}

fn items_in_pieces<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(Vec<Item>, Vec<u8>), DecodeError> {
    let mut decoder = Decoder::new(DecodeOptions::default());
    let mut items = Vec::new();
    for piece in pieces {
        decoder.feed(piece);
        while let Some(item) = decoder.next()? {
            items.push(item);
        }
    }
    Ok((items, decoder.unread().to_vec()))
}

/// A file of `keys` values of all kinds.
fn sample(keys: usize, options: EncodeOptions) -> (Keyspace, Vec<u8>) {
    let keyspace = sample::keyspace(keys);
    let mut encoder = Encoder::new(keyspace.clone(), sample::header(), options);
    let file = std::iter::from_fn(|| encoder.next_chunk(100)).flatten().collect();
    (keyspace, file)
}

fn loaded(items: Vec<Item>) -> Keyspace {
    let mut keyspace = Keyspace::new(3);
    for item in items {
        if let Item::Key { db, key, value, expires, .. } = item {
            keyspace.db_mut(db as usize).insert(key, value, expires);
        }
    }
    keyspace
}

fn entries(keyspace: &Keyspace) -> Vec<(usize, crate::keyspace::Entry)> {
    let of = |(index, db): (usize, &crate::keyspace::Database)| {
        db.iter().cloned().map(|entry| (index, entry)).collect::<Vec<_>>()
    };
    keyspace.iter().flat_map(of).collect()
}

#[test]
fn what_was_written_is_read() {
    for version in [Version::V9, Version::V10, Version::V11] {
        for (compress, checksum) in [(true, true), (false, false)] {
            let options = EncodeOptions { version, compress, checksum, ..Default::default() };
            let (keyspace, file) = sample(36, options);
            let (items, rest) = items(&file).unwrap();
            assert_eq!(items.last(), Some(&Item::End));
            let copy = loaded(items);
            assert_eq!(Digest::of_keyspace(&copy), Digest::of_keyspace(&keyspace));
            // Older layouts leave it to the reader where a list is cut.
            if version == Version::V11 {
                assert_eq!(entries(&copy), entries(&keyspace));
            }
            assert!(rest.is_empty());
        }
    }
}

#[test]
fn the_writer_speaks_about_itself_first() {
    let (_, file) = sample(1, EncodeOptions::default());
    let (items, _) = items(&file).unwrap();
    let mut told = Vec::new();
    for item in &items[..8] {
        let Item::Aux { name, value } = item else { panic!("{item:?}") };
        told.push([name, value].map(|text| String::from_utf8(text.to_vec()).unwrap()).join("="));
    }
    let id = format!("repl-id={}", "0".repeat(40));
    let expected = [
        "redis-ver=7.2.4",
        "redis-bits=64",
        "ctime=1700000000",
        "used-mem=1048576",
        "repl-stream-db=0",
        &id,
        "repl-offset=9000000000",
        "aof-base=0",
    ];
    assert_eq!(told, expected);
    assert_eq!(items[8..10], [Item::SelectDb(0), Item::Resize { keys: 1, expires: 1 }]);
    assert_eq!(items.len(), 12);
}

#[test]
fn bytes_behind_the_end_are_left_for_others() {
    let (_, mut file) = sample(3, EncodeOptions::default());
    file.extend(b"*1\r\n$4\r\nPING\r\n");
    let mut decoder = Decoder::new(DecodeOptions::default());
    decoder.feed(&file);
    while decoder.next().unwrap().is_some() {}
    assert_eq!(decoder.unread(), b"*1\r\n$4\r\nPING\r\n");
    decoder.feed(b"+OK");
    assert_eq!(decoder.next(), Ok(None));
    assert_eq!(decoder.unread(), b"*1\r\n$4\r\nPING\r\n+OK");
    assert_eq!(decoder.offset(), file.len() as u64 - 14);
}

#[test]
fn one_byte_at_a_time_says_the_same() {
    let (_, file) = sample(24, EncodeOptions::default());
    assert_eq!(items_in_pieces(file.chunks(1)), items(&file));
}

#[test]
fn a_counter_is_told_of_every_element_however_the_file_is_cut() {
    for version in [Version::V9, Version::V11] {
        let (_, file) = sample(36, EncodeOptions { version, ..EncodeOptions::default() });
        let keys = |item| {
            let Item::Key { key, value, .. } = item else { return None };
            Some((key, elements_of(&value)))
        };
        let built: Vec<_> = items(&file).unwrap().0.into_iter().filter_map(keys).collect();
        for cut in [1, 1_000, file.len()] {
            let mut decoder = Decoder::with_sink(DecodeOptions::default(), Counter::default());
            let mut counted = Vec::new();
            for piece in file.chunks(cut) {
                decoder.feed(piece);
                while let Some(item) = decoder.next().unwrap() {
                    if let Item::Key { key, value, .. } = item {
                        counted.push((key, value.elements));
                    }
                }
            }
            assert_eq!(counted, built, "{cut}");
        }
    }
}

#[test]
fn no_prefix_is_an_error_unless_it_is_all_there_is() {
    let (_, file) = sample(12, EncodeOptions::default());
    let (whole, _) = items(&file).unwrap();
    let mut decoder = Decoder::new(DecodeOptions::default());
    for (at, byte) in (0..).zip(&file) {
        while decoder.next().unwrap().is_some() {}
        assert_eq!(decoder.finish(), Err(DecodeError::Cut { at }));
        decoder.feed(&[*byte]);
    }
    assert_eq!(decoder.next(), Ok(Some(Item::End)));
    assert_eq!(decoder.finish(), Ok(()));
    for end in 0..file.len() {
        let (said, _) = items(&file[..end]).unwrap();
        assert_eq!(said, whole[..said.len()]);
        assert_ne!(said.last(), Some(&Item::End));
    }
}

#[test]
fn a_copy_goes_on_where_the_decoder_was() {
    let (_, file) = sample(20, EncodeOptions::default());
    let (whole, _) = items(&file).unwrap();
    let mut decoder = Decoder::new(DecodeOptions::default());
    let mut said = Vec::new();
    for byte in &file {
        decoder = decoder.clone();
        decoder.feed(&[*byte]);
        said.extend(decoder.next().unwrap());
    }
    assert_eq!(said, whole);
}

#[test]
fn the_signature_decides_who_may_read() {
    for (signature, error) in [
        ("REDIS0012", DecodeError::VersionTooNew(12)),
        ("REDIS9999", DecodeError::VersionTooNew(9999)),
        ("REDIS0000", DecodeError::BadSignature),
        ("REDIS+001", DecodeError::BadSignature),
        ("VALKEY080", DecodeError::BadSignature),
        ("redis0011", DecodeError::BadSignature),
    ] {
        assert_eq!(items(signature.as_bytes()), Err(error), "{signature}");
    }
    assert_eq!(items(b"REDIS0011"), Ok((vec![], vec![])));
}

#[test]
fn an_old_file_ends_without_a_checksum() {
    let (items, rest) = items(b"REDIS0003\xfe\x00\xfd\xff\xff\xff\xff\x00\x01k\x01v\xff+").unwrap();
    let value = Value::String(StringValue::Embedded(bytes("v")));
    let key = Item::Key {
        db: 0,
        key: bytes("k"),
        value,
        expires: Some(-1_000),
        idle: None,
        frequency: None,
    };
    assert_eq!(items, [Item::SelectDb(0), key, Item::End]);
    assert_eq!(rest, b"+");
}

#[test]
fn what_stands_before_a_key_may_come_in_any_order() {
    let file = b"REDIS0009\xf9\x07\xfc\x05\0\0\0\0\0\0\0\xf8\x40\x50\x00\x01k\xc0\x01\
        \xfc\xff\xff\xff\xff\xff\xff\xff\xff\x00\x01l\xc0\x02\xff\0\0\0\0\0\0\0\0";
    let (items, _) = items(file).unwrap();
    let key = |name, n, expires, idle, frequency| {
        let value = Value::String(StringValue::Integer(n));
        Item::Key { db: 0, key: bytes(name), value, expires, idle, frequency }
    };
    assert_eq!(
        items,
        [key("k", 1, Some(5), Some(80), Some(7)), key("l", 2, None, None, None), Item::End]
    );
}

#[test]
fn what_cannot_be_loaded_is_named_with_its_place() {
    for (tail, message) in [
        (&b"\xf7"[..], "data of a module cannot be loaded here, at byte 9"),
        (b"\xf6", "a function of a release candidate cannot be loaded here, at byte 9"),
        (b"\x07\x01m\x81", "a module value cannot be loaded here, at byte 12"),
        (b"\x08\x01k", "a value of an unknown layout, at byte 9"),
        (b"\xfe\x82", "a length of an unknown form, at byte 10"),
        (b"\x00\x01k\xc5", "a string of an unknown form, at byte 12"),
    ] {
        let file = [&b"REDIS0011"[..], tail].concat();
        assert_eq!(items(&file).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_failed_decoder_stays_failed() {
    let mut decoder = Decoder::new(DecodeOptions::default());
    decoder.feed(b"REDIS0011\x08");
    let error = decoder.next().unwrap_err();
    decoder.feed(b"\xff");
    assert_eq!(decoder.next(), Err(error));
}

#[test]
fn a_changed_byte_is_noticed_by_the_checksum_unless_nobody_looks() {
    let file = b"REDIS0011\x00\x01k\x01v\xff12345678";
    assert!(matches!(items(file), Err(DecodeError::BadChecksum { .. })));
    let mut decoder = Decoder::new(DecodeOptions { checksum: false, ..Default::default() });
    decoder.feed(file);
    decoder.next().unwrap();
    assert_eq!(decoder.next(), Ok(Some(Item::End)));
}

proptest! {
    #[test]
    fn changed_bytes_do_no_harm(
        at in any::<prop::sample::Index>(), byte: u8, cut in 1usize..300
    ) {
        let (_, mut file) = sample(12, EncodeOptions::default());
        let at = at.index(file.len());
        let changed = file[at] != byte;
        file[at] = byte;
        let read = items_in_pieces(file.chunks(cut));
        if changed && let Ok((items, _)) = read {
            prop_assert_ne!(items.last(), Some(&Item::End));
        }
    }

    #[test]
    fn hostile_bytes_do_no_harm(tail in prop::collection::vec(any::<u8>(), 0..300)) {
        let file = [&b"REDIS0011"[..], &tail].concat();
        let whole = items(&file);
        prop_assert_eq!(items_in_pieces(file.chunks(1)), whole);
    }
}
