//! An engine that was built without the feature `scripting`: it says so.

use super::super::io::Link;
use super::super::machine::Machine;
use crate::resp::{Bytes, Reply};

impl Machine<'_> {
    pub(super) fn run_script(
        &mut self,
        _: Link,
        _: &str,
        _: &[u8],
        _: (&[Bytes], &[Bytes]),
        _: bool,
    ) -> Reply {
        no_lua()
    }

    pub(super) fn check_script(&self, _: &[u8]) -> Result<(), Reply> {
        Err(no_lua())
    }
}

fn no_lua() -> Reply {
    Reply::error("ERR This engine was built without Lua: it runs no scripts")
}
