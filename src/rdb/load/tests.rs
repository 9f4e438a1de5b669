//! Every recorded payload is taken apart, digested, and put together again.

use super::*;
use crate::rdb::{
    Digest,
    format::Kind,
    intset::write_intset,
    save::{pack_scored, pack_texts, write_node, write_plain_node, write_scored},
    write::Writer,
};

/// What `body` holds, gathered; none if it is no collection.
fn gathered(body: &[u8]) -> Option<(Layout, Gathered)> {
    let mut reader = Reader::new(body, 1 << 20);
    let layout = Layout::from_byte(reader.byte().unwrap()).unwrap();
    if layout == Layout::String || layout.form() == Form::Foreign {
        return None;
    }
    let mut load = Load::new(layout);
    loop {
        match load.read(&mut reader) {
            Ok(Loaded::Part) => {}
            Err(Stop::Unsupported { .. }) => return Some((layout, load.gathered)),
            other => panic!("{other:?}"),
        }
    }
}

fn digest(kind: Kind, gathered: &Gathered) -> Digest {
    let mut digest = Digest::default();
    digest.mix_kind(kind);
    match gathered {
        Gathered::Elements(texts) => texts.iter().for_each(|text| digest.mix(text)),
        Gathered::Nodes(nodes) => {
            nodes.iter().flat_map(|node| &node.elements).for_each(|text| digest.mix(text));
        }
        Gathered::Members(texts) => texts.iter().for_each(|text| digest.add(text)),
        Gathered::Numbers { numbers, .. } => {
            numbers.iter().for_each(|number| digest.add(number.to_string().as_bytes()));
        }
        Gathered::Fields(fields) => {
            fields.iter().for_each(|(name, value)| digest.add_field(name, value));
        }
        Gathered::Scored(members) => {
            members.iter().for_each(|(member, score)| digest.add_scored(member, *score));
        }
    }
    digest
}

/// The bytes that a current server writes for what was gathered in `layout`.
fn written(layout: Layout, gathered: &Gathered) -> Vec<u8> {
    let mut writer = Writer::new(true);
    let packed = layout.form() == Form::Listpack;
    match gathered {
        Gathered::Members(texts) if packed => {
            writer.string(&pack_texts(texts.iter().map(|text| &**text)));
        }
        Gathered::Elements(texts) | Gathered::Members(texts) => {
            writer.length(texts.len() as u64);
            texts.iter().for_each(|text| writer.string(text));
        }
        Gathered::Nodes(nodes) => {
            writer.length(nodes.len() as u64);
            for node in nodes {
                match node.plain {
                    true => write_plain_node(&mut writer, &node.elements[0]),
                    false => write_node(&mut writer, node.elements.iter().map(|text| &**text)),
                }
            }
        }
        Gathered::Numbers { width, numbers } => {
            writer.string(&write_intset(*width, numbers.iter().copied()));
        }
        Gathered::Fields(fields) if packed => {
            let texts = fields.iter().flat_map(|(name, value)| [&**name, &**value]);
            writer.string(&pack_texts(texts));
        }
        Gathered::Fields(fields) => {
            writer.length(fields.len() as u64);
            fields.iter().flat_map(|(n, v)| [n, v]).for_each(|text| writer.string(text));
        }
        Gathered::Scored(members) if packed => {
            let members = members.iter().map(|(member, score)| (&**member, *score));
            writer.string(&pack_scored(members));
        }
        Gathered::Scored(members) => {
            writer.length(members.len() as u64);
            members.iter().for_each(|(member, score)| write_scored(&mut writer, member, *score));
        }
    }
    writer.bytes
}

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

#[test]
fn every_recorded_collection_is_taken_apart_and_put_together() {
    let golden = include_str!("../../../tests/vectors/golden-7.2.4.json");
    let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
    let mut count = 0;
    for case in golden["cases"].as_array().unwrap() {
        let Some(payload) = case["dump"].as_str().map(unhex) else { continue };
        let Some((layout, gathered)) = gathered(&payload) else { continue };
        let name = &case["name"];
        assert_eq!(digest(layout.kind(), &gathered).to_string(), case["digest"], "{name}");
        assert_eq!(written(layout, &gathered), payload[1..payload.len() - 10], "{name}");
        count += 1;
    }
    assert_eq!(count, 77);
}
