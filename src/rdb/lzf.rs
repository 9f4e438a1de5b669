//! LZF, the small and quick compression of strings.
//!
//! A string that repeats itself is written as runs of new bytes and references to old ones. The
//! decoder's rules are the format; the encoder's habits are not, and any encoder would do, but only
//! the same one gives the same bytes as a real server, and so the same lengths on the wire.
//!
//! ```text
//!     000nnnnn  byte × (n + 1)                      up to 32 new bytes
//!     lllooooo  oooooooo                            l + 2 bytes from o + 1 before here; l < 7
//!     111ooooo  LLLLLLLL  oooooooo                  L + 9 bytes, up to 264
//! ```
//!
//! The encoder remembers, in a table of 65536 slots, where each three bytes were last seen. It
//! never refers to the very first byte of the input, and it gives up as soon as the output cannot
//! become short enough, by an arithmetic that errs on the safe side and decides some cases near the
//! limit.
//!
//! *Source*: Redis 7.2 · lzf_c.c (HLOG 16, VERY_FAST), lzf_d.c.

/// The encoder's memory: where three bytes were last seen.
///
/// It is kept between inputs to spare clearing it. Positions grow from one input to the next, and
/// those before the current input count as empty, so what was compressed earlier changes nothing.
#[derive(Default)]
pub(super) struct Compressor {
    /// By slot, position + `base`; nothing until it is needed.
    table: Vec<u32>,
    /// The position of the current input's first byte; the table holds nothing beyond its end.
    base: u32,
}

impl Compressor {
    /// The compressed form of `input` if it takes at most `limit` bytes, as Redis reckons it.
    pub(super) fn compress(&mut self, input: &[u8], limit: usize) -> Option<Vec<u8>> {
        let end = u32::try_from(input.len()).ok()?;
        if end < 4 || limit == 0 {
            return None;
        }
        self.make_room(end);
        let packed = self.pack(input, limit);
        self.base += end;
        packed
    }

    /// Makes sure that `end` more positions can be counted.
    fn make_room(&mut self, end: u32) {
        if self.table.is_empty() || self.base.checked_add(end).is_none() {
            self.table = vec![0; SLOTS];
            self.base = 0;
        }
    }

    fn pack(&mut self, input: &[u8], limit: usize) -> Option<Vec<u8>> {
        let mut out = Output::new(limit);
        let mut at = 0;
        while at + 2 < input.len() {
            let Some(source) = self.seen_before(input, at) else {
                out.literal_within_limit(input[at])?;
                at += 1;
                continue;
            };
            let length = match_length(input, source, at);
            out.reference(at - source - 1, length)?;
            at += length;
            if at + 2 >= input.len() {
                break;
            }
            self.remember(input, at - 2);
            self.remember(input, at - 1);
        }
        out.finish(&input[at..])
    }

    /// Where the three bytes at `at` were seen before, if near enough; and remembers them here.
    fn seen_before(&mut self, input: &[u8], at: usize) -> Option<usize> {
        let seen = self.remember(input, at);
        let source = seen.checked_sub(self.base)? as usize;
        let near = source > 0 && at - source - 1 < OFFSET_END;
        (near && input[source..source + 3] == input[at..at + 3]).then_some(source)
    }

    /// Puts `at` in the slot of the three bytes there, and returns what the slot held.
    fn remember(&mut self, input: &[u8], at: usize) -> u32 {
        let [a, b, c] = [input[at], input[at + 1], input[at + 2]].map(u32::from);
        let window = a << 16 | b << 8 | c;
        let slot = (window >> 8).wrapping_sub(window.wrapping_mul(5)) as usize % SLOTS;
        std::mem::replace(&mut self.table[slot], self.base + at as u32)
    }
}

/// A copy starts with an empty memory: it is a cache, and a copy should cost little.
impl Clone for Compressor {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Compressor")
    }
}

