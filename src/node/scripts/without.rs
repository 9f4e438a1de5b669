//! An engine that was built without the feature `scripting`: it says so.

use super::super::io::Link;
use super::super::machine::Machine;
use crate::resp::{Bytes, Reply};
use crate::script::Function;

impl Machine<'_> {
    pub(super) fn run_script(
        &self,
        _: Link,
        _: &str,
        _: &[u8],
        _: (&[Bytes], &[Bytes]),
        _: bool,
    ) -> Reply {
        no_lua()
    }

    pub(super) fn run_function(
        &self,
        _: Link,
        _: &Function,
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

/// What a library registers.
pub(super) fn functions_of(_: &[u8]) -> Result<Vec<Function>, String> {
    Err(NO_LUA.into())
}

fn no_lua() -> Reply {
    Reply::error(format!("ERR {NO_LUA}"))
}

const NO_LUA: &str = "This engine was built without Lua: it runs no scripts";
