//! The parts of a file that make sense alone, and how an opcode is read.

use super::{
    format::{Layout, opcode},
    load::Loaded,
    read::{Reader, Stop},
};
use crate::{keyspace::Millis, resp::Bytes};

/// The smallest part that makes sense alone; a value is a `V` to whoever reads.
pub(super) enum Atom<V> {
    /// The first nine bytes.
    Signature([u8; 9]),
    /// A fact about the writer: its name and its value.
    Aux(Bytes, Bytes),
    /// The keys of this database follow.
    SelectDb(u64),
    /// So many keys, and so many of them with an expiry.
    Resize(u64, u64),
    /// The source of a library of functions.
    Function(Bytes),
    /// The expiry of the key to come.
    Expires(Option<Millis>),
    /// The seconds since the key to come was used.
    Idle(u64),
    /// The counter of its uses.
    Frequency(u8),
    /// The layout and the name of a key.
    Key(Layout, Bytes),
    /// A key with its value.
    Value(Bytes, Loaded<V>),
    /// The last opcode.
    End,
    /// The checksum behind it.
    Checksum(u64),
}

/// Reads an opcode with what belongs to it, or the layout and the name of a key.
pub(super) fn read_item<V>(reader: &mut Reader<'_>) -> Result<Atom<V>, Stop> {
    let at = reader.at();
    Ok(match reader.byte()? {
        opcode::AUX => Atom::Aux(reader.string()?, reader.string()?),
        opcode::SELECT_DB => Atom::SelectDb(reader.length()?),
        opcode::RESIZE_DB => Atom::Resize(reader.length()?, reader.length()?),
        opcode::EXPIRE_MS => {
            Atom::Expires(Some(i64::from_le_bytes(reader.array()?)).filter(|&at| at != -1))
        }
        opcode::EXPIRE_SECONDS => {
            Atom::Expires(Some(Millis::from(i32::from_le_bytes(reader.array()?)) * 1_000))
        }
        opcode::IDLE => Atom::Idle(reader.length()?),
        opcode::FREQUENCY => Atom::Frequency(reader.byte()?),
        opcode::FUNCTION => Atom::Function(reader.string()?),
        opcode::END => Atom::End,
        byte => {
            if let Some(what) = foreign(byte) {
                return Err(Stop::Unsupported { what, at });
            }
            let unknown = Stop::Corrupt { what: "a value of an unknown layout", at };
            let layout = Layout::from_byte(byte).ok_or(unknown)?;
            Atom::Key(layout, reader.key()?)
        }
    })
}

/// What the opcode says that we cannot load; none if it says something else.
const fn foreign(opcode: u8) -> Option<&'static str> {
    match opcode {
        opcode::SLOT_INFO => Some("slot information of a cluster"),
        opcode::FUNCTION_PRE_GA => Some("a function of a release candidate"),
        opcode::MODULE_AUX => Some("data of a module"),
        _ => None,
    }
}
