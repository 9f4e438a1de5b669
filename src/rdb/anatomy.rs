//! Which bytes of an RDB mean what, for eyes: section by section, without losing a byte.
//!
//! It reads with the atoms of the decoder, but builds nothing. Bytes that end in the middle of
//! something, or make no sense, are one last part.

use super::format::{Form, Kind, Layout, SIGNATURE, length, opcode, special};
use super::read::{Reader, Stop, Text};
use crate::resp::Part;

/// The parts of an RDB, from its first byte.
pub fn anatomy(bytes: &[u8]) -> Vec<Part> {
    let mut scalpel =
        Scalpel { bytes, reader: Reader::new(bytes, STRING_MAX), done: 0, parts: Vec::new() };
    // Bytes that are missing or senseless end it: they are the rest.
    let _ = scalpel.file();
    let rest = scalpel.done;
    if rest < bytes.len() {
        let what = if scalpel.parts.last().is_some_and(|part| part.what == "rdb.checksum") {
            "rdb.mark.end"
        } else {
            "rdb.part"
        };
        scalpel.parts.push(Part { start: rest, end: bytes.len(), what, value: Vec::new() });
    }
    scalpel.parts
}

struct Scalpel<'a> {
    bytes: &'a [u8],
    reader: Reader<'a>,
    /// Behind the last part.
    done: usize,
    parts: Vec<Part>,
}

impl Scalpel<'_> {
    fn file(&mut self) -> Result<(), Stop> {
        if self.reader.take(SIGNATURE.len())? != SIGNATURE {
            return Err(Stop::Corrupt { what: "not an RDB", at: 0 });
        }
        self.add("rdb.magic", SIGNATURE);
        let version = self.reader.take(4)?;
        self.add("rdb.version", version);
        loop {
            let byte = self.reader.byte()?;
            match byte {
                opcode::AUX => {
                    self.add("rdb.aux", b"");
                    self.string("rdb.aux.name")?;
                    self.string("rdb.aux.value")?;
                }
                opcode::FUNCTION => {
                    self.add("rdb.function", b"");
                    self.string("rdb.function.code")?;
                }
                opcode::SELECT_DB => self.number("rdb.db")?,
                opcode::RESIZE_DB => {
                    self.add("rdb.resize", b"");
                    self.number("rdb.resize.keys")?;
                    self.number("rdb.resize.expires")?;
                }
                opcode::EXPIRE_MS => {
                    let at = i64::from_le_bytes(self.reader.array()?);
                    self.add("rdb.expire", at.to_string().as_bytes());
                }
                opcode::EXPIRE_SECONDS => {
                    let at = i32::from_le_bytes(self.reader.array()?);
                    self.add("rdb.expire.seconds", at.to_string().as_bytes());
                }
                opcode::IDLE => self.number("rdb.idle")?,
                opcode::FREQUENCY => {
                    let frequency = self.reader.byte()?;
                    self.add("rdb.frequency", frequency.to_string().as_bytes());
                }
                opcode::END => {
                    self.add("rdb.end", b"");
                    let sum = u64::from_le_bytes(self.reader.array()?);
                    self.add("rdb.checksum", format!("{sum:016x}").as_bytes());
                    return Ok(());
                }
                _ => self.key(byte)?,
            }
        }
    }

    fn key(&mut self, byte: u8) -> Result<(), Stop> {
        let at = self.done;
        let layout = Layout::from_byte(byte).filter(|layout| layout.form() != Form::Foreign);
        let layout = layout.ok_or(Stop::Unsupported { what: "a value of this layout", at })?;
        self.add("rdb.type", format!("{byte}").as_bytes());
        self.string("rdb.key")?;
        match (layout, layout.form()) {
            (Layout::String, _) => self.string("rdb.value"),
            (_, Form::Ziplist | Form::Listpack | Form::Zipmap | Form::Intset) => {
                self.string("rdb.value.packed")
            }
            (_, Form::Stream) => self.stream(layout),
            (_, _) => self.elements(layout),
        }
    }

    /// How many elements there are, the first few of them, and the others as one part.
    fn elements(&mut self, layout: Layout) -> Result<(), Stop> {
        let count = self.reader.length()?;
        self.add("rdb.elements", count.to_string().as_bytes());
        for index in 0..count {
            let shown = index < ELEMENTS_SHOWN;
            match (layout.kind(), layout.form()) {
                (Kind::Hash, _) => {
                    self.element("rdb.field", shown)?;
                    self.element("rdb.element", shown)?;
                }
                (Kind::SortedSet, _) if layout == Layout::SortedSet => {
                    self.element("rdb.element", shown)?;
                    let score = f64::from_le_bytes(self.reader.array()?);
                    self.add_if(shown, "rdb.score", score.to_string().as_bytes());
                }
                (Kind::SortedSet, _) => {
                    self.element("rdb.element", shown)?;
                    let length = self.reader.byte()?;
                    let text = self.reader.take(if length < 253 { length.into() } else { 0 })?;
                    self.add_if(shown, "rdb.score", text);
                }
                (_, Form::Listpacks) => {
                    self.reader.length()?;
                    self.element("rdb.value.packed", shown)?;
                }
                (_, _) => self.element("rdb.element", shown)?,
            }
        }
        self.add_if(true, "rdb.elements.more", b"");
        Ok(())
    }

    fn element(&mut self, what: &'static str, shown: bool) -> Result<(), Stop> {
        let text = self.reader.text()?;
        self.add_if(shown, what, &text.into_bytes());
        Ok(())
    }

    /// A stream's entries, what it remembers, and its groups.
    fn stream(&mut self, layout: Layout) -> Result<(), Stop> {
        let nodes = self.reader.length()?;
        self.add("rdb.elements", nodes.to_string().as_bytes());
        for _ in 0..nodes {
            self.reader.text()?;
            self.reader.text()?;
        }
        self.add("rdb.stream.entries", b"");
        let since_7 = layout != Layout::Stream;
        for _ in 0..if since_7 { 8 } else { 3 } {
            self.reader.length()?;
        }
        self.add("rdb.stream.state", b"");
        let groups = self.reader.length()?;
        for _ in 0..groups {
            self.group(layout, since_7)?;
        }
        self.add("rdb.stream.groups", groups.to_string().as_bytes());
        Ok(())
    }

    fn group(&mut self, layout: Layout, since_7: bool) -> Result<(), Stop> {
        self.reader.text()?;
        for _ in 0..if since_7 { 3 } else { 2 } {
            self.reader.length()?;
        }
        for _ in 0..self.reader.length()? {
            self.reader.take(16 + 8)?;
            self.reader.length()?;
        }
        for _ in 0..self.reader.length()? {
            self.reader.text()?;
            self.reader.take(if layout == Layout::Stream3 { 16 } else { 8 })?;
            for _ in 0..self.reader.length()? {
                self.reader.take(16)?;
            }
        }
        Ok(())
    }

    fn number(&mut self, what: &'static str) -> Result<(), Stop> {
        let number = self.reader.length()?;
        self.add(what, number.to_string().as_bytes());
        Ok(())
    }

    /// A string: how its length is written, and its bytes.
    fn string(&mut self, what: &'static str) -> Result<(), Stop> {
        let start = self.reader.at();
        let first = self.bytes.get(start).copied().unwrap_or(0);
        let text = self.reader.text()?;
        match (first, &text) {
            (special::LZF, _) => self.add_form("rdb.form.lzf", start, start + 1),
            (_, Text::Integer(_)) => self.add_form("rdb.form.integer", start, start + 1),
            (first, Text::Bytes(bytes)) => {
                let form = match first {
                    0..length::BITS_14 => "rdb.form.6",
                    length::BITS_14..length::BITS_32 => "rdb.form.14",
                    length::BITS_32 => "rdb.form.32",
                    _ => "rdb.form.64",
                };
                self.add_form(form, start, self.reader.at() - bytes.len());
                if let Some(form) = self.parts.last_mut() {
                    form.value = bytes.len().to_string().into_bytes();
                }
            }
        }
        self.add_if(true, what, &text.into_bytes());
        Ok(())
    }

    fn add_form(&mut self, what: &'static str, start: usize, end: usize) {
        self.parts.push(Part { start, end, what, value: Vec::new() });
        self.done = end;
    }

    fn add(&mut self, what: &'static str, value: &[u8]) {
        self.add_if(true, what, value);
    }

    /// What was read since the last part is the next, unless it is to wait for more.
    fn add_if(&mut self, wanted: bool, what: &'static str, value: &[u8]) {
        let (start, end) = (self.done, self.reader.at());
        if !wanted || start == end {
            return;
        }
        let value = value[..value.len().min(VALUE_SHOWN)].to_vec();
        self.parts.push(Part { start, end, what, value });
        self.done = end;
    }
}

