//! What a server remembers. Who is called when stands in `machine`.

mod calls;
mod profile;
mod rates;
mod renames;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use super::admin::{Denials, Slow};
use super::client::{Clients, ReplyBufferCare, Tracking};
use super::config::Config;
use super::config_command::Moving;
use super::debug::Sleep;
use super::exit::{Ending, Patron};
use super::failover::Failover;
use super::gates::Eviction;
use super::io::{Input, Link};
use super::load::Loading;
use super::machine::Errand;
use super::migrate::Migrations;
use super::pause::Pauses;
use super::propagate::Caused;
use super::pubsub::Audience;
use super::save::Child;
use super::scripts::{Libraries, Scripts};
use super::upstream::Upstream;
use crate::keyspace::Keyspace;
use crate::random::Random;
use crate::replication::{Backlog, Downlink, History, Offset, ReplicationId, StreamEncoder};
use crate::resp::Bytes;
use crate::time::{Duration, Instant};

pub(super) use calls::{CallCounts, Calls};
pub use profile::Profile;
use rates::Rates;
pub use renames::Renames;

/// Everything that distinguishes a server before it starts.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its options.
    pub config: Config,
    /// What its commands are called.
    pub renames: Renames,
    /// Which release it takes after.
    pub profile: Profile,
    /// Where its chances come from.
    pub seed: u64,
    /// How fast its machine is.
    pub speeds: Speeds,
    /// How many bytes it hands to a replica's wire before it waits for a receipt.
    pub send_window: u64,
    /// How many connections were dialled from this machine before: the next has the next name.
    pub dialled: u64,
    /// The configuration file with which it was started, which CONFIG REWRITE writes anew.
    pub config_file: Option<String>,
    /// True if its host can open other ports while it runs.
    pub moves: bool,
    /// True if anybody can reach its host: `protected-mode` is there against strangers.
    pub reachable: bool,
    /// True if its host measures turns, and says so by [`Input::Lasted`].
    pub measures: bool,
    /// How many files its process can have open at most.
    pub files_max: u64,
    /// The number of its process: 1, as in a container, where it has none.
    pub pid: u32,
    /// The program that the process runs, if it is one.
    pub executable: String,
}

impl Setup {
    /// Takes after a release: what it is called, what it writes, and the defaults of the options
    /// that nobody has set.
    pub fn take_after(&mut self, profile: Profile) {
        self.profile = profile;
        for (name, value) in profile.defaults() {
            if !self.config.changed.contains_key(*name) {
                self.config.set_at_start(name, value).expect("a default is a value");
            }
        }
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            config: Config::default(),
            renames: Renames::default(),
            profile: Profile::V7_2,
            seed: 0,
            speeds: Speeds::default(),
            send_window: 256 * 1024,
            dialled: 0,
            config_file: None,
            moves: false,
            reachable: false,
            measures: false,
            files_max: u64::MAX,
            pid: 1,
            executable: String::new(),
        }
    }
}

/// How fast a machine is; 0 is "takes no time".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Speeds {
    /// Bytes of RDB that the snapshot child produces in a second.
    pub snapshot_bytes_per_second: u64,
    /// Bytes of RDB that a loading server takes in a second.
    pub load_bytes_per_second: u64,
}

/// What a process has used of its machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time of the processor in the process itself.
    pub user: Duration,
    /// Time of the processor in the system, on behalf of the process.
    pub system: Duration,
    /// Bytes of memory that it occupies.
    pub resident: u64,
    /// Bytes of memory that the machine has.
    pub machine: u64,
}

