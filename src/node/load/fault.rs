//! A load that comes to nothing: what is said of it, and what becomes of the server.
//!
//! A file is told of by the loader that notices; then Redis has its tool look at it and ends, at
//! the start. DEBUG RELOAD has a client to answer: nothing ends, and what was read so far stays.
//! *Source*: Redis 7.2 · rdb.c · rdbReportError, rdbLoadRioWithLoadingCtx; server.c ·
//! loadDataFromDisk.

use super::super::io::Output;
use super::super::machine::Machine;
use super::super::note::LoadNote;
use super::{Loading, Source};
use crate::rdb::{DecodeError, Form, Kind, Layout};

/// Why a dataset cannot be loaded.
pub(super) enum Fault {
    /// The disk gives no bytes; in the system's words.
    Disk(String),
    /// The bytes make no dataset.
    Bytes(DecodeError),
    /// They make one that is not for this server, or not whole; in Redis' words.
    Other(String),
}

impl Fault {
    fn text(&self) -> String {
        match self {
            Self::Disk(why) | Self::Other(why) => why.clone(),
            Self::Bytes(error) => error.to_string(),
        }
    }
}

impl Machine<'_> {
    /// The bytes are no dataset. The old data is gone, or was to be kept; either way, start over.
    #[inline(never)]
    pub(super) fn loading_failed(&mut self, fault: Fault) {
        let Some(loading) = self.state.loading.take() else { return };
        match loading.source {
            // Without its dataset a server does not run: it might be taken for an empty one.
            Source::Dump(_) => {
                self.note_damage(&loading, &fault);
                self.out.push(Output::Exit);
            }
            Source::Again(_, reload) => {
                if !matches!(fault, Fault::Disk(_)) {
                    self.note_damage(&loading, &fault);
                }
                self.reload_failed(loading, reload);
            }
            Source::File(_) | Source::Link { .. } => {
                self.note(LoadNote::RdbError(fault.text()));
                self.note(LoadNote::FailedLoading { to_parser: loading.to_parser() });
                if loading.swaps() {
                    self.note(LoadNote::DiscardingTemporaryDb);
                }
                self.retry_now();
            }
        }
    }

    /// Says what is wrong with a file of the server's own.
    fn note_damage(&mut self, loading: &Loading, fault: &Fault) {
        let quiet = !loading.is_start();
        let passed = loading.read / PROGRESS_BYTES * PROGRESS_BYTES;
        let internal = |line, what| LoadNote::Internal { quiet, passed, line, what };
        match fault {
            Fault::Bytes(DecodeError::Cut { .. }) => {
                self.note(LoadNote::ShortRead);
                self.note(internal(LINE_OF_END, "Unexpected EOF reading RDB file".to_owned()));
            }
            Fault::Bytes(DecodeError::BadChecksum { .. }) => {
                self.note(LoadNote::RdbError(fault.text()));
                self.note(internal(LINE_OF_CHECKSUM, "RDB CRC error".to_owned()));
            }
            Fault::Bytes(DecodeError::Corrupt { of, .. }) => {
                let (line, what) = of.and_then(broken).map_or_else(
                    || (LINE_OF_TYPE, fault.text()),
                    |(line, form)| (line, format!("{form} integrity check failed.")),
                );
                self.note(internal(line, what));
                if !quiet {
                    return self.note(LoadNote::Terminating);
                }
                // Who goes on takes a value that is none for the end of the file.
                self.note(LoadNote::ShortRead);
                self.note(internal(LINE_OF_END, "Unexpected EOF reading RDB file".to_owned()));
            }
            Fault::Bytes(DecodeError::Unsupported { .. }) => {
                self.note(internal(LINE_OF_TYPE, fault.text()));
            }
            Fault::Bytes(DecodeError::BadSignature | DecodeError::VersionTooNew(_))
            | Fault::Disk(_) => {
                self.note(LoadNote::RdbError(fault.text()));
                if !quiet {
                    self.note(LoadNote::FatalError);
                }
            }
            Fault::Other(_) => self.note(LoadNote::Unfit(fault.text())),
        }
    }
}

impl Machine<'_> {
    /// Says what is wrong with a value that RESTORE was given.
    #[inline(never)]
    pub(in crate::node) fn note_damaged(&mut self, layout: Layout) {
        if let Some((line, form)) = broken(layout).filter(|_| self.state.config().hot.verbose) {
            let what = format!("{form} integrity check failed.");
            self.note(LoadNote::Internal { quiet: true, passed: 0, line, what });
        }
    }
}

/// Where in Redis' rdb.c a packed value is found to be broken, and what it calls its form.
const fn broken(layout: Layout) -> Option<(u16, &'static str)> {
    Some(match (layout.kind(), layout.form()) {
        (_, Form::Zipmap) => (2_130, "Zipmap"),
        (_, Form::Intset) => (2_214, "Intset"),
        (_, Form::Ziplists) => (2_081, "Ziplist"),
        (_, Form::Listpacks) => (2_071, "Listpack"),
        (_, Form::Stream) => (2_362, "Stream listpack"),
        (Kind::List, Form::Ziplist) => (2_189, "List ziplist"),
        (Kind::SortedSet, Form::Ziplist) => (2_229, "Zset ziplist"),
        (Kind::SortedSet, Form::Listpack) => (2_255, "Zset listpack"),
        (Kind::Hash, Form::Ziplist) => (2_275, "Hash ziplist"),
        (Kind::Hash, Form::Listpack) => (2_301, "Hash listpack"),
        (Kind::Set, Form::Listpack) => (LINE_OF_TYPE, "Set listpack"),
        (_, _) => return None,
    })
}

/// Redis notes how far a load has come whenever so many bytes have gone by.
const PROGRESS_BYTES: u64 = 2 << 20;
/// Where in Redis' rdb.c a file is found to end early.
const LINE_OF_END: u16 = 3249;
/// Where its checksum is found to be wrong.
const LINE_OF_CHECKSUM: u16 = 3225;
/// Where a layout is found to be unknown; of all else that can be wrong, too.
const LINE_OF_TYPE: u16 = 2681;
