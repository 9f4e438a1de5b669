//! Whatever clients say and whenever links break: in the end a replica holds what its master
//! holds, and so does the replica's replica.

#[path = "replicas/world.rs"]
mod world;

use proptest::prelude::*;
use replica_lab::resp::{Protocol, Reply};
use replica_lab::time::Duration;
use world::{CLIENTS, Plan, World};

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    /// One of two clients of the master says something.
    Command(usize, Vec<String>),
    /// So many milliseconds go by.
    Pass(u64),
    /// All wires of a node break.
    Cut(usize),
    /// What is sent waits, or goes on.
    Hold(bool),
    /// So many bytes of the stream at once: more than the backlog keeps.
    Flood(usize),
}

/// Commands of every family. `k` and `j` become keys, `m` and `o` members, `v` and `w` values, `n`
/// a small number, `f` a broken one, `t` a time in milliseconds, `d` a database.
const COMMANDS: &[&str] = &[
    "SET k v",
    "SET k v PX t",
    "SET k n",
    "SETEX k 1 v",
    "GETSET k v",
    "GETDEL k",
    "GETEX k PX t",
    "SETNX k v",
    "MSET k v j w",
    "MSETNX k v j w",
    "APPEND k v",
    "SETRANGE k n v",
    "INCR k",
    "INCRBY k n",
    "DECRBY k n",
    "INCRBYFLOAT k f",
    "SET k v KEEPTTL",
    "PSETEX k t v",
    "LPUSH k v w",
    "RPUSH k v w v",
    "LPUSHX k v",
    "LPOP k",
    "RPOP k 2",
    "LSET k n v",
    "LTRIM k n 5",
    "LREM k 1 v",
    "LINSERT k BEFORE v w",
    "LMOVE k j LEFT RIGHT",
    "RPOPLPUSH k j",
    "LMPOP 2 k j LEFT COUNT 2",
    "BLPOP k j 0.1",
    "BRPOP k 0.2",
    "BLMOVE k j LEFT LEFT 0.1",
    "SADD k m o",
    "SADD k n",
    "SADD k v w",
    "SREM k m",
    "SPOP k",
    "SPOP k 2",
    "SMOVE k j m",
    "SINTERSTORE k j k",
    "SUNIONSTORE k j k",
    "SDIFFSTORE k j k",
    "HSET k m v o w",
    "HSETNX k m v",
    "HDEL k m",
    "HINCRBY k m n",
    "HINCRBYFLOAT k m f",
    "ZADD k n m f o",
    "ZADD k GT CH n m",
    "ZADD k INCR f m",
    "ZINCRBY k f m",
    "ZREM k m",
    "ZPOPMIN k",
    "ZPOPMAX k 2",
    "ZREMRANGEBYRANK k 0 1",
    "ZREMRANGEBYSCORE k 0 n",
    "ZREMRANGEBYLEX k - [m",
    "ZRANGESTORE k j 0 2",
    "ZUNIONSTORE k 2 k j",
    "ZINTERSTORE k 2 k j",
    "ZDIFFSTORE k 2 j k",
    "ZMPOP 2 k j MIN",
    "BZPOPMIN k 0.1",
    "DEL k",
    "UNLINK k j",
    "RENAME k j",
    "RENAMENX k j",
    "COPY k j REPLACE",
    "MOVE k d",
    "EXPIRE k 1",
    "PEXPIRE k t",
    "PEXPIRE k t NX",
    "EXPIREAT k 1742822353",
    "PERSIST k",
    "PEXPIRE k -1",
    "GET k",
    "TTL k",
    "EXISTS k j",
    "RANDOMKEY",
    "DBSIZE",
    "TYPE k",
    "SELECT d",
    "SELECT d",
    "SWAPDB 0 d",
    "FLUSHDB",
    "FLUSHALL",
    "MULTI",
    "MULTI",
    "EXEC",
    "EXEC",
    "EXEC",
    "DISCARD",
    "WATCH k",
    "UNWATCH",
    "BGSAVE",
];

