//! The server as a process: its options, its file of them, its signals, what it leaves on the disk
//! and in the log. The real server does the same in every test.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use replica_lab::resp::Reply;
use servers::{Server, both_answer_alike, eventually};

fn both(options: &[&str]) -> [Server; 2] {
    [Server::real(options), Server::ours(options)]
}

fn hang_up(server: &Server) {
    let done = Command::new("kill").args(["-HUP", &server.pid().to_string()]).status();
    assert!(done.expect("there is kill").success());
}

/// The files of a save that is not complete.
fn unfinished(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("the folder can be read");
    let names = files.map(|file| file.expect("a file has a name").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("temp-")).collect()
}

#[test]
fn options_are_checked_and_named_alike() {
    both_answer_alike(
        &both(&[]),
        &[
            "CONFIG SET oom-score-adj-values \"1 2\"",
            "CONFIG SET oom-score-adj-values \"1 2 3000\"",
            "CONFIG SET oom-score-adj-values \"1  2 3\"",
            "CONFIG SET oom-score-adj-values \"-1 02 3\"",
            "CONFIG GET oom-score-adj-values",
            "CONFIG SET maxmemory-clients 100%",
            "CONFIG SET maxmemory-clients 101%",
            "CONFIG SET maxmemory-clients 1.5%",
            "CONFIG SET proc-title-template {foo}",
            "CONFIG SET proc-title-template {title}",
            "CONFIG SET proc-title-template {server-mode}",
            "CONFIG SET proc-title-template {unixsocket}",
            "CONFIG SET proc-title-template x{",
            "CONFIG SET proc-title-template \" \"",
            "CONFIG SET proc-title-template {{title}x",
            "CONFIG GET proc-title-template",
            "CONFIG SET shutdown-on-sigint \"save nosave\"",
            "CONFIG SET shutdown-on-sigint \"save nowx\"",
            "CONFIG SET shutdown-on-sigint \"force SAVE default\"",
            "CONFIG GET shutdown-on-sigint",
            "CONFIG SET activedefrag yes",
            "CONFIG SET activedefrag maybe",
            "CONFIG SET appendonly maybe",
            "CONFIG SET appendonly no",
            "CONFIG SET cluster-announce-hostname a_b",
            "CONFIG SET cluster-announce-hostname a-b.c",
            "CONFIG SET unixsocketperm 700",
            "CONFIG GET SAVE save",
            "CONFIG GET Slave-Priority",
            "CONFIG GET sa?e SAVE",
            "CONFIG GET *-save-delay",
            "CONFIG GET RDB-key-save-delay",
            "CONFIG GET key-load-delay",
            "CONFIG GET *-interval-bytes",
            "CONFIG GET loading-process-events-interval-bytes",
            "CONFIG SET loading-process-events-interval-bytes 1023",
            "CONFIG GET use-exit-on-pani?",
            "CONFIG SET use-exit-on-panic 1",
            "CONFIG GET watchdog-period",
            "CONFIG SET watchdog-period -1",
        ],
    );
}

#[test]
fn a_server_outlives_its_terminal() {
    for server in both(&[]) {
        hang_up(&server);
        assert_eq!(server.client().call(&["PING"]), Reply::Simple("PONG".into()));
    }
}

#[test]
fn the_end_takes_along_what_a_child_has_written() {
    for mut server in both(&["--rdb-key-save-delay", "1000000"]) {
        server.client().call(&["DEBUG", "POPULATE", "100"]);
        server.client().call(&["BGSAVE"]);
        eventually("a file is begun", || unfinished(server.folder()).len() == 1);
        server.end();
        assert_eq!(unfinished(server.folder()), [""; 0]);
        // A real child writes its line in pieces, between which its parent may write: and it may
        // outlive its parent by a moment.
        for text in ["There is a child saving an .rdb. Killing it!", "Received SIGUSR1 in child"] {
            eventually(text, || server.log().contains(text));
        }
    }
}

