//! DUMP and RESTORE: one value as bytes, and back. *Source*: Redis 7.2 · cluster.c.

use super::rows::rows;
use super::{Call, Classes, Refusal, Spec};
use crate::keyspace::Entry;
use crate::rdb::{DecodeOptions, RestoreError, dump as payload_of, restore as value_of};
use crate::resp::{Bytes, Reply};

pub(super) const TABLE: &[Spec] = rows! { Generic;
    "dump" 2 READ FIRST dump, "key", "Answers a key's value as bytes.";
    "restore" -4 GROW FIRST restore,
        "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
        "Makes a key of what DUMP answered.";
    "restore-asking" -4 GROW FIRST restore,
        "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
        "What RESTORE is to a cluster that moves keys.";
};

fn dump(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (key, version) = (call.arg(1), call.rdb_version);
    let payload = call.value(&key).map(|value| payload_of(value, version));
    Ok(payload.map_or(Reply::Null, Reply::bulk))
}

/// What RESTORE is told beside the key and its value.
#[derive(Clone, Copy, Default)]
struct Options {
    replace: bool,
    absolute: bool,
    /// Seconds since the last use.
    idle: Option<u64>,
    /// The counter of uses.
    frequency: Option<u8>,
}

fn restore(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let options = options(call)?;
    let key = call.arg(1);
    if !options.replace && call.exists(&key) {
        return Err(Refusal::other("BUSYKEY Target key name already exists."));
    }
    let ttl = call.integer(2)?;
    if ttl < 0 {
        return Err(Refusal::other("ERR Invalid TTL value, must be >= 0"));
    }
    let (thresholds, newest) = (call.settings.thresholds(), call.rdb_version);
    let checksum = call.settings.checks_sums;
    let decoding = DecodeOptions { checksum, thresholds, newest, ..Default::default() };
    let value = value_of(&call.args[3], &decoding).map_err(|error| {
        if let RestoreError::BadFormat { of } = error {
            call.effects.damaged = of;
        }
        Refusal::Other(format!("ERR {error}"))
    })?;
    let deleted = options.replace && call.database().remove(&key).is_some();
    let start = if options.absolute { 0 } else { call.now };
    // A time to live beyond all time is one that is over, as it is in Redis.
    let expires = (ttl > 0).then(|| ttl.wrapping_add(start));
    if expires.is_some_and(|at| call.is_past(at)) {
        if deleted {
            let name = Bytes::from(call.implicit_deletion().as_bytes());
            call.touch(&key);
            call.event(Classes::GENERIC, "del", &key);
            call.propagate_as(&[name, key]);
            call.effects.dirty += 1;
        }
        return Ok(Reply::OK);
    }
    if let Some(at) = expires.filter(|_| !options.absolute && !call.relative_expiries) {
        let mut args = call.args.to_vec();
        args[2] = Bytes::from(at.to_string().as_bytes());
        args.push(Bytes::from(&b"ABSTTL"[..]));
        call.propagate_as(&args);
    }
    call.touch(&key);
    call.appears(&key);
    call.event(Classes::GENERIC, "restore", &key);
    let access = call.settings.tracking.restored(options.idle, options.frequency, call.now);
    call.database().put(Entry { key, value, expires: expires.into(), access });
    call.effects.dirty += 1;
    Ok(Reply::OK)
}

fn options(call: &Call<'_>) -> Result<Options, Refusal> {
    let (mut options, mut index) = (Options::default(), 4);
    while index < call.args.len() {
        let more = index + 1 < call.args.len();
        if call.is(index, "replace") {
            options.replace = true;
        } else if call.is(index, "absttl") {
            options.absolute = true;
        } else if call.is(index, "idletime") && more && options.frequency.is_none() {
            index += 1;
            let invalid = |_| Refusal::other("ERR Invalid IDLETIME value, must be >= 0");
            options.idle = Some(u64::try_from(call.integer(index)?).map_err(invalid)?);
        } else if call.is(index, "freq") && more && options.idle.is_none() {
            index += 1;
            let invalid = |_| Refusal::other("ERR Invalid FREQ value, must be >= 0 and <= 255");
            options.frequency = Some(u8::try_from(call.integer(index)?).map_err(invalid)?);
        } else {
            return Err(Refusal::Syntax);
        }
        index += 1;
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, text};
    use crate::resp::Reply;

    /// A line of `RESTORE` with a payload in the place of `%`.
    fn restore(bench: &mut Bench, line: &str, payload: &Reply) -> String {
        let Reply::Bulk(payload) = payload else { panic!("no payload: {payload:?}") };
        let quoted: String = payload.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        bench.run(&line.replace('%', &format!("\"{quoted}\"")))
    }

    #[test]
    fn what_was_dumped_is_restored() {
        let mut bench = Bench::default();
        bench.run("RPUSH l a b c");
        let payload = bench.reply("DUMP l");
        assert_eq!(restore(&mut bench, "RESTORE l 0 %", &payload), BUSY);
        assert_eq!(restore(&mut bench, "RESTORE m 0 %", &payload), "OK");
        assert_eq!(bench.run("LRANGE m 0 -1"), r#"["a", "b", "c"]"#);
        assert_eq!(bench.run("TTL m"), "(integer) -1");
        assert_eq!(restore(&mut bench, "RESTORE m 500 % REPLACE", &payload), "OK");
        assert_eq!(bench.run("PEXPIRETIME m"), "(integer) 1000500");
        assert_eq!(bench.run("DUMP nokey"), "(nil)");
        assert_eq!(text(&bench.reply("LPOP m")), "a");
    }

    #[test]
    fn the_arguments_are_refused_in_the_order_of_redis() {
        let mut bench = Bench::default();
        for (line, refusal) in [
            ("RESTORE k x y WHAT", "(error) ERR syntax error"),
            ("RESTORE k x y IDLETIME", "(error) ERR syntax error"),
            ("RESTORE k x y IDLETIME 1 FREQ 1", "(error) ERR syntax error"),
            ("RESTORE k x y FREQ 256", "(error) ERR Invalid FREQ value, must be >= 0 and <= 255"),
            ("RESTORE k x y IDLETIME -1", "(error) ERR Invalid IDLETIME value, must be >= 0"),
            ("RESTORE k x y", "(error) ERR value is not an integer or out of range"),
            ("RESTORE k -1 y", "(error) ERR Invalid TTL value, must be >= 0"),
            ("RESTORE k 0 y", "(error) ERR DUMP payload version or checksum are wrong"),
        ] {
            assert_eq!(bench.run(line), refusal, "{line}");
        }
        assert_eq!(bench.streamed(), [""; 0]);
    }

    /// A key that would be gone at once is not made; one in its place is deleted.
    #[test]
    fn a_payload_of_the_past_only_deletes() {
        let mut bench = Bench::default();
        bench.run("SET k v");
        let payload = bench.reply("DUMP k");
        assert_eq!(restore(&mut bench, "RESTORE k 5 % REPLACE ABSTTL", &payload), "OK");
        assert_eq!(bench.streamed(), ["DEL k"]);
        assert_eq!(restore(&mut bench, "RESTORE k 5 % ABSTTL", &payload), "OK");
        assert_eq!(bench.streamed(), [""; 0]);
        assert_eq!(bench.run("EXISTS k"), "(integer) 0");
    }

    const BUSY: &str = "(error) BUSYKEY Target key name already exists.";
}
