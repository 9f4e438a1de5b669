//! Options of replication that are seen from outside, beside a real `redis-server`.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use replica_lab::node::directives;
use replica_lab::resp::{Reply, split_words};
use servers::{Server, both_answer_alike, eventually};

fn is_up(server: &Server) -> bool {
    server.info("replication", "master_link_status") == "up"
}

/// Lines of the log, without the part that says when and who.
fn says(server: &Server, text: &str) -> bool {
    server.log().lines().any(|line| line.ends_with(text))
}

/// A server that keeps nothing on its disk leaves no snapshot there, on either end.
#[test]
fn a_sync_leaves_no_file_behind_if_it_is_not_to() {
    let options =
        ["--rdb-del-sync-files", "yes", "--repl-diskless-sync", "no", "--repl-timeout", "60"];
    let pairs = [
        (Server::real(&options), Server::ours(&options)),
        (Server::ours(&options), Server::real(&options)),
    ];
    for (master, replica) in pairs {
        master.client().call(&["SET", "k", "v"]);
        replica.follow(&master);
        eventually("it follows", || is_up(&replica));
        eventually("the replica's file is gone", || {
            says(
                &replica,
                "Removing the RDB file obtained from the master. This replica has persistence \
                 disabled",
            ) && !replica.folder().join("dump.rdb").exists()
        });
        eventually("the master's file is gone", || {
            says(
                &master,
                "Removing the RDB file used to feed replicas in a persistence-less instance",
            ) && !master.folder().join("dump.rdb").exists()
        });
    }
}

/// One that wants only the snapshot is let go when it has it.
#[test]
fn a_replica_that_wants_only_the_snapshot_is_let_go() {
    let options = ["--repl-diskless-sync-delay", "0"];
    for (server, diskless) in [
        (Server::real(&options), "yes"),
        (Server::ours(&options), "yes"),
        (Server::real(&options), "no"),
        (Server::ours(&options), "no"),
    ] {
        let mut client = server.client();
        client.call(&["CONFIG", "SET", "repl-diskless-sync", diskless]);
        client.call(&["SET", "k", "v"]);
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("it accepts");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
        for words in ["REPLCONF rdb-only 1\r\n", "REPLCONF capa eof\r\n", "SYNC\r\n"] {
            stream.write_all(words.as_bytes()).expect("it takes bytes");
            if words != "SYNC\r\n" {
                let mut answer = [0; 5];
                stream.read_exact(&mut answer).expect("it answers");
                assert_eq!(&answer, b"+OK\r\n");
            }
        }
        let mut all = Vec::new();
        stream.read_to_end(&mut all).expect("it closes the connection in the end");
        let text = String::from_utf8_lossy(&all);
        assert!(text.contains("REDIS00"), "{text}");
        eventually("the log says so", || {
            server.log().contains("RDB transfer completed, rdb only replica (")
        });
    }
}

/// With so many waiting, the delay is not waited for.
#[test]
fn enough_replicas_end_the_delay() {
    let options = ["--repl-diskless-sync-delay", "60", "--repl-diskless-sync-max-replicas", "2"];
    for master in [Server::real(&options), Server::ours(&options)] {
        let (first, second) = (Server::ours(&[]), Server::ours(&[]));
        first.follow(&master);
        std::thread::sleep(Duration::from_millis(1_500));
        assert!(!is_up(&first));
        second.follow(&master);
        eventually("both follow", || is_up(&first) && is_up(&second));
    }
}

#[test]
fn what_a_replica_says_of_itself_is_what_it_was_told() {
    let master = Server::ours(&["--repl-diskless-sync-delay", "0"]);
    let options = [
        "--replica-priority",
        "7",
        "--replica-announced",
        "no",
        "--replica-announce-ip",
        "10.1.2.3",
        "--replica-announce-port",
        "4321",
    ];
    let mut told = Vec::new();
    for replica in [Server::real(&options), Server::ours(&options)] {
        replica.follow(&master);
        eventually("it follows", || is_up(&replica));
        let of = |field| replica.info("replication", field);
        told.push((of("slave_priority"), of("replica_announced"), of("slave_read_only")));
        drop(replica);
        eventually("it is gone", || master.info("replication", "connected_slaves") == "0");
    }
    assert_eq!(told[1], told[0]);
    let replica = Server::ours(&options);
    replica.follow(&master);
    eventually("it follows", || is_up(&replica));
    let line = master.info("replication", "slave0");
    assert!(line.starts_with("ip=10.1.2.3,port=4321,state=online"), "{line}");
}

