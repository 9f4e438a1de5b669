//! Bytes in a text: what a user typed comes back in an error as it came.
//!
//! Errors are texts, and what they quote need not be one. Bytes that are no UTF-8 are kept in a
//! text as characters that nobody has given a meaning, and are bytes again when it is written.

/// `bytes` as a text, from which [`bytes_of`] makes the very bytes again.
pub fn text_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character >= STAND_IN {
                text.extend(character.encode_utf8(&mut [0; 4]).bytes().map(stand_in));
            } else {
                text.push(character);
            }
        }
        text.extend(chunk.invalid().iter().copied().map(stand_in));
    }
    text
}

/// `bytes` as C prints them with room for so many: a zero byte ends a text.
pub fn clipped(bytes: &[u8], room: usize) -> String {
    let bytes = &bytes[..bytes.len().min(room)];
    text_of(bytes.split(|&byte| byte == 0).next().unwrap_or(bytes))
}

/// The bytes that `text` stands for.
pub fn bytes_of(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        if character >= STAND_IN {
            bytes.push(character as u8);
        } else {
            bytes.extend(character.encode_utf8(&mut [0; 4]).bytes());
        }
    }
    bytes
}

/// True if some bytes of `text` are kept as characters.
pub(super) fn stands_in(text: &str) -> bool {
    text.as_bytes().contains(&STAND_IN_BEGINS)
}

/// The character that stands for a byte.
fn stand_in(byte: u8) -> char {
    char::from_u32(STAND_IN as u32 | u32::from(byte)).unwrap_or(STAND_IN)
}

/// The character that stands for a zero byte; those behind it, up to the last of all characters,
/// stand for the others.
const STAND_IN: char = '\u{10ff00}';
/// The byte with which they begin, and few others.
const STAND_IN_BEGINS: u8 = 0xf4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let every: Vec<u8> = (0..=255).collect();
        for bytes in [&every[..], b"", b"plain", b"\xc3\xa9\xc3", "\u{10ff41}\u{10ffff}".as_bytes()]
        {
            let text = text_of(bytes);
            assert_eq!(bytes_of(&text), bytes);
            assert!(stands_in(&text) || text.as_bytes() == bytes);
        }
        assert_eq!(text_of("é".as_bytes()), "é");
    }
}
