//! What a script does to a server: the server goes with it, and comes back.
//! *Source*: Redis 7.2 · script.c · scriptPrepareForRun, scriptCall.

use super::super::command_command::facts;
use super::super::gates::{Asker, MISCONF, Row};
use super::super::io::{Link, Outbox};
use super::super::log::Level;
use super::super::machine::{Caller, Machine};
use super::super::note::ServerNote;
use super::super::propagate::Caused;
use super::super::state::{Profile, Setup, State};
use crate::commands::{Effects, Flags, Refusal};
use crate::resp::{Bytes, Protocol, Reply, text_of};
use crate::script::{
    self, Function, FunctionCall, Host, LogLevel, Random48, Run, Shebang, library_name,
};
use crate::time::Instant;

/// What a script may do.
#[derive(Clone, Copy, Debug)]
struct Permission {
    /// It writes nothing: EVAL_RO, or it says so itself.
    read_only: bool,
    /// It may take more memory: there is some, or it has said that it needs none to spare.
    may_grow: bool,
}

/// A server that a script runs in, for as long as it runs.
struct Errand {
    now: Instant,
    state: State,
    out: Outbox,
    link: Link,
    may: Permission,
    /// The keys that it was given: before 7.2 a client is taken to have read all of them as soon as
    /// its script reads anything.
    declared: Vec<Bytes>,
    /// It has written: from then on the server's troubles are no reason to stop in the middle.
    wrote: bool,
    /// Its writes enter the stream: `redis.set_repl`.
    replicates: bool,
    /// The error of its last command that ended with one. If the script ends with it, that is the
    /// same error.
    failed: Option<String>,
}

impl Host for Errand {
    fn call(&mut self, args: Vec<Bytes>, protocol: Protocol) -> Reply {
        let row = match self.admit(&args) {
            Ok(row) => row,
            Err(reply) => return self.counted(reply),
        };
        if row.flags(&args).has(Flags::WRITE) {
            self.wrote = true;
        }
        let (link, replicates) = (self.link, self.replicates);
        let mut machine = self.machine();
        let before = machine.state.also.len();
        let reply = machine.carry_out(link, row, &args, protocol);
        if !replicates {
            machine.state.also.truncate(before);
        }
        self.remember_declared(row);
        if !self.state.setup.profile.shortens_doubles() && reply.has_doubles() {
            return reply.with_long_doubles();
        }
        self.counted(reply)
    }

    fn log(&mut self, level: LogLevel, text: String) {
        let level = match level {
            LogLevel::Debug => Level::Debug,
            LogLevel::Verbose => Level::Verbose,
            LogLevel::Notice => Level::Notice,
            LogLevel::Warning => Level::Warning,
        };
        self.machine().note(ServerNote::FromScript { level, text });
    }

    fn set_propagation(&mut self, replicas: bool) {
        self.replicates = replicas;
    }

    fn may_call(&self, args: &[Bytes]) -> Option<bool> {
        let profile = self.state.setup.profile;
        let name = self.state.setup.renames.meaning(&args[0])?;
        let alone = || facts::of(name, profile).filter(|_| args.len() == 1);
        facts::of_call(name, args, profile).or_else(alone).map(|_| true)
    }

    fn random(&mut self) -> &mut Random48 {
        &mut self.state.scripts.random
    }

    fn version(&self) -> &'static str {
        self.state.setup.profile.redis_version()
    }
}

impl Errand {
    /// The reply to a command, which INFO counts if it is an error.
    fn counted(&mut self, reply: Reply) -> Reply {
        if let Reply::Error(text) = &reply {
            self.failed = Some(text.to_string());
            self.machine().count_errors(&reply);
        }
        reply
    }

    fn remember_declared(&mut self, row: Row) {
        let reads = matches!(row, Row::Data(spec) if spec.flags.has(Flags::READONLY));
        if reads && !self.state.tracking.is_idle() && !self.declared.is_empty() {
            let (link, declared) = (self.link, self.declared.clone());
            self.machine().remember_keys(link, || declared);
        }
    }

