//! Parts of DEBUG that throw a switch, or that have nothing to throw.

use super::super::machine::Machine;
use crate::commands::{Refusal, glob_matches};
use crate::random::Random;
use crate::resp::{Bytes, Reply, parse_integer};

/// None for what is no such part.
#[inline(never)]
pub(super) fn switch(machine: &mut Machine<'_>, sub: &[u8], words: &[Bytes]) -> Option<Reply> {
    // As C reads a number: what is none is zero.
    let is_on = |flag: &Bytes| parse_integer(flag).is_some_and(|flag| flag != 0);
    let state = &mut machine.state;
    match (sub, words) {
        (b"pause-cron", [flag]) => state.cron_paused = is_on(flag),
        (b"set-disable-deny-scripts", [flag]) => state.scripts_look = is_on(flag),
        (b"set-skip-checksum-validation", [flag]) => {
            state.setup.config.settings.checks_sums = !is_on(flag);
        }
        // No memory leaks here, no file is flushed, and no table grows behind anybody's back.
        (b"leak" | b"aof-flush-sleep" | b"dict-resizing", [_]) => {}
        (b"drop-cluster-packet-filter", [kind]) if parse_integer(kind).is_none() => {
            return Some(Reply::error(Refusal::NotAnInteger.to_string()));
        }
        (b"drop-cluster-packet-filter", [_]) => {}
        (b"clusterlink", [kill, _, _]) if kill.eq_ignore_ascii_case(b"kill") => {
            let text = "ERR Debug option only available for cluster mode enabled setup!";
            return Some(Reply::error(text));
        }
        (b"stringmatch-test", []) => {
            match_at_random();
            let text = "Apparently Redis did not crash: test passed";
            return Some(Reply::Simple(text.into()));
        }
        (b"restart" | b"crash-and-recover", [delay, ..]) if parse_integer(delay).is_none() => {
            return Some(Reply::error(Refusal::NotAnInteger.to_string()));
        }
        (b"loadaof", []) => {
            let text = "ERR Append only files are not supported by this server";
            return Some(Reply::error(text));
        }
        (b"structsize", []) => {
            let text = "ERR This server is not written in C and has none of these structures";
            return Some(Reply::error(text));
        }
        // Who could start the process again is outside of it.
        (b"restart" | b"crash-and-recover", _) => {
            let text = "ERR failed to restart the server. Check server logs.";
            return Some(Reply::error(text));
        }
        _ => return None,
    }
    Some(Reply::OK)
}

/// Holds patterns and texts of chance together. It is the same chance each time: that of the server
/// is left alone.
fn match_at_random() {
    let mut random = Random::new(1);
    for _ in 0..MATCHES {
        let mut text = || -> Vec<u8> {
            let length = random.below(32);
            (0..length).map(|_| random.below(128) as u8).collect()
        };
        let (pattern, text) = (text(), text());
        glob_matches(&pattern, &text);
    }
}

/// So many pairs are tried.
const MATCHES: usize = 1_000;