/// A server.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// How it was set up; `setup.config` holds the options in force.
    pub(super) setup: Setup,
    /// Its source of chance.
    pub(super) random: Random,
    /// When it started: the origin of its cron's ticks.
    pub(super) started_at: Instant,
    /// The last tick of the cron that was carried out, or went by with nothing to do.
    pub(super) tick: Option<u64>,
    /// The process id.
    pub(super) pid: u32,
    /// The process id of the next child.
    pub(super) next_pid: u32,
    /// The 40 digits of `run_id`.
    pub(super) run_id: ReplicationId,

    /// The data.
    pub(super) keyspace: Keyspace,
    /// The scripts that it has seen.
    pub(super) scripts: Scripts,
    /// Its libraries of functions.
    pub(super) libraries: Libraries,
    /// Which history the data belongs to.
    pub(super) history: History,
    /// The stream's last bytes; none until somebody may want them.
    pub(super) backlog: Option<Backlog>,
    /// Where the outgoing stream is.
    pub(super) stream: StreamEncoder,
    /// Since when nobody is attached.
    pub(super) no_replicas_since: Instant,

    /// Every accepted connection.
    pub(super) clients: Clients,
    /// Clients that were told something in this turn, or are to be closed at its end.
    pub(super) speaking: BTreeSet<Link>,
    /// Clients that WAIT for replicas.
    pub(super) waiting: BTreeSet<Link>,
    /// Clients that a pause keeps waiting, in the order of their commands.
    pub(super) postponed: Vec<Link>,
    /// Clients that hold more than the soft limit of their class.
    pub(super) swollen: BTreeSet<Link>,
    /// Who watches which key.
    pub(super) watched: BTreeMap<(usize, Bytes), Vec<Link>>,
    /// Who is told that keys have changed.
    pub(super) tracking: Tracking,
    /// Who is shown every command.
    pub(super) monitors: Vec<Link>,
    /// The client whose command is being carried out.
    pub(super) served: Option<Link>,
    /// Commands that took long.
    pub(super) slow: Slow,
    /// When the log was last told of an attack.
    pub(super) repelled: Option<Instant>,
    /// Who was not let in.
    pub(super) denials: Denials,
    /// CONFIG SET of the client that moves the server, until the host has answered.
    pub(super) moving: Option<Moving>,
    /// DEBUG SLEEP, while it lasts.
    pub(super) sleep: Option<Sleep>,
    /// What a transaction waits for.
    pub(super) errand: Option<Errand>,
    /// MIGRATE, while it lasts, and its connections.
    pub(super) migrations: Rc<Migrations>,
    /// What has happened while the process was busy.
    pub(super) missed: VecDeque<Input>,
    /// True while a transaction is carried out.
    pub(super) in_exec: bool,
    /// True if a transaction has set a limit under which there is too much.
    pub(super) owes_room: bool,
    /// What the server's own commands want propagated.
    pub(super) also: Caused,
    /// Who listens to what.
    pub(super) audience: Audience,
    /// What keeps clients waiting.
    pub(super) pauses: Pauses,
    /// The id of the next client.
    pub(super) next_client: u64,
    /// Keys that this replica's own clients gave an expiry, with their databases.
    pub(super) own_expiring: BTreeSet<(usize, Bytes)>,
    /// Clients that wait for keys, who waits longest first.
    pub(super) parked: Vec<Link>,
    /// Keys that somebody waits for and that were touched by the command that runs.
    pub(super) ready: Vec<(usize, Bytes)>,
    /// Clients whose wait is over: what they have sent meanwhile is due.
    pub(super) resumed: Vec<Link>,
    /// The connections that are replicas, in the order of attachment.
    pub(super) replicas: Vec<Link>,
    /// A GETACK is due at the end of this turn, for a client that waits.
    pub(super) getack: bool,

    /// The link to the master.
    pub(super) upstream: Upstream,
    /// The dataset that is being loaded.
    pub(super) loading: Option<Loading>,
    /// Who waits for the file that is written, if it is not for a child's.
    pub(super) patron: Option<Patron>,
    /// FAILOVER, while it lasts.
    pub(super) failover: Option<Failover>,
    /// Who has asked for the end, and how far it has come.
    pub(super) ending: Ending,
    /// The child that writes a snapshot.
    pub(super) child: Option<Child>,
    /// True while the system has no memory for another process.
    pub(super) forks_fail: bool,
    /// What has been saved, and what not.
    pub(super) saves: Saves,
    /// What is remembered of keys that may have to go.
    pub(super) eviction: Eviction,
    /// What INFO counts.
    pub(super) stats: Stats,
    /// What the process has used, as far as its host says.
    pub(super) usage: Usage,
    /// The most memory that was in use at a tick.
    pub(super) memory_peak: u64,
    /// `DEBUG SET-ACTIVE-EXPIRE`.
    pub(super) active_expire: bool,
    /// `DEBUG PAUSE-CRON`.
    pub(super) cron_paused: bool,
    /// Who has asked for a configuration file with every option: DEBUG CONFIG-REWRITE-FORCE-ALL.
    pub(super) rewrites_all: Option<Link>,
    /// DEBUG SET-DISABLE-DENY-SCRIPTS: scripts may look at what is none of their business.
    pub(super) scripts_look: bool,
    /// How buffers of replies are looked after.
    pub(super) reply_buffers: ReplyBufferCare,
}

