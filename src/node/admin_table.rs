//! The rows of the server's own commands.

use super::io::Link;
use super::machine::Machine;
use super::{
    admin, client_command, command_command, config_command, connection, debug, downstream, exit,
    failover, info, migrate, monitor, pubsub, save, scripts, transactions, wait,
};
use crate::commands::{Flags, Group, Keys, Spec, TABLE};
use crate::resp::{Bytes, Reply};

/// A command that the node itself carries out.
pub(super) type AdminSpec = Spec<AdminHandler>;
/// Runs it.
pub(super) type AdminHandler = fn(&mut Machine<'_>, Link, &[Bytes]) -> Reply;

/// The row of `name`, in any case.
pub(super) fn lookup(name: &[u8]) -> Option<&'static AdminSpec> {
    ADMIN.iter().find(|spec| name.eq_ignore_ascii_case(spec.name.as_bytes()))
}

/// Every command that a node knows: its name, its usage and its summary; the prompt's hints.
pub fn command_names() -> Vec<(&'static str, &'static str, &'static str)> {
    let data = TABLE.iter().copied().flatten().map(|s| (s.name, s.usage, s.summary));
    let mut names: Vec<_> =
        data.chain(ADMIN.iter().map(|s| (s.name, s.usage, s.summary))).collect();
    names.sort_unstable();
    names
}

const CONTAINER: Flags = Flags::CONTAINER;
const FREE: Flags = Flags::LOADING.and(Flags::STALE).and(Flags::NOSCRIPT);
const ANY: Flags = FREE.and(Flags::FAST);
const OPEN: Flags = ANY.and(Flags::NO_AUTH);
const ADMINISTRATION: Flags = FREE.and(Flags::ADMIN);

const READ_ONLY_FAST: Flags = Flags::READONLY.and(Flags::FAST);
const SCRIPT_RO: Flags = SCRIPT_FLAGS.and(Flags::READONLY);
const SCRIPT: Flags = SCRIPT_FLAGS.and(Flags::MAY_REPLICATE);
const SCRIPT_FLAGS: Flags =
    Flags::NOSCRIPT.and(Flags::SKIP_MONITOR).and(Flags::STALE).and(Flags::MOVABLE_KEYS);
const EVAL: &str = "script numkeys [key [key ...]] [arg [arg ...]]";
const FCALL: &str = "function numkeys [key [key ...]] [arg [arg ...]]";
const EVALSHA: &str = "sha1 numkeys [key [key ...]] [arg [arg ...]]";
const ALONE: &str = "Is refused: there is no cluster.";
const IN_CLUSTERS: Flags = Flags::LOADING.and(Flags::STALE).and(Flags::FAST);
const LISTEN: Flags = FREE.and(Flags::PUBSUB);
const SPEAK: Flags =
    Flags::PUBSUB.and(Flags::LOADING).and(Flags::STALE).and(Flags::FAST).and(Flags::MAY_REPLICATE);

use Group::{Connection, Generic, PubSub, Scripting, Server, Transactions};

