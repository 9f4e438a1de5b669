//! COMMAND: what commands there are.

use super::help::unknown_subcommand;
use super::io::Link;
use super::machine::Machine;
use crate::resp::{Bytes, Reply};

pub(super) fn command(_: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    let names = super::admin_table::command_names();
    match args.get(1).map(|sub| sub.to_ascii_lowercase()).as_deref() {
        Some(b"count") => Reply::count(names.len() as u64),
        Some(b"list") => Reply::Array(names.iter().map(|(name, ..)| Reply::bulk(name)).collect()),
        Some(b"docs") => {
            let wanted = |name: &str| {
                args.len() == 2
                    || args[2..].iter().any(|arg| arg.eq_ignore_ascii_case(name.as_bytes()))
            };
            let docs = names.into_iter().filter(|(name, ..)| wanted(name));
            Reply::Map(
                docs.map(|(name, _, summary)| {
                    let doc = vec![(Reply::bulk("summary"), Reply::bulk(summary))];
                    (Reply::bulk(name), Reply::Map(doc))
                })
                .collect(),
            )
        }
        _ => unknown_subcommand("COMMAND", args.get(1).unwrap_or(&args[0])),
    }
}