/// While a dataset of the same history is loaded beside the old one, the old one is served; one of
/// another history makes clients wait.
#[test]
fn data_of_the_same_history_is_served_while_it_is_replaced() {
    let master = Server::ours(&["--repl-diskless-sync-delay", "0", "--repl-backlog-size", "16kb"]);
    master.client().call(&["SET", "k", "v"]);
    master.client().call(&["DEBUG", "POPULATE", "100"]);
    let options = ["--repl-diskless-load", "swapdb", "--key-load-delay", "10000"];
    let replica = Server::ours(&options);
    replica.client().call(&["SET", "old", "data"]);
    replica.follow(&master);
    eventually("it loads", || replica.info("persistence", "loading") == "1");
    assert_eq!(replica.info("persistence", "async_loading"), "0");
    let refused = replica.client().call(&["GET", "old"]);
    assert!(matches!(refused, Reply::Error(text) if text.starts_with("LOADING")));
    eventually("it follows", || is_up(&replica));
    // The line breaks, and the master forgets what the replica would need.
    replica.freeze();
    master.client().call(&["CLIENT", "KILL", "TYPE", "replica"]);
    let value = "x".repeat(10_000);
    for n in 0..20 {
        master.client().call(&["SET", &format!("big:{n}"), &value]);
    }
    replica.thaw();
    eventually("it loads beside", || replica.info("persistence", "async_loading") == "1");
    assert_eq!(replica.info("persistence", "loading"), "0");
    let began = Instant::now();
    assert_eq!(replica.client().call(&["GET", "k"]), Reply::bulk("v"));
    assert!(began.elapsed() < Duration::from_millis(500));
    eventually("it has it all", || {
        is_up(&replica) && replica.client().call(&["EXISTS", "big:19"]) == Reply::Integer(1)
    });
}

/// Options that differ, and why.
const OTHER_OPTIONS: &[(&str, &str)] = &[
    ("loglevel", "7.2 knows `nothing`"),
    ("maxmemory-samples", "7.2 takes 64 at most"),
    ("tls-cluster", "it depends on how the server was built"),
    ("tls-replication", "the same"),
];
/// Options that would end the test: where a server is, who may enter, what it follows.
const NOT_TRIED: &[&str] = &[
    "port",
    "tls-port",
    "bind",
    "bind-source-addr",
    "unixsocket",
    "requirepass",
    "masterauth",
    "appendonly",
    "replicaof",
    "slaveof",
    "maxclients",
];

/// What a server takes for an option, what it keeps, and what it says of the rest.
#[test]
fn every_option_takes_what_that_of_a_real_server_takes() {
    let servers = [Server::real(&[]), Server::ours(&[])];
    let mut clients = servers.each_ref().map(Server::client);
    let Reply::Array(all) = clients[0].call(&["CONFIG", "GET", "*"]) else { panic!("pairs") };
    let text = |reply: &Reply| {
        let Reply::Bulk(bytes) = reply else { panic!("{reply:?} is no text") };
        String::from_utf8_lossy(bytes).into_owned()
    };
    let (mut tried, mut faults) = (0, Vec::new());
    for pair in all.chunks(2) {
        let (name, default) = (text(&pair[0]), text(&pair[1]));
        let other = OTHER_OPTIONS.iter().any(|(other, _)| *other == name);
        if other || NOT_TRIED.contains(&name.as_str()) {
            continue;
        }
        let values = [
            "-1",
            "0",
            "1",
            "2",
            "101",
            "2147483648",
            "9223372036854775807",
            "yes",
            "no",
            "x",
            "1mb",
            "",
            "local",
            "50%",
            &default,
        ];
        for value in values {
            let [real, ours] = clients.each_mut().map(|client| {
                let reply = client.call(&["CONFIG", "SET", &name, value]);
                (reply, client.call(&["CONFIG", "GET", &name]))
            });
            if name != "dir" && real != ours {
                faults.push(format!("{name} {value:?}\n  real {real:?}\n  ours {ours:?}"));
            }
            tried += 1;
        }
    }
    assert!(faults.is_empty(), "{} of {tried}:\n{}", faults.len(), faults.join("\n"));
    assert!(tried > 2_500, "{tried}");
}

