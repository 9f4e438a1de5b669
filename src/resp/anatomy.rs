//! Which bytes mean what, for eyes: RESP taken apart without losing a byte.
//!
//! A decoder throws the frame of a value away; here it is the point. The parts of any bytes cover
//! them from the first to the last, in order, and what is not understood is a part of its own.

use super::parse_integer;

/// Some bytes that mean one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first byte.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
    /// The name of its meaning; the page has the words.
    pub what: &'static str,
    /// Its value, as the protocol spells it.
    pub value: Vec<u8>,
}

/// The parts of bytes that were said on a connection.
pub fn anatomy(bytes: &[u8]) -> Vec<Part> {
    let mut scalpel = Scalpel { bytes, at: 0, parts: Vec::new() };
    while scalpel.at < bytes.len() && scalpel.parts.len() < PARTS_MAX {
        if scalpel.value().is_none() {
            break;
        }
    }
    let rest = scalpel.at;
    if rest < bytes.len() {
        scalpel.add(bytes.len(), "resp.part", bytes[rest..].to_vec());
    }
    scalpel.parts
}

struct Scalpel<'a> {
    bytes: &'a [u8],
    at: usize,
    parts: Vec<Part>,
}

impl<'a> Scalpel<'a> {
    /// The next value; `None` if it is not all there.
    fn value(&mut self) -> Option<()> {
        match self.bytes[self.at] {
            b'\n' => self.add(self.at + 1, "resp.newline", Vec::new()),
            b'*' => self.command()?,
            b'$' => self.announcement()?,
            b'+' | b'-' | b':' => self.reply()?,
            _ => return None,
        }
        Some(())
    }

    fn add(&mut self, end: usize, what: &'static str, value: Vec<u8>) {
        self.parts.push(Part { start: self.at, end, what, value });
        self.at = end;
    }

    /// The line from here, without its end.
    fn line(&self) -> Option<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        Some(&rest[..end])
    }

    fn line_end(&mut self) {
        self.add(self.at + 2, "resp.end", Vec::new());
    }

    /// An array of bulk strings: all of it, or nothing.
    fn command(&mut self) -> Option<()> {
        let (start, before) = (self.at, self.parts.len());
        let whole = self.command_parts();
        if whole.is_none() {
            self.at = start;
            self.parts.truncate(before);
        }
        whole
    }

    fn command_parts(&mut self) -> Option<()> {
        let line = self.line()?;
        let count = parse_integer(&line[1..])?;
        self.add(self.at + line.len(), "resp.array", line[1..].to_vec());
        self.line_end();
        let mut words: Vec<&[u8]> = Vec::new();
        for _ in 0..count {
            let line = self.line().filter(|line| line.first() == Some(&b'$'))?;
            let length = usize::try_from(parse_integer(&line[1..])?).ok()?;
            let start = self.at + line.len() + 2;
            let end = start.checked_add(length)?;
            self.bytes.get(start..end.checked_add(2)?)?;
            self.add(self.at + line.len(), "resp.length", line[1..].to_vec());
            self.line_end();
            words.push(&self.bytes[start..end]);
            self.add(end, meaning(&words), self.bytes[start..end].to_vec());
            self.line_end();
        }
        Some(())
    }

    /// `$171`: an RDB of this length follows; `$EOF:…`: one that ends with this mark.
    fn announcement(&mut self) -> Option<()> {
        let line = self.line()?;
        let marked = line.starts_with(b"$EOF:");
        let what = if marked { "rdb.mark" } else { "rdb.announced" };
        let skip = if marked { 5 } else { 1 };
        self.add(self.at + line.len(), what, line[skip..].to_vec());
        self.line_end();
        Some(())
    }

    fn reply(&mut self) -> Option<()> {
        let line = self.line()?;
        let words: Vec<&[u8]> = line.split(|&b| b == b' ').collect();
        let known: &[&'static str] = match words[0] {
            b"+FULLRESYNC" => &["reply.fullresync", "reply.id", "reply.offset"],
            b"+CONTINUE" => &["reply.continue", "reply.id"],
            _ => &[],
        };
        if words.len() != known.len() {
            let what = match line[0] {
                b'-' => "reply.error",
                b':' => "reply.integer",
                _ => "reply.simple",
            };
            self.add(self.at + line.len(), what, line[1..].to_vec());
        } else {
            for (index, (word, what)) in words.iter().zip(known).enumerate() {
                // The space before a word belongs to it.
                let space = usize::from(index > 0);
                self.add(self.at + space + word.len(), what, word.to_vec());
            }
        }
        self.line_end();
        Some(())
    }
}