fn any_command() -> impl Strategy<Value = Vec<String>> {
    let template = prop::sample::select(COMMANDS);
    (template, any::<[u8; 4]>()).prop_map(|(template, [key, other, member, number])| {
        let fill = |word: &str| match word {
            "k" => format!("key:{}", key % 8),
            "j" => format!("key:{}", other % 8),
            "m" | "[m" => word.replace('m', &format!("member:{}", member % 5)),
            "o" => format!("member:{}", number % 5),
            "v" => format!("value:{}", "x".repeat(usize::from(number) / 2)),
            "w" => number.to_string(),
            "n" => (number % 9).to_string(),
            "f" => format!("{}.{}", number % 9, member % 7),
            "t" => (u64::from(number) * 8 + 1).to_string(),
            "d" => (number % 3).to_string(),
            plain => plain.to_owned(),
        };
        template.split(' ').map(fill).collect()
    })
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => (0..2usize, any_command()).prop_map(|(client, args)| Step::Command(client, args)),
        4 => (1u64..1_500).prop_map(Step::Pass),
        1 => (1usize..3).prop_map(Step::Cut),
        1 => any::<bool>().prop_map(Step::Hold),
        1 => (1_000usize..40_000).prop_map(Step::Flood),
    ]
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let load = prop::sample::select(vec!["disabled", "on-empty-db", "swapdb"]);
    let speed = prop::sample::select(vec![0u64, 2_000, 20_000]);
    let window = prop::sample::select(vec![100u64, 20_000, 256 * 1_024]);
    (any::<u64>(), any::<bool>(), load, speed, window).prop_map(
        |(seed, diskless, load, bytes_per_second, send_window)| Plan {
            seed,
            diskless,
            load,
            bytes_per_second,
            send_window,
        },
    )
}

fn take(world: &mut World, step: &Step) {
    match step {
        Step::Command(client, args) => {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            for reply in world.command(0, CLIENTS[*client], &args) {
                let text = String::from_utf8_lossy(&reply.to_bytes(Protocol::Resp2)).into_owned();
                let known = !text.contains("unknown command") && !text.contains("syntax error");
                assert!(known && !text.contains("wrong number"), "{args:?}: {text}");
            }
        }
        Step::Pass(millis) => world.pass(Duration::from_millis(*millis)),
        Step::Cut(place) => world.cut(*place),
        Step::Hold(held) => world.held = *held,
        Step::Flood(bytes) => {
            world.command(0, CLIENTS[0], &["SET", "flood", &"y".repeat(*bytes)]);
        }
    }
}

/// Lets everything come to rest, with nobody inside a transaction and nothing about to expire.
fn settle(world: &mut World) {
    world.held = false;
    world.pass(Duration::from_secs(5));
    for client in CLIENTS {
        world.command(0, client, &["DISCARD"]);
    }
    // Longer than any timeout, and than the slowest machine takes for what the keys may hold.
    world.pass(Duration::from_secs(240));
}

/// What a node says of its data: digest, sizes, expiries, and its place in the history.
fn picture(world: &mut World, place: usize) -> Vec<String> {
    let mut said = vec![world.ask(place, &["DEBUG", "DIGEST"])];
    for db in ["0", "1", "2"] {
        world.ask(place, &["SELECT", db]);
        said.push(world.ask(place, &["DBSIZE"]));
        for n in 0..8 {
            let key = format!("key:{n}");
            said.push(world.ask(place, &["TYPE", &key]));
            said.push(world.ask(place, &["PEXPIRETIME", &key]));
        }
    }
    let info = world.ask(place, &["INFO", "replication"]);
    let fields = ["master_replid:", "master_repl_offset:", "master_link_status:down"];
    said.extend(
        info.lines().filter(|line| fields.iter().any(|f| line.starts_with(f))).map(str::to_owned),
    );
    said
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn replicas_come_to_hold_what_their_master_holds(
        plan in any_plan(),
        steps in prop::collection::vec(any_step(), 1..160),
    ) {
        let mut world = World::new(&plan);
        for step in &steps {
            take(&mut world, step);
        }
        settle(&mut world);
        let master = picture(&mut world, 0);
        for place in [1, 2] {
            prop_assert_eq!(&picture(&mut world, place), &master, "node {}", place);
        }
    }
}

/// The property above is worth nothing if its worlds see no resynchronisation of either kind.
#[test]
fn a_short_cut_is_continued_and_a_long_one_is_not() {
    let plan = Plan {
        seed: 1,
        diskless: true,
        load: "disabled",
        bytes_per_second: 0,
        send_window: 20_000,
    };
    let mut world = World::new(&plan);
    world.pass(Duration::from_secs(3));
    let steps = [Step::Cut(1), Step::Pass(3_000), Step::Hold(true), Step::Flood(40_000)];
    steps.iter().for_each(|step| take(&mut world, step));
    world.cut(1);
    settle(&mut world);
    let stats = world.ask(0, &["INFO", "stats"]);
    assert!(stats.contains("sync_full:2") && stats.contains("sync_partial_ok:1"), "{stats}");
    assert_eq!(world.command(2, CLIENTS[0], &["EXISTS", "flood"]), [Reply::Integer(1)]);
}
