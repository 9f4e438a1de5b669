//! Everything that a person may do to a world.
//!
//! The page sends it, a script parses to it, a link contains it, a rewind repeats it. The text form
//! is the one that people write: `master> SET k v`, `cut master replica1`.

use std::fmt;

/// An act of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intervention {
    /// Types a line at a node's prompt.
    Type {
        /// The node's name.
        node: String,
        /// The line.
        line: String,
    },
    /// Resets every connection between two nodes and lets none be made.
    Cut {
        /// One node's name.
        a: String,
        /// The other's.
        b: String,
    },
    /// Lets connections be made again.
    Heal {
        /// One node's name.
        a: String,
        /// The other's.
        b: String,
    },
}

impl Intervention {
    /// Reads the text form; `None` if the line is something else.
    pub fn parse(line: &str) -> Option<Self> {
        if let Some((node, command)) = line.split_once('>') {
            let node = node.trim();
            let plain = !node.is_empty() && !node.contains(char::is_whitespace);
            return plain.then(|| Self::Type { node: node.into(), line: command.trim().into() });
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["cut", a, b] => Some(Self::Cut { a: (*a).into(), b: (*b).into() }),
            ["heal", a, b] => Some(Self::Heal { a: (*a).into(), b: (*b).into() }),
            _ => None,
        }
    }

    /// The names of the nodes that it concerns.
    pub fn nodes(&self) -> Vec<&str> {
        match self {
            Self::Type { node, .. } => vec![node],
            Self::Cut { a, b } | Self::Heal { a, b } => vec![a, b],
        }
    }
}

impl fmt::Display for Intervention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { node, line } => write!(f, "{node}> {line}"),
            Self::Cut { a, b } => write!(f, "cut {a} {b}"),
            Self::Heal { a, b } => write!(f, "heal {a} {b}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_is_read_and_written() {
        for line in ["master> SET k \"a > b\"", "cut master replica1", "heal a b"] {
            assert_eq!(Intervention::parse(line).unwrap().to_string(), line);
        }
        for line in ["cut master", "two words> GET k", "> GET k", "run 5s"] {
            assert_eq!(Intervention::parse(line), None, "{line}");
        }
    }
}
