//! What a piece of bytes says, in a few words, for eyes only.

use crate::node::Carries;
use crate::resp::{Bytes, CommandDecoder};

/// What bytes on a replication link are, by which the page draws them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// The conversation before the stream: PING, REPLCONF, PSYNC and their answers.
    Control,
    /// A part of a snapshot.
    Rdb,
    /// A part of the stream.
    Stream,
    /// A confirmation, or a sign of life.
    Ack,
}

/// Tells what `bytes` are, and says it in the words of the protocol, which are nobody's language.
pub fn label(bytes: &[u8], carries: Carries) -> (FrameKind, String) {
    match carries {
        Carries::Snapshot if bytes.starts_with(b"$EOF:") => {
            (FrameKind::Rdb, "$EOF:<mark> RDB".to_owned())
        }
        Carries::Snapshot => (FrameKind::Rdb, "RDB".to_owned()),
        Carries::Stream => stream_label(bytes),
        Carries::Talk | Carries::Reply => talk_label(bytes),
    }
}

fn stream_label(bytes: &[u8]) -> (FrameKind, String) {
    let commands = commands(bytes);
    let quiet = |args: &Vec<Bytes>| {
        args[0].eq_ignore_ascii_case(b"ping") || args[0].eq_ignore_ascii_case(b"replconf")
    };
    let kind = if !commands.is_empty() && commands.iter().all(quiet) {
        FrameKind::Ack
    } else {
        FrameKind::Stream
    };
    let text = if commands.is_empty() {
        format!("… {}", printable(bytes, PART_MAX))
    } else {
        describe(&commands)
    };
    (kind, text)
}

fn talk_label(bytes: &[u8]) -> (FrameKind, String) {
    match bytes {
        b"\n" => return (FrameKind::Ack, "\\n".to_owned()),
        [b'$', ..] => return (FrameKind::Rdb, first_line(bytes)),
        [b'*', ..] => {}
        _ => return (FrameKind::Control, first_line(bytes)),
    }
    let commands = commands(bytes);
    let acks =
        |args: &Vec<Bytes>| args.get(1).is_some_and(|word| word.eq_ignore_ascii_case(b"ack"));
    let kind = if commands.iter().all(acks) { FrameKind::Ack } else { FrameKind::Control };
    (kind, describe(&commands))
}

/// The whole commands in `bytes`.
fn commands(bytes: &[u8]) -> Vec<Vec<Bytes>> {
    let mut decoder = CommandDecoder::default();
    decoder.feed(bytes);
    let mut commands = Vec::new();
    while let Ok(Some(command)) = decoder.next_command() {
        commands.push(command.args);
    }
    commands
}

fn describe(commands: &[Vec<Bytes>]) -> String {
    let mut text: String =
        commands.iter().take(3).map(|args| words(args)).collect::<Vec<_>>().join(" · ");
    if commands.len() > 3 {
        text += &format!(" · +{}", commands.len() - 3);
    }
    text
}

fn words(args: &[Bytes]) -> String {
    let word = |arg: &Bytes| printable(arg, 40);
    args.iter().take(6).map(word).collect::<Vec<_>>().join(" ")
}

fn first_line(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&b| b == b'\r' || b == b'\n').unwrap_or(bytes.len());
    printable(&bytes[..end], 80)
}

/// Bytes as text of at most `limit` characters; what cannot be printed is escaped.
pub fn printable(bytes: &[u8], limit: usize) -> String {
    let mut text = String::new();
    let mut count = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if count == limit {
                return text + "…";
            }
            match c {
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                c if c.is_control() => text.push_str(&format!("\\x{:02x}", c as u32)),
                c => text.push(c),
            }
            count += 1;
        }
        for byte in chunk.invalid() {
            if count >= limit {
                return text + "…";
            }
            text.push_str(&format!("\\x{byte:02x}"));
            count += 1;
        }
    }
    text
}

/// So much is shown of bytes that hold no whole command.
const PART_MAX: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_apart() {
        let talk = |bytes: &[u8]| label(bytes, Carries::Talk);
        assert_eq!(talk(b"\n").0, FrameKind::Ack);
        assert_eq!(talk(b"+PONG\r\n"), (FrameKind::Control, "+PONG".to_owned()));
        let psync = b"*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n";
        assert_eq!(talk(psync), (FrameKind::Control, "PSYNC ? -1".to_owned()));
        let ack = b"*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$1\r\n0\r\n";
        assert_eq!(talk(ack), (FrameKind::Ack, "REPLCONF ACK 0".to_owned()));
        assert_eq!(talk(b"$171\r\n").1, "$171");
        let set = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";
        assert_eq!(label(set, Carries::Stream), (FrameKind::Stream, "SET k v".to_owned()));
        let ping = b"*1\r\n$4\r\nPING\r\n";
        assert_eq!(label(ping, Carries::Stream), (FrameKind::Ack, "PING".to_owned()));
        assert_eq!(label(b"+RDB", Carries::Snapshot).0, FrameKind::Rdb);
    }

    #[test]
    fn printable_text_keeps_hangul_and_escapes_the_rest() {
        assert_eq!(printable("안녕\n".as_bytes(), 10), "안녕\\n");
        assert_eq!(printable(b"\xff\x00ab", 10), "\\xff\\x00ab");
        assert_eq!(printable(b"abcdef", 3), "abc…");
    }
}
