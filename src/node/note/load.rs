//! Notes of loading a dataset, from a master or at the start, and their words.

use std::fmt;

use super::Note;
use crate::time::Duration;

/// What a server says while it loads a dataset.
#[derive(Clone, Debug, PartialEq)]
pub enum LoadNote {
    /// A file was received while this child saves one of the same name.
    KillingChild(u32),
    /// The old data goes.
    FlushingOldData,
    /// The new data comes.
    LoadingDb,
    /// From the snapshot: who made it.
    LoadingRdbVersion(String),
    /// From the snapshot: how old it is, in seconds.
    RdbAge(u64),
    /// From the snapshot: the memory used when it was made, in bytes.
    RdbMemory(u64),
    /// A key that holds nothing was passed over.
    EmptyKey(String),
    /// The file has no checksum that could be looked at.
    Unchecked,
    /// The snapshot is in memory.
    DoneLoading {
        /// Keys taken.
        loaded: u64,
        /// Keys dropped because they had expired.
        expired: u64,
        /// Keys passed over because they hold nothing.
        empty: u64,
    },
    /// The dataset of the start is in memory, after so long.
    LoadedFromDisk(Duration),
    /// The dataset of the start could not be read: the process ends.
    FatalError,
    /// The file was cut.
    ShortRead,
    /// The loader has found damage. Redis then looks at the file more closely and ends, if no
    /// client waits for an answer.
    Internal {
        /// True if a client waits.
        quiet: bool,
        /// How far the load was known to have come, in bytes.
        passed: u64,
        /// Where in Redis' source that is said.
        line: u16,
        /// What is wrong.
        what: String,
    },
    /// A value of the start's dataset was damaged: the process ends.
    Terminating,
    /// The dataset of the start is whole, and not for this server: the process ends.
    Unfit(String),
    /// The snapshot could not be read; the detail as the loader says it.
    RdbError(String),
    /// `swapdb`: the new data takes the place of the old.
    SwappingDb,
    /// `swapdb`: the old data goes.
    DiscardingOldDb,
    /// `swapdb`: what was loaded goes.
    DiscardingTemporaryDb,
    /// The received snapshot could not be loaded.
    FailedLoading {
        /// True if it was parsed as it came.
        to_parser: bool,
    },
    /// DEBUG RELOAD has found a key that is there already.
    DuplicateKey(String),
    /// `rdb-del-sync-files`: the file that came from the master goes.
    RemovingReceivedFile,
    /// The sync is done.
    FinishedWithSuccess,
}

impl LoadNote {
    pub(in crate::node) const fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::RdbError(_)
                | Self::FailedLoading { .. }
                | Self::FatalError
                | Self::ShortRead
                | Self::Internal { .. }
                | Self::Terminating
                | Self::Unfit(_)
                | Self::DuplicateKey(_)
        )
    }

    /// True if 7.2 has stopped warning of it.
    pub(in crate::node) const fn was_a_warning(&self) -> bool {
        matches!(self, Self::EmptyKey(_) | Self::Unchecked | Self::DoneLoading { empty: 1.., .. })
    }
}

impl From<LoadNote> for Note {
    fn from(note: LoadNote) -> Self {
        Self::Load(note)
    }
}

