//! The parts of a file that make sense alone, and how an opcode is read.

use super::{
    decode::Item,
    format::{Layout, opcode},
    load::Loaded,
    read::{Reader, Stop},
};
use crate::{keyspace::Millis, resp::Bytes};

/// The smallest part that makes sense alone.
pub(super) enum Atom {
    /// The first nine bytes.
    Signature([u8; 9]),
    /// Something complete.
    Item(Item),
    /// The keys of this database follow.
    SelectDb(u64),
    /// The expiry of the key to come.
    Expires(Option<Millis>),
    /// The seconds since the key to come was used.
    Idle(u64),
    /// The counter of its uses.
    Frequency(u8),
    /// The layout and the name of a key.
    Key(Layout, Bytes),
    /// A part of a value, perhaps the last.
    Part(Loaded),
    /// The last opcode.
    End,
    /// The checksum behind it.
    Checksum(u64),
}

/// Reads an opcode with what belongs to it, or the layout and the name of a key.
pub(super) fn read_item(reader: &mut Reader<'_>) -> Result<Atom, Stop> {
    let at = reader.at();
    Ok(match reader.byte()? {
        opcode::AUX => Atom::Item(Item::Aux { name: reader.string()?, value: reader.string()? }),
        opcode::SELECT_DB => Atom::SelectDb(reader.length()?),
        opcode::RESIZE_DB => {
            Atom::Item(Item::Resize { keys: reader.length()?, expires: reader.length()? })
        }
        opcode::EXPIRE_MS => {
            Atom::Expires(Some(i64::from_le_bytes(reader.array()?)).filter(|&at| at != -1))
        }
        opcode::EXPIRE_SECONDS => {
            Atom::Expires(Some(Millis::from(i32::from_le_bytes(reader.array()?)) * 1_000))
        }
        opcode::IDLE => Atom::Idle(reader.length()?),
        opcode::FREQUENCY => Atom::Frequency(reader.byte()?),
        opcode::FUNCTION => Atom::Item(Item::Function(reader.string()?)),
        opcode::END => Atom::End,
        byte => {
            if let Some(what) = foreign(byte) {
                return Err(Stop::Unsupported { what, at });
            }
            let unknown = Stop::Corrupt { what: "a value of an unknown layout", at };
            Atom::Key(Layout::from_byte(byte).ok_or(unknown)?, reader.string()?)
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
