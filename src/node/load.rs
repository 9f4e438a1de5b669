//! From received bytes to a dataset: the file, the load, and the beginning of the stream.
//!
//! A replica keeps the snapshot in a file until it is whole (`repl-diskless-load disabled`), or
//! reads it as it comes. Loading works in parts, as fast as the machine can; meanwhile clients are
//! told so. The old data goes when loading begins; with `swapdb` it stays until the new is whole.
//! *Source*: Redis 7.2 · replication.c · readSyncBulkPayload; rdb.c · rdbLoadRioWithLoadingCtx.

mod again;
mod delay;
mod fault;
mod item;
mod start;

use self::fault::Fault;
use super::debug::Reload;
use super::downstream::CHUNK_BYTES;
use super::io::{Breach, Carries, DiskFact, DiskOrder, Job, Output};
use super::machine::Machine;
use super::note::{LoadNote, ReplicaNote, TransferNote};
use super::scripts::Libraries;
use super::state::State;
use super::stream::Stream;
use super::upstream::{Transfer, Uplink};
use crate::keyspace::Filling;
use crate::rdb::{DecodeError, DecodeOptions, Decoder, Item};
use crate::replication::{Form, History, Offset, Progress, ReplicationId};
use crate::resp::{Bytes, text_of};
use crate::time::{Duration, Instant};

/// A dataset that is being loaded.
#[derive(Clone, Debug)]
pub(super) struct Loading {
    /// Reads the bytes.
    decoder: Decoder,
    /// What has been read.
    filling: Filling,
    /// The code of the libraries of functions.
    libraries: Vec<Bytes>,
    /// Where the bytes come from.
    source: Source,
    /// `repl-stream-db`: the database in which the stream goes on.
    stream_db: Option<usize>,
    /// `repl-id`: the history that the dataset belongs to.
    repl_id: Option<ReplicationId>,
    /// `repl-offset`: how far it had come in it.
    repl_offset: Option<Offset>,
    /// The keys that had expired, with their databases, and were not taken.
    expired: Vec<(usize, Bytes)>,
    /// When it began.
    began: Instant,
    /// Keys read.
    pub(super) loaded: u64,
    /// Bytes read.
    pub(super) read: u64,
    /// When the next part is taken.
    pub(super) ready_at: Instant,
    /// True while the disk reads the next part.
    reading: bool,
    /// True once the end of the file was read.
    complete: bool,
    /// Keys of which `key-load-delay` has not been served.
    owing: u64,
    /// Until when it is served, while it is.
    delayed_until: Option<Instant>,
    /// True once the last item was read: only the delay is to be served.
    ended: bool,
}

/// Where a dataset comes from.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    /// A file that is whole.
    File(String),
    /// The file with which the process starts.
    Dump(String),
    /// The file that DEBUG RELOAD reads.
    Again(String, Reload),
    /// The link: bytes are taken as they come.
    Link {
        /// The old data stays until the new is whole.
        swap: bool,
        /// It is of the same history, and clients are served from it meanwhile.
        serves: bool,
    },
}

impl Loading {
    fn new(state: &State, source: Source, now: Instant) -> Self {
        let options = DecodeOptions {
            checksum: state.config().yes("rdbchecksum") && state.config().settings.checks_sums,
            thresholds: state.config().settings.thresholds(),
            newest: state.setup.profile.rdb_version(),
            ..DecodeOptions::default()
        };
        Self {
            decoder: Decoder::new(options),
            filling: Filling::new(state.keyspace.databases()),
            libraries: Vec::new(),
            source,
            stream_db: None,
            repl_id: None,
            repl_offset: None,
            expired: Vec::new(),
            began: now,
            loaded: 0,
            read: 0,
            ready_at: now,
            reading: false,
            complete: false,
            owing: 0,
            delayed_until: None,
            ended: false,
        }
    }

    /// The next item that is whole. A file that was read to its end and has none was cut.
    fn next_item(&mut self) -> Result<Option<Item>, DecodeError> {
        let item = self.decoder.next()?;
        if item.is_none() && self.complete {
            self.decoder.finish()?;
        }
        Ok(item)
    }

    /// True if clients may go on with the data that is being replaced.
    const fn to_parser(&self) -> bool {
        matches!(self.source, Source::Link { .. })
    }

    /// True if it goes on when `ready_at` has come.
    pub(super) const fn is_idle(&self) -> bool {
        let file = matches!(self.source, Source::File(_) | Source::Dump(_) | Source::Again(..));
        self.delayed_until.is_some() || (file && !self.reading)
    }