    fn machine(&mut self) -> Machine<'_> {
        Machine { now: self.now, state: &mut self.state, out: &mut self.out }
    }

    /// DEBUG SET-DISABLE-DENY-SCRIPTS lets scripts call what only looks, and holds nobody up.
    fn may_look(&self, row: Row, args: &[Bytes]) -> bool {
        let is_one_of = |words: &[&str]| {
            let sub = args.get(1).map(|sub| sub.to_ascii_lowercase()).unwrap_or_default();
            words.iter().any(|word| sub == word.as_bytes())
        };
        self.state.scripts_look
            && match row.name() {
                "client" => is_one_of(&["getname", "id", "info", "list"]),
                "config" => is_one_of(&["get"]),
                "debug" => is_one_of(&["digest", "object", "protocol", "sdslen"]),
                _ => false,
            }
    }

    /// The gates that a command of a script passes.
    fn admit(&mut self, args: &[Bytes]) -> Result<Row, Reply> {
        let refuse = |text: &'static str| Err(Reply::error(text));
        let Some(row) = self.machine().find(&args[0]) else {
            return refuse(UNKNOWN);
        };
        if row.check_arity(args.len()).is_err() {
            return refuse(WRONG_COUNT);
        }
        let profile = self.state.setup.profile;
        match row.check_subcommand(args, profile) {
            Ok(()) => {}
            Err(Refusal::Arity(_)) => return refuse(WRONG_COUNT),
            Err(_) => return refuse(UNKNOWN),
        }
        let flags = row.flags(args);
        if facts::refuses_scripts(row.name(), args, profile) && !self.may_look(row, args) {
            return refuse("ERR This Redis command is not allowed from script");
        }
        if row.name() == "migrate" {
            return refuse(
                "ERR MIGRATE is not allowed from script: a script of this server can't wait",
            );
        }
        if matches!(row.name(), "xread" | "xreadgroup") && reads_blocking(args) {
            let name = text_of(&args[0]);
            let text = format!("ERR {name} command is not allowed with BLOCK option from scripts");
            return Err(Reply::error(text));
        }
        if self.machine().is_stale() && !flags.has(Flags::STALE) {
            return refuse("ERR Can not execute the command on a stale replica");
        }
        let writes = flags.has(Flags::WRITE);
        if self.may.read_only && (writes || flags.has(Flags::MAY_REPLICATE)) {
            return refuse("ERR Write commands are not allowed from read-only scripts.");
        }
        if writes && !self.wrote {
            self.machine().may_script_write()?;
        }
        if flags.has(Flags::DENYOOM) && !self.may.may_grow && !self.wrote {
            return refuse(OOM);
        }
        Ok(row)
    }
}

