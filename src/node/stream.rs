//! The stream from the master: commands carried out, bytes counted and passed on.
//!
//! A replica counts raw bytes, not commands, and keeps them as they came: its own replicas read the
//! very bytes that its master wrote. What is half a command, or inside an open MULTI, has been
//! received but does not count yet.
//!
//! ```text
//!      processed = offset of the history        received
//!      ─────────────┬────────────────────────────┬─────
//!      carried out  │ held (MULTI) │ half command │
//! ```
//! *Source*: Redis 7.2 · networking.c · commandProcessed, processInputBuffer.

use super::gates::{Asker, Row, keys_of};
use super::io::{Address, Carries, Link, Output};
use super::machine::{Caller, Machine};
use super::note::TransferNote;
use super::upstream::Uplink;
use crate::commands::{self, Flags};
use crate::keyspace::KEYS_AT_ONCE;
use crate::resp::{Bytes, Command, CommandDecoder, Reply};
use crate::time::Instant;

/// The stream from the master.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    /// The connection.
    pub(super) link: Link,
    /// The number that the master has among the clients.
    pub(super) client: u64,
    /// When the stream began.
    pub(super) since: Instant,
    /// The word that its last command began with.
    pub(super) last_word: Option<Bytes>,
    /// When bytes came last.
    pub(super) heard_at: Instant,
    /// Commands, as they arrive.
    pub(super) decoder: CommandDecoder,
    /// The database that the stream has selected.
    pub(super) db: usize,
    /// The transaction that has begun and not ended.
    pub(super) transaction: Option<Vec<Command>>,
    /// Raw bytes of it: they count, and are passed on, when it ends.
    pub(super) held: Vec<u8>,
    /// True if the master speaks only SYNC and wants no ACK.
    pub(super) old_protocol: bool,
    /// A command that a pause keeps waiting, with its raw bytes; nothing is read behind it.
    pub(super) postponed: Option<(Command, Vec<u8>)>,
    /// True once the master has said what cannot be understood: nothing more is carried out, and
    /// the link is closed behind the next ACK.
    pub(super) doomed: bool,
}

impl Stream {
    pub(super) fn new(link: Link, db: usize, client: u64, now: Instant) -> Self {
        Self {
            link,
            client,
            since: now,
            last_word: None,
            heard_at: now,
            decoder: CommandDecoder::default(),
            db,
            transaction: None,
            held: Vec::new(),
            old_protocol: false,
            postponed: None,
            doomed: false,
        }
    }

    /// Bytes that have arrived and are not yet counted.
    pub(super) fn unprocessed(&self) -> u64 {
        let refused = if self.doomed { self.decoder.raw().len() } else { 0 };
        let postponed = self.postponed.as_ref().map_or(0, |(_, raw)| raw.len());
        (self.held.len() + postponed + self.decoder.pending().max(refused)) as u64
    }
}

