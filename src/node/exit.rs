//! SAVE and SHUTDOWN: somebody waits until the dataset is on the disk, and perhaps for the end.
//!
//! A real server does nothing else meanwhile. Here the disk is asynchronous, so the client waits
//! and the file is written by the same writer as a child's, in the server's own name.
//!
//! ```text
//!     SHUTDOWN ──▶ replicas that lag are asked and awaited ──▶ the file, if wanted ──▶ Exit
//!                  (shutdown-timeout; not with NOW)
//! ```
//! *Source*: Redis 7.2 · rdb.c · saveCommand, rdbSave; server.c · prepareForShutdown,
//! finishShutdown.

use super::client::Waiting;
use super::debug::Reload;
use super::io::{Link, Output};
use super::machine::{Errand, Machine};
use super::note::{Note, ServerNote, SnapshotNote, Target};
use super::pause::{Reason, Scope};
use super::state::State;
use crate::resp::{Bytes, Reply};
use crate::time::{Duration, Instant};

/// Who waits for the file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patron {
    /// SAVE.
    Client(Link),
    /// FLUSHALL, which does not wait here.
    Nobody,
    /// SHUTDOWN.
    Exit(Shutdown),
    /// DEBUG RELOAD.
    Reload(Reload),
}

/// What was asked for the end of a server.
#[derive(Clone, Debug, Default)]
pub(super) struct Ending {
    /// A signal has asked, and was not yet obeyed: the option that says how it is to end.
    pub(super) signalled: Option<&'static str>,
    /// SHUTDOWN, while it waits for replicas.
    pub(super) shutdown: Option<Shutdown>,
    /// Clients that have asked, and wait for it.
    askers: Vec<Link>,
}

/// A server that is about to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shutdown {
    /// The dataset is saved before.
    save: bool,
    /// It ends although it could not be saved.
    force: bool,
    /// Until when it waits for replicas.
    pub(super) until: Instant,
    /// What a child that was killed had written to.
    killed: Option<Target>,
}

pub(super) fn save(machine: &mut Machine<'_>, link: Link, _: &[Bytes]) -> Reply {
    if machine.state.child.is_some() {
        return Reply::error("ERR Background save already in progress");
    }
    machine.wait_for_disk(link);
    machine.write_file(Patron::Client(link));
    Reply::Silent
}

pub(super) fn shutdown(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let given = |word: &str| args[1..].iter().any(|arg| arg.eq_ignore_ascii_case(word.as_bytes()));
    let words = ["save", "nosave", "now", "force", "abort"];
    let known = |arg: &Bytes| words.iter().any(|word| arg.eq_ignore_ascii_case(word.as_bytes()));
    let (save, nosave, abort) = (given("save"), given("nosave"), given("abort"));
    if !args[1..].iter().all(known) || (save && nosave) || (abort && args.len() > 2) {
        return Reply::error("ERR syntax error");
    }
    if abort {
        return machine.abort_shutdown();
    }
    let configured = machine.state.config().hot.saves;
    let save = save || (configured && !nosave);
    machine.wait_for_disk(link);
    machine.state.ending.askers.push(link);
    machine.begin_shutdown(save, given("force"), given("now"));
    Reply::Silent
}

impl State {
    /// How many clients wait for the end.
    pub(super) fn waiting_for_end(&self) -> usize {
        self.ending.askers.iter().filter(|link| self.clients.contains_key(link)).count()
    }

    /// True if the end has been asked for, and is on its way.
    fn is_shutting_down(&self) -> bool {
        self.ending.shutdown.is_some() || matches!(self.patron, Some(Patron::Exit(_)))
    }

    /// The replicas that have not confirmed all of the stream.
    fn lagging(&self) -> impl Iterator<Item = Link> {
        let offset = self.history.offset;
        let lags = move |down: &crate::replication::Downlink| down.acked != offset;
        self.downlinks().filter(move |(_, down)| lags(down)).map(|(link, _)| link)
    }
}

