//! MIGRATE: keys move to another server, which this one dials as a replica dials its master.
//!
//! ```text
//!     MIGRATE ──▶ the keys that are here ──▶ dial, or a connection that was kept
//!                                                  │ AUTH, SELECT, RESTORE …      (talk)
//!     DEL in the stream ◀── those that arrived ◀───┘ a line for each
//! ```
//!
//! Redis does nothing else meanwhile, and so does a node: what happens to it is kept, and heard
//! when the move is over (`machine/busy.rs`). Every step has the timeout; then the client is told.
//! Inside MULTI the rest of the transaction waits as well; a script cannot wait, and is refused.
//!
//! A connection is kept for ten seconds after it was used. If it has died meanwhile, that is found
//! out when it is used again, and another is dialled once.
//! *Source*: Redis 7.2 · cluster.c · migrateCommand, migrateGetSocket.

mod kept;
mod plan;
mod talk;

use std::rc::Rc;

use self::kept::Kept;
pub(super) use self::kept::kept_due;
use self::plan::Plan;
use self::talk::Talk;
use super::cron::Wake;
use super::gates::Asker;
use super::io::{Address, Breach, Carries, Input, Link, Output};
use super::machine::{Deadline, Held, Machine};
use super::propagate::Caused;
use super::state::State;
use super::transactions::Running;
use crate::commands::{self, Effects};
use crate::rdb::dump;
use crate::resp::{Bytes, Reply, encode_command};
use crate::time::Instant;

/// The move that is under way, and the connections of those that were.
#[derive(Clone, Debug, Default)]
pub(super) struct Migrations {
    current: Option<Box<Migration>>,
    kept: Vec<Kept>,
}

/// A move that is under way.
#[derive(Clone, Debug)]
struct Migration {
    /// Whose command it is.
    client: Link,
    /// The database that the keys leave.
    db: usize,
    plan: Plan,
    since: Instant,
    /// The connection to the other server.
    link: Link,
    /// When the step that is being taken has lasted too long.
    until: Instant,
    /// True until a connection has failed.
    may_retry: bool,
    /// None until the connection stands.
    talk: Option<Talk>,
    /// The transaction of which it is a part.
    transaction: Option<Box<Running>>,
}

/// What a step has come to.
enum Step {
    /// The next one is awaited.
    Waits,
    /// The move is over.
    Over(Reply),
}

/// At what a connection has failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failure {
    Connecting,
    Writing,
    Reading,
}

impl Failure {
    fn reply(self) -> Reply {
        Reply::error(match self {
            Self::Connecting => "IOERR error or timeout connecting to the client",
            Self::Writing => "IOERR error or timeout writing to target instance",
            Self::Reading => "IOERR error or timeout reading to target instance",
        })
    }
}

impl Migrations {
    /// True while keys are being moved: nobody is heard.
    pub(super) const fn is_busy(&self) -> bool {
        self.current.is_some()
    }

    /// Lets the rest of a transaction wait for the move.
    pub(super) fn hold(&mut self, running: Running) {
        if let Some(migration) = &mut self.current {
            migration.transaction = Some(Box::new(running));
        }
    }

    /// How many connections are kept.
    pub(super) const fn kept(&self) -> usize {
        self.kept.len()
    }

    /// When the move is given up, if there is one.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        let migration = self.current.as_ref()?;
        Some(Deadline { at: migration.until, wake: Wake::TargetTimeout })
    }
}

/// `MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH …] [AUTH2 …] [KEYS key …]`.
#[inline(never)]
pub(super) fn migrate(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let mut plan = match Plan::read(args) {
        Ok(plan) => plan,
        Err(refusal) => return Reply::error(refusal.to_string()),
    };
    plan.keys = machine.present_keys(link, &plan.keys);
    if plan.keys.is_empty() {
        return Reply::Simple("NOKEY".into());
    }
    let mut migration = Box::new(Migration {
        client: link,
        db: machine.state.clients.get(&link).map_or(0, |client| client.db),
        plan,
        since: machine.now,
        link,
        until: machine.now,
        may_retry: true,
        talk: None,
        transaction: None,
    });
    match machine.approach(&mut migration) {
        Step::Over(reply) => reply,
        Step::Waits => {
            machine.wait_for_end(link);
            machine.state.migrations_mut().current = Some(migration);
            Reply::Silent
        }
    }
}

impl Migration {
    fn concerns(&self, input: &Input) -> bool {
        match input {
            Input::Opened { link }
            | Input::Refused { link, .. }
            | Input::Received { link, .. }
            | Input::Sent { link, .. }
            | Input::Closed { link }
            | Input::Broke { link, .. } => *link == self.link,
            Input::Started { .. }
            | Input::Accepted { .. }
            | Input::Kept { .. }
            | Input::Disk { .. }
            | Input::Listened { .. }
            | Input::Forks { .. }
            | Input::Woke
            | Input::Lasted { .. }
            | Input::Used { .. }
            | Input::Interrupted
            | Input::Terminated => false,
        }
    }