/// What a server says while it loads a dataset.
pub(in crate::node) fn load_text(note: &LoadNote, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match note {
        LoadNote::KillingChild(pid) => write!(
            f,
            "Replica is about to load the RDB file received from the master, but there is a \
             pending RDB child running. Killing process {pid} and removing its temp file to avoid \
             any race"
        ),
        LoadNote::FlushingOldData => f.write_str("MASTER <-> REPLICA sync: Flushing old data"),
        LoadNote::LoadingDb => f.write_str("MASTER <-> REPLICA sync: Loading DB in memory"),
        LoadNote::LoadingRdbVersion(version) => {
            write!(f, "Loading RDB produced by version {version}")
        }
        LoadNote::RdbAge(seconds) => write!(f, "RDB age {seconds} seconds"),
        LoadNote::RdbMemory(bytes) => {
            let (whole, part) = megabytes(*bytes);
            write!(f, "RDB memory usage when created {whole}.{part:02} Mb")
        }
        LoadNote::EmptyKey(key) => write!(f, "rdbLoadObject skipping empty key: {key}"),
        LoadNote::Unchecked => {
            f.write_str("RDB file was saved with checksum disabled: no check performed.")
        }
        LoadNote::DoneLoading { loaded, expired, empty } => {
            write!(f, "Done loading RDB, keys loaded: {loaded}, keys expired: {expired}")?;
            let skipped =
                if *empty > 0 { format!(", empty keys skipped: {empty}") } else { String::new() };
            write!(f, "{skipped}.")
        }
        LoadNote::LoadedFromDisk(took) => {
            let millis = (took.micros() + 500) / 1_000;
            let (seconds, part) = (millis / 1_000, millis % 1_000);
            write!(f, "DB loaded from disk: {seconds}.{part:03} seconds")
        }
        LoadNote::FatalError => {
            f.write_str("Fatal error loading the DB, check server logs. Exiting.")
        }
        LoadNote::ShortRead => {
            f.write_str("Short read or OOM loading DB. Unrecoverable error, aborting now.")
        }
        LoadNote::Internal { passed, line, what, .. } => write!(
            f,
            "Internal error in RDB reading offset {passed}, function at rdb.c:{line} -> {what}"
        ),
        LoadNote::Terminating => f.write_str("Terminating server after rdb file reading failure."),
        LoadNote::RdbError(why) | LoadNote::Unfit(why) => f.write_str(why),
        LoadNote::SwappingDb => {
            f.write_str("MASTER <-> REPLICA sync: Swapping active DB with loaded DB")
        }
        LoadNote::DiscardingOldDb => {
            f.write_str("MASTER <-> REPLICA sync: Discarding old DB in background")
        }
        LoadNote::DiscardingTemporaryDb => {
            f.write_str("MASTER <-> REPLICA sync: Discarding temporary DB in background")
        }
        LoadNote::FailedLoading { to_parser } => write!(
            f,
            "Failed trying to load the MASTER synchronization DB from {}, check server logs.",
            if *to_parser { "socket" } else { "disk" }
        ),
        LoadNote::DuplicateKey(key) => write!(f, "RDB has duplicated key '{key}'"),
        LoadNote::RemovingReceivedFile => f.write_str(
            "Removing the RDB file obtained from the master. This replica has persistence disabled",
        ),
        LoadNote::FinishedWithSuccess => {
            f.write_str("MASTER <-> REPLICA sync: Finished with success")
        }
    }
}

/// Bytes as whole and hundredths of MiB. A page prints this before anything else with a point,
/// so it is reckoned without what prints numbers that have one.
const fn megabytes(bytes: u64) -> (u64, u64) {
    let hundred = bytes as u128 * 100;
    let (whole, rest, half) = (hundred >> 20, hundred & 0xf_ffff, 0x8_0000);
    // What lies in the middle goes to the even side, as printf has it.
    let up = rest > half || (rest == half && whole % 2 == 1);
    let rounded = (whole + up as u128) as u64;
    (rounded / 100, rounded % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn megabytes_are_printed_as_floating_point_would_print_them() {
        let many = (0..200_000_u64).map(|n| n * n * 7_919 + n * 5_243);
        let ties = (0..10_000).map(|n| n * 5_242_880 / 1_000 + 5_243);
        let halves = (0..1_000).map(|n| n << 17);
        for bytes in many.chain(ties).chain(halves) {
            let (whole, part) = megabytes(bytes);
            let wanted = format!("{:.2}", bytes as f64 / (1024.0 * 1024.0));
            assert_eq!(format!("{whole}.{part:02}"), wanted, "{bytes}");
        }
    }
}
