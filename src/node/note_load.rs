//! Notes of loading a dataset: from a master, or at the start.

use super::note::Note;

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
    /// The snapshot is in memory.
    DoneLoading {
        /// Keys taken.
        loaded: u64,
        /// Keys dropped because they had expired.
        expired: u64,
        /// Keys passed over because they hold nothing.
        empty: u64,
    },
    /// The dataset of the start is in memory, after so many seconds.
    LoadedFromDisk(f64),
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
    pub(super) const fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::RdbError(_)
                | Self::FailedLoading { .. }
                | Self::FatalError
                | Self::ShortRead
                | Self::Internal { .. }
                | Self::Unfit(_)
                | Self::DuplicateKey(_)
        )
    }
}

impl From<LoadNote> for Note {
    fn from(note: LoadNote) -> Self {
        Self::Load(note)
    }
}
