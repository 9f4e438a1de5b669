use proptest::prelude::*;

use super::*;
use crate::{
    keyspace::{Hash, StringValue, Value},
    rdb::{
        DecodeOptions, Decoder, Digest, Item, dump,
        format::Layout,
        restore,
        sample::{self, bytes},
    },
};

fn file(keyspace: &Keyspace, options: EncodeOptions, chunk: usize) -> Vec<u8> {
    let mut encoder = Encoder::new(keyspace.clone(), sample::header(), options);
    let mut file = Vec::new();
    while let Some(bytes) = encoder.next_chunk(chunk) {
        assert!(bytes.len() <= chunk);
        file.extend(bytes);
    }
    assert_eq!(encoder.section(), Section::End);
    assert_eq!(encoder.next_chunk(chunk), None);
    file
}

fn string(text: &str) -> Value {
    Value::String(StringValue::new(bytes(text)))
}

#[test]
fn an_empty_snapshot_has_the_form_of_a_captured_one() {
    let file = file(&Keyspace::new(16), EncodeOptions::default(), 1_000);
    let expected = b"REDIS0011\
        \xfa\x09redis-ver\x057.2.4\
        \xfa\x0aredis-bits\xc0\x40\
        \xfa\x05ctime\xc2\x00\xf1\x53\x65\
        \xfa\x08used-mem\xc2\x00\x00\x10\x00\
        \xfa\x0erepl-stream-db\xc0\x00\
        \xfa\x07repl-id\xc3\x09\x28\x0100\xe0\x1b\x00\x0100\
        \xfa\x0brepl-offset\x0a9000000000\
        \xfa\x08aof-base\xc0\x00\
        \xff";
    assert_eq!(file[..file.len() - 8], expected[..]);
    assert_eq!(Crc64::of(&file), 0);
}

#[test]
fn databases_without_keys_are_not_named() {
    let mut keyspace = Keyspace::new(16);
    keyspace.db_mut(3).insert(bytes("k"), string("v"), Some(0x0102_0304));
    keyspace.db_mut(9).insert(bytes("n"), string("-7"), None);
    let file = file(&keyspace, EncodeOptions { checksum: false, ..Default::default() }, 64);
    let expected = b"\xfe\x03\xfb\x01\x01\xfc\x04\x03\x02\x01\0\0\0\0\x00\x01k\x01v\
        \xfe\x09\xfb\x01\x00\x00\x01n\xc0\xf9\xff\0\0\0\0\0\0\0\0";
    assert!(file.ends_with(expected), "{file:02x?}");
}

#[test]
fn the_section_tells_how_far_it_is() {
    let mut keyspace = Keyspace::new(2);
    for n in 0..100 {
        keyspace.db_mut(1).insert(bytes(&n.to_string()), string("v"), None);
    }
    let mut encoder = Encoder::new(keyspace, sample::header(), EncodeOptions::default());
    let mut seen = Vec::new();
    while encoder.next_chunk(1).is_some() {
        seen.push(encoder.section());
    }
    seen.dedup();
    let keys = (1..=100).map(|done| Section::Key { index: 1, done, total: 100 });
    let expected: Vec<Section> = [Section::Header, Section::Aux]
        .into_iter()
        .chain([Section::Database { index: 1 }])
        .chain(keys)
        .chain([Section::End])
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_value_as_large_as_the_dataset_needs_no_memory_of_its_own() {
    let field = |n: u32| (bytes(&format!("field:{n}")), bytes("value"));
    let hash = Hash::table((0..20_000).map(field));
    let mut keyspace = Keyspace::new(1);
    keyspace.db_mut(0).insert(bytes("big"), Value::Hash(hash), None);
    let mut encoder = Encoder::new(keyspace, sample::header(), EncodeOptions::default());
    while let Some(chunk) = encoder.next_chunk(500) {
        let held = encoder.writer.pending();
        assert!(chunk.len() <= 500 && held < 500, "{held} bytes are held");
        encoder = encoder.clone();
    }
}

/// The layouts of the file's keys, found by their names.
fn layouts(keyspace: &Keyspace, version: Version) -> Vec<u8> {
    let file = file(keyspace, EncodeOptions { version, ..Default::default() }, 1 << 20);
    let name = |n: usize| [&[5], format!("key:{n}").as_bytes()].concat();
    let layout = |n: usize| {
        let name = name(n);
        let at = file.windows(6).position(|window| window == name).unwrap();
        file[at - 1]
    };
    (1..=9).map(layout).collect()
}

#[test]
fn no_server_is_given_a_layout_that_it_does_not_know() {
    let keyspace = sample::keyspace(9);
    assert_eq!(layouts(&keyspace, Version::V11), [0, 0, 18, 18, 11, 20, 2, 16, 4]);
    assert_eq!(layouts(&keyspace, Version::V10), [0, 0, 18, 18, 11, 2, 2, 16, 4]);
    assert_eq!(layouts(&keyspace, Version::V9), [0, 0, 1, 1, 11, 2, 2, 4, 4]);
    let sorted_set = sample::value(10);
    for (version, layout) in [
        (Version::V11, Layout::SortedSetListpack),
        (Version::V10, Layout::SortedSetListpack),
        (Version::V9, Layout::SortedSet),
    ] {
        assert_eq!(layout_of(&sorted_set, version), layout);
    }
}

fn load(file: &[u8]) -> Keyspace {
    let options = DecodeOptions { thresholds: sample::limits(), ..Default::default() };
    let (mut decoder, mut keyspace) = (Decoder::new(options), Keyspace::new(3));
    decoder.feed(file);
    while let Some(item) = decoder.next().unwrap() {
        if let Item::Key { db, key, value, expires, .. } = item {
            keyspace.db_mut(db as usize).insert(key, value, expires);
        }
    }
    keyspace
}

proptest! {
    #[test]
    fn any_pieces_make_the_same_file(chunk in 1usize..500, keys in 0usize..25) {
        let keyspace = sample::keyspace(keys);
        for version in [Version::V9, Version::V10, Version::V11] {
            let options = EncodeOptions { version, ..Default::default() };
            let whole = file(&keyspace, options, usize::MAX);
            prop_assert_eq!(Crc64::of(&whole), 0);
            prop_assert_eq!(file(&keyspace, options, chunk), whole);
        }
    }

    #[test]
    fn any_value_survives(values in prop::collection::vec(sample::any_value(), 1..10)) {
        let mut keyspace = Keyspace::new(3);
        for (n, value) in values.into_iter().enumerate() {
            let expires = (n % 2 == 1).then_some(n as i64);
            keyspace.db_mut(n % 3).insert(bytes(&n.to_string()), value, expires);
        }
        for version in [Version::V9, Version::V10, Version::V11] {
            let options = EncodeOptions { version, ..Default::default() };
            let copy = load(&file(&keyspace, options, 1_000));
            prop_assert_eq!(Digest::of_keyspace(&copy), Digest::of_keyspace(&keyspace));
        }
    }

    #[test]
    fn any_dump_is_restored(value in sample::any_value()) {
        let options = DecodeOptions { thresholds: sample::limits(), ..Default::default() };
        let payload = dump(&value, Version::V11);
        let copy = restore(&payload, &options).unwrap();
        prop_assert_eq!(Digest::of_value(&copy, false), Digest::of_value(&value, false));
        // A table that has become small again is packed by its reader.
        if copy.encoding() == value.encoding() {
            prop_assert_eq!(&dump(&copy, Version::V11), &payload);
        }
        for end in 0..payload.len() {
            prop_assert!(restore(&payload[..end], &options).is_err());
        }
    }
}
