//! What a run may wait for.

use std::fmt;

use super::units::{amount, rate};

/// A condition that ends a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// A node prints a line that contains this text.
    Log {
        /// The node's name.
        node: String,
        /// The text.
        text: String,
    },
    /// A replica's link to its master is up.
    Up {
        /// The node's name.
        node: String,
    },
    /// Every replica has carried out, and confirmed, all that its master has produced.
    Synced,
    /// A full synchronisation begins at a node, as its master or as its replica.
    FullSync {
        /// The node's name.
        node: String,
    },
    /// A replica has confirmed so much less than its master has produced.
    Lag {
        /// The master's name.
        node: String,
        /// More than so many bytes.
        bytes: u64,
    },
    /// So much of the stream waits for a replica.
    Buffer {
        /// The master's name.
        node: String,
        /// More than so many hundredths of the hard limit of a replica's output buffer.
        percent: u64,
    },
    /// A key's value, or whether it is there, changes.
    Key {
        /// The node's name.
        node: String,
        /// The key, in any database.
        key: String,
    },
}

impl Until {
    /// Reads what stands behind `until`; `None` if it is no condition.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let named = |node: &str| node.to_owned();
        Ok(Some(match words.as_slice() {
            ["synced"] => Self::Synced,
            [node, "up"] => Self::Up { node: named(node) },
            [node, "fullsync"] => Self::FullSync { node: named(node) },
            [node, "lag", bytes] => Self::Lag { node: named(node), bytes: rate(bytes)? },
            [node, "buffer", percent] => {
                let number = percent.trim_end_matches('%').parse();
                let percent = number.map_err(|_| format!("'{percent}' is no share: write 50%"))?;
                Self::Buffer { node: named(node), percent }
            }
            [node, "key", key] => Self::Key { node: named(node), key: (*key).to_owned() },
            [node, "logs", ..] => {
                let text = text.split_once(" logs").map_or("", |(_, text)| text).trim();
                Self::Log { node: named(node), text: text.to_owned() }
            }
            _ => return Ok(None),
        }))
    }

    /// The node that it looks at, if it is one.
    pub fn node(&self) -> Option<&str> {
        match self {
            Self::Synced => None,
            Self::Log { node, .. }
            | Self::Up { node }
            | Self::FullSync { node }
            | Self::Lag { node, .. }
            | Self::Buffer { node, .. }
            | Self::Key { node, .. } => Some(node),
        }
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log { node, text } => write!(f, "{node} logs {text}"),
            Self::Up { node } => write!(f, "{node} up"),
            Self::Synced => write!(f, "synced"),
            Self::FullSync { node } => write!(f, "{node} fullsync"),
            Self::Lag { node, bytes } => write!(f, "{node} lag {}", amount(*bytes)),
            Self::Buffer { node, percent } => write!(f, "{node} buffer {percent}%"),
            Self::Key { node, key } => write!(f, "{node} key {key}"),
        }
    }
}