/// Commands with other names, and two without any.
const RENAMES: &[&str] = &[
    "--rename-command",
    "CONFIG",
    "b840fc02",
    "--rename-command",
    "FLUSHALL",
    "",
    "--rename-command",
    "set",
    "MySet",
    "--rename-command",
    "multi",
    "m",
    "--rename-command",
    "exec",
    "x",
    "--rename-command",
    "expire",
    "xp",
    "--rename-command",
    "object",
    "thing",
    "--rename-command",
    "latency",
    "",
];

/// Old names and new ones.
const RENAMED: &[&str] = &[
    "CONFIG GET save",
    "b840fc02 GET save",
    "B840FC02 GET rename-command",
    "flushall",
    "set a 1",
    "MYSET a 1",
    "myset a",
    "object encoding a",
    "thing encoding a",
    "thing nonsense",
    "thing freq a b",
    "b840fc02 nonsense",
    "b840fc02",
    "b840fc02 get",
    "thing help",
    "command info set myset flushall",
    "command info config|get b840fc02|get b840fc02|nonsense",
    "command list filterby pattern flush*",
    "command list filterby pattern myset",
    "command list filterby pattern latency*",
    "command getkeys set a 1",
    "command getkeys myset a 1",
    "command getkeysandflags MySet a 1 get",
    "command docs set",
    "acl dryrun default set a 1",
    "acl dryrun default myset a 1",
    "eval \"return redis.call('set', 'a', 2)\" 0",
    "eval \"return redis.call('myset', 'a', 3)\" 0",
    "eval \"return redis.acl_check_cmd('myset', 'a', 3)\" 0",
    "eval \"return redis.acl_check_cmd('set', 'a', 3)\" 0",
    "multi",
    "m",
    "set b 1",
    "x",
    "m",
    "myset b 1",
    "incr b",
    "x",
    "client no-evict maybe",
    "latency histogram myset",
    "b840fc02 resetstat",
    "b840fc02 set slowlog-log-slower-than 0",
    "MYSET a 1",
    "xp a 100",
    "m",
    "INCR a",
    "x",
    "b840fc02 set slowlog-log-slower-than -1",
];

/// The old name is unknown, and the new one is the command: to clients, to scripts, to COMMAND.
#[test]
fn a_renamed_command_goes_by_its_new_name_only() {
    let servers = [Server::real(RENAMES), Server::ours(RENAMES)];
    both_answer_alike(&servers, RENAMED);
    let [real, ours] = servers.each_ref().map(|server| {
        let Reply::Array(slow) = server.client().call(&["SLOWLOG", "GET"]) else { panic!("a log") };
        let words = |entry: &Reply| {
            let Reply::Array(fields) = entry else { panic!("an entry is a row") };
            fields[3].clone()
        };
        let slow: Vec<Reply> = slow.iter().map(words).collect();
        let Reply::Bulk(stats) = server.client().call(&["INFO", "commandstats"]) else {
            panic!("INFO answers with text")
        };
        let stats = String::from_utf8_lossy(&stats).into_owned();
        let name = |line: &str| line.split_once(':').map(|(name, _)| name.to_owned());
        let mut names: Vec<String> = stats.lines().filter_map(name).collect();
        names.sort_unstable();
        (slow, names)
    });
    assert_eq!(ours, real);
    assert!(real.1.contains(&"cmdstat_config|set".to_owned()), "{:?}", real.1);
}

