//! Files of its own that a server cannot read or write: what it says, and whether it goes on. The
//! real server does the same in every test.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use replica_lab::resp::Reply;
use servers::{Server, eventually, free_port, our_program};

/// The dump of a server with three hundred keys and a library.
fn dump() -> Vec<u8> {
    let server = Server::real(&["--rdbcompression", "no"]);
    let mut client = server.client();
    client.call(&["DEBUG", "POPULATE", "300"]);
    let code = "#!lua name=f\nredis.register_function('f', function() return 1 end)";
    client.call(&["FUNCTION", "LOAD", code]);
    client.call(&["HSET", "hash", "a", "1", "b", "2"]);
    assert_eq!(client.call(&["SAVE"]), Reply::OK);
    fs::read(server.folder().join("dump.rdb")).expect("it has saved")
}

fn place_of(whole: &[u8], part: &[u8]) -> usize {
    whole.windows(part.len()).position(|bytes| bytes == part).expect("it is there")
}

/// What may have happened to a file.
fn damages(whole: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let changed = |at: usize, to: &[u8]| {
        let mut bytes = whole.to_vec();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    };
    vec![
        ("cut", whole[..2_000].to_vec()),
        ("empty", Vec::new()),
        ("a wrong sum", changed(whole.len() - 1, &[whole[whole.len() - 1] ^ 1])),
        ("no signature", changed(0, b"X")),
        ("of a later release", changed(7, b"99")),
        ("a broken hash", changed(place_of(whole, b"\x10\x04hash") + 7, b"\xff")),
    ]
}

/// The warnings among lines of a log that are about a dump, without their beginnings.
fn warnings(log: &str) -> Vec<String> {
    let about =
        ["Short read", "Internal error", "Wrong ", "Can't handle", "Fatal error", "Terminating"];
    let texts = log.lines().filter_map(|line| line.split_once(" # ").map(|(_, text)| text));
    texts.filter(|text| about.iter().any(|one| text.starts_with(one))).map(str::to_owned).collect()
}

/// Starts a server on what is in `folder`, which it does not survive.
fn end_of(program: &Path, folder: &Path, options: &[&str]) -> (Option<i32>, Vec<String>) {
    let port = free_port().to_string();
    let mut command = Command::new(program);
    command.args(["--port", &port, "--save", "", "--dir"]).arg(folder).args(options);
    let output = command.output().expect("the program is there");
    (output.status.code(), warnings(&String::from_utf8_lossy(&output.stdout)))
}

