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

use super::client::{LastCommand, Transaction};
use super::gates::{Asker, Row, keys_of};
use super::io::{Carries, Link};
use super::machine::{Caller, Machine};
use super::scripts::script;
use super::upstream::Uplink;
use crate::commands::{Effects, Flags, Refusal, Spec, unknown_command};
use crate::keyspace::KEYS_AT_ONCE;
use crate::resp::{Bytes, Command, CommandDecoder, Reply, parse_integer};
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
    /// What the master has said last, if there is such a command.
    pub(super) last_command: Option<LastCommand>,
    /// When bytes came last.
    pub(super) heard_at: Instant,
    /// Commands, as they arrive.
    pub(super) decoder: CommandDecoder,
    /// The database that the stream has selected.
    pub(super) db: usize,
    /// The transaction that has begun and not ended.
    pub(super) transaction: Option<Transaction>,
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
            last_command: None,
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
                Ok(Some(command)) if command.inline => return self.break_off_master(None),
                Ok(Some(command)) => self.obey_command(command),
                Err(error) => return self.break_off_master(Some(&error)),
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
        match self.said(&command.args) {
            Ok(row) => self.obey_row(row, command),
            Err(refusal) => self.refuse_master(&refusal),
        }
        self.count_stream(raw);
    }

    /// What the master says. It is its last command from now on.
    fn said(&mut self, args: &[Bytes]) -> Result<Row, Refusal> {
        let Uplink::Connected(stream) = &self.state.upstream.link else {
            return Err(unknown_command(args));
        };
        let again = stream.last_command.as_ref().and_then(|last| last.again(&args[0]));
        let row = again.or_else(|| self.said_anew(args)).ok_or_else(|| unknown_command(args))?;
        row.check_arity(args.len())?;
        row.check_subcommand(args, self.state.setup.profile)?;
        Ok(row)
    }

    #[inline(never)]
    fn said_anew(&mut self, args: &[Bytes]) -> Option<Row> {
        let (row, last) = self.look_up(args);
        if let Uplink::Connected(stream) = &mut self.state.upstream.link {
            stream.last_command = last;
        }
        row
    }

    /// What the master should not have said is noted, and poisons its transaction.
    #[inline(never)]
    fn refuse_master(&mut self, refusal: &Refusal) {
        if let Uplink::Connected(stream) = &mut self.state.upstream.link
            && let Some(transaction) = &mut stream.transaction
        {
            transaction.poisoned = true;
        }
        self.note_error_to_master(&refusal.to_string());
    }

    fn obey_row(&mut self, row: Row, command: Command) {
        let Uplink::Connected(stream) = &mut self.state.upstream.link else { return };
        let reply = match (row.name(), &mut stream.transaction) {
            ("replconf", _) => {
                self.master_replconf(&command.args);
                Reply::Silent
            }
            ("multi", none @ None) => {
                *none = Some(Transaction::default());
                Reply::OK
            }
            ("multi", Some(_)) => Reply::error("ERR MULTI calls can not be nested"),
            ("exec", Some(_)) => self.obey_exec(),
            ("discard", some @ Some(_)) => {
                *some = None;
                Reply::OK
            }
            (_, Some(transaction)) => return transaction.push(command),
            (_, None) => return self.apply(row, &command.args),
        };
        self.obeyed(row, &command.args, &reply);
    }

    /// Carries out the transaction of the master.
    fn obey_exec(&mut self) -> Reply {
        let Uplink::Connected(stream) = &mut self.state.upstream.link else { return Reply::Silent };
        let transaction = stream.transaction.take().unwrap_or_default();
        if transaction.poisoned {
            let text = "EXECABORT Transaction discarded because of previous errors.";
            return Reply::error(text);
        }
        for command in transaction.queue {
            if let Some(row) = self.find(&command.args[0]) {
                self.apply(row, &command.args);
            }
        }
        Reply::OK
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
    fn apply(&mut self, row: Row, args: &[Bytes]) {
        let reply = match row {
            Row::Data(spec) => self.apply_data(spec, args),
            Row::Admin(spec) => self.apply_own(spec.name, args),
        };
        self.obeyed(row, args, &reply);
    }

    /// Carries out what is no command of data, and is in a stream all the same.
    fn apply_own(&mut self, name: &str, args: &[Bytes]) -> Reply {
        let Uplink::Connected(stream) = &self.state.upstream.link else { return Reply::Silent };
        let link = stream.link;
        match name {
            "select" => self.select_in_stream(args),
            "ping" => Reply::Silent,
            "publish" | "spublish" => self.obey_publish(name, args),
            "function" => self.obey_function(args),
            "script" => script(self, link, args),
            "exec" | "discard" => {
                Reply::error(format!("ERR {} without MULTI", name.to_ascii_uppercase()))
            }
            _ => Reply::error(format!("ERR '{name}' of a master is not obeyed")),
        }
    }

    fn select_in_stream(&mut self, args: &[Bytes]) -> Reply {
        let Some(db) = parse_integer(&args[1]) else {
            return Reply::error(Refusal::NotAnInteger.to_string());
        };
        let databases = self.state.keyspace.databases();
        let Some(db) = usize::try_from(db).ok().filter(|&db| db < databases) else {
            return Reply::error("ERR DB index is out of range");
        };
        if let Uplink::Connected(stream) = &mut self.state.upstream.link {
            stream.db = db;
        }
        Reply::OK
    }

    /// Counts a command of the master for INFO, as one of a client is counted.
    fn obeyed(&mut self, row: Row, args: &[Bytes], reply: &Reply) {
        self.state.stats.commands_processed += 1;
        self.count_run(Caller::Master, row, args, reply);
        if !self.state.monitors.is_empty() {
            self.show_obeyed(row, args);
        }
        if let Reply::Error(error) = reply {
            self.note_error_to_master(error);
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
    fn apply_data(&mut self, spec: &'static Spec, args: &[Bytes]) -> Reply {
        let Uplink::Connected(stream) = &self.state.upstream.link else { return Reply::Silent };
        let asker = Asker::upstream(stream.db);
        let mut effects = Effects::default();
        let reply = self.call(spec, asker, args, &mut effects);
        self.account(&effects);
        self.serve_ready();
        reply
    }
}