/// So many elements of a collection are parts of their own.
const ELEMENTS_SHOWN: u64 = 8;
/// So many bytes of a value are repeated in its part.
const VALUE_SHOWN: usize = 160;
/// Longer strings than Redis allows are not looked for.
const STRING_MAX: u64 = 512 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// Redis 7.2's shortest file with a string and a list in it.
    const FILE: &[u8] = b"REDIS0011\xfa\x09redis-ver\x057.2.4\xfe\x00\xfb\x02\x00\
        \x00\x01k\x01v\x01\x01l\x02\x01a\xc0\x07\xff\x01\x02\x03\x04\x05\x06\x07\x08";

    #[test]
    fn the_parts_cover_every_byte_in_order() {
        for end in 0..=FILE.len() {
            let mut at = 0;
            for part in anatomy(&FILE[..end]) {
                assert_eq!(part.start, at);
                assert!(part.end >= part.start);
                at = part.end;
            }
            assert_eq!(at, end);
        }
    }

    #[test]
    fn sections_are_named_in_order() {
        let parts = anatomy(FILE);
        let named: Vec<_> = parts.iter().map(|part| (part.what, part.value.as_slice())).collect();
        for expected in [
            ("rdb.version", &b"0011"[..]),
            ("rdb.aux.name", b"redis-ver"),
            ("rdb.aux.value", b"7.2.4"),
            ("rdb.db", b"0"),
            ("rdb.resize.keys", b"2"),
            ("rdb.key", b"k"),
            ("rdb.value", b"v"),
            ("rdb.elements", b"2"),
            ("rdb.element", b"7"),
            ("rdb.checksum", b"0807060504030201"),
        ] {
            assert!(named.contains(&expected), "{expected:?} in {named:?}");
        }
        assert_eq!(anatomy(b"nonsense").first().map(|part| part.what), Some("rdb.part"));
    }
}