impl Machine<'_> {
    /// The client waits for the disk, or the host; inside a transaction, so does everybody else.
    pub(super) fn wait_for_disk(&mut self, link: Link) {
        self.wait_for_end(link);
        if self.state.in_exec {
            self.state.errand = Some(Errand::new(link, self.now));
        }
    }

    /// The client waits until what it has begun is over.
    pub(super) fn wait_for_end(&mut self, link: Link) {
        if let Some(client) = self.state.clients.get_mut(&link) {
            client.waiting = Some(Waiting::Disk);
        }
    }

    /// The client's wait is over.
    pub(super) fn answer_waiting(&mut self, link: Link, reply: &Reply) {
        if self.state.errand.is_some() && self.end_errand(link, reply) {
            return;
        }
        if let Some(client) = self.state.clients.get_mut(&link) {
            client.waiting = None;
            self.reply(link, reply);
            self.state.resumed.push(link);
        }
    }

    /// SIGTERM and SIGINT: the next tick of the cron obeys, and SHUTDOWN ABORT may come before it.
    /// Who is loading has no cron, and obeys at once.
    pub(super) fn terminate(&mut self, option: &'static str) {
        self.state.ending.signalled = Some(option);
        if self.state.loading.is_some() {
            self.obey_signal();
        }
    }

    /// SHUTDOWN with the words of an option, and without anybody to answer, if a signal has asked
    /// for it.
    #[inline(never)]
    pub(super) fn obey_signal(&mut self) {
        let Some(option) = self.state.ending.signalled.take() else { return };
        let config = self.state.config();
        let words = config.get(option);
        let given = |word: &str| words.split(' ').any(|other| other == word);
        let save = given("save") || (config.hot.saves && !given("nosave"));
        let (force, at_once) = (given("force"), given("now"));
        self.begin_shutdown(save, force, at_once);
    }

    fn begin_shutdown(&mut self, save: bool, force: bool, at_once: bool) {
        if self.state.is_shutting_down() {
            return;
        }
        // What is not read to its end must not take the place of what is there.
        let save = save && self.state.loading.is_none();
        self.note(ServerNote::UserRequestedShutdown);
        let wait = if at_once { 0 } else { self.state.config().number("shutdown-timeout") };
        let until = self.now + Duration::from_secs(wait);
        let shutdown = Shutdown { save, force, until, killed: None };
        if wait > 0 && self.state.lagging().next().is_some() {
            self.note(ServerNote::WaitingForReplicas);
            self.feed_getack();
            self.pause(Reason::Shutdown, Scope::Writes, None);
            self.state.ending.shutdown = Some(shutdown);
        } else {
            self.finish_shutdown(shutdown);
        }
    }

    fn abort_shutdown(&mut self) -> Reply {
        let is_asked = self.state.ending.signalled.take().is_some();
        if self.state.ending.shutdown.take().is_none() && !is_asked {
            return Reply::error("ERR No shutdown in progress.");
        }
        self.note(ServerNote::ShutdownAborted);
        self.go_on_living();
        Reply::OK
    }

    /// The end that was asked for does not come: whoever waits for it is told so.
    fn go_on_living(&mut self) {
        self.unpause(Reason::Shutdown);
        let reply = Reply::error("ERR Errors trying to SHUTDOWN. Check logs.");
        for link in std::mem::take(&mut self.state.ending.askers) {
            self.answer_waiting(link, &reply);
        }
    }

    /// The dataset could not be saved, so the server stays. Who waited for the child that was
    /// killed on the way waits for nothing.
    fn fail_to_exit(&mut self, shutdown: Shutdown) {
        self.note(ServerNote::ShutdownFailed);
        self.state.ending.signalled = None;
        self.go_on_living();
        if let Some(target) = shutdown.killed {
            self.note_killed(target);
            self.snapshot_failed();
        }
    }

    /// Ends the server once its replicas have all that it has, or their time is over.
    #[inline(never)]
    pub(super) fn go_on_shutting_down(&mut self) {
        let Some(shutdown) = self.state.ending.shutdown else { return };
        if self.state.lagging().next().is_none() || self.now >= shutdown.until {
            self.state.ending.shutdown = None;
            self.finish_shutdown(shutdown);
        }
    }

    fn finish_shutdown(&mut self, mut shutdown: Shutdown) {
        let lagging: Vec<Link> = self.state.lagging().collect();
        let offset = self.state.history.offset;
        for &link in &lagging {
            let Some(down) = self.state.downlink(link) else { continue };
            let note = ServerNote::LaggingReplica {
                replica: self.state.replica_name(link),
                behind: offset.since(down.acked),
                lag: down.lag(self.now),
                state: down.stage.info_name(),
            };
            self.note(note);
        }
        let of = self.state.replicas.len();
        if of > 0 {
            self.note(ServerNote::ReplicasInSync { count: of - lagging.len(), of });
        }
        shutdown.killed = self.kill_child_to_exit();
        if shutdown.save {
            self.note(ServerNote::SavingFinalSnapshot);
            self.write_file(Patron::Exit(shutdown));
        } else {
            self.exit();
        }
    }

    fn exit(&mut self) {
        self.note(ServerNote::Bye);
        self.out.push(Output::Exit);
    }

    /// Writes the dataset in the server's own name. A child that is at it is killed.
    pub(super) fn write_file(&mut self, patron: Patron) {
        self.kill_child();
        self.write_to_disk(self.state.pid);
        self.state.patron = Some(patron);
        self.pump_child();
    }

    /// FLUSHALL: what a child still saves is gone, and where there are save points an empty file
    /// takes the place of the one on the disk.
    pub(super) fn save_emptiness(&mut self) {
        if self.state.patron.is_some() {
            return;
        }
        if self.state.child.is_some() {
            self.stop_saving_to_load(false);
            self.snapshot_failed();
        }
        if self.state.config().hot.saves {
            self.state.saves.dirty = 0;
            self.write_file(Patron::Nobody);
        }
    }

    /// The file has its name, or the disk has failed.
    #[inline(never)]
    pub(super) fn file_written(&mut self, patron: Patron, result: Result<(), Note>) {
        let Some(child) = self.state.child.take() else { return };
        let reply = match (result, patron) {
            (Ok(()), _) => {
                self.note(SnapshotNote::DbSavedOnDisk);
                self.state.saved(child.dirty);
                self.state.saves.count += 1;
                self.state.saves.failed = false;
                self.state.saves.last = self.now.seconds();
                Reply::OK
            }
            (Err(why), Patron::Client(_) | Patron::Nobody | Patron::Reload(_)) => {
                self.note(why);
                Reply::error("ERR")
            }
            (Err(why), Patron::Exit(shutdown)) => {
                self.note(why);
                self.note(match shutdown.force {
                    true => ServerNote::ExitAnyway,
                    false => ServerNote::CannotExit,
                });
                Reply::error("ERR")
            }
        };
        match patron {
            Patron::Exit(shutdown) if reply == Reply::OK || shutdown.force => self.exit(),
            Patron::Reload(reload) if reply == Reply::OK => self.reload(reload),
            Patron::Exit(shutdown) => self.fail_to_exit(shutdown),
            Patron::Client(link) | Patron::Reload(Reload { link, .. }) => {
                self.answer_waiting(link, &reply);
            }
            Patron::Nobody => {}
        }
    }
}
