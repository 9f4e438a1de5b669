//! The place of a name in every order of this crate.

use crate::random::mixed;

/// A hash of 64 bits, the same on every target: SplitMix64's finish over each eight bytes, so that
/// every bit depends on every byte before the next eight come.
///
/// Names of one family differ in few bits, at few places. Less mixing between the words let what
/// one changed be taken back by the next, and one name in twelve had the hash of another.
pub(super) fn hash_of(key: &[u8]) -> u64 {
    let (words, rest) = key.as_chunks::<8>();
    let mut hash = 0x9e37_79b9_7f4a_7c15 ^ key.len() as u64;
    hash = words.iter().fold(hash, |hash, &word| mixed(hash ^ u64::from_le_bytes(word)));
    if rest.is_empty() {
        return hash;
    }
    let word = rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    mixed(hash ^ word)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_order_of_keys_never_changes() {
        for (key, hash) in HASHES {
            assert_eq!(hash_of(key.as_bytes()), hash, "{key}");
        }
    }

    #[test]
    fn names_of_one_family_have_hashes_of_their_own() {
        for family in ["zset:", "string:", "user:session:", "a-name-of-16-by:"] {
            let names = (0..100_000).map(|n| format!("{family}{n}"));
            let hashes: BTreeSet<u64> = names.map(|name| hash_of(name.as_bytes())).collect();
            assert_eq!(hashes.len(), 100_000, "{family}");
        }
    }

    /// Orders are seen in transcripts, traces and files.
    const HASHES: [(&str, u64); 4] = [
        ("", 0x9e37_79b9_7f4a_7c15),
        ("a", 0x6232_9690_0026_2121),
        ("key:1234", 0xa79e_cb4d_c237_f5f4),
        ("key:000000000001", 0x4296_e316_01c7_a45d),
    ];
}
