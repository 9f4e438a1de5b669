//! How a family writes its rows down.

use super::Flags;

/// Rows of the table: name, arity, flags, keys, handler; arguments; summary.
macro_rules! rows {
    ($group:ident; $(
        $name:literal $arity:literal $flags:ident $keys:ident $handler:path,
        $usage:expr, $summary:expr;
    )*) => {
        &[$($crate::commands::Spec {
            name: $name,
            arity: $arity,
            flags: $crate::commands::rows::$flags,
            keys: $crate::commands::Keys::$keys,
            group: $crate::commands::Group::$group,
            usage: $usage,
            summary: $summary,
            handler: $handler,
        }),*]
    };
}
pub(super) use rows;

/// Only reads.
pub(super) const READ: Flags = Flags::READONLY;
/// Only reads, and yet may have something for the replicas.
pub(super) const READ_REPLICATE: Flags = READ.and(Flags::MAY_REPLICATE);
/// Looks behind the scenes.
pub(super) const ADMIN: Flags = Flags::ADMIN;
/// Looks behind the scenes, and may write.
pub(super) const DEBUG_GROW: Flags = GROW.and(ADMIN);
/// Only reads, in no time.
pub(super) const READ_FAST: Flags = READ.and(Flags::FAST);
/// Only reads keys that its arguments do not place.
pub(super) const READ_SOME: Flags = READ.and(Flags::MOVABLE_KEYS);
/// Only reads keys of its own choice.
pub(super) const READ_ANY: Flags = READ.and(Flags::TOUCHES_ARBITRARY_KEYS);
/// Writes, and takes no memory.
pub(super) const WRITE: Flags = Flags::WRITE;
/// Writes in no time, and takes no memory.
pub(super) const WRITE_FAST: Flags = WRITE.and(Flags::FAST);
/// Writes keys that its arguments do not place, and takes no memory.
pub(super) const WRITE_SOME: Flags = WRITE.and(Flags::MOVABLE_KEYS);
/// Writes, and may take memory.
pub(super) const GROW: Flags = WRITE.and(Flags::DENYOOM);
/// Writes in no time, and may take memory.
pub(super) const GROW_FAST: Flags = GROW.and(Flags::FAST);
/// Writes one key from several that its arguments do not place, and may take memory.
pub(super) const GROW_SOME: Flags = GROW.and(Flags::MOVABLE_KEYS);
/// Pops, or waits.
pub(super) const WAIT: Flags = WRITE.and(Flags::BLOCKING);
/// Pops in no time, or waits.
pub(super) const WAIT_FAST: Flags = WAIT.and(Flags::FAST);
/// Pops from keys that its arguments do not place, or waits.
pub(super) const WAIT_SOME: Flags = WRITE_SOME.and(Flags::BLOCKING);
/// Reads keys that its arguments do not place, or waits.
pub(super) const READ_WAIT: Flags = READ_SOME.and(Flags::BLOCKING);
/// Moves, or waits.
pub(super) const WAIT_GROW: Flags = WAIT.and(Flags::DENYOOM);
/// Finds out about itself: its subcommands have their own flags.
pub(super) const CONTAINER: Flags = Flags::CONTAINER;
/// The same, and writes.
pub(super) const CONTAINER_WRITE: Flags = CONTAINER.and(WRITE);