/// What has been saved and loaded. CONFIG RESETSTAT does not touch it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Saves {
    /// When the dataset was last saved, in Unix seconds.
    pub(super) last: u64,
    /// When a snapshot was last tried, in Unix seconds.
    pub(super) tried: u64,
    /// Changes since the last save.
    pub(super) dirty: u64,
    /// The last snapshot has failed.
    pub(super) failed: bool,
    /// How many were made.
    pub(super) count: u64,
    /// How long the last one took.
    pub(super) seconds: Option<u64>,
    /// The dump file was made for replicas only, and is to go when it has served.
    pub(super) for_replicas: bool,
    /// How many files have taken the name of the dump.
    pub(super) generation: u64,
    /// What writes had copied by the end of the last child.
    pub(super) copied: u64,
    /// BGSAVE has been put off until there is no other child.
    pub(super) scheduled: bool,
    /// Keys that were read at the last load.
    pub(super) keys_loaded: u64,
    /// Keys that had expired by then.
    pub(super) keys_expired: u64,
}

/// What INFO counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stats {
    /// By the names of commands, with those of their subcommands.
    pub(super) commands: CallCounts,
    /// Errors that clients were answered, by their first words.
    pub(super) errors: BTreeMap<String, u64>,
    pub(super) connections_received: u64,
    pub(super) connections_rejected: u64,
    pub(super) output_limit_disconnections: u64,
    pub(super) query_limit_disconnections: u64,
    pub(super) commands_processed: u64,
    /// Turns that the host has measured, and what they and those with commands took.
    pub(super) turns: u64,
    pub(super) turn_nanos: u64,
    pub(super) command_nanos: u64,
    /// How often something was read from a connection, and written to one.
    pub(super) reads: u64,
    pub(super) writes: u64,
    pub(super) input_bytes: u64,
    pub(super) output_bytes: u64,
    pub(super) repl_input_bytes: u64,
    pub(super) repl_output_bytes: u64,
    pub(super) sync_full: u64,
    pub(super) sync_partial_ok: u64,
    pub(super) sync_partial_err: u64,
    pub(super) expired_keys: u64,
    pub(super) evicted_keys: u64,
    pub(super) freed_later: u64,
    pub(super) evicted_clients: u64,
    pub(super) keyspace_hits: u64,
    pub(super) keyspace_misses: u64,
    pub(super) unexpected_error_replies: u64,
    pub(super) forks: u64,
    /// How fast some of these have grown.
    pub(super) rates: Rates,
}

impl State {
    /// The number of a new client.
    pub(super) const fn number_client(&mut self) -> u64 {
        let number = self.next_client;
        self.next_client += 1;
        number
    }

    pub(super) fn new(setup: Setup, now: Instant) -> Self {
        let mut random = Random::new(setup.seed);
        let history = History::new(&mut random);
        let run_id = ReplicationId::random(&mut random);
        let databases = usize::try_from(setup.config.number("databases")).unwrap_or(16);
        let upstream = Upstream::configured(setup.config.text("replicaof"), setup.dialled);
        Self {
            random,
            started_at: now,
            tick: None,
            pid: setup.pid,
            next_pid: 21,
            run_id,
            keyspace: Keyspace::new(databases),
            scripts: Scripts::default(),
            libraries: Libraries::default(),
            history,
            backlog: None,
            stream: StreamEncoder::new(setup.profile.brackets()),
            no_replicas_since: now,
            clients: Clients::default(),
            speaking: BTreeSet::new(),
            waiting: BTreeSet::new(),
            postponed: Vec::new(),
            swollen: BTreeSet::new(),
            watched: BTreeMap::new(),
            tracking: Tracking::default(),
            monitors: Vec::new(),
            served: None,
            slow: Slow::default(),
            repelled: None,
            denials: Denials::default(),
            moving: None,
            sleep: None,
            errand: None,
            migrations: Rc::default(),
            missed: VecDeque::new(),
            in_exec: false,
            owes_room: false,
            also: Caused::new(),
            audience: Audience::default(),
            pauses: Pauses::default(),
            next_client: 3,
            own_expiring: BTreeSet::new(),
            parked: Vec::new(),
            ready: Vec::new(),
            resumed: Vec::new(),
            replicas: Vec::new(),
            getack: false,
            upstream,
            loading: None,
            patron: None,
            failover: None,
            ending: Ending::default(),
            child: None,
            forks_fail: false,
            saves: Saves { last: now.seconds(), ..Saves::default() },
            eviction: Eviction::default(),
            stats: Stats::default(),
            usage: Usage::default(),
            memory_peak: 0,
            active_expire: true,
            cron_paused: false,
            rewrites_all: None,
            scripts_look: false,
            reply_buffers: ReplyBufferCare::default(),
            setup,
        }
    }