/// Every command that the node itself carries out.
pub(super) static ADMIN: &[AdminSpec] = &[
    row("ping", -1, Flags::FAST, Connection, "[message]", "Answers PONG.", connection::ping),
    row("echo", 2, ANY, Connection, "message", "Answers its argument.", connection::echo),
    row("select", 2, ANY, Connection, "index", "Chooses a database.", connection::select),
    row(
        "auth",
        -2,
        OPEN,
        Connection,
        "[username] password",
        "Gives the password.",
        connection::auth,
    ),
    row(
        "hello",
        -1,
        OPEN,
        Connection,
        "[protover [AUTH username password] [SETNAME clientname]]",
        "Chooses the protocol.",
        connection::hello,
    ),
    row("quit", -1, OPEN, Connection, "", "Closes the connection.", connection::quit),
    row("reset", 1, OPEN, Connection, "", "Makes the connection as new.", connection::reset),
    row(
        "client",
        -2,
        ADMINISTRATION.and(CONTAINER),
        Connection,
        "ID|INFO|LIST|KILL|PAUSE|UNPAUSE|UNBLOCK|REPLY|GETNAME|SETNAME|… [arguments]",
        "Shows and closes connections.",
        client_command::client,
    ),
    row(
        "config",
        -2,
        ADMINISTRATION.and(CONTAINER),
        Server,
        "GET|SET|RESETSTAT|REWRITE [arguments]",
        "Reads and sets options.",
        config_command::config,
    ),
    row(
        "command",
        -1,
        FREE.and(CONTAINER),
        Server,
        "[COUNT|LIST|DOCS|INFO]",
        "Lists the commands.",
        command_command::command,
    ),
    row("info", -1, FREE, Server, "[section [section ...]]", "Describes the server.", info::info),
    row("role", 1, ANY, Server, "", "Answers the role in replication.", info::role),
    row("time", 1, ANY, Server, "", "Answers the time of day.", admin::time),
    row(
        "lastsave",
        1,
        ANY,
        Server,
        "",
        "Answers when the dataset was last saved.",
        admin::lastsave,
    ),
    row(
        "bgsave",
        -1,
        Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::NO_ASYNC_LOADING),
        Server,
        "[SCHEDULE]",
        "Saves the dataset in a child.",
        save::bgsave,
    ),
    row(
        "save",
        1,
        Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::NO_MULTI).and(Flags::NO_ASYNC_LOADING),
        Server,
        "",
        "Saves the dataset, and answers when it is saved.",
        exit::save,
    ),
    row(
        "shutdown",
        -1,
        ADMINISTRATION.and(Flags::NO_MULTI),
        Server,
        "[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]",
        "Ends the server.",
        exit::shutdown,
    ),
    row(
        "failover",
        -1,
        Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::STALE),
        Server,
        "[TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]",
        "Hands the role of the master to a replica.",
        failover::failover,
    ),
    row(
        "debug",
        -2,
        ADMINISTRATION,
        Server,
        "subcommand [arguments]",
        "Serves those who look inside.",
        debug::debug,
    ),
    row(
        "replicaof",
        3,
        Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::STALE).and(Flags::NO_ASYNC_LOADING),
        Server,
        "host port|NO ONE",
        "Follows a master, or nobody.",
        admin::replicaof,
    ),
    row(
        "slaveof",
        3,
        Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::STALE).and(Flags::NO_ASYNC_LOADING),
        Server,
        "host port|NO ONE",
        "The old name of REPLICAOF.",
        admin::replicaof,
    ),
    row(
        "replconf",
        -1,
        ADMINISTRATION,
        Server,
        "option value [...]",
        "Carries what replicas and masters say of themselves.",
        admin::replconf,
    ),
    row(
        "psync",
        -3,
        Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::NO_MULTI).and(Flags::NO_ASYNC_LOADING),
        Server,
        "replicationid offset",
        "Begins replication, from an offset if it can.",
        downstream::psync,
    ),
    row(
        "sync",
        1,
        Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::NO_MULTI).and(Flags::NO_ASYNC_LOADING),
        Server,
        "",
        "Begins replication from the start.",
        downstream::psync,
    ),
    row(
        "wait",
        3,
        Flags::NONE,
        Generic,
        "numreplicas timeout",
        "Waits until replicas have confirmed the last write.",
        wait::wait,
    ),
    row(
        "waitaof",
        4,
        Flags::NOSCRIPT,
        Generic,
        "numlocal numreplicas timeout",
        "Waits until replicas have the last write on their disks.",
        wait::waitaof,
    ),
    row(
        "acl",
        -2,
        CONTAINER,
        Server,
        "WHOAMI|LIST|CAT|… [arguments]",
        "Tells of users.",
        admin::acl,
    ),
    row(
        "memory",
        -2,
        CONTAINER,
        Server,
        "USAGE|STATS|DOCTOR|PURGE|MALLOC-STATS [arguments]",
        "Tells what memory is taken by.",
        admin::memory,
    ),
    row(
        "latency",
        -2,
        CONTAINER,
        Server,
        "LATEST|HISTORY|RESET|GRAPH|DOCTOR|HISTOGRAM [arguments]",
        "Tells what took long.",
        admin::latency,
    ),
    row(
        "slowlog",
        -2,
        CONTAINER,
        Server,
        "GET|LEN|RESET [count]",
        "Tells which commands took long.",
        admin::slowlog,
    ),
    row(
        "function",
        -2,
        CONTAINER,
        Server,
        "LOAD|DELETE|LIST|STATS|FLUSH|DUMP|RESTORE|KILL [arguments]",
        "Keeps libraries of functions.",
        scripts::function,
    ),
    row("fcall", -3, SCRIPT, Scripting, FCALL, "Runs a function.", scripts::fcall),
    row("fcall_ro", -3, SCRIPT_RO, Scripting, FCALL, "Runs one that reads.", scripts::fcall_ro),
    row("eval", -3, SCRIPT, Scripting, EVAL, "Runs a script.", scripts::eval),
    row("eval_ro", -3, SCRIPT_RO, Scripting, EVAL, "Runs a script that reads.", scripts::eval_ro),
    row("evalsha", -3, SCRIPT, Scripting, EVALSHA, "Runs a script again.", scripts::evalsha),
    row(
        "evalsha_ro",
        -3,
        SCRIPT_RO,
        Scripting,
        EVALSHA,
        "Runs a script that reads again.",
        scripts::evalsha_ro,
    ),
    row(
        "script",
        -2,
        CONTAINER,
        Scripting,
        "LOAD|EXISTS|FLUSH|KILL|DEBUG [arguments]",
        "Keeps scripts.",
        scripts::script,
    ),
    row(
        "lolwut",
        -1,
        READ_ONLY_FAST,
        Server,
        "[VERSION version]",
        "Tells the version.",
        admin::lolwut,
    ),
    row("monitor", 1, ADMINISTRATION, Server, "", "Shows every command.", monitor::monitor),
    row(
        "subscribe",
        -2,
        LISTEN,
        PubSub,
        "channel [channel ...]",
        "Listens to channels.",
        pubsub::subscribe,
    ),
    row(
        "unsubscribe",
        -1,
        LISTEN,
        PubSub,
        "[channel [channel ...]]",
        "Listens to channels no more.",
        pubsub::unsubscribe,
    ),
    row(
        "psubscribe",
        -2,
        LISTEN,
        PubSub,
        "pattern [pattern ...]",
        "Listens to all channels that fit.",
        pubsub::psubscribe,
    ),
    row(
        "punsubscribe",
        -1,
        LISTEN,
        PubSub,
        "[pattern [pattern ...]]",
        "Listens to channels that fit no more.",
        pubsub::punsubscribe,
    ),
    row(
        "ssubscribe",
        -2,
        LISTEN,
        PubSub,
        "shardchannel [shardchannel ...]",
        "Listens to shard channels.",
        pubsub::ssubscribe,
    ),
    row(
        "sunsubscribe",
        -1,
        LISTEN,
        PubSub,
        "[shardchannel [shardchannel ...]]",
        "Listens to shard channels no more.",
        pubsub::sunsubscribe,
    ),
    row(
        "publish",
        3,
        SPEAK,
        PubSub,
        "channel message",
        "Tells all who listen to a channel.",
        pubsub::publish,
    ),
    row(
        "spublish",
        3,
        SPEAK,
        PubSub,
        "shardchannel message",
        "Tells all who listen to a shard channel.",
        pubsub::spublish,
    ),
    row(
        "pubsub",
        -2,
        CONTAINER,
        PubSub,
        "CHANNELS|NUMPAT|NUMSUB|SHARDCHANNELS|SHARDNUMSUB [arguments]",
        "Tells who listens to what.",
        pubsub::pubsub,
    ),
    row("multi", 1, ANY, Transactions, "", "Begins a transaction.", transactions::multi),
    row("exec", 1, FREE, Transactions, "", "Carries out a transaction.", transactions::exec),
    row("discard", 1, ANY, Transactions, "", "Gives up a transaction.", transactions::discard),
    row(
        "watch",
        -2,
        ANY,
        Transactions,
        "key [key ...]",
        "Makes the next transaction depend on keys.",
        transactions::watch,
    ),
    row("unwatch", 1, ANY, Transactions, "", "Forgets the watched keys.", transactions::unwatch),
    row("cluster", -2, CONTAINER, Server, "INFO|SLOTS|… [arguments]", ALONE, admin::cluster),
    row("asking", 1, Flags::FAST, Server, "", ALONE, admin::cluster),
    row("readonly", 1, IN_CLUSTERS, Server, "", ALONE, admin::cluster),
    row("readwrite", 1, IN_CLUSTERS, Server, "", ALONE, admin::cluster),
    row(
        "module",
        -2,
        CONTAINER,
        Server,
        "LIST|LOAD|LOADEX|UNLOAD [arguments]",
        "Lists modules: there are none.",
        admin::module,
    ),
    row(
        "bgrewriteaof",
        1,
        Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::NO_ASYNC_LOADING),
        Server,
        "",
        "Is refused: there is no append only file.",
        admin::bgrewriteaof,
    ),
    row(
        "migrate",
        -6,
        Flags::WRITE.and(Flags::MOVABLE_KEYS),
        Generic,
        "host port key|\"\" destination-db timeout [COPY] [REPLACE] [AUTH password | \
         AUTH2 username password] [KEYS key [key ...]]",
        "Moves keys to another server.",
        migrate::migrate,
    ),
];

const fn row(
    name: &'static str,
    arity: i32,
    flags: Flags,
    group: Group,
    usage: &'static str,
    summary: &'static str,
    handler: AdminHandler,
) -> AdminSpec {
    Spec { name, arity, flags, keys: Keys::NONE, group, usage, summary, handler }
}