/// What the last of a command's words is.
fn meaning(words: &[&[u8]]) -> &'static str {
    let is = |index: usize, word: &str| {
        words.get(index).is_some_and(|given| given.eq_ignore_ascii_case(word.as_bytes()))
    };
    match words.len() {
        1 => "resp.command",
        2 if is(0, "psync") => "psync.id",
        3 if is(0, "psync") => "psync.offset",
        3 if is(0, "replconf") && is(1, "ack") => "ack.offset",
        n if is(0, "replconf") && n % 2 == 0 => "replconf.option",
        _ if is(0, "replconf") => "replconf.value",
        2 if is(0, "select") => "select.db",
        _ => "resp.argument",
    }
}

/// The lengths of the whole commands at the end of `bytes`, whose first may be half of one, each
/// with its parts: the bytes before them are the difference.
pub fn commands_at_end(bytes: &[u8]) -> Vec<usize> {
    let candidates = (0..bytes.len()).filter(|&at| bytes[at] == b'*');
    candidates.take(TRIES_MAX).find_map(|at| lengths_of(&bytes[at..])).unwrap_or_default()
}

/// The lengths of the commands that `bytes` consist of, if they do.
fn lengths_of(bytes: &[u8]) -> Option<Vec<usize>> {
    let mut scalpel = Scalpel { bytes, at: 0, parts: Vec::new() };
    let mut lengths = Vec::new();
    while scalpel.at < bytes.len() {
        let start = scalpel.at;
        scalpel.command()?;
        scalpel.parts.clear();
        lengths.push(scalpel.at - start);
    }
    Some(lengths)
}

/// More parts are not told apart.
const PARTS_MAX: usize = 400;
/// So many places are tried for the beginning of a command.
const TRIES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn named(bytes: &[u8]) -> Vec<(&'static str, String)> {
        let parts = anatomy(bytes);
        let mut at = 0;
        for part in &parts {
            assert_eq!(part.start, at, "no byte is lost");
            at = part.end;
        }
        assert_eq!(at, bytes.len());
        let shown = parts.into_iter().filter(|part| part.what != "resp.end");
        shown.map(|part| (part.what, String::from_utf8_lossy(&part.value).into_owned())).collect()
    }

    #[test]
    fn a_command_is_its_count_its_lengths_and_its_words() {
        let psync = b"*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n";
        assert_eq!(
            named(psync),
            [
                ("resp.array", "3"),
                ("resp.length", "5"),
                ("resp.command", "PSYNC"),
                ("resp.length", "1"),
                ("psync.id", "?"),
                ("resp.length", "2"),
                ("psync.offset", "-1"),
            ]
            .map(|(what, value)| (what, value.to_owned()))
        );
    }

    #[test]
    fn replies_of_a_master_name_history_and_offset() {
        let parts = named(b"+FULLRESYNC abc 14\r\n");
        assert_eq!(parts[1], ("reply.id", "abc".to_owned()));
        assert_eq!(parts[2], ("reply.offset", "14".to_owned()));
        assert_eq!(named(b"+CONTINUE\r\n"), [("reply.simple", "CONTINUE".to_owned())]);
        assert_eq!(named(b"$171\r\n"), [("rdb.announced", "171".to_owned())]);
        assert_eq!(named(b"\n")[0].0, "resp.newline");
    }

    #[test]
    fn half_a_command_is_one_part() {
        for bytes in [&b"*2\r\n$3\r\nGE"[..], b"*", b"\xff\x00", b"$9"] {
            let parts = named(bytes);
            assert_eq!(parts.last().map(|part| part.0), Some("resp.part"), "{bytes:?}");
        }
    }

    #[test]
    fn commands_are_found_behind_half_a_command() {
        let ping = b"*1\r\n$4\r\nPING\r\n";
        let bytes = [&b"k\r\n$1\r\n*\r\n"[..], ping, ping].concat();
        assert_eq!(commands_at_end(&bytes), [14, 14]);
        assert!(commands_at_end(b"nothing").is_empty());
    }
}