impl Machine<'_> {
    /// Refuses what is no script.
    pub(super) fn check_script(&self, source: &[u8]) -> Result<(), Reply> {
        let shebang = Shebang::of_script(source);
        let shebang = shebang.map_err(|error| Reply::error(format!("ERR {error}")))?;
        script::check(&source[shebang.len..]).map_err(|error| {
            Reply::error(format!("ERR Error compiling script (new function): {error}"))
        })
    }

    /// Runs a script of a client.
    pub(super) fn run_script(
        &mut self,
        link: Link,
        name: &str,
        source: &[u8],
        (keys, args): (&[Bytes], &[Bytes]),
        read_only: bool,
    ) -> Reply {
        let Ok(shebang) = Shebang::of_script(source) else { return Reply::Null };
        let may = match self.permit_script(shebang.flags, read_only) {
            Ok(may) => may,
            Err(reply) => return reply,
        };
        let run = Run { name, source: &source[shebang.len..], keys, args };
        self.send_errand(link, may, keys, |errand| script::evaluate(errand, &run))
    }

    /// Runs a function of a library for a client.
    pub(super) fn run_function(
        &mut self,
        link: Link,
        function: &Function,
        code: &[u8],
        (keys, args): (&[Bytes], &[Bytes]),
        read_only: bool,
    ) -> Reply {
        let Ok((_, shebang)) = library_name(code) else { return Reply::Null };
        let may = match self.permit_script(Some(function.flags), read_only) {
            Ok(may) => may,
            Err(reply) => return reply,
        };
        let name = function.name.as_str();
        let call = FunctionCall { name, source: &code[shebang..], keys, args };
        self.send_errand(link, may, keys, |errand| script::call_function(errand, &call))
    }

    /// Moves the server into what a script runs in, and back again.
    fn send_errand(
        &mut self,
        link: Link,
        may: Permission,
        keys: &[Bytes],
        run: impl FnOnce(Errand) -> (Errand, Reply),
    ) -> Reply {
        let db = self.state.clients.get(&link).map(|client| client.db);
        let in_exec = std::mem::replace(&mut self.state.in_exec, true);
        let declared = match self.state.setup.profile {
            Profile::V7_2 => Vec::new(),
            Profile::V6_2 | Profile::V7_0 => keys.to_vec(),
        };
        let vacant = State::new(Setup::default(), self.now);
        let errand = Errand {
            now: self.now,
            state: std::mem::replace(self.state, vacant),
            out: std::mem::take(self.out),
            link,
            may,
            declared,
            wrote: false,
            replicates: true,
            failed: None,
        };
        let (errand, reply) = run(errand);
        (*self.state, *self.out) = (errand.state, errand.out);
        if let (Reply::Error(text), Some(failed)) = (&reply, errand.failed)
            && text.starts_with(&failed)
        {
            self.discount_error(text);
        }
        self.state.in_exec = in_exec;
        // SELECT inside a script is the script's own.
        if let Some((db, client)) = db.zip(self.state.clients.get_mut(&link)) {
            client.db = db;
        }
        reply
    }

    /// What a script with these flags may do here and now; none are those of a script that says
    /// nothing of itself, which is refused only once it writes.
    fn permit_script(
        &mut self,
        flags: Option<script::Flags>,
        read_only: bool,
    ) -> Result<Permission, Reply> {
        let room = self.make_room();
        let Some(flags) = flags else {
            if self.is_stale() {
                return Err(Reply::error(MASTERDOWN));
            }
            return Ok(Permission { read_only, may_grow: room });
        };
        let writes = !flags.has(script::Flags::NO_WRITES);
        let may_grow = room || flags.has(script::Flags::ALLOW_OOM) || !writes;
        if !may_grow {
            let own = "OOM allow-oom flag is not set on the script, can not run it when used \
                       memory > 'maxmemory'";
            return Err(self.refuse_declared(own, OOM));
        }
        if writes {
            self.may_declared_write()?;
        }
        if self.is_stale() && !flags.has(script::Flags::ALLOW_STALE) {
            let own = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set \
                       to 'no' and 'allow-stale' flag is not set on the script.";
            return Err(self.refuse_declared(own, MASTERDOWN));
        }
        if writes && read_only {
            return Err(Reply::error(
                "ERR Can not execute a script with write flag using *_ro command.",
            ));
        }
        Ok(Permission { read_only: read_only || !writes, may_grow })
    }

    /// What a script says of itself counts at the gates of commands, which have their words;
    /// those of a transaction were passed when it was queued, and it is refused by its own.
    fn refuse_declared(&self, own: &'static str, gate: &'static str) -> Reply {
        Reply::error(if self.state.in_exec { own } else { gate })
    }

    /// Refuses a script that says it may write.
    fn may_declared_write(&self) -> Result<(), Reply> {
        if !self.can_persist() {
            let own = "MISCONF Redis is configured to save RDB snapshots, but it's currently \
                       unable to persist to disk. Writable scripts are blocked. Use 'no-writes' \
                       flag for read only scripts.";
            return Err(self.refuse_declared(own, MISCONF));
        }
        self.has_good_replicas()?;
        if self.state.is_replica() && self.state.config().hot.replica_read_only {
            let own = "READONLY Can not run script with write flag on readonly replica.";
            return Err(self.refuse_declared(own, READ_ONLY));
        }
        Ok(())
    }

    /// Refuses the first write of a script that has not said whether it writes.
    fn may_script_write(&self) -> Result<(), Reply> {
        if self.state.is_replica() && self.state.config().hot.replica_read_only {
            return Err(Reply::error(READ_ONLY));
        }
        if !self.can_persist() {
            return Err(Reply::error(MISCONF));
        }
        self.has_good_replicas()
    }

    fn has_good_replicas(&self) -> Result<(), Reply> {
        if !self.state.is_replica() && !self.enough_replicas() {
            return Err(Reply::error("NOREPLICAS Not enough good replicas to write."));
        }
        Ok(())
    }

    /// Runs a command that a script has called; what it causes waits for the script's end.
    fn carry_out(&mut self, link: Link, row: Row, args: &[Bytes], protocol: Protocol) -> Reply {
        let db = self.state.clients.get(&link).map_or(0, |client| client.db);
        let reply = match row {
            Row::Data(spec) => {
                let asker = self.asker(link, spec);
                let asker = Asker { may_block: false, protocol, by_script: true, ..asker };
                let mut effects = Effects::default();
                let reply = self.call(spec, asker, args, &mut effects);
                self.remember_own_expiries(&effects.touched);
                if self.state.setup.profile == Profile::V7_2 {
                    self.remember_reads(link, spec, args);
                }
                let caused: Caused = self.settle(asker.db, args, &mut effects);
                self.state.also.extend(caused);
                reply
            }
            Row::Admin(spec) => (spec.handler)(self, link, args),
        };
        self.count_run(Caller::Script, row, args, &reply);
        if !self.state.monitors.is_empty() && !row.flags(args).has(Flags::ADMIN) {
            self.show(db, "lua", row.name(), args);
        }
        reply
    }
}

/// True for XREAD and XREADGROUP with BLOCK: no script can wait.
fn reads_blocking(args: &[Bytes]) -> bool {
    let mut at = 1;
    while let (Some(word), true) = (args.get(at), at + 1 < args.len()) {
        at += match word.to_ascii_lowercase().as_slice() {
            b"block" => return true,
            b"streams" => return false,
            b"group" => 3,
            b"count" => 2,
            _ => 1,
        };
    }
    false
}

/// What a library registers. It can see which release reads it, and no library can tell them apart.
pub(super) fn functions_of(source: &[u8]) -> Result<Vec<Function>, String> {
    script::functions_of(source, Profile::V7_2.redis_version())
}

const MASTERDOWN: &str =
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
const READ_ONLY: &str = "READONLY You can't write against a read only replica.";
const UNKNOWN: &str = "ERR Unknown Redis command called from script";
const WRONG_COUNT: &str = "ERR Wrong number of args calling Redis command from script";
const OOM: &str = "OOM command not allowed when used memory > 'maxmemory'.";
