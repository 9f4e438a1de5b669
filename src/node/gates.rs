//! From a client's bytes to a reply: the gates that a command passes, in Redis' order.
//! *Source*: Redis 7.2 · server.c · processCommand.

mod attack;
mod room;
mod row;

pub(super) use room::{EMPTY_SERVER_BYTES, Eviction};
pub(super) use row::Row;

use self::attack::is_http;
use super::client::{LastCommand, Transaction};
use super::command_command::facts::{self, Otherwise};
use super::io::Link;
use super::machine::{Caller, Machine};
use super::pubsub::subscriber_may;
use super::state::{Calls, State};
use crate::commands::{self, Call, Effects, Flags, Refusal, Spec, Viewer};
use crate::keyspace::KEYS_AT_ONCE;
use crate::replication::Unit;
use crate::resp::{Bytes, Command, Protocol, Reply};

/// Who runs a data command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    /// The database that it has selected.
    pub(super) db: usize,
    /// How it sees keys past their expiry.
    pub(super) viewer: Viewer,
    /// The version of RESP that it speaks.
    pub(super) protocol: Protocol,
    /// True if it can be kept waiting.
    pub(super) may_block: bool,
    /// True if the use of a key is noted.
    pub(super) notes_use: bool,
    /// True if a script runs it.
    pub(super) by_script: bool,
}

impl Asker {
    /// The master, in whose stream keys never expire and nobody waits.
    pub(super) const fn upstream(db: usize) -> Self {
        Self {
            db,
            viewer: Viewer::Upstream,
            protocol: Protocol::Resp2,
            may_block: false,
            notes_use: true,
            by_script: false,
        }
    }
}

/// The first key of each command, if it has one.
pub(super) fn keys_of<'a>(
    commands: impl Iterator<Item = &'a Command>,
) -> impl Iterator<Item = &'a [u8]> {
    commands.filter_map(|command| command.args.get(1).map(|arg| &**arg))
}

impl State {
    /// The command that a word stands for here.
    pub(super) fn row(&self, word: &[u8]) -> Option<Row> {
        self.setup.renames.meaning(word).and_then(Row::find)
    }

    /// The name of a command in the log.
    pub(super) fn command_name(&self, word: &[u8]) -> &'static str {
        self.row(word).map_or("<unknown>", Row::name)
    }
}