#[test]
fn a_server_does_not_start_on_a_file_that_it_cannot_read() {
    let whole = dump();
    let folder = std::env::temp_dir().join(format!("rl-damage-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder can be made");
    for (name, bytes) in damages(&whole) {
        fs::write(folder.join("dump.rdb"), bytes).expect("a file can be written");
        let there = end_of(&PathBuf::from("redis-server"), &folder, &[]);
        let here = end_of(&our_program(), &folder, &["--profile", "7.0"]);
        assert_eq!(there.0, Some(1), "{name}: {there:?}");
        assert_eq!(here, there, "{name}");
    }
    let _ = fs::remove_dir_all(&folder);
}

#[test]
fn what_is_passed_over_is_named() {
    let mut bytes = b"REDIS0010\xfe\x00".to_vec();
    for index in 0..12 {
        let name = format!("empty{index}");
        bytes.extend([1, name.len() as u8]);
        bytes.extend(name.as_bytes());
        bytes.push(0);
    }
    bytes.extend(b"\x00\x01k\x01v\xff\0\0\0\0\0\0\0\0");
    let servers = [Server::real(&[]), Server::ours(&[])];
    let [there, here] = servers.map(|server| {
        fs::write(server.folder().join("dump.rdb"), &bytes).expect("a file can be written");
        let mut client = server.client();
        assert_eq!(client.call(&["DEBUG", "RELOAD", "NOSAVE"]), Reply::OK);
        assert_eq!(client.call(&["DBSIZE"]), Reply::Integer(1));
        let log = server.log();
        let texts = log.lines().filter_map(|line| line.split_once(" # ").map(|(_, text)| text));
        let about = |text: &&str| text.contains("empty key") || text.contains("checksum");
        texts.filter(about).map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(there.len(), 12, "{there:?}");
    assert_eq!(here, there);
}

#[test]
fn a_reload_keeps_what_it_has_read() {
    let whole = dump();
    let servers = [Server::real(&[]), Server::ours(&[])];
    for (name, bytes) in damages(&whole) {
        let told = servers.each_ref().map(|server| {
            let mut client = server.client();
            client.call(&["FUNCTION", "FLUSH"]);
            client.call(&["SET", "before", "1"]);
            fs::write(server.folder().join("dump.rdb"), &bytes).expect("a file can be written");
            let reply = client.call(&["DEBUG", "RELOAD", "NOSAVE"]);
            assert!(matches!(reply, Reply::Error(_)), "{name}: {reply:?}");
            let after = [&["DBSIZE"][..], &["FUNCTION", "LIST"], &["GET", "before"]];
            (reply, after.map(|words| client.call(words)))
        });
        assert_eq!(told[1], told[0], "{name}");
    }
    let [there, here] = servers.each_ref().map(|server| warnings(&server.log()));
    assert_eq!(here, there);
    for server in &servers {
        fs::remove_file(server.folder().join("dump.rdb")).expect("it is there");
        let mut client = server.client();
        let reply = client.call(&["DEBUG", "RELOAD", "NOSAVE"]);
        assert_eq!(reply, Reply::error("ERR Error trying to load the RDB dump"));
        assert_eq!(client.call(&["DBSIZE"]), Reply::Integer(0), "an old dataset goes first");
    }
}

/// A folder where the dump should be: no file can take its name.
fn obstruct(server: &Server) {
    fs::create_dir(server.folder().join("dump.rdb")).expect("a folder can be made");
}

fn signal(server: &Server, name: &str) {
    let done = Command::new("kill").args([name, &server.pid().to_string()]).status();
    assert!(done.expect("there is kill").success());
}

fn both(options: &[&str]) -> [Server; 2] {
    [Server::real(options), Server::ours(options)]
}

#[test]
fn a_signal_has_the_words_of_its_option() {
    let saved = |server: &Server| server.folder().join("dump.rdb").exists();
    for (signal_name, option, words, points, saves) in [
        ("-TERM", "shutdown-on-sigterm", "save", "", true),
        ("-INT", "shutdown-on-sigint", "save", "", true),
        ("-TERM", "shutdown-on-sigterm", "nosave", "100 1", false),
        ("-INT", "shutdown-on-sigint", "nosave now", "100 1", false),
        ("-INT", "shutdown-on-sigterm", "nosave", "100 1", true),
    ] {
        for mut server in both(&[]) {
            let mut client = server.client();
            client.call(&["CONFIG", "SET", option, words, "save", points]);
            client.call(&["SET", "k", "v"]);
            signal(&server, signal_name);
            assert!(server.wait().success());
            assert_eq!(saved(&server), saves, "{signal_name} {option} {words}");
        }
    }
    for mut server in both(&["--shutdown-on-sigterm", "save force"]) {
        server.client().call(&["PING"]);
        obstruct(&server);
        signal(&server, "-TERM");
        assert!(server.wait().success());
        assert!(server.log().contains(" # Error trying to save the DB. Exit anyway.\n"));
    }
}

#[test]
fn now_waits_for_no_replica() {
    for mut master in both(&["--shutdown-on-sigterm", "now"]) {
        let replica = Server::real(&[]);
        replica.follow(&master);
        eventually("the replica is online", || {
            replica.info("replication", "master_link_status") == "up"
        });
        replica.freeze();
        master.client().call(&["SET", "k", "v"]);
        signal(&master, "-TERM");
        master.wait();
        let log = master.log();
        assert!(log.contains("0 of 1 replicas are in sync when shutting down."), "{log}");
        assert!(!log.contains("Waiting for replicas before shutting down."), "{log}");
        replica.thaw();
    }
}

#[test]
fn a_server_that_cannot_save_stays_and_says_so() {
    for server in both(&["--shutdown-on-sigint", "save", "--rdb-key-save-delay", "10000000"]) {
        let mut client = server.client();
        client.call(&["SET", "k", "v"]);
        client.call(&["CONFIG", "SET", "repl-diskless-sync", "no", "repl-timeout", "600"]);
        let replica = Server::real(&[]);
        replica.follow(&server);
        let waits = || server.info("replication", "slave0").contains("state=wait_bgsave");
        eventually("a replica waits for its snapshot", waits);
        eventually("a child saves", || server.info("persistence", "rdb_bgsave_in_progress") == "1");
        client.call(&["CONFIG", "SET", "rdb-key-save-delay", "0"]);
        obstruct(&server);
        // What is saved now cannot take its name; the child that was at it is killed before.
        signal(&server, "-INT");
        let told = |text: &str| server.log().contains(text);
        let failed = "Errors trying to shut down the server. Check the logs for more information.";
        eventually("it says so", || told(failed));
        eventually("the child is missed", || {
            told(" # Background saving terminated by signal 10\n")
        });
        let let_go = "SYNC failed. BGSAVE child returned an error";
        eventually("the replica is let go", || told(let_go));
        // Not an insistence: the first signal is forgotten.
        signal(&server, "-INT");
        eventually("it says so again", || server.log().matches(failed).count() == 2);
        assert_eq!(server.client().call(&["PING"]), Reply::Simple("PONG".into()));
        let reply = server.client().call(&["SHUTDOWN", "SAVE"]);
        assert_eq!(reply, Reply::error("ERR Errors trying to SHUTDOWN. Check logs."));
    }
}

#[test]
fn the_cron_obeys_a_signal_and_until_then_it_can_be_revoked() {
    for server in both(&[]) {
        let mut client = server.client();
        client.call(&["DEBUG", "PAUSE-CRON", "1"]);
        signal(&server, "-TERM");
        eventually("it is heard", || server.log().contains("Received SIGTERM scheduling shutdown"));
        assert_eq!(client.call(&["SHUTDOWN", "ABORT"]), Reply::OK);
        assert!(server.log().contains("Shutdown manually aborted."), "{}", server.log());
        client.call(&["DEBUG", "PAUSE-CRON", "0"]);
        sleep(Duration::from_millis(250));
        let nothing = Reply::error("ERR No shutdown in progress.");
        assert_eq!(client.call(&["SHUTDOWN", "ABORT"]), nothing);
    }
}

#[test]
fn a_server_saves_in_its_own_name_and_who_insists_leaves_nothing_of_it() {
    for mut server in both(&["--shutdown-on-sigint", "save"]) {
        let mut client = server.client();
        client.call(&["DEBUG", "POPULATE", "20"]);
        assert_eq!(client.call(&["SAVE"]), Reply::OK);
        assert_eq!(server.info("stats", "total_forks"), "0");
        client.call(&["CONFIG", "SET", "rdb-key-save-delay", "1000000"]);
        signal(&server, "-INT");
        let file = server.folder().join(format!("temp-{}.rdb", server.pid()));
        eventually("it saves", || file.exists());
        signal(&server, "-INT");
        assert_eq!(server.wait().code(), Some(1));
        assert!(!file.exists(), "its file goes with it");
    }
}

#[test]
fn the_log_tells_what_of_a_restored_value_is_broken() {
    let told = both(&["--loglevel", "verbose"]).map(|server| {
        let mut client = server.client();
        client.call(&["DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", "1"]);
        let node = *b"\x0f\x01\x10nodenodenodenode";
        let starts: [&[u8]; 12] = [
            &[9],
            &[10],
            &[11],
            &[12],
            &[13],
            &[14, 1],
            &node,
            &[16],
            &[17],
            &[18, 1, 2],
            // Nothing is said of these.
            &[1, 5],
            &[99],
        ];
        for start in starts {
            let rest = b"\x0bdamageddata\x0a\x00\0\0\0\0\0\0\0\0";
            let head = format!("*4\r\n$7\r\nRESTORE\r\n$1\r\nk\r\n$1\r\n0\r\n${}\r\n", {
                start.len() + rest.len()
            });
            client.send(&[head.as_bytes(), start, rest, b"\r\n"].concat());
            assert_eq!(client.reply(), Some(Reply::error("ERR Bad data format")));
        }
        let told = || {
            let log = server.log();
            let lines = log.lines().filter_map(|line| line.split_once(" - Internal error "));
            lines.map(|(_, text)| text.to_owned()).collect::<Vec<_>>()
        };
        eventually("the log has its lines", || told().len() >= 10);
        told()
    });
    assert_eq!(told[1], told[0]);
}