impl Machine<'_> {
    /// Carries out what the master's stream says.
    pub(super) fn obey(&mut self) {
        self.obey_postponed();
        while let Uplink::Connected(stream) = &mut self.state.upstream.link
            && !stream.doomed
            && stream.postponed.is_none()
        {
            if !stream.decoder.is_ahead() {
                let db = self.state.keyspace.db(stream.db);
                db.look_ahead(keys_of(stream.decoder.look_ahead(KEYS_AT_ONCE)));
            }
            match stream.decoder.next_command() {
                Ok(None) => return,
                Ok(Some(command)) if command.inline => return self.stream_broken(None),
                Ok(Some(command)) => self.obey_command(command),
                Err(error) => return self.stream_broken(Some(error.to_string())),
            }
        }
    }

    /// Takes up what a pause has kept waiting, if that is over.
    #[inline(never)]
    pub(super) fn obey_postponed(&mut self) {
        let Uplink::Connected(stream) = &mut self.state.upstream.link else { return };
        if let Some((command, raw)) = stream.postponed.take() {
            self.obey_unless_paused(command, raw);
        }
    }

    fn obey_command(&mut self, command: Command) {
        let Uplink::Connected(stream) = &mut self.state.upstream.link else { return };
        let raw = stream.decoder.raw().to_vec();
        if self.state.pauses.scope().is_none() {
            self.obey_now(command, raw);
        } else {
            self.obey_unless_paused(command, raw);
        }
    }

    /// A pause keeps the master waiting as it does any client.
    fn obey_unless_paused(&mut self, command: Command, raw: Vec<u8>) {
        let waits = self.is_stream_paused(&command);
        let Uplink::Connected(stream) = &mut self.state.upstream.link else { return };
        if waits {
            stream.postponed = Some((command, raw));
        } else {
            self.obey_now(command, raw);
        }
    }

    fn obey_now(&mut self, command: Command, raw: Vec<u8>) {
        let name = self.state.setup.renames.meaning(&command.args[0]).unwrap_or_default();
        let name = name.to_ascii_lowercase();
        let Uplink::Connected(stream) = &mut self.state.upstream.link else { return };
        stream.last_word = Some(Bytes::clone(&command.args[0]));
        match (name.as_slice(), &mut stream.transaction) {
            (b"replconf", _) => {
                self.master_replconf(&command.args);
                self.count_obeyed(&command.args, &Reply::Silent);
            }
            (b"multi", none @ None) => {
                *none = Some(Vec::new());
                self.count_obeyed(&command.args, &Reply::OK);
            }
            (b"exec", Some(_)) => {
                let queue = stream.transaction.take().unwrap_or_default();
                for command in queue {
                    self.apply(&command.args);
                }
                self.count_obeyed(&command.args, &Reply::OK);
            }
            (_, Some(queue)) => queue.push(command),
            (_, None) => self.apply(&command.args),
        }
        self.count_stream(raw);
    }

    /// Counts bytes of the stream once what they say is done, and passes them on as they came.
    fn count_stream(&mut self, raw: Vec<u8>) {
        let Uplink::Connected(stream) = &mut self.state.upstream.link else { return };
        stream.held.extend(raw);
        if stream.transaction.is_none() {
            let bytes = std::mem::take(&mut stream.held);
            self.extend_stream(&bytes);
        }
    }

    /// `REPLCONF GETACK *`: answered with what is done before it.
    fn master_replconf(&mut self, args: &[Bytes]) {
        if args.get(1).is_some_and(|word| word.eq_ignore_ascii_case(b"getack")) {
            self.send_ack();
        }
    }

    /// Confirms to the master how far its stream has been carried out.
    pub(super) fn send_ack(&mut self) {
        let Uplink::Connected(stream) = &self.state.upstream.link else { return };
        if stream.old_protocol {
            return;
        }
        let (link, offset) = (stream.link, self.state.history.offset.to_string());
        let mut bytes = Vec::new();
        crate::resp::encode_command(&["REPLCONF", "ACK", &offset], &mut bytes);
        self.send(link, Bytes::from(bytes), Carries::Talk);
    }

    /// Carries out one command of the master; nobody hears the reply, unless it is an error.
    fn apply(&mut self, args: &[Bytes]) {
        let name = self.state.setup.renames.meaning(&args[0]).unwrap_or_default();
        let Uplink::Connected(stream) = &mut self.state.upstream.link else { return };
        let reply = if name.eq_ignore_ascii_case(b"select") {
            let db = args.get(1).and_then(|word| crate::resp::parse_integer(word));
            match db.and_then(|db| usize::try_from(db).ok()) {
                Some(db) if db < self.state.keyspace.databases() => {
                    stream.db = db;
                    Reply::OK
                }
                _ => Reply::error("ERR DB index is out of range"),
            }
        } else if name.eq_ignore_ascii_case(b"function") {
            self.obey_function(args)
        } else if name.eq_ignore_ascii_case(b"ping") {
            Reply::Silent
        } else {
            let db = stream.db;
            if self.obey_publish(name, args) {
                Reply::Silent
            } else {
                self.apply_data(db, name, args)
            }
        };
        self.count_obeyed(args, &reply);
        if let Reply::Error(error) = reply {
            self.state.stats.unexpected_error_replies += 1;
            let command = self.state.command_name(&args[0]).to_owned();
            let error = as_logged(&error);
            self.note(TransferNote::ReplicaSentError { error, command });
            self.note_latest_backlog();
        }
    }

    /// Counts a command of the master for INFO, as one of a client is counted.
    fn count_obeyed(&mut self, args: &[Bytes], reply: &Reply) {
        if let Some(row) = self.state.row(&args[0]) {
            self.state.stats.commands_processed += 1;
            self.count_run(Caller::Master, row, args, reply);
            if !self.state.monitors.is_empty() {
                self.show_obeyed(row, args);
            }
        }
    }

    /// Shows a command of the master to those who watch.
    #[inline(never)]
    fn show_obeyed(&mut self, row: Row, args: &[Bytes]) {
        let flags = row.flags(args);
        let (Uplink::Connected(stream), Some(master)) =
            (&self.state.upstream.link, &self.state.upstream.master)
        else {
            return;
        };
        if !flags.has(Flags::SKIP_MONITOR) && !flags.has(Flags::ADMIN) {
            let (db, from) = (stream.db, master.to_string());
            self.show(db, &from, row.name(), args);
        }
    }

    /// Runs a data command of the master: its keys never expire here.
    fn apply_data(&mut self, db: usize, name: &[u8], args: &[Bytes]) -> Reply {
        let Some(spec) = commands::lookup(name) else {
            return Reply::error(commands::unknown_command(args).to_string());
        };
        if let Err(refusal) = commands::check_arity(spec, args.len()) {
            return Reply::error(refusal.to_string());
        }
        let (reply, effects) = self.call(spec, Asker::upstream(db), args);
        self.account(&effects);
        self.serve_ready();
        reply
    }

    fn note_latest_backlog(&mut self) {
        let tail = self.state.backlog.as_ref().map(|backlog| backlog.tail(256));
        if let Some(tail) = tail {
            self.note(TransferNote::LatestBacklog(quoted(&tail)));
        }
    }

    /// The master does not speak RESP: the link will be closed, and nothing cached.
    fn stream_broken(&mut self, error: Option<String>) {
        let Uplink::Connected(stream) = &self.state.upstream.link else { return };
        let master = self.state.upstream.master.as_ref().map(Address::to_string);
        let client = format!(
            "id=0 addr={} laddr= fd=8 name= flags=M db={} cmd=NULL user=(superuser)",
            master.unwrap_or_default(),
            stream.db
        );
        let mut buffer = stream.decoder.raw().to_vec();
        buffer.truncate(128);
        let buffer = quoted(&buffer).trim_matches('"').to_owned();
        match error {
            None => self.note(TransferNote::InlineFromMaster { client, buffer }),
            Some(error) => {
                self.note(TransferNote::ProtocolErrorFromMaster { error, client, buffer });
            }
        }
        if let Uplink::Connected(stream) = &mut self.state.upstream.link {
            stream.doomed = true;
        }
    }

    /// Redis closes a client that it has given up when it next has written to it: a master's link,
    /// behind the ACK of the cron.
    pub(super) fn end_doomed_stream(&mut self) {
        let Uplink::Connected(stream) = &self.state.upstream.link else { return };
        if stream.doomed {
            self.out.push(Output::Close { link: stream.link });
            self.stream_lost(false);
        }
    }
}

/// What a replica is told that wants more than to listen.
pub(super) const NO_KEYSPACE: &str = "Replica can't interact with the keyspace";

/// An error in the stream as the log has it: as on the wire, but for what was refused before that.
pub(super) fn as_logged(error: &str) -> String {
    let refused = |text: &&str| {
        text.starts_with("unknown command '")
            || text.starts_with("wrong number of arguments for '")
            || *text == NO_KEYSPACE
    };
    error.strip_prefix("ERR ").filter(refused).map_or_else(|| format!("-{error}"), str::to_owned)
}

/// Bytes between quotes, with escapes for what cannot be printed.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in bytes {
        match byte {
            b'\\' | b'"' => text.extend(['\\', char::from(byte)]),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            0x07 => text.push_str("\\a"),
            0x08 => text.push_str("\\b"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text.push('"');
    text
}