    /// At what the connection fails, if it does so now.
    fn failing(&self) -> Failure {
        match &self.talk {
            None => Failure::Connecting,
            Some(talk) if talk.is_said() => Failure::Reading,
            Some(_) => Failure::Writing,
        }
    }
}

impl State {
    /// The moves, of which a copy of the server may have the same.
    #[inline(never)]
    pub(super) fn migrations_mut(&mut self) -> &mut Migrations {
        Rc::make_mut(&mut self.migrations)
    }
}

impl Machine<'_> {
    /// The keys among these that are here; looking for them is a use.
    fn present_keys(&mut self, link: Link, keys: &[Bytes]) -> Vec<Bytes> {
        let Some(touch) = commands::lookup(b"touch") else { return Vec::new() };
        let no_touch = self.state.clients.get(&link).is_some_and(|client| client.no_touch);
        let asker = Asker { notes_use: !no_touch, ..self.asker(link, touch) };
        let mut present = Vec::new();
        for key in keys {
            let args = [Bytes::from(b"TOUCH"), key.clone()];
            let mut effects = Effects::default();
            let reply = self.call(touch, asker, &args, &mut effects);
            let mut expired = self.settle(asker.db, &args, &mut effects);
            self.state.also.append(&mut expired);
            if reply == Reply::Integer(1) {
                present.push(key.clone());
            }
        }
        present
    }

    /// Speaks on a connection that was kept, or dials.
    fn approach(&mut self, migration: &mut Migration) -> Step {
        let kept = &mut self.state.migrations_mut().kept;
        match kept.iter().position(|kept| kept.target == migration.plan.target) {
            None => self.dial_target(migration),
            Some(index) if kept[index].is_lost => {
                kept.remove(index);
                migration.may_retry = false;
                self.dial_target(migration)
            }
            Some(index) => {
                kept[index].used = self.now;
                migration.link = kept[index].link;
                let is_selected = kept[index].db == Some(migration.plan.db);
                self.speak(migration, is_selected)
            }
        }
    }

    fn dial_target(&mut self, migration: &mut Migration) -> Step {
        let Some(port) = migration.plan.port() else {
            return Step::Over(Failure::Connecting.reply());
        };
        self.make_room_to_keep();
        let host = String::from_utf8_lossy(&migration.plan.target.0).into_owned();
        let link = self.name_dialled();
        self.out.push(Output::Dial { link, to: Address::new(&host, port) });
        migration.link = link;
        migration.talk = None;
        self.grant_time(migration);
        Step::Waits
    }

    /// The next step has the timeout from now on.
    fn grant_time(&self, migration: &mut Migration) {
        migration.until = self.now + migration.plan.timeout;
    }

    /// Something happens while keys are being moved. What is not about that is kept for later.
    #[inline(never)]
    pub(super) fn hear_while_moving(&mut self, input: Input) {
        let Some(mut migration) = self.state.migrations_mut().current.take() else { return };
        let step = if migration.concerns(&input) {
            self.hear_target(&mut migration, input)
        } else if input != Input::Woke {
            self.state.missed.push_back(input);
            Step::Waits
        } else if self.now >= migration.until {
            self.give_up(&migration)
        } else {
            Step::Waits
        };
        match step {
            Step::Waits => self.state.migrations_mut().current = Some(migration),
            Step::Over(reply) => self.end_migration(*migration, &reply),
        }
    }

    fn hear_target(&mut self, migration: &mut Migration, input: Input) -> Step {
        match input {
            Input::Opened { link } => {
                let kept = Kept::new(migration.plan.target.clone(), link, self.now);
                self.state.migrations_mut().kept.push(kept);
                self.speak(migration, false)
            }
            // The system finds out only at the first write that nobody listens there.
            Input::Refused { why, .. } if !is_no_address(&why) => {
                self.fail(migration, Failure::Writing)
            }
            Input::Received { bytes, .. } => self.hear_answers(migration, &bytes),
            Input::Sent { bytes, .. } => {
                if let Some(talk) = &mut migration.talk {
                    talk.left(bytes);
                }
                self.go_on_speaking(migration)
            }
            Input::Broke { during: Breach::Write(_), .. } => self.fail(migration, Failure::Writing),
            Input::Closed { .. }
            | Input::Broke { .. }
            | Input::Refused { .. }
            | Input::Started { .. }
            | Input::Accepted { .. }
            | Input::Kept { .. }
            | Input::Disk { .. }
            | Input::Listened { .. }
            | Input::Forks { .. }
            | Input::Woke
            | Input::Lasted { .. }
            | Input::Used { .. }
            | Input::Interrupted
            | Input::Terminated => self.fail(migration, migration.failing()),
        }
    }

    /// Says what is to be said, from the beginning.
    fn speak(&mut self, migration: &mut Migration, is_selected: bool) -> Step {
        let (mut said, mut preamble) = (Vec::new(), 0);
        let plan = &migration.plan;
        if !plan.auth.is_empty() {
            let words = std::iter::once(Bytes::from(b"AUTH")).chain(plan.auth.iter().cloned());
            encode_command(&words.collect::<Vec<_>>(), &mut said);
            preamble += 1;
        }
        if !is_selected {
            encode_command(&["SELECT", &plan.db.to_string()], &mut said);
            preamble += 1;
        }
        let mut living = Vec::new();
        for key in &plan.keys {
            if self.encode_restore(migration, key, &mut said) {
                living.push(key.clone());
            }
        }
        migration.talk = Some(Talk::new(said, preamble, living));
        self.go_on_speaking(migration)
    }

    /// Adds what makes a key there what it is here; false if it has expired meanwhile.
    fn encode_restore(&self, migration: &Migration, key: &Bytes, said: &mut Vec<u8>) -> bool {
        let Some(entry) = self.state.keyspace.db(migration.db).get(key) else { return false };
        let ttl = match entry.expires.at().map(|at| at - self.now.millis() as i64) {
            Some(left) if left < 0 => return false,
            Some(left) => left.max(1),
            None => 0,
        };
        let (ttl, version) = (ttl.to_string(), self.state.setup.profile.rdb_version());
        let payload = dump(&entry.value, version);
        let words: [&[u8]; 5] = [b"RESTORE", key, ttl.as_bytes(), &payload, b"REPLACE"];
        encode_command(&words[..if migration.plan.replace { 5 } else { 4 }], said);
        true
    }

    /// Hands the wire its next piece; once all is said, the answers are awaited.
    fn go_on_speaking(&mut self, migration: &mut Migration) -> Step {
        let Some(talk) = &mut migration.talk else { return Step::Waits };
        let piece = talk.next_piece();
        if piece.is_none() && !talk.is_said() {
            return Step::Waits;
        }
        self.grant_time(migration);
        if let Some(bytes) = piece {
            let link = migration.link;
            self.send(link, bytes, Carries::Reply);
        }
        self.step(migration)
    }

    fn hear_answers(&mut self, migration: &mut Migration, bytes: &Bytes) -> Step {
        let Some(talk) = &mut migration.talk else { return Step::Waits };
        if talk.hear(bytes) {
            self.grant_time(migration);
        }
        self.step(migration)
    }

    /// What has come of it, once everything was answered.
    fn step(&mut self, migration: &Migration) -> Step {
        let Some(talk) = migration.talk.as_ref().filter(|talk| talk.is_over()) else {
            return Step::Waits;
        };
        let selected = talk.error.is_none().then_some(migration.plan.db);
        let mut kept = self.state.migrations_mut().kept.iter_mut();
        if let Some(kept) = kept.find(|kept| kept.link == migration.link) {
            kept.db = selected;
        }
        Step::Over(talk.error.as_deref().map_or(Reply::OK, told_by_target))
    }

    /// The connection has failed, and is no more.
    fn fail(&mut self, migration: &mut Migration, failure: Failure) -> Step {
        self.state.migrations_mut().kept.retain(|kept| kept.link != migration.link);
        let answered = migration.talk.as_ref().is_some_and(|talk| talk.answered);
        if failure != Failure::Connecting && !answered && migration.may_retry {
            migration.may_retry = false;
            return self.dial_target(migration);
        }
        Step::Over(reply_to_failure(migration, failure))
    }

    /// A step has lasted too long.
    fn give_up(&mut self, migration: &Migration) -> Step {
        self.close_target(migration.link);
        Step::Over(reply_to_failure(migration, migration.failing()))
    }

    /// The keys that have arrived leave, the client is answered, and everybody is heard again.
    fn end_migration(&mut self, migration: Migration, reply: &Reply) {
        let Migration { client, db, plan, since, talk, transaction, .. } = migration;
        let served = self.state.served.replace(client);
        let taken = talk.filter(|_| !plan.copy).map(|talk| talk.taken).unwrap_or_default();
        let caused = self.delete_moved(db, &taken);
        self.state.served = served;
        let took = self.now.since(since);
        self.let_go(Held { link: client, words: plan.words, took, transaction }, reply, caused);
    }

    /// Deletes keys that are elsewhere now; in the stream that is one command.
    fn delete_moved(&mut self, db: usize, keys: &[Bytes]) -> Caused {
        let Some(del) = commands::lookup(b"del").filter(|_| !keys.is_empty()) else {
            return Caused::new();
        };
        let name = Bytes::from(b"DEL");
        for key in keys {
            let args = [name.clone(), key.clone()];
            let mut effects = Effects::default();
            self.call(del, Asker::upstream(db), &args, &mut effects);
            self.account(&effects);
        }
        vec![(db, std::iter::once(name).chain(keys.iter().cloned()).collect())]
    }
}

/// What the client is told if the connection has failed; the target's own error comes first.
fn reply_to_failure(migration: &Migration, failure: Failure) -> Reply {
    let error = migration.talk.as_ref().and_then(|talk| talk.error.as_deref());
    error.map_or_else(|| failure.reply(), told_by_target)
}

fn told_by_target(error: &str) -> Reply {
    Reply::error(format!("ERR Target instance replied with error: {error}"))
}

/// True if there was nobody to dial: the name has no address, or nothing leads there.
fn is_no_address(why: &str) -> bool {
    ["Name or service not known", "name resolution", "Network is unreachable"]
        .iter()
        .any(|words| why.contains(words))
}
