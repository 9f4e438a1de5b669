//! BITOP: several strings made one, bit by bit. *Source*: Redis 7.2 · bitops.c · bitopCommand.

use crate::commands::rows::rows;
use crate::commands::{Call, Refusal, Spec};
use crate::resp::{Bytes, Reply};

pub(in crate::commands) const TABLE: &[Spec] = rows! { Bitmap;
    "bitop" -4 GROW FROM_SECOND bitop, "AND|OR|XOR|NOT destkey key [key ...]",
        "Combines strings bit by bit, and stores the result.";
};

fn bitop(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let combine: fn(u8, u8) -> u8 = match call.args[1].to_ascii_lowercase().as_slice() {
        b"and" => |a, b| a & b,
        b"or" => |a, b| a | b,
        b"xor" => |a, b| a ^ b,
        b"not" if call.args.len() == 4 => |a, _| !a,
        b"not" => {
            let text = "ERR BITOP NOT must be called with a single source key.";
            return Err(Refusal::other(text));
        }
        _ => return Err(Refusal::Syntax),
    };
    let mut sources = Vec::new();
    for key in &call.args[3..] {
        sources.push(call.reading(|call| call.bits(key))?.unwrap_or_default());
    }
    let length = sources.iter().map(|source| source.len()).max().unwrap_or(0);
    let byte = |source: &Bytes, at: usize| source.get(at).copied().unwrap_or(0);
    let mut bytes: Vec<u8> = (0..length).map(|at| byte(&sources[0], at)).collect();
    if call.is(1, "not") {
        bytes.iter_mut().for_each(|own| *own = combine(*own, 0));
    }
    for source in &sources[1..] {
        let pairs = bytes.iter_mut().enumerate();
        pairs.for_each(|(at, own)| *own = combine(*own, byte(source, at)));
    }
    super::store(call, call.arg(2), bytes);
    Ok(Reply::count(length as u64))
}
