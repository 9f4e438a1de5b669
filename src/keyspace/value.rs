//! What a key holds.

use crate::resp::{Bytes, parse_integer};

/// The value of a key. Cloning is cheap whatever the size.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string, perhaps kept as a number.
    String(StringValue),
}

impl Value {
    /// The name that `TYPE` answers.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
        }
    }

    /// The name that `OBJECT ENCODING` answers.
    pub const fn encoding(&self) -> &'static str {
        match self {
            Self::String(string) => string.encoding(),
        }
    }

    /// Roughly the bytes that the value takes in memory.
    pub fn size(&self) -> usize {
        match self {
            Self::String(string) => 16 + string.len(),
        }
    }
}

/// A string as Redis keeps it.
#[derive(Clone, Debug, PartialEq)]
pub enum StringValue {
    /// A canonical 64-bit integer: encoding `int`.
    Integer(i64),
    /// At most 44 bytes, written whole: encoding `embstr`.
    Embedded(Bytes),
    /// Longer, or changed in place: encoding `raw`.
    Raw(Bytes),
}

impl StringValue {
    /// The form that `SET` gives `bytes`: a number if it reads as one, else by length.
    pub fn new(bytes: Bytes) -> Self {
        match parse_integer(&bytes) {
            Some(number) => Self::Integer(number),
            None if bytes.len() <= EMBEDDED_BYTES_MAX => Self::Embedded(bytes),
            None => Self::Raw(bytes),
        }
    }

    /// The bytes that `GET` answers.
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Self::Integer(number) => Bytes::from(number.to_string().into_bytes()),
            Self::Embedded(bytes) | Self::Raw(bytes) => Bytes::clone(bytes),
        }
    }

    /// The length in bytes that `STRLEN` answers.
    pub fn len(&self) -> usize {
        match self {
            Self::Integer(number) => number.to_string().len(),
            Self::Embedded(bytes) | Self::Raw(bytes) => bytes.len(),
        }
    }

    /// True for the empty string.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    const fn encoding(&self) -> &'static str {
        match self {
            Self::Integer(_) => "int",
            Self::Embedded(_) => "embstr",
            Self::Raw(_) => "raw",
        }
    }
}

/// Redis' `OBJ_ENCODING_EMBSTR_SIZE_LIMIT`.
const EMBEDDED_BYTES_MAX: usize = 44;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_follows_the_bytes() {
        for (text, encoding) in [
            ("12345", "int"),
            ("-9223372036854775808", "int"),
            ("9223372036854775808", "embstr"),
            ("007", "embstr"),
            (&"x".repeat(44), "embstr"),
            (&"x".repeat(45), "raw"),
        ] {
            let value = StringValue::new(Bytes::from(text.as_bytes()));
            assert_eq!(value.encoding(), encoding, "{text}");
            assert_eq!(&*value.to_bytes(), text.as_bytes());
            assert_eq!(value.len(), text.len());
        }
    }
}