    pub(super) const fn config(&self) -> &Config {
        &self.setup.config
    }

    /// True while nothing of what clients want is done: the process sleeps, or moves keys, or a
    /// transaction waits for the disk.
    pub(super) fn is_held(&self) -> bool {
        self.sleep.is_some() || self.migrations.is_busy() || self.errand.is_some()
    }

    /// True if the server follows another: its clients may only read.
    pub(super) const fn is_replica(&self) -> bool {
        self.upstream.master.is_some()
    }

    /// A snapshot is on the disk that holds this many of the changes.
    pub(super) const fn saved(&mut self, changes: u64) {
        self.saves.dirty = self.saves.dirty.saturating_sub(changes);
    }

    /// The letter of its role in the log.
    pub(super) const fn role_letter(&self) -> char {
        if self.is_replica() { 'S' } else { 'M' }
    }

    /// The port that it tells others.
    pub(super) fn port(&self) -> u16 {
        u16::try_from(self.config().number("port")).unwrap_or(0)
    }

    /// The replica on `link`.
    pub(super) fn downlink(&self, link: Link) -> Option<&Downlink> {
        self.clients.get(&link)?.downlink.as_ref()
    }

    /// The replica on `link`, to be changed.
    pub(super) fn downlink_mut(&mut self, link: Link) -> Option<&mut Downlink> {
        self.clients.get_mut(&link)?.downlink.as_mut()
    }

    /// Every attached replica, in the order of attachment.
    pub(super) fn downlinks(&self) -> impl Iterator<Item = (Link, &Downlink)> {
        self.replicas.iter().filter_map(|&link| Some((link, self.downlink(link)?)))
    }

    /// The name of a replica in the log: its address and the port on which it listens.
    pub(super) fn replica_name(&self, link: Link) -> String {
        let Some(client) = self.clients.get(&link) else { return String::new() };
        let introduction = client.introduction();
        if client.broken && introduction.ip.is_none() {
            return format!("client id #{}", client.id);
        }
        let ip = introduction.ip.as_deref().unwrap_or(&client.peer.host);
        match introduction.port {
            Some(port) if port != 0 => format!("{ip}:{port}"),
            Some(_) | None => format!("{ip}:<unknown-replica-port>"),
        }
    }

    /// The least offset at which a replica still reads.
    pub(super) fn oldest_reader(&self) -> Option<Offset> {
        self.downlinks().filter_map(|(_, down)| down.stage.reader()).min()
    }

    /// Tick `n` of the cron, as an instant.
    pub(super) fn tick_at(&self, n: u64) -> Instant {
        self.started_at + Duration::from_millis(n * TICK_MILLIS)
    }

    /// The first tick at or after `at` that has not been carried out.
    pub(super) fn tick_from(&self, at: Instant) -> u64 {
        let ticks = at.since(self.started_at).micros().div_ceil(TICK_MILLIS * 1_000);
        ticks.max(self.tick.map_or(0, |tick| tick + 1))
    }

    /// The first tick at or after `at` on which the replication cron runs.
    pub(super) fn second_from(&self, at: Instant) -> u64 {
        self.tick_from(at).div_ceil(TICKS_PER_SECOND) * TICKS_PER_SECOND
    }
}

/// `hz 10`: a tick of the cron.
pub(super) const TICK_MILLIS: u64 = 100;
/// The replication cron runs on every tenth tick.
pub(super) const TICKS_PER_SECOND: u64 = 10;
