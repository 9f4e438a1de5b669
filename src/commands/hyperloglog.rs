//! How many different elements there were, roughly, in 12 kilobytes: PFADD and its relatives.
//!
//! A sketch is a string, and lies in it exactly as Redis has it: it is dumped, sent and compared as
//! one. The count is kept in its head until an element changes something; so even PFCOUNT may
//! write, and enters the stream when it does.
//! *Source*: Redis 7.2 · hyperloglog.c.

mod sketch;

use super::rows::rows;
use super::{Call, Classes, Expiry, Refusal, Spec};
use crate::keyspace::{StringValue, Value};
use crate::resp::{Bytes, Reply, text_of};
use sketch::{Corrupt, REGISTERS, Sketch, raise};

pub(super) const TABLE: &[Spec] = rows! { HyperLogLog;
    "pfadd" -2 GROW_FAST FIRST pfadd, "key [element ...]", "Adds elements to a sketch.";
    "pfcount" -2 READ_REPLICATE ALL pfcount, "key [key ...]",
        "Estimates how many different elements sketches were given.";
    "pfmerge" -2 GROW ALL pfmerge, "destkey [sourcekey ...]", "Makes one sketch of several.";
    "pfdebug" 3 DEBUG_GROW SECOND pfdebug, "GETREG|DECODE|ENCODING|TODENSE key",
        "Shows how a sketch lies.";
    "pfselftest" 1 ADMIN NONE pfselftest, "", "Tries the registers of a sketch.";
};

impl From<Corrupt> for Refusal {
    fn from(_: Corrupt) -> Self {
        Self::other("INVALIDOBJ Corrupted HLL object detected")
    }
}

impl Call<'_> {
    /// The sketch at `key`, if there is one.
    fn sketch(&mut self, key: &[u8]) -> Result<Option<Sketch>, Refusal> {
        let wrong = || Refusal::other("WRONGTYPE Key is not a valid HyperLogLog string value.");
        match self.string(key)? {
            None => Ok(None),
            Some(string) => {
                let bytes = string.as_bytes().ok_or_else(wrong)?;
                Sketch::from_bytes(bytes).map(Some).ok_or_else(wrong)
            }
        }
    }

    /// Puts a sketch back that was changed so many times.
    fn put_sketch(&mut self, key: Bytes, sketch: Sketch, changes: u64) {
        let bytes = sketch.into_bytes().into();
        self.set(key, Value::String(StringValue::Raw(bytes)), Expiry::Keep);
        self.effects.dirty += changes - 1;
    }
}

fn pfadd(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let found = call.sketch(&key)?;
    let mut changes = u64::from(found.is_none());
    let mut sketch = found.unwrap_or_default();
    for element in &call.args[2..] {
        changes += u64::from(sketch.add(element, call.settings.hll_sparse_bytes)?);
    }
    if changes > 0 {
        sketch.forget_count();
        call.put_sketch(Bytes::clone(&key), sketch, changes);
        call.event(Classes::STRING, "pfadd", &key);
    }
    Ok(Reply::Integer((changes > 0).into()))
}

fn pfcount(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    if call.args.len() > 2 {
        let mut registers = [0; REGISTERS];
        for key in &call.args[1..] {
            if let Some(sketch) = call.sketch(key)? {
                sketch.raise_all(&mut registers)?;
            }
        }
        return Ok(Reply::count(sketch::estimate(&registers)));
    }
    let key = call.arg(1);
    let Some(mut sketch) = call.sketch(&key)? else { return Ok(Reply::Integer(0)) };
    if let Some(count) = sketch.known_count() {
        return Ok(Reply::count(count));
    }
    let count = sketch.count()?;
    sketch.remember_count(count);
    call.put_sketch(key, sketch, 1);
    Ok(Reply::count(count))
}

fn pfmerge(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let mut registers = [0; REGISTERS];
    let mut dense = false;
    for key in &call.args[1..] {
        if let Some(sketch) = call.reading(|call| call.sketch(key))? {
            dense |= sketch.is_dense();
            sketch.raise_all(&mut registers)?;
        }
    }
    let key = call.arg(1);
    let mut merged = call.sketch(&key)?.unwrap_or_default();
    if dense {
        merged.make_dense()?;
    }
    for (index, &value) in registers.iter().enumerate().filter(|(_, value)| **value > 0) {
        merged.set(index, value, call.settings.hll_sparse_bytes)?;
    }
    merged.forget_count();
    call.put_sketch(Bytes::clone(&key), merged, 1);
    // As Redis has it: there is no event of the name of the command.
    call.event(Classes::STRING, "pfadd", &key);
    Ok(Reply::OK)
}

fn pfdebug(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(2);
    let missing = || Refusal::other("ERR The specified key does not exist");
    let mut sketch = call.sketch(&key)?.ok_or_else(missing)?;
    let was_dense = sketch.is_dense();
    let word = call.args[1].to_ascii_lowercase();
    let reply = match word.as_slice() {
        b"getreg" => {
            sketch.make_dense()?;
            let mut registers = [0; REGISTERS];
            sketch.raise_all(&mut registers)?;
            Reply::Array(registers.iter().map(|&value| Reply::Integer(value.into())).collect())
        }
        b"decode" if was_dense => return Err(Refusal::other("ERR HLL encoding is not sparse")),
        b"decode" => Reply::bulk(sketch.describe()),
        b"encoding" => Reply::Simple(if was_dense { "dense" } else { "sparse" }.into()),
        b"todense" => {
            sketch.make_dense()?;
            Reply::Integer((!was_dense).into())
        }
        _ => {
            let word = text_of(&call.args[1]);
            return Err(Refusal::other(format!("ERR Unknown PFDEBUG subcommand '{word}'")));
        }
    };
    if sketch.is_dense() != was_dense {
        call.put_sketch(key, sketch, 1);
    }
    Ok(reply)
}

/// Writes registers of a dense sketch in an order that crosses their bytes, and reads them back.
fn pfselftest(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let mut sketch = Sketch::default();
    sketch.make_dense()?;
    let mut expected = [0; REGISTERS];
    for _ in 0..REGISTERS {
        let index = call.random.below(REGISTERS as u64) as usize;
        let value = call.random.below(64) as u8;
        sketch.set(index, value, usize::MAX)?;
        raise(&mut expected, index, value);
    }
    let mut found = [0; REGISTERS];
    sketch.raise_all(&mut found)?;
    if found == expected {
        return Ok(Reply::OK);
    }
    Err(Refusal::other("TESTFAILED a register does not hold what was written to it"))
}

#[cfg(test)]
mod tests;
