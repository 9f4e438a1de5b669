//! One value as a payload: what `DUMP` answers and `RESTORE` takes.
//!
//! ```text
//!     layout  value  version(2)  checksum(8)          both least byte first
//! ```
//!
//! *Source*: Redis 7.2 · cluster.c · createDumpPayload, verifyDumpPayload, restoreCommand.

use super::{
    build::Builder,
    crc64::Crc64,
    decode::DecodeOptions,
    format::{Layout, Version, opcode},
    load::{Load, Loaded},
    read::{Reader, Stop},
    save::{layout_of, write_value},
    write::Writer,
};
use crate::keyspace::Value;
use crate::resp::Bytes;

/// Why a payload is refused; Redis' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// It is from a newer server, or damaged.
    #[error("DUMP payload version or checksum are wrong")]
    VersionOrChecksum,
    /// It says nothing that makes sense, or nothing at all.
    #[error("Bad data format")]
    BadFormat {
        /// The layout of a value that is damaged.
        of: Option<Layout>,
    },
}

/// The payload of `value` for servers of `version`.
pub fn dump(value: &Value, version: Version) -> Vec<u8> {
    let mut writer = Writer::new(true);
    let layout = layout_of(value, version);
    writer.byte(layout as u8);
    write_value(&mut writer, value, layout, 0, usize::MAX);
    writer.raw(&version.number().to_le_bytes());
    let sum = Crc64::of(&writer.bytes);
    writer.raw(&sum.to_le_bytes());
    writer.bytes
}

/// The payload of libraries of functions: what `FUNCTION DUMP` answers.
pub fn dump_libraries(codes: &[Bytes], version: Version) -> Vec<u8> {
    let mut writer = Writer::new(true);
    for code in codes {
        writer.byte(opcode::FUNCTION);
        writer.string(code);
    }
    writer.raw(&version.number().to_le_bytes());
    let sum = Crc64::of(&writer.bytes);
    writer.raw(&sum.to_le_bytes());
    writer.bytes
}

/// The libraries of such a payload, if its version is no newer than `newest`.
///
/// # Errors
/// If the payload is not sound; the sender is at fault.
pub fn restore_libraries(payload: &[u8], newest: Version) -> Result<Vec<Bytes>, RestoreError> {
    let body = body_of(payload, newest, true)?;
    let mut reader = Reader::new(body, DecodeOptions::default().string_bytes_max);
    let mut codes = Vec::new();
    while reader.at() < body.len() {
        let code = match reader.byte() {
            Ok(opcode::FUNCTION) => reader.string(),
            Ok(_) | Err(_) => return Err(RestoreError::BadFormat { of: None }),
        };
        codes.push(code.map_err(|_| RestoreError::BadFormat { of: None })?);
    }
    Ok(codes)
}

/// The value of a payload, encoded by the thresholds of `options`.
///
/// # Errors
/// If the payload is not sound; the sender is at fault.
pub fn restore(payload: &[u8], options: &DecodeOptions) -> Result<Value, RestoreError> {
    load(body_of(payload, options.newest, options.checksum)?, options)
}

/// What stands before the version and the checksum, if they are right; the latter if it counts.
fn body_of(payload: &[u8], newest: Version, checksum: bool) -> Result<&[u8], RestoreError> {
    let (rest, sum) = payload.split_last_chunk().ok_or(RestoreError::VersionOrChecksum)?;
    let (body, version) = rest.split_last_chunk().ok_or(RestoreError::VersionOrChecksum)?;
    let sound = u16::from_le_bytes(*version) <= newest.number()
        && (!checksum || Crc64::of(rest) == u64::from_le_bytes(*sum));
    if sound { Ok(body) } else { Err(RestoreError::VersionOrChecksum) }
}

fn load(body: &[u8], options: &DecodeOptions) -> Result<Value, RestoreError> {
    let mut reader = Reader::new(body, options.string_bytes_max);
    let layout = reader.byte().ok().and_then(Layout::from_byte);
    let layout = layout.ok_or(RestoreError::BadFormat { of: None })?;
    let mut builder = Builder::new(options.thresholds);
    match Load::new(layout).read(&mut reader, &mut builder) {
        Ok(Loaded::Value(value)) => Ok(value),
        Ok(Loaded::Nothing) => Err(RestoreError::BadFormat { of: None }),
        Err(stop) => {
            let damaged = matches!(stop, Stop::Corrupt { .. });
            Err(RestoreError::BadFormat { of: Some(layout).filter(|_| damaged) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rdb::Digest;

    fn unhex(hex: &str) -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digit).collect()
    }

    fn restored(payload: &[u8]) -> Result<Value, RestoreError> {
        restore(payload, &DecodeOptions::default())
    }

    #[test]
    fn every_recorded_payload_is_read_and_written_as_redis_does() {
        let golden = include_str!("../../tests/vectors/golden-7.2.4.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let mut count = 0;
        for case in golden["cases"].as_array().unwrap() {
            let Some(payload) = case["dump"].as_str() else { continue };
            let (name, payload) = (&case["name"], unhex(payload));
            let value = restored(&payload).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(value.type_name(), case["type"], "{name}");
            // A string that was changed in place comes back as it would be set.
            if case["type"] != "string" {
                assert_eq!(value.encoding().name(), case["encoding"], "{name}");
            }
            assert_eq!(Digest::of_value(&value, false).to_string(), case["digest"], "{name}");
            let written = dump(&value, Version::V11);
            if case["encoding"] == "hashtable" {
                // The order of a table is each server's own.
                assert_eq!(written.len(), payload.len(), "{name}");
            } else {
                assert_eq!(written, payload, "{name}");
            }
            count += 1;
        }
        assert_eq!(count, 155);
    }

    #[test]
    fn an_unsound_payload_is_refused_in_the_words_of_redis() {
        let sound = unhex("00c0000b00f19f1a0b05cfea81");
        assert!(restored(&sound).is_ok());
        for (at, byte) in [(1, 1), (3, 12), (5, 0)] {
            let mut broken = sound.clone();
            broken[at] = byte;
            assert_eq!(restored(&broken), Err(RestoreError::VersionOrChecksum));
        }
        for end in 0..sound.len() {
            assert_eq!(restored(&sound[..end]), Err(RestoreError::VersionOrChecksum));
        }
        let signed = |body: &[u8]| {
            let mut payload = [body, b"\x0b\0"].concat();
            payload.extend(Crc64::of(&payload).to_le_bytes());
            payload
        };
        for body in [&b""[..], b"\x00", b"\x00\x02a", b"\x08\x01a", b"\xff"] {
            assert!(matches!(restored(&signed(body)), Err(RestoreError::BadFormat { .. })));
        }
        assert!(restored(&signed(b"\x00\x01a and more")).is_ok());
    }
}
