//! The checksum at the end of a file.
//!
//! A processor that multiplies without carrying takes many times as many bytes as one that looks
//! them up, so `crc-fast` asks at run time what there is. A page has no such instruction: there the
//! sum is made with tables, in less code.

pub(super) use sum::Crc64;

#[cfg(not(target_arch = "wasm32"))]
mod sum {
    use crc_fast::{CrcAlgorithm::Crc64Redis, Digest};

    /// The CRC-64 of everything fed so far.
    #[derive(Clone)]
    pub(in super::super) struct Crc64 {
        digest: Digest,
    }

    impl Crc64 {
        /// The checksum of nothing, which is 0.
        pub(in super::super) fn new() -> Self {
            Self { digest: Digest::new(Crc64Redis) }
        }

        /// Takes `bytes` in.
        pub(in super::super) fn update(&mut self, bytes: &[u8]) {
            self.digest.update(bytes);
        }

        /// The checksum of what was taken in.
        pub(in super::super) fn value(&self) -> u64 {
            self.digest.finalize()
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod sum {
    use std::sync::LazyLock;

    use crc::{CRC_64_REDIS, Crc, Digest, Table};

    /// The CRC-64 of everything fed so far.
    #[derive(Clone)]
    pub(in super::super) struct Crc64 {
        digest: Digest<'static, u64, Table<16>>,
    }

    impl Crc64 {
        /// The checksum of nothing, which is 0.
        pub(in super::super) fn new() -> Self {
            Self { digest: CRC.digest() }
        }

        /// Takes `bytes` in.
        pub(in super::super) fn update(&mut self, bytes: &[u8]) {
            self.digest.update(bytes);
        }

        /// The checksum of what was taken in.
        pub(in super::super) fn value(&self) -> u64 {
            self.digest.clone().finalize()
        }
    }

    /// Sixteen tables, so that sixteen bytes are taken at a time: 32 KiB for five times the speed.
    /// They are made when the first sum is, for no compression makes them smaller on their way to a
    /// page.
    static CRC: LazyLock<Crc<u64, Table<16>>> =
        LazyLock::new(|| Crc::<u64, Table<16>>::new(&CRC_64_REDIS));
}

impl Crc64 {
    /// The checksum of `bytes` alone.
    pub(super) fn of(bytes: &[u8]) -> u64 {
        let mut crc = Self::new();
        crc.update(bytes);
        crc.value()
    }
}

impl std::fmt::Debug for Crc64 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Crc64({:016x})", self.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_redis() {
        assert_eq!(Crc64::of(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
    }

    #[test]
    fn a_text_with_its_checksum_sums_to_zero() {
        let mut crc = Crc64::new();
        crc.update(b"1234");
        crc.update(b"56789");
        let sum = crc.value();
        assert_eq!(sum, Crc64::of(b"123456789"));
        crc.update(&sum.to_le_bytes());
        assert_eq!(crc.value(), 0);
    }

    /// Bit by bit: Redis' polynomial, least bit first.
    fn slowly(bytes: &[u8]) -> u64 {
        let shift = |sum: u64| sum >> 1 ^ if sum & 1 == 1 { 0x95ac_9329_ac4b_c9b5 } else { 0 };
        bytes.iter().fold(0, |sum, &byte| (0..8).fold(sum ^ u64::from(byte), |sum, _| shift(sum)))
    }

    #[test]
    fn the_sum_does_not_depend_on_how_many_bytes_are_taken_at_once() {
        let bytes: Vec<u8> = (0..2_000u32).map(|n| ((n * n) >> 3) as u8).collect();
        for length in (0..300).chain([511, 512, 1_023, 1_024, 1_025, 2_000]) {
            let expected = slowly(&bytes[..length]);
            assert_eq!(Crc64::of(&bytes[..length]), expected, "{length}");
            let mut parts = Crc64::new();
            bytes[..length].chunks(1 + length / 3).for_each(|part| parts.update(part));
            assert_eq!(parts.value(), expected, "{length} in parts");
        }
    }
}
