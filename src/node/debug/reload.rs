//! DEBUG RELOAD: the dataset is saved and read again, to see that nothing is lost by it.

use super::super::exit::Patron;
use super::super::io::Link;
use super::super::machine::Machine;
use crate::resp::{Bytes, Reply};

/// Who has asked for a reload, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::node) struct Reload {
    pub(in crate::node) link: Link,
    /// What is there goes first.
    pub(in crate::node) flush: bool,
    /// A key that is there already is replaced; else that is the end of the process.
    pub(in crate::node) merge: bool,
}

/// `DEBUG RELOAD [NOSAVE] [NOFLUSH] [MERGE]`.
pub(super) fn reload(machine: &mut Machine<'_>, link: Link, options: &[Bytes]) -> Reply {
    let (mut save, mut reload) = (true, Reload { link, flush: true, merge: false });
    for option in options {
        match option.to_ascii_lowercase().as_slice() {
            b"nosave" => save = false,
            b"noflush" => reload.flush = false,
            b"merge" => reload.merge = true,
            _ => {
                let text = "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.";
                return Reply::error(text);
            }
        }
    }
    machine.wait_for_disk(link);
    if save {
        machine.write_file(Patron::Reload(reload));
    } else {
        machine.reload(reload);
    }
    Reply::Silent
}
