//! The place of a name in every order of this crate.

/// A hash of 64 bits, the same on every target: eight bytes at a time through a multiplication,
/// and SplitMix64's finish so that the top bits, which choose the page, depend on all of them.
pub(super) fn hash_of(key: &[u8]) -> u64 {
    let (words, rest) = key.as_chunks::<8>();
    let mix = |hash: u64, word: [u8; 8]| {
        (hash.rotate_left(23) ^ u64::from_le_bytes(word)).wrapping_mul(0xff51_afd7_ed55_8ccd)
    };
    let mut hash = 0x9e37_79b9_7f4a_7c15 ^ key.len() as u64;
    hash = words.iter().fold(hash, |hash, &word| mix(hash, word));
    if !rest.is_empty() {
        let word = rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        hash = mix(hash, word.to_le_bytes());
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_never_changes() {
        for (key, hash) in HASHES {
            assert_eq!(hash_of(key.as_bytes()), hash, "{key}");
        }
    }

    /// Orders are seen in transcripts, traces and files: these were read from the first version.
    const HASHES: [(&str, u64); 4] = [
        ("", 0xe220_a839_7b1d_cdaf),
        ("a", 0xd0d4_a85d_aff2_aee3),
        ("key:1234", 0x69d5_5257_a1b0_d570),
        ("key:000000000001", 0xbbf3_3821_75f5_3900),
    ];
}