/// How many bytes from `source` on equal those from `at` on, by the encoder's limits; at least 3.
///
/// Two bytes short of the end it stops, except that Redis' loop looks at the first nineteen without
/// asking where it is, once seventeen are allowed.
fn match_length(input: &[u8], source: usize, at: usize) -> usize {
    let limit = match MATCH_MAX.min(input.len() - at - 2) {
        short @ 0..=16 => short.max(3),
        long => long.max(19),
    };
    let equal = |n: &usize| input[source + n] == input[at + n];
    3 + (3..limit).take_while(equal).count()
}

/// Compressed bytes, of which the last run of literals is still open.
struct Output {
    /// What was written; the run's control byte stands `run` + 1 before the end.
    bytes: Vec<u8>,
    /// Literals in the open run.
    run: usize,
    /// More bytes than this are not worth it.
    limit: usize,
}

/// So much room is asked for before anything is written.
const ROOM_MAX: usize = 4 * 1024;

impl Output {
    fn new(limit: usize) -> Self {
        // Most inputs are short, and one request for memory is enough.
        let mut bytes = Vec::with_capacity(limit.min(ROOM_MAX) + 4);
        bytes.push(0);
        Self { bytes, run: 0, limit }
    }

    fn literal_within_limit(&mut self, byte: u8) -> Option<()> {
        if self.bytes.len() >= self.limit {
            return None;
        }
        self.literal(byte);
        Some(())
    }

    fn literal(&mut self, byte: u8) {
        self.bytes.push(byte);
        self.run += 1;
        if self.run == RUN_MAX {
            self.close_run();
            self.open_run();
        }
    }

    fn open_run(&mut self) {
        self.bytes.push(0);
        self.run = 0;
    }

    /// Writes the control byte of the run, or takes it away if the run is empty.
    fn close_run(&mut self) {
        match self.run {
            0 => {
                self.bytes.pop();
            }
            run => {
                let control = self.bytes.len() - run - 1;
                self.bytes[control] = run as u8 - 1;
            }
        }
    }

    /// Refers to `length` bytes that begin `offset` + 1 before here.
    fn reference(&mut self, offset: usize, length: usize) -> Option<()> {
        if self.bytes.len() - usize::from(self.run == 0) + 4 >= self.limit {
            return None;
        }
        self.close_run();
        let high = (offset >> 8) as u8;
        match length - 2 {
            short @ 0..7 => self.bytes.push((short as u8) << 5 | high),
            long => self.bytes.extend([7 << 5 | high, (long - 7) as u8]),
        }
        self.bytes.push(offset as u8);
        self.open_run();
        Some(())
    }

    fn finish(mut self, tail: &[u8]) -> Option<Vec<u8>> {
        if self.bytes.len() + 3 > self.limit {
            return None;
        }
        tail.iter().for_each(|&byte| self.literal(byte));
        self.close_run();
        Some(self.bytes)
    }
}

/// The `length` bytes that `input` unpacks to, if it is sound and unpacks to exactly so many.
pub(super) fn decompress(input: &[u8], length: usize) -> Option<Vec<u8>> {
    if length > input.len().saturating_mul(EXPANSION_MAX) {
        return None;
    }
    let mut out = Vec::with_capacity(length);
    let mut rest = input;
    while let Some((&control, after)) = rest.split_first() {
        rest = match control {
            0..32 => unpack_run(after, usize::from(control) + 1, &mut out)?,
            _ => unpack_reference(after, control, &mut out, length)?,
        };
    }
    (out.len() == length).then_some(out)
}

/// Copies `count` bytes and returns the rest.
fn unpack_run<'a>(input: &'a [u8], count: usize, out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (run, rest) = input.split_at_checked(count)?;
    out.extend_from_slice(run);
    Some(rest)
}