impl Machine<'_> {
    /// Carries out the commands that have arrived, until one has to wait.
    pub(super) fn serve(&mut self, link: Link) {
        while let Some(client) = self.state.clients.get_mut(&link) {
            if client.ending.is_some() || client.waiting.is_some() {
                return;
            }
            if !client.decoder.is_ahead() {
                let db = self.state.keyspace.db(client.db);
                db.look_ahead(keys_of(client.decoder.look_ahead(KEYS_AT_ONCE)));
            }
            match client.decoder.next_command() {
                Ok(None) => return,
                Ok(Some(command)) => self.command(link, command),
                Err(error) => self.break_off(link, &error),
            }
        }
    }

    pub(super) fn command(&mut self, link: Link, command: Command) {
        if self.state.downlink(link).is_some() {
            self.state.stats.commands_processed += 1;
            self.replica_command(link, &command.args);
            return;
        }
        self.state.served = Some(link);
        let reply = self.admit(link, command);
        self.reply(link, &reply);
        self.end_service(link);
        self.serve_ready();
    }

    /// Lets a command through the gates, or says why not.
    fn admit(&mut self, link: Link, command: Command) -> Reply {
        let row = match self.known(link, &command.args) {
            Ok(row) => row,
            Err(_) if is_http(&command.args[0]) => return self.repel(link),
            Err(refusal) => return self.refuse(link, &command.args, &refusal),
        };
        let room = self.make_room();
        let flags = row.flags(&command.args);
        if let Err(refusal) = self.may_run(link, (row, flags), room) {
            self.calls_of(row, &command.args).rejected += 1;
            return self.refuse(link, &command.args, &refusal);
        }
        if self.is_paused(link, row, &command.args) {
            self.postpone(link, command);
            return Reply::Silent;
        }
        let in_transaction = self.transaction(link).is_some();
        if in_transaction
            && !matches!(row.name(), "multi" | "exec" | "discard" | "watch" | "quit" | "reset")
        {
            if flags.has(Flags::NO_MULTI) {
                let refusal = Refusal::other("ERR Command not allowed inside a transaction");
                return self.refuse(link, &command.args, &refusal);
            }
            if let Some(transaction) = self.transaction(link) {
                transaction.push(command);
            }
            return Reply::Simple("QUEUED".into());
        }
        self.state.stats.commands_processed += 1;
        let reply = self.run(link, row, &command.args);
        if row.name() != "client" {
            self.forget_caching(link);
        }
        self.show_command(link, row, &command.args);
        reply
    }

    pub(super) fn transaction(&mut self, link: Link) -> Option<&mut Transaction> {
        self.state.clients.get_mut(&link)?.transaction.as_mut()
    }

    pub(super) fn known(&mut self, link: Link, args: &[Bytes]) -> Result<Row, Refusal> {
        let row = self.called(link, args).ok_or_else(|| commands::unknown_command(args))?;
        let right = row.check_arity(args.len());
        let right = right.and_then(|()| row.check_subcommand(args, self.state.setup.profile));
        let refuses = matches!(right, Err(Refusal::Arity(_)));
        let allowed = right.map(|()| self.check_protected(link, row.name(), args));
        if refuses || matches!(allowed, Ok(Err(_))) {
            self.calls_of(row, args).rejected += 1;
        }
        allowed.flatten().map(|()| row)
    }

    /// What a client calls. It is the client's last command from now on, whether the gates let it
    /// through or not.
    fn called(&mut self, link: Link, args: &[Bytes]) -> Option<Row> {
        let last = self.state.clients.get(&link)?.last_command.as_ref();
        last.and_then(|last| last.again(&args[0])).or_else(|| self.called_anew(link, args))
    }

    #[inline(never)]
    fn called_anew(&mut self, link: Link, args: &[Bytes]) -> Option<Row> {
        let (row, last) = self.look_up(args);
        if let Some(client) = self.state.clients.get_mut(&link) {
            client.last_command = last;
        }
        row
    }

    /// What is called, and as what it is remembered: not at all, if no such subcommand is known.
    pub(super) fn look_up(&self, args: &[Bytes]) -> (Option<Row>, Option<LastCommand>) {
        let (row, profile) = (self.find(&args[0]), self.state.setup.profile);
        let whole = row
            .filter(|row| !matches!(row.check_subcommand(args, profile), Err(Refusal::Other(_))));
        (row, whole.map(|row| LastCommand::new(row, args, profile)))
    }

    /// The command of this name, if the release that this server takes after has it.
    pub(super) fn find(&self, name: &[u8]) -> Option<Row> {
        self.state.row(name).filter(|row| self.is_of_this_release(row.name()))
    }

    /// True unless the command came with a later release than this server takes after.
    fn is_of_this_release(&self, name: &str) -> bool {
        let other = facts::otherwise(name, self.state.setup.profile);
        !matches!(other, Some(Otherwise::Absent))
    }

    /// What INFO counts of a command.
    pub(super) fn calls_of(&mut self, row: Row, args: &[Bytes]) -> &mut Calls {
        let profile = self.state.setup.profile;
        let commands = &mut self.state.stats.commands;
        if row.is_container() {
            commands.of(row.full_name(args, profile))
        } else {
            commands.of(row.name())
        }
    }

    /// A refusal inside MULTI poisons the transaction.
    fn refuse(&mut self, link: Link, args: &[Bytes], refusal: &Refusal) -> Reply {
        if let Some(row) = self.find(&args[0]).filter(|row| row.name() == "exec") {
            return self.abort_exec(link, row, args, refusal);
        }
        if let Some(transaction) = self.transaction(link) {
            transaction.poisoned = true;
        }
        Reply::error(refusal.to_string())
    }

    /// An EXEC that is refused ends the transaction all the same.
    #[inline(never)]
    fn abort_exec(&mut self, link: Link, row: Row, args: &[Bytes], refusal: &Refusal) -> Reply {
        if let Some(client) = self.state.clients.get_mut(&link) {
            client.transaction = None;
        }
        self.forget_watch(link);
        self.show_command(link, row, args);
        let text = refusal.to_string();
        let why = text.strip_prefix("ERR ").unwrap_or(&text);
        Reply::error(format!("EXECABORT Transaction discarded because of: {why}"))
    }

    /// The gates.
    fn may_run(&self, link: Link, (row, flags): (Row, Flags), room: bool) -> Result<(), Refusal> {
        let hot = &self.state.config().hot;
        let client = self.state.clients.get(&link);
        if client.is_some_and(|client| !client.authenticated) && !flags.has(Flags::NO_AUTH) {
            return Err(Refusal::other("NOAUTH Authentication required."));
        }
        if !room && self.takes_memory(link, (row, flags)) {
            return Err(Refusal::other("OOM command not allowed when used memory > 'maxmemory'."));
        }
        let writes = flags.has(Flags::WRITE) || (row.name() == "exec" && self.queue_writes(link));
        self.disk_works(row, writes)?;
        if writes && !self.state.is_replica() && !self.enough_replicas() {
            return Err(Refusal::other("NOREPLICAS Not enough good replicas to write."));
        }
        if writes && self.state.is_replica() && hot.replica_read_only {
            let text = "READONLY You can't write against a read only replica.";
            return Err(Refusal::other(text));
        }
        if let Some(client) = client
            && client.subscriptions.any()
            && !subscriber_may(client.protocol, row.name())
        {
            return Err(Refusal::Other(format!(
                "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / \
                 RESET are allowed in this context",
                client.last_command_name()
            )));
        }
        if self.is_stale() && !self.passes(link, (row, flags), Flags::STALE) {
            let text =
                "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
            return Err(Refusal::other(text));
        }
        let refused = match &self.state.loading {
            None => false,
            Some(loading) if loading.is_beside() => flags.has(Flags::NO_ASYNC_LOADING),
            Some(_) => !self.passes(link, (row, flags), Flags::LOADING),
        };
        if refused {
            return Err(Refusal::other(LOADING));
        }
        if touches_keys(flags) && client.is_some_and(|client| client.monitors) {
            return Err(Refusal::other(NO_KEYS));
        }
        Ok(())
    }

    /// True for a replica that has lost its master, and is not to serve stale data.
    pub(super) fn is_stale(&self) -> bool {
        let lost = self.state.is_replica() && !self.state.upstream.is_up();
        lost && !self.state.config().hot.replica_serve_stale_data
    }

    /// True for what may take more memory; inside MULTI that is every command that is queued.
    fn takes_memory(&self, link: Link, (row, flags): (Row, Flags)) -> bool {
        if row.name() == "exec" {
            return self.queue_has(link, Flags::DENYOOM);
        }
        let queues = self.state.clients.get(&link).is_some_and(|c| c.transaction.is_some());
        flags.has(Flags::DENYOOM) || (queues && !matches!(row.name(), "discard" | "reset" | "quit"))
    }

    /// A master that is to be saved from time to time, and cannot be, takes no more writes.
    fn disk_works(&self, row: Row, writes: bool) -> Result<(), Refusal> {
        if (writes || row.name() == "ping") && !self.can_persist() {
            return Err(Refusal::other(MISCONF));
        }
        Ok(())
    }

    /// False for a master that cannot save itself, and has been told to.
    pub(super) fn can_persist(&self) -> bool {
        let hot = self.state.config().hot;
        let stops = hot.stop_writes_on_bgsave_error && self.state.saves.failed && hot.saves;
        !stops || self.state.is_replica()
    }

    fn queue_writes(&self, link: Link) -> bool {
        self.queue_has(link, Flags::WRITE)
    }

    fn queue_has(&self, link: Link, flag: Flags) -> bool {
        self.queue_any(link, |row, args| row.flags(args).has(flag))
    }

    /// True if any queued command of the client is of a kind.
    pub(super) fn queue_any(&self, link: Link, is: impl Fn(Row, &[Bytes]) -> bool) -> bool {
        let transaction = self.state.clients.get(&link).and_then(|c| c.transaction.as_ref());
        transaction.is_some_and(|transaction| {
            transaction.queue.iter().any(|command| {
                let row = self.state.row(&command.args[0]);
                row.is_some_and(|row| is(row, &command.args))
            })
        })
    }

    /// Runs a command that has passed the gates, and propagates what it caused.
    pub(super) fn run(&mut self, link: Link, row: Row, args: &[Bytes]) -> Reply {
        match row {
            Row::Admin(spec) => {
                let reply = (spec.handler)(self, link, args);
                // What moves keys or sleeps is counted when it is over.
                if !self.state.is_held() {
                    self.count_run(Caller::Client(link), row, args, &reply);
                }
                let caused = std::mem::take(&mut self.state.also);
                self.propagate(&caused, Unit::Command);
                if !caused.is_empty() {
                    self.remember_write(link);
                }
                reply
            }
            Row::Data(spec) => {
                let asker = self.asker(link, spec);
                self.run_data(link, spec, asker, args)
            }
        }
    }

    /// Runs a data command of a client, and propagates what it caused.
    pub(super) fn run_data(
        &mut self,
        link: Link,
        spec: &'static Spec,
        asker: Asker,
        args: &[Bytes],
    ) -> Reply {
        let mut effects = Effects::default();
        let reply = self.call(spec, asker, args, &mut effects);
        match effects.block.take() {
            Some(block) => self.park(link, asker.db, args, *block),
            None => self.count_run(Caller::Client(link), Row::Data(spec), args, &reply),
        }
        if !effects.touched.is_empty() {
            self.remember_own_expiries(&effects.touched);
        }
        self.remember_reads(link, spec, args);
        let loose = spec.flags.has(Flags::TOUCHES_ARBITRARY_KEYS);
        let unit = if loose { Unit::Loose } else { Unit::Command };
        self.settle_call((link, asker.db), args, &mut effects, unit);
        reply
    }

    /// Runs a data command.
    pub(super) fn call(
        &mut self,
        spec: &Spec,
        asker: Asker,
        args: &[Bytes],
        effects: &mut Effects,
    ) -> Reply {
        let tells_touched = self.tells_touched();
        let mut call = Call {
            keyspace: &mut self.state.keyspace,
            db: asker.db,
            now: self.now.millis() as i64,
            viewer: asker.viewer,
            protocol: asker.protocol,
            may_block: asker.may_block,
            by_script: asker.by_script,
            reads: spec.flags.has(Flags::READONLY),
            args,
            random: &mut self.state.random,
            rdb_version: self.state.setup.profile.rdb_version(),
            relative_expiries: self.state.setup.profile.sends_relative_expiries(),
            rewrites_stamps: self.state.setup.profile.rewrites_stamps(),
            settings: &self.state.setup.config.settings,
            notes_use: self.state.child.is_none() && asker.notes_use,
            tells_touched,
            effects,
        };
        commands::execute(spec, &mut call)
    }

    /// True if it matters which keys a command touches: somebody watches keys, waits for them or is
    /// told of them, or they are a replica's own.
    pub(super) fn tells_touched(&self) -> bool {
        let state = &self.state;
        !state.watched.is_empty()
            || !state.parked.is_empty()
            || !state.tracking.is_idle()
            || state.is_replica()
    }

    /// How a client runs a command: which keys it sees as expired, and whether it can wait.
    pub(super) fn asker(&self, link: Link, spec: &Spec) -> Asker {
        let keeps = self.state.is_replica() || self.state.pauses.scope().is_some();
        let viewer = match (keeps, spec.flags.has(Flags::WRITE)) {
            (false, _) | (true, true) => Viewer::Owner,
            (true, false) => Viewer::Reader,
        };
        let client = self.state.clients.get(&link);
        Asker {
            db: client.map_or(0, |client| client.db),
            viewer,
            protocol: client.map_or(Protocol::Resp2, |client| client.protocol),
            may_block: true,
            notes_use: spec.name == "touch" || client.is_none_or(|client| !client.no_touch),
            by_script: false,
        }
    }
}

/// What a replica, or who is shown every command, is not allowed.
pub(super) const fn touches_keys(flags: Flags) -> bool {
    flags.has(Flags::WRITE) || flags.has(Flags::READONLY) || flags.has(Flags::MAY_REPLICATE)
}

pub(super) const NO_KEYS: &str = "ERR Replica can't interact with the keyspace";

pub(super) const MISCONF: &str = concat!(
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to ",
    "disk. Commands that may modify the data set are disabled, because this instance is ",
    "configured to report errors during writes if RDB snapshotting fails ",
    "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB ",
    "error."
);

/// What a server says that has no data yet.
pub(super) const LOADING: &str = "LOADING Redis is loading the dataset in memory";