#[test]
fn a_file_that_cannot_take_its_name_is_told_and_goes() {
    for server in both(&[]) {
        std::fs::create_dir(server.folder().join("dump.rdb")).expect("a folder can be made");
        let text = format!(
            " on the final destination dump.rdb (in server root dir {}): Is a directory",
            server.folder().display()
        );
        let told = |role: &str| {
            let log = server.log();
            let lines = log.lines().filter(|line| line.ends_with(&text));
            lines.filter(|line| line.contains(role)).count()
        };
        assert_eq!(server.client().call(&["SAVE"]), Reply::error("ERR"));
        assert_eq!(told(":M "), 1, "{}", server.log());
        server.client().call(&["BGSAVE"]);
        eventually("the child has said the same", || told(":C ") == 1);
        eventually("nothing is left", || unfinished(server.folder()).is_empty());
    }
}

/// Lines of the log that say of clients that they have come or gone, without their numbers.
fn comings_and_goings(server: &Server) -> Vec<String> {
    let log = server.log();
    let texts = log.lines().filter_map(|line| line.split_once(" - ").map(|(_, text)| text));
    let kinds = ["Accepted 127.0.0.1:", "Client closed connection id="];
    texts
        .filter_map(|text| kinds.iter().find(|kind| text.starts_with(**kind)))
        .map(|kind| (*kind).to_owned())
        .collect()
}

#[test]
fn comings_and_goings_are_logged_if_that_is_wanted() {
    for server in both(&[]) {
        let mut client = server.client();
        client.call(&["PING"]);
        client.call(&["CONFIG", "SET", "loglevel", "verbose"]);
        let mut other = server.client();
        other.call(&["PING"]);
        drop(other);
        eventually("both are told", || comings_and_goings(&server).len() == 2);
        client.call(&["CONFIG", "SET", "loglevel", "notice"]);
        let told = comings_and_goings(&server);
        assert_eq!(told, ["Accepted 127.0.0.1:", "Client closed connection id="]);
        server.client().call(&["PING"]);
        assert_eq!(comings_and_goings(&server), told);
    }
}

#[test]
fn another_history_is_logged() {
    for server in both(&[]) {
        assert_eq!(server.client().call(&["DEBUG", "CHANGE-REPL-ID"]), Reply::OK);
        let text = " # Changing replication IDs after receiving DEBUG change-repl-id\n";
        assert!(server.log().contains(text), "{}", server.log());
    }
}

#[test]
fn clients_of_a_socket_file_are_told_apart() {
    for place in ["real", "ours"] {
        let path = std::env::temp_dir().join(format!("rl-{}-{place}.sock", std::process::id()));
        let path = path.to_string_lossy().into_owned();
        let options = ["--unixsocket", &*path, "--unixsocketperm", "700"];
        let server = if place == "real" { Server::real(&options) } else { Server::ours(&options) };
        let template = ["CONFIG", "SET", "proc-title-template", "{unixsocket}"];
        assert_eq!(server.client().call(&template), Reply::OK);
        let connect = || BufReader::new(UnixStream::connect(&path).expect("it listens"));
        let ask = |stream: &mut BufReader<UnixStream>, command: &str| {
            stream.get_mut().write_all(command.as_bytes()).expect("it takes bytes");
            line(stream)
        };
        let (mut watcher, mut client) = (connect(), connect());
        assert_eq!(ask(&mut watcher, "MONITOR\r\n"), "+OK\r\n");
        ask(&mut client, "CLIENT INFO\r\n");
        let info = line(&mut client);
        assert!(info.contains(&format!(" addr={path}:0 laddr={path}:0 ")), "{info}");
        assert!(info.contains(" flags=U "), "{info}");
        let shown = line(&mut watcher);
        assert!(shown.ends_with(&format!(" [0 unix:{path}] \"CLIENT\" \"INFO\"\r\n")), "{shown}");
        drop(server);
        let _ = std::fs::remove_file(&path);
    }
}

fn line(stream: &mut BufReader<UnixStream>) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).expect("it answers");
    line
}

const WRITTEN_BY_HAND: &str = "\
# mine


  timeout 5
slaveof 127.0.0.1 1


unixsocketperm 700
save 900 1
save 60 5
maxmemory-clients 10%
proc-title-template \"plain x\"
oom-score-adj-values 1 2 3
enable-debug-command yes
";

