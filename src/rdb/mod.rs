//! RDB, the data of one instant as one run of bytes.
//!
//! A server that saves, and a master whose replica has to start over, write every key and value in
//! a single pass; whoever reads them has the dataset again. Both sides of a replication link must
//! agree on each byte, or the next update meets a value that is not there.
//!
//! The naive way writes the whole file into memory, sends it, and reads it from memory. Then a save
//! costs the dataset a second time, and neither a slow link nor a progress bar can be shown. So
//! both directions stream here: the [`Encoder`] holds a snapshot, which costs nothing, and gives
//! the next few bytes when asked; the [`Decoder`] is fed whatever has arrived, gives every item as
//! soon as it is whole, and keeps only the bytes of the unfinished one. What becomes of a value is
//! for its [`Sink`] to say: values are built of the parts, or the parts are only counted.
//!
//! ```text
//!     "REDIS" "0011"                              signature, version in four digits
//!     FA "redis-ver" "7.2.4"  FA …                facts about the writer
//!     F5 library                                  functions, as the text of their library
//!     FE 0                                        the keys of database 0 follow
//!     FB 2 1                                      so many, so many of them with expiry (a hint)
//!       00 "k" "v"                                layout, key, value
//!       FC milliseconds(8)  00 "l" "v"            an expiry comes before its key
//!     FF                                          the end
//!     checksum(8)                                 CRC-64 of everything above, least byte first
//!
//!     length   00nnnnnn | 01nnnnnn n | 80 n(4) | 81 n(8)           most byte first
//!     string   length bytes | C0 n | C1 n(2) | C2 n(4)             numbers: least byte first
//!              C3 length-packed length packed-bytes                LZF
//! ```
//!
//! # Invariants
//! * The bytes do not depend on how they are cut into pieces, in either direction.
//! * What comes in may be hostile: no length is believed before its bytes are there, and nothing
//!   panics. What goes out equals a real server's bytes, but for the order of keys, which is ours.
//! * This room knows no clock: whether a key that it reads has expired is asked by its reader.
//!
//! Reading order: `format`, `write`, `lzf`, `listpack`, `intset`, `ziplist`, `zipmap`, `crc64`,
//! `score`, `save`, `stream_save`, `encode`, `read`, `sink`, `packed`, `load`, `stream_load`,
//! `prints`, `build`, `atom`, `decode`, `dump`, `sha1`, `digest`, `survey`, `anatomy`.
//! *Source*: Redis 7.2 · rdb.c · rdbSaveRio, rdbLoadRioWithLoadingCtx.

mod anatomy;
mod atom;
mod build;
mod crc64;
mod decode;
mod digest;
mod dump;
mod encode;
mod format;
mod intset;
mod listpack;
mod load;
mod lzf;
mod packed;
mod prints;
mod read;
#[cfg(test)]
mod sample;
mod save;
mod score;
mod sha1;
mod sink;
mod stream_load;
mod stream_save;
mod survey;
mod write;
mod ziplist;
mod zipmap;

pub use anatomy::anatomy;
pub use build::{Builder, Thresholds};
pub use decode::{DecodeError, DecodeOptions, Decoder, Item};
pub use digest::Digest;
pub use dump::{RestoreError, dump, dump_libraries, restore, restore_libraries};
pub use encode::{EncodeOptions, Encoder, Header, ReplInfo, Section, Uses};
pub use format::{Form, Kind, Layout, Version};
pub use listpack::Listpack;
pub use sha1::sha1;
pub use sink::{Count, Counter, Sink};
pub use survey::{BigKey, Lives, Survey, Tally};
