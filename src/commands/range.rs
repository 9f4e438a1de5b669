//! Parts of strings. *Source*: Redis 7.2 · t_string.c · setrangeCommand, getrangeCommand.

use super::rows::rows;
use super::{Call, Classes, Expiry, Refusal, Spec};
use crate::keyspace::{StringValue, Value};
use crate::resp::{Bytes, Reply};

pub(super) const TABLE: &[Spec] = rows! { String;
    "setrange" 4 GROW FIRST setrange, "key offset value", "Overwrites a part of a string.";
    "getrange" 4 READ FIRST getrange, "key start end", "Answers a part of a string.";
    "substr" 4 READ FIRST getrange, "key start end", "Answers a part of a string.";
};

fn setrange(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let offset = call.integer(2)?;
    let offset = u64::try_from(offset).map_err(|_| Refusal::other("ERR offset is out of range"))?;
    let (key, part) = (call.arg(1), call.arg(3));
    let before = call.string(&key)?.map(|string| string.to_bytes());
    if part.is_empty() {
        return Ok(Reply::count(before.map_or(0, |bytes| bytes.len() as u64)));
    }
    call.check_length(offset, part.len() as u64)?;
    let start = offset as usize;
    let mut bytes = before.map_or_else(Vec::new, |bytes| bytes.to_vec());
    bytes.resize(bytes.len().max(start + part.len()), 0);
    bytes[start..start + part.len()].copy_from_slice(&part);
    let length = bytes.len();
    let value = Value::String(StringValue::Raw(bytes.into()));
    call.set(Bytes::clone(&key), value, Expiry::Keep);
    call.event(Classes::STRING, "setrange", &key);
    Ok(Reply::count(length as u64))
}

fn getrange(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    let key = call.arg(1);
    let bytes = call.string(&key)?.map(|string| string.to_bytes()).unwrap_or_default();
    let length = bytes.len() as i64;
    if start < 0 && end < 0 && start > end {
        return Ok(Reply::bulk(""));
    }
    // An end before the first byte is taken for the first byte: that is how Redis has it.
    let from_start = |index: i64| if index < 0 { (length + index).max(0) } else { index };
    let (start, end) = (from_start(start), from_start(end).min(length - 1));
    if start > end {
        return Ok(Reply::bulk(""));
    }
    Ok(Reply::bulk(&bytes[start as usize..=end as usize]))
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Bench;

    #[test]
    fn a_part_may_be_counted_from_either_end() {
        let mut bench = Bench::default();
        bench.run("SET k abcdef");
        for (range, part) in [
            ("0 2", "abc"),
            ("-2 -1", "ef"),
            ("0 -100", "a"),
            ("-1 -2", ""),
            ("4 100", "ef"),
            ("9 100", ""),
            ("-100 1", "ab"),
        ] {
            assert_eq!(bench.run(&format!("GETRANGE k {range}")), format!("\"{part}\""), "{range}");
        }
    }

    #[test]
    fn what_is_written_beyond_the_end_is_preceded_by_zeros() {
        let mut bench = Bench::default();
        assert_eq!(bench.run("SETRANGE k 3 x"), "(integer) 4");
        assert_eq!(bench.run("GET k"), "\"\\x00\\x00\\x00x\"");
        assert_eq!(bench.run("OBJECT ENCODING k"), "\"raw\"");
        assert_eq!(bench.run("SETRANGE k 0 ''"), "(integer) 4");
        assert_eq!(bench.run("SETRANGE k -1 x"), "(error) ERR offset is out of range");
    }
}