/// Follows a reference and returns what comes after it.
fn unpack_reference<'a>(
    input: &'a [u8],
    control: u8,
    out: &mut Vec<u8>,
    length_max: usize,
) -> Option<&'a [u8]> {
    let (more, input) = match control >> 5 {
        7 => (usize::from(*input.first()?), &input[1..]),
        _ => (0, input),
    };
    let (&low, rest) = input.split_first()?;
    let length = usize::from(control >> 5) + more + 2;
    let offset = (usize::from(control & 31) << 8 | usize::from(low)) + 1;
    let start = out.len().checked_sub(offset)?;
    if out.len() + length > length_max {
        return None;
    }
    // The source may run into what is being written: then it repeats, and doubles with every turn.
    let mut left = length;
    while left > 0 {
        let part = left.min(out.len() - start);
        out.extend_from_within(start..start + part);
        left -= part;
    }
    Some(rest)
}

/// Slots of the table.
const SLOTS: usize = 1 << 16;
/// References reach this many bytes back.
const OFFSET_END: usize = 1 << 13;
/// The longest reference.
const MATCH_MAX: usize = 264;
/// The longest run of literals.
const RUN_MAX: usize = 32;
/// Three bytes unpack to 264 at most.
const EXPANSION_MAX: usize = 88;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(hex: &serde_json::Value) -> Option<Vec<u8>> {
        let digit = |at: &str| u8::from_str_radix(at, 16).unwrap();
        let hex = hex.as_str()?;
        Some((0..hex.len()).step_by(2).map(|at| digit(&hex[at..at + 2])).collect())
    }

    #[test]
    fn every_recorded_string_packs_to_the_recorded_bytes() {
        let vectors = include_str!("../../tests/vectors/lzf-vectors.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        let vectors = vectors["vectors"].as_array().unwrap();
        assert_eq!(vectors.len(), 459);
        let mut compressor = Compressor::default();
        for vector in vectors {
            let input = bytes(&vector["input"]).unwrap();
            let packed = compressor.compress(&input, input.len().saturating_sub(4));
            assert_eq!(packed, bytes(&vector["compressed"]), "{}", vector["input"]);
            if let Some(packed) = packed {
                assert_eq!(decompress(&packed, input.len()), Some(input));
            }
        }
    }

    #[test]
    fn positions_that_no_longer_fit_begin_again() {
        let input = b"abcabcabcabcabcabcabcabcabcabcabc";
        let mut compressor = Compressor::default();
        let first = compressor.compress(input, 29);
        compressor.base = u32::MAX - 10;
        assert_eq!(compressor.compress(input, 29), first);
        assert_eq!(compressor.base, 33);
    }

    #[test]
    fn a_reference_before_the_beginning_is_unsound() {
        assert_eq!(decompress(&[0, b'a', 0x20, 0], 4), Some(b"aaaa".to_vec()));
        assert_eq!(decompress(&[0, b'a', 0x20, 1], 4), None);
        assert_eq!(decompress(&[0, b'a', 0x20, 0], 5), None);
        assert_eq!(decompress(&[0, b'a', 0xe0], 5), None);
        assert_eq!(decompress(&[3, b'a'], 4), None);
        assert_eq!(decompress(&[0, b'a'], usize::MAX), None);
        assert_eq!(decompress(&[], 0), Some(vec![]));
    }

    proptest! {
        #[test]
        fn what_was_packed_unpacks(
            input in prop::collection::vec(prop::sample::select(&b"abcd"[..]), 4..2000)
        ) {
            let packed = Compressor::default().compress(&input, input.len());
            if let Some(packed) = packed {
                prop_assert!(packed.len() <= input.len());
                prop_assert_eq!(decompress(&packed, input.len()), Some(input));
            }
        }

        #[test]
        fn hostile_bytes_do_no_harm(
            input in prop::collection::vec(any::<u8>(), 0..200), length in 0usize..5000
        ) {
            if let Some(out) = decompress(&input, length) {
                prop_assert_eq!(out.len(), length);
            }
        }
    }
}