/// Who watches is shown what was said; a replica is sent it, and must know it.
#[test]
fn what_a_client_said_is_what_the_stream_says() {
    let masters = [Server::real(RENAMES), Server::ours(RENAMES)];
    let shown = masters.each_ref().map(|master| {
        let mut watcher = master.client();
        assert_eq!(watcher.call(&["MONITOR"]), Reply::OK);
        let (knows, knows_not) = (
            [Server::real(RENAMES), Server::ours(RENAMES)],
            [Server::real(&[]), Server::ours(&[])],
        );
        for replica in knows.iter().chain(&knows_not) {
            replica.follow(master);
            eventually("it follows", || is_up(replica));
        }
        let mut client = master.client();
        for words in [&["MySet", "k", "v"][..], &["xp", "k", "1000"], &["INCR", "n"]] {
            client.call(words);
        }
        client.call(&["m"]);
        client.call(&["myset", "in", "1"]);
        client.call(&["x"]);
        for replica in &knows {
            eventually("it has it", || replica.client().call(&["GET", "k"]) == Reply::bulk("v"));
        }
        for replica in &knows_not {
            eventually("it has what it knows", || {
                replica.client().call(&["GET", "n"]) == Reply::bulk("1")
            });
            assert_eq!(replica.client().call(&["GET", "k"]), Reply::Null);
            let log = replica.log();
            let told = "to its master: 'unknown command 'MySet', with args beginning with: 'k' 'v' \
                        ' after processing the command '<unknown>'";
            assert!(log.contains(told), "{log}");
        }
        let mut lines = Vec::new();
        while !lines.iter().any(|line: &String| line.starts_with("\"x\"")) {
            let Some(Reply::Simple(line)) = watcher.reply() else { panic!("a line") };
            let (_, words) = line.split_once("] ").expect("words follow the address");
            lines.push(words.to_owned());
        }
        lines.retain(|line| !line.starts_with("\"INFO\"") && !line.starts_with("\"PING\""));
        lines
    });
    assert_eq!(shown[1], shown[0]);
    assert_eq!(shown[0][0], "\"MySet\" \"k\" \"v\"");
}

/// A line that renames is kept by CONFIG REWRITE as it is, and read again.
#[test]
fn a_rewritten_file_renames_as_before() {
    let text = "# names\nrename-command CONFIG b840fc02\n\nrename-command \"FLUSHALL\" \"\"\n";
    for ours in [false, true] {
        let name = format!("replica-lab-renames-{}-{ours}.conf", std::process::id());
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, text).expect("a file can be written");
        let path = file.to_string_lossy().into_owned();
        // The file names the folder of the first, which ends with it.
        let mut ended = Vec::new();
        for _ in 0..2 {
            let first = [path.as_str()];
            let start = if ours { Server::ours_with } else { Server::real_with };
            let mut server = start(&first, &["--rename-command", "get", "xget"]);
            let mut client = server.client();
            assert_eq!(client.call(&["xget", "k"]), Reply::Null);
            assert_eq!(client.call(&["b840fc02", "REWRITE"]), Reply::OK);
            server.end();
            ended.push(server);
        }
        let written = std::fs::read_to_string(&file).expect("it is there");
        let _ = std::fs::remove_file(&file);
        assert!(written.starts_with(text), "{written}");
        assert!(!written.contains("xget"), "{written}");
    }
}

/// Every option of a redis.conf of 7.2, as it is written there: its default, and another value, or
/// `-` where the default is all that there can be.
const DIRECTIVES: &str = include_str!("options/directives.txt");
/// Options that tell where a server is, and whom it follows.
const TOLD_OTHERWISE: &[&str] = &["port", "dir", "replicaof", "slaveof"];

/// A configuration that was written for redis-server starts a node, whatever it sets.
#[test]
fn every_option_of_a_configuration_is_taken_and_shown() {
    let rows: Vec<Vec<&str>> = DIRECTIVES.lines().map(|line| line.split(" | ").collect()).collect();
    for row in directives().flat_map(|row| [Some(row.name), row.alias]).flatten() {
        let listed = rows.iter().any(|one| one[0] == row);
        assert!(listed || TOLD_OTHERWISE.contains(&row), "{row} is not tried");
    }
    for column in [1, 2] {
        let file =
            std::env::temp_dir().join(format!("replica-lab-all-{}-{column}", std::process::id()));
        let set = || rows.iter().filter(|row| row[column] != "-");
        let lines: Vec<String> = set().map(|row| format!("{} {}", row[0], row[column])).collect();
        std::fs::write(&file, lines.join("\n")).expect("a file can be written");
        let ours = Server::ours_with(&[&file.to_string_lossy()], &[]);
        let _ = std::fs::remove_file(&file);
        let mut client = ours.client();
        let mut faults = Vec::new();
        for row in set() {
            let words = split_words(row[column].as_bytes()).expect("a line of words");
            let Reply::Array(pair) = client.call(&["CONFIG", "GET", row[0]]) else {
                panic!("CONFIG GET answers an array")
            };
            if pair.get(1) != Some(&Reply::bulk(words.join(&b' '))) {
                faults.push(format!("{row:?}: {pair:?}"));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        assert!(set().count() > 170, "{}", set().count());
    }
}