#[test]
fn a_file_is_written_anew_alike_and_can_be_read_again() {
    let folder = std::env::temp_dir().join(format!("rl-rewrite-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let file = folder.join("redis.conf").to_string_lossy().into_owned();
    // A 7.2 says more of its default user.
    let starts: [fn(&str) -> Server; 2] = [
        |file| Server::real_with(&[file], &[]),
        |file| Server::ours_with(&[file, "--profile", "7.0"], &[]),
    ];
    let written = starts.map(|start| {
        std::fs::write(&file, WRITTEN_BY_HAND).expect("a file can be written");
        let server = start(&file);
        let mut client = server.client();
        for words in [
            &["REPLICAOF", "NO", "ONE"][..],
            &["CONFIG", "SET", "masterauth", "x\ny\"\\\u{e9}"],
            &["CONFIG", "SET", "requirepass", "secret"],
            &["AUTH", "secret"],
            &["CONFIG", "SET", "save", "900 1"],
            &["CONFIG", "SET", "shutdown-on-sigint", "now SAVE"],
            &["CONFIG", "REWRITE"],
        ] {
            assert_eq!(client.call(words), Reply::OK, "{words:?}");
        }
        let text = std::fs::read_to_string(&file).expect("the file is there");
        let (head, tail) = text.split_once("# Generated").expect("options were added");
        let mut tail: Vec<&str> = tail.lines().collect();
        // Where the two listen, and keep their files.
        tail.retain(|line| !line.starts_with("port ") && !line.starts_with("dir "));
        tail.sort_unstable();
        (format!("{head}{}", tail.join("\n")), server)
    });
    assert_eq!(written[1].0, written[0].0);
    let again = Server::ours_with(&[&file], &[]);
    let mut client = again.client();
    assert_eq!(client.call(&["AUTH", "secret"]), Reply::OK);
    let pair = ["masterauth", "x\ny\"\\\u{e9}"].map(Reply::bulk);
    assert_eq!(client.call(&["CONFIG", "GET", "masterauth"]), Reply::Array(pair.to_vec()));
    std::fs::remove_dir_all(&folder).expect("the folder can go");
}

/// Files with and without an end of their last line, and texts that are none: where the empty lines
/// come to stand when options are added, and added again.
#[test]
fn empty_lines_of_a_file_written_anew_stand_alike() {
    let folder = std::env::temp_dir().join(format!("rl-lines-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let file = folder.join("redis.conf").to_string_lossy().into_owned();
    let starts: [fn(&str) -> Server; 2] = [
        |file| Server::real_with(&[file], &[]),
        |file| Server::ours_with(&[file, "--profile", "7.0"], &[]),
    ];
    for old in FILES_WRITTEN_ANEW {
        let [real, ours] = starts.map(|start| {
            std::fs::write(&file, old).expect("a file can be written");
            let server = start(&file);
            let mut client = server.client();
            let mut seen = Vec::new();
            for words in [
                &["CONFIG", "SET", "masterauth", ""][..],
                &["CONFIG", "SET", "masterauth", "secret", "hz", "20"],
                &["CONFIG", "SET", "masterauth", "", "hz", "10"],
                &["REPLICAOF", "127.0.0.1", "2"],
                &["REPLICAOF", "NO", "ONE"],
            ] {
                assert_eq!(client.call(words), Reply::OK, "{words:?}");
                assert_eq!(client.call(&["CONFIG", "REWRITE"]), Reply::OK);
                let text = std::fs::read_to_string(&file).expect("the file is there");
                seen.push(blocks(&text));
            }
            seen
        });
        assert_eq!(ours, real, "{old:?}");
    }
    std::fs::remove_dir_all(&folder).expect("the folder can go");
}

/// A file as what stands between its empty lines. Redis adds options in an order of chance, and
/// each server names its own port and folder.
fn blocks(text: &str) -> Vec<Vec<String>> {
    let mut blocks = vec![Vec::new()];
    for line in text.split('\n') {
        match (line, blocks.last_mut()) {
            ("", _) | (_, None) => blocks.push(Vec::new()),
            (line, Some(block)) => block.push(line.to_owned()),
        }
    }
    for block in &mut blocks {
        block.retain(|line| !line.starts_with("port ") && !line.starts_with("dir "));
        block.sort_unstable();
    }
    blocks
}

const FILES_WRITTEN_ANEW: [&str; 6] = [
    "hz 10",
    "",
    "\n",
    "hz 10\r\n\r\n\r\n# mine\r\n",
    "replicaof 127.0.0.1 1\n\n\n\n# mine\n   \nhz 10",
    "masterauth \"\"\nlogfile \"\"\nsyslog-ident \"\"\nmasteruser \"\"\npidfile \"\"\nhz 10\n",
];

/// Lines about how many files may be open, without their beginnings.
fn about_files(log: &str) -> Vec<String> {
    let words = ["maxclients", "open file"];
    let about = log.lines().filter(|line| words.iter().any(|word| line.contains(word)));
    about.filter_map(|line| line.splitn(6, ' ').last().map(str::to_owned)).collect()
}

#[test]
fn there_are_no_more_clients_than_files() {
    let programs = ["redis-server".into(), servers::our_program().display().to_string()];
    let dir = std::env::temp_dir().display().to_string();
    for limits in ["-Sn 500", "-n 200", "-n 210", "-n 20"] {
        let told = programs.each_ref().map(|program| {
            let port = servers::free_port();
            let server = format!("'{program}' --port {port} --dir '{dir}' --save ''");
            let command = format!("ulimit {limits}; exec timeout 1 {server}");
            let output = Command::new("bash").args(["-c", &command]).output();
            about_files(&String::from_utf8_lossy(&output.expect("there is bash").stdout))
        });
        assert_eq!(told[1], told[0], "{limits}");
        assert!(!told[0].is_empty());
    }
    both_answer_alike(
        &both(&[]),
        &[
            "CONFIG SET maxclients 1100000",
            "CONFIG SET maxclients 100",
            "CONFIG GET maxclients",
            "CONFIG SET bind-source-addr 127.0.0.1",
            "CONFIG GET bind-source-addr",
        ],
    );
}

#[test]
fn a_replica_comes_from_where_it_is_told_to() {
    for replica in both(&["--bind-source-addr", "127.0.0.2"]) {
        let master = Server::real(&["--protected-mode", "no"]);
        replica.follow(&master);
        let seen = || master.info("replication", "slave0");
        eventually("it is seen", || seen().starts_with("ip=127.0.0.2,"));
    }
}

#[test]
fn a_server_listens_everywhere_and_keeps_strangers_out() {
    let said = both(&[]).map(|master| {
        let reached = ["127.0.0.1", "127.0.0.2", "::1"]
            .map(|host| TcpStream::connect((host, master.port)).is_ok());
        assert_eq!(reached[..2], [true, true]);
        // Who comes from another address than the first of the loopback is no neighbour in 7.0.
        let replica = Server::real(&["--bind-source-addr", "127.0.0.2"]);
        replica.follow(&master);
        let answered = "Error reply to PING from master: ";
        eventually("it is turned away", || replica.log().contains(answered));
        let log = replica.log();
        let line = log.lines().find_map(|line| line.split(answered).nth(1));
        let line = line.expect("it is there").to_owned();
        assert_ne!(master.info("stats", "rejected_connections"), "0");
        master.client().call(&["CONFIG", "SET", "protected-mode", "no"]);
        eventually("it is let in", || replica.info("replication", "master_link_status") == "up");
        (reached, line)
    });
    assert!(said[0].1.starts_with("'-DENIED Redis is running in protected mode"));
    assert_eq!(said[1], said[0]);
}

#[cfg(target_os = "linux")]
#[test]
fn the_kernel_is_told_which_process_to_end_first() {
    for server in both(&["--oom-score-adj-values", "10 20 30"]) {
        let score = || -> i64 {
            let file = format!("/proc/{}/oom_score_adj", server.pid());
            let text = std::fs::read_to_string(file).expect("the kernel tells");
            text.trim().parse().expect("a number")
        };
        let mut client = server.client();
        let base = score();
        let mut steps = |words: &str, wanted: i64| {
            client.call(&words.split(' ').collect::<Vec<_>>());
            assert_eq!(score(), wanted, "{words}");
        };
        steps("CONFIG SET oom-score-adj yes", base + 10);
        steps("REPLICAOF 127.0.0.1 1", base + 20);
        steps("REPLICAOF NO ONE", base + 10);
        steps("CONFIG SET oom-score-adj absolute", 10);
        steps("CONFIG SET oom-score-adj relative", base + 10);
        steps("CONFIG SET oom-score-adj no", base);
        steps("REPLICAOF 127.0.0.1 1", base);
    }
}
