//! Commands of what is not here: a cluster, modules, a file that is appended to.
//!
//! Clients and tools ask for them to learn what they speak with. They hear what a redis-server says
//! that was started without; what every redis-server has is refused in a sentence.
//! *Source*: Redis 7.2 · cluster.c · clusterCommand, module.c · moduleCommand.

use super::super::help::{help, text};
use super::super::io::Link;
use super::super::machine::Machine;
use crate::resp::{Bytes, Reply};

/// CLUSTER, ASKING, READONLY and READWRITE.
pub(in crate::node) fn cluster(_: &mut Machine<'_>, _: Link, _: &[Bytes]) -> Reply {
    Reply::error("ERR This instance has cluster support disabled")
}

/// MODULE: there are none, and none can be loaded.
pub(in crate::node) fn module(_: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    match (args[1].to_ascii_lowercase().as_slice(), &args[2..]) {
        (b"list", []) => Reply::Array(Vec::new()),
        (b"help", []) => help(args, HELP),
        (b"unload", [name]) => {
            let name = text(name);
            Reply::error(format!(
                "ERR Error unloading module: no such module with that name {name}"
            ))
        }
        _ => Reply::error("ERR Error loading the extension. Please check the server logs."),
    }
}

pub(in crate::node) fn bgrewriteaof(_: &mut Machine<'_>, _: Link, _: &[Bytes]) -> Reply {
    Reply::error("ERR Append only files are not supported by this server")
}

const HELP: &[&str] = &[
    "LIST",
    "    Return a list of loaded modules.",
    "LOAD <path> [<arg> ...]",
    "    Load a module library from <path>, passing to it any optional arguments.",
    "LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
    concat!(
        "    Load a module library from <path>, while passing it module configurations and ",
        "optional arguments."
    ),
    "UNLOAD <name>",
    "    Unload a module.",
];