    /// True while clients are served the old data.
    pub(super) const fn is_beside(&self) -> bool {
        matches!(self.source, Source::Link { serves: true, .. })
    }

    /// True if the old data stays until the new is whole.
    const fn swaps(&self) -> bool {
        matches!(self.source, Source::Link { swap: true, .. })
    }

    /// True while the process starts: it does nothing else.
    pub(super) const fn is_start(&self) -> bool {
        matches!(self.source, Source::Dump(_))
    }
}

impl Machine<'_> {
    /// Reads the dataset with which the process starts.
    pub(super) fn load_dump(&mut self) {
        let file = self.state.config().get("dbfilename").to_owned();
        self.state.loading = Some(Loading::new(self.state, Source::Dump(file), self.now));
        self.load_next();
    }

    /// Bytes of the transfer have arrived.
    pub(super) fn transfer_received(&mut self, bytes: &[u8]) {
        let Uplink::Transfer(transfer) = &mut self.state.upstream.link else { return };
        if transfer.complete {
            transfer.beyond.extend_from_slice(bytes);
            return;
        }
        match transfer.receiver.feed(bytes) {
            Err(error) => {
                self.note(TransferNote::TransferFailed(error.to_string()));
                self.retry_now();
            }
            Ok(progress) => {
                self.note_form();
                self.take_progress(bytes, progress);
            }
        }
    }

    /// Says once how the snapshot comes, and prepares for it.
    fn note_form(&mut self) {
        let to_parser = self.loads_from_link();
        let Uplink::Transfer(transfer) = &mut self.state.upstream.link else { return };
        let Some(form) = transfer.receiver.form().filter(|_| !transfer.form_noted) else { return };
        transfer.form_noted = true;
        transfer.marked = form == Form::Marked;
        let announced = transfer.announced.map(|(id, _)| id);
        let file = transfer.file.clone();
        self.note(match form {
            Form::Counted(bytes) => TransferNote::ReceivingCounted { bytes, to_parser },
            Form::Marked => TransferNote::ReceivingStreamed { to_parser },
        });
        if to_parser {
            let swap = self.state.config().get("repl-diskless-load") == "swapdb";
            let own = Some(self.state.history.id);
            let beside = self.state.setup.profile.loads_beside();
            let serves = swap && announced == own && beside;
            self.begin_loading(Source::Link { swap, serves });
        } else {
            let bytes = Bytes::from(&[][..]);
            self.keep(DiskOrder::Append { file, bytes, create: true });
        }
    }

    /// True if the snapshot is read as it comes.
    fn loads_from_link(&self) -> bool {
        match self.state.config().get("repl-diskless-load") {
            "swapdb" => true,
            "on-empty-db" => self.state.keyspace.is_empty() || self.state.loading.is_some(),
            _ => false,
        }
    }

    fn take_progress(&mut self, bytes: &[u8], progress: Progress) {
        let Uplink::Transfer(transfer) = &mut self.state.upstream.link else { return };
        transfer.complete = progress.complete;
        transfer.beyond.extend_from_slice(&bytes[bytes.len() - progress.unused..]);
        let file = transfer.file.clone();
        if self.state.loading.is_some() {
            if let Some(loading) = &mut self.state.loading {
                loading.complete = progress.complete;
            }
            self.load(&progress.payload);
            return;
        }
        if !progress.payload.is_empty() {
            let bytes = Bytes::from(progress.payload);
            self.keep(DiskOrder::Append { file, bytes, create: false });
        }
        self.received_if_written();
    }

    fn keep(&mut self, order: DiskOrder) {
        if let Uplink::Transfer(transfer) = &mut self.state.upstream.link {
            transfer.writes += 1;
        }
        self.out.push(Output::Disk { job: Job::Receive, order });
    }

    /// The disk has answered the transfer.
    pub(super) fn transfer_disk(&mut self, job: Job, result: Result<DiskFact, String>) {
        let Uplink::Transfer(transfer) = &mut self.state.upstream.link else { return };
        if let Err(why) = result {
            self.note(TransferNote::TransferDiskError(why));
            return self.retry_now();
        }
        transfer.writes = transfer.writes.saturating_sub(1);
        if job == Job::ReceiveRename {
            let file = self.state.config().get("dbfilename").to_owned();
            self.begin_loading(Source::File(file));
            self.load_next();
        } else {
            self.received_if_written();
        }
    }

    /// Once everything has arrived and is written, the file takes its name.
    fn received_if_written(&mut self) {
        let Uplink::Transfer(transfer) = &self.state.upstream.link else { return };
        if !transfer.complete || transfer.writes > 0 {
            return;
        }
        let from = transfer.file.clone();
        self.stop_saving_to_load(true);
        let to = self.state.config().get("dbfilename").to_owned();
        self.out
            .push(Output::Disk { job: Job::ReceiveRename, order: DiskOrder::Rename { from, to } });
    }

    /// Lets the old data go, unless it is to stay, and begins to read the new.
    fn begin_loading(&mut self, source: Source) {
        if matches!(source, Source::Link { .. }) {
            self.stop_saving_to_load(false);
        }
        let loading = Loading::new(self.state, source, self.now);
        if loading.swaps() {
            self.note(LoadNote::LoadingDb);
        } else {
            self.leave_old_history();
            self.note(LoadNote::FlushingOldData);
            self.state.keyspace.clear();
            self.invalidate_all();
            self.note(LoadNote::LoadingDb);
        }
        self.state.loading = Some(loading);
    }

    /// From here on nobody can continue what we had.
    pub(super) fn leave_old_history(&mut self) {
        if self.state.upstream.cached.take().is_some() {
            self.note(ReplicaNote::DiscardingCachedMaster);
        }
        self.disconnect_replicas();
        self.state.backlog = None;
    }

    /// Reads the next part of the file, if it is time.
    pub(super) fn load_next(&mut self) {
        let now = self.now;
        if self.state.loading.as_ref().is_some_and(|loading| loading.delayed_until.is_some()) {
            self.end_load_delay();
        }
        let Some(loading) = &mut self.state.loading else { return };
        if loading.ended && now >= loading.ready_at {
            return self.loaded();
        }
        let (Source::File(file) | Source::Dump(file) | Source::Again(file, _)) = &loading.source
        else {
            return;
        };
        if loading.reading || now < loading.ready_at {
            return;
        }
        loading.reading = true;
        let order =
            DiskOrder::Read { file: file.clone(), at: loading.read, max: 4 * CHUNK_BYTES as u64 };
        self.out.push(Output::Disk { job: Job::Load, order });
    }

    /// A part of the file was read.
    pub(super) fn load_read(&mut self, result: Result<DiskFact, String>) {
        let Some(loading) = &mut self.state.loading else { return };
        loading.reading = false;
        match result {
            Ok(DiskFact::Read { bytes }) => {
                loading.complete = bytes.is_empty();
                self.load(&bytes);
            }
            Ok(DiskFact::Done) => {}
            Err(why) => self.loading_failed(Fault::Disk(why)),
        }
    }

    /// Takes bytes of the RDB in.
    fn load(&mut self, bytes: &[u8]) {
        let speed = self.state.setup.speeds.load_bytes_per_second;
        let now = self.now;
        let Some(loading) = &mut self.state.loading else { return };
        loading.read += bytes.len() as u64;
        loading.ready_at = now + Duration::of_bytes(bytes.len() as u64, speed);
        loading.decoder.feed(bytes);
        self.sign_of_life();
        loop {
            let Some(loading) = &mut self.state.loading else { return };
            match loading.next_item() {
                Ok(Some(Item::End)) => {
                    let waits = self.serve_load_delay();
                    return if waits { self.loading_ended() } else { self.loaded() };
                }
                Ok(Some(item)) => self.load_item(item),
                Ok(None) => {
                    let _ = self.serve_load_delay();
                    return self.load_next();
                }
                Err(error) => return self.loading_failed(Fault::Bytes(error)),
            }
        }
    }

    /// The dataset is whole: it takes the place of the old one, and the stream begins.
    fn loaded(&mut self) {
        let Some(loading) = self.state.loading.take() else { return };
        if loading.is_start() {
            return self.started_with(loading);
        }
        if let Source::Again(_, reload) = loading.source {
            return self.reloaded(loading, reload);
        }
        if loading.to_parser() && self.mark_is_missing() {
            return self.mark_broken(&loading);
        }
        self.done_loading(&loading);
        if loading.swaps() {
            self.leave_old_history();
            self.note(LoadNote::SwappingDb);
        }
        let (swaps, to_parser) = (loading.swaps(), loading.to_parser());
        self.state.libraries = Libraries::new(loading.libraries);
        self.state.keyspace = loading.filling.finish();
        self.state.own_expiring.clear();
        if swaps {
            self.invalidate_all();
            self.note(LoadNote::DiscardingOldDb);
        }
        if !to_parser {
            self.remove_received_file();
        }
        let link = std::mem::replace(&mut self.state.upstream.link, Uplink::Idle);
        let Uplink::Transfer(transfer) = link else { return };
        self.begin_stream(*transfer, loading.stream_db.unwrap_or(0));
    }

    /// True if what follows the dataset on the link is not the mark that was announced. A parser
    /// is never given the last bytes before they are known not to be the mark.
    const fn mark_is_missing(&self) -> bool {
        let Uplink::Transfer(transfer) = &self.state.upstream.link else { return false };
        transfer.marked && !transfer.complete
    }

    fn done_loading(&mut self, loading: &Loading) {
        self.note_oddities(loading);
        let empty = loading.decoder.empty_keys();
        let (loaded, expired) = (loading.loaded, loading.expired.len() as u64);
        self.note(LoadNote::DoneLoading { loaded, expired, empty });
        let saves = &mut self.state.saves;
        (saves.keys_loaded, saves.keys_expired) = (loaded, expired);
    }

    /// What was passed over in a file.
    fn note_oddities(&mut self, loading: &Loading) {
        for key in loading.decoder.first_empty_keys() {
            self.note(LoadNote::EmptyKey(text_of(key)));
        }
        if loading.decoder.is_unchecked() {
            self.note(LoadNote::Unchecked);
        }
    }

    #[inline(never)]
    fn mark_broken(&mut self, loading: &Loading) {
        self.done_loading(loading);
        self.note(LoadNote::RdbError("Replication stream EOF marker is broken".to_owned()));
        if loading.swaps() {
            self.note(LoadNote::DiscardingTemporaryDb);
        }
        self.retry_now();
    }

    fn begin_stream(&mut self, transfer: Transfer, db: usize) {
        let history = &mut self.state.history;
        match transfer.announced {
            Some((id, offset)) => *history = History { id, second: None, offset },
            None => *history = History::new(&mut self.state.random),
        }
        let client = self.state.number_client();
        let mut stream = Stream::new(transfer.link, db, client, self.now);
        stream.old_protocol = transfer.announced.is_none();
        stream.decoder.feed(&transfer.beyond);
        self.state.upstream.link = Uplink::Connected(Box::new(stream));
        self.state.upstream.down_since = None;
        self.create_backlog();
        self.note(LoadNote::FinishedWithSuccess);
        // A master that ended with a mark waits for a word; one that counted sends at once.
        if transfer.marked && !transfer.lost {
            self.send_ack();
        }
        self.obey();
        if transfer.lost {
            self.stream_lost(true);
        }
    }

    /// The link to the master is left: what was being loaded is of no use.
    pub(super) fn abandon_loading(&mut self) {
        self.state.loading = None;
        if let Uplink::Transfer(transfer) = &self.state.upstream.link {
            let order = DiskOrder::Remove { file: transfer.file.clone() };
            self.out.push(Output::Disk { job: Job::Unawaited, order });
        }
    }

    /// The master hung up while the snapshot came.
    #[inline(never)]
    pub(super) fn transfer_closed(&mut self, breach: Option<&Breach>) {
        let Uplink::Transfer(transfer) = &mut self.state.upstream.link else { return };
        if transfer.complete {
            transfer.lost = true;
            return;
        }
        let why = match (transfer.receiver.form(), breach) {
            (None, _) => "I/O error reading bulk count from MASTER: Success".to_owned(),
            (Some(_), None) => "I/O error trying to sync with MASTER: connection lost".to_owned(),
            (Some(_), Some(Breach::Read(why) | Breach::Write(why))) => {
                format!("I/O error trying to sync with MASTER: {why}")
            }
        };
        self.note(TransferNote::TransferFailed(why));
        self.retry_now();
    }

    /// At most once a second, while it flushes or loads, a replica shows that it lives.
    fn sign_of_life(&mut self) {
        let now = self.now;
        let Uplink::Transfer(transfer) = &mut self.state.upstream.link else { return };
        if now.since(transfer.newline_at) < Duration::from_secs(1) {
            return;
        }
        transfer.newline_at = now;
        let link = transfer.link;
        self.send(link, Bytes::from(&b"\n"[..]), Carries::Talk);
    }
}
