//! `tcp_node` in the place of redis-server: how it is told what to be, what it prints, how it ends.
//!
//! Where the two must agree to the letter the real server is asked in the same test.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use replica_lab::resp::Reply;
use servers::{Server, eventually, free_port, our_program};

/// A folder that ends with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("replica-lab-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("a file can be written");
        path.to_string_lossy().into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Starts a program that must end by itself, and answers what it says.
fn ended(program: impl AsRef<std::ffi::OsStr>, args: &[&str], input: &str) -> Output {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program is installed");
    let mut stdin = child.stdin.take().expect("its input is ours");
    // A server that refuses an option may end before it reads.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("the program ends")
}

fn signal(server: &Server, name: &str) {
    let done = Command::new("kill").args([name, &server.pid().to_string()]).status();
    assert!(done.expect("there is kill").success());
}

fn option(server: &Server, name: &str) -> String {
    let Reply::Array(pair) = server.client().call(&["CONFIG", "GET", name]) else {
        panic!("CONFIG GET answers an array")
    };
    let Some(Reply::Bulk(value)) = pair.get(1) else { panic!("there is no option {name}") };
    String::from_utf8_lossy(value).into_owned()
}

#[test]
fn a_configuration_is_refused_in_the_words_of_the_real_server() {
    let folder = Folder::new("refused");
    for text in [
        "port 27999\nfoo bar\n",
        "# a comment\n\n  repl-timeout 0\n",
        "repl-timeout x\n",
        "maxclients \"1\n",
        "databases\n",
        "repl-timeout 1 2\n",
        "replica-read-only maybe\n",
        "repl-backlog-size huge\n",
        "repl-diskless-load sometimes\n",
        "replicaof localhost\n",
        "dir /nowhere\n",
        "logfile /nowhere/redis.log\n",
        "sentinel monitor name 127.0.0.1 1 1\n",
        "dbfilename a/b\n",
        "replicaof localhost x\n",
        "unixsocketperm 999\n",
        "unixsocketperm 1000\n",
        "shutdown-on-sigterm x\n",
        "shutdown-on-sigint save nosave\n",
        "proc-title-template {x}\n",
        "maxmemory-clients 200%\n",
        "oom-score-adj-values 1 2\n",
        "activedefrag yes\n",
        "appendonly maybe\n",
        "rename-command get\n",
        "rename-command nosuch x\n",
        "rename-command get SET\n",
        "rename-command get x\nrename-command GET y\n",
    ] {
        let file = folder.file("redis.conf", text);
        same_refusal(&[&file], "");
    }
    let good = folder.file("redis.conf", "repl-timeout 5\n");
    same_refusal(&[&good, "--nosuch", "x"], "");
    same_refusal(&["--port"], "");
    same_refusal(&["--shutdown-on-sigint"], "");
    same_refusal(&["--repl-timeout", "0", "--port", "1"], "");
    same_refusal(&["--port", "--save"], "");
    same_refusal(&["-"], "repl-timeout many\n");
}

/// The file that Debian's package installs, with a place for the pid that only its service makes.
#[test]
fn the_configuration_of_debians_redis_server_starts_a_node() {
    let file = "/etc/redis/redis.conf";
    let options = ["--daemonize", "no", "--logfile", "", "--pidfile", "/nowhere/redis.pid"];
    let mut ours = Server::ours_with(&[file], &options);
    for (name, value) in [("tcp-backlog", "511"), ("save", "3600 1 300 100 60 10000")] {
        assert_eq!(option(&ours, name), value, "{name} of {file}");
    }
    assert_eq!(ours.client().call(&["SET", "k", "v"]), Reply::OK);
    ours.end();
    assert!(ours.log().contains("Removing the pid file."), "{}", ours.log());
    assert!(ours.folder().join("dump.rdb").is_file());
}

/// What would promise something that is not there ends the start with a sentence.
#[test]
fn what_is_not_there_cannot_be_asked_for() {
    let digest = format!("user default on #{} ~* &* +@all", "0".repeat(64));
    for (line, why) in [
        ("appendonly yes", "only 'no' is supported by this server"),
        ("cluster-enabled yes", "only 'no' is supported by this server"),
        ("loadmodule /some/module.so", "modules are not supported by this server"),
        ("tls-port 6380", "TLS is not supported by this server"),
        ("tls-cert-file server.crt\ntls-replication yes", "TLS is not supported by this server"),
        ("user other on nopass ~* &* +@all", "only the user 'default', with all rights, is"),
        ("user default on nopass ~cached:* +@read", "only the user 'default', with all rights, is"),
        (&*digest, "a password must be told by requirepass"),
    ] {
        let out = ended(our_program(), &["-"], line);
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(1), "{line}");
        assert!(text.lines().last().is_some_and(|last| last.starts_with(why)), "{line}: {text}");
    }
}

/// So does a file of users that has others than the one that there is.
#[test]
fn a_file_of_users_may_name_the_default_one_only() {
    let folder = Folder::new("users");
    let port = free_port().to_string();
    for (text, why) in [
        ("user default on nopass ~* &* +@all\nuser other on\n", "2: only the user 'default', "),
        ("# users\n\nusers default\n", "3: line should start with user keyword"),
    ] {
        let file = folder.file("users.acl", text);
        let out = ended(our_program(), &["--port", &port, "--aclfile", &file], "");
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert_eq!(out.status.code(), Some(1), "{said}");
        let why = format!(" # Aborting Redis startup because of ACL errors: {file}:{why}");
        assert!(said.contains(&why), "{said}");
    }
}

/// A file that a server has written anew names its user, and files may be included by a pattern.
#[test]
fn a_rewritten_configuration_starts_a_node() {
    let folder = Folder::new("rewritten");
    folder.file("more-2.conf", "repl-timeout 22\n");
    let more = folder.file("more-1.conf", "repl-timeout 11\n");
    let text = format!(
        "include {}\ninclude /nowhere/*.conf\nrequirepass secret\nuser default on \
         sanitize-payload #2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b ~* &* \
         +@all\n",
        more.replace("more-1", "more-*")
    );
    let ours = Server::ours_with(&[&folder.file("redis.conf", &text)], &[]);
    let mut client = ours.client();
    assert!(matches!(client.call(&["PING"]), Reply::Error(text) if text.starts_with("NOAUTH")));
    assert_eq!(client.call(&["AUTH", "secret"]), Reply::OK);
    let pair = ["repl-timeout", "22"].map(Reply::bulk);
    assert_eq!(client.call(&["CONFIG", "GET", "repl-timeout"]), Reply::Array(pair.to_vec()));
}

fn same_refusal(args: &[&str], input: &str) {
    let text = |out: &Output| String::from_utf8_lossy(&out.stderr).into_owned();
    let real = ended("redis-server", args, input);
    let ours = ended(our_program(), args, input);
    assert_eq!(text(&ours), text(&real).replace("Redis 7.0.15", "Redis 7.2.4"), "{args:?}");
    assert_eq!((ours.status.code(), real.status.code()), (Some(1), Some(1)), "{args:?}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let port = free_port().to_string();
    for args in [
        &["/nowhere/redis.conf"][..],
        &["--port", &port, "--save", "", "--aclfile", "/nowhere/users.acl"],
    ] {
        let missing = |program: PathBuf| {
            let out = ended(program, args, "");
            assert_eq!(out.status.code(), Some(1));
            let lines = String::from_utf8_lossy(&out.stdout).into_owned();
            lines.trim().rsplit_once(" # ").map(|(_, text)| text.to_owned()).expect("a warning")
        };
        assert_eq!(missing(our_program()), missing("redis-server".into()));
    }
}

#[test]
fn files_options_and_the_standard_input_are_read_in_this_order() {
    let folder = Folder::new("read");
    let included = folder.file("more.conf", "repl-timeout 33\nmin-replicas-max-lag 44\n");
    let text = format!(
        "# a comment\nport 1\n\n  MASTERAUTH \"two words \\x41\"  \ninclude {included}\n\
         save 900 1\nsave 300 10\nclient-output-buffer-limit replica 1mb 2mb 3\n\
         client-output-buffer-limit pubsub 4mb 5mb 6\nlist-max-ziplist-entries 5\n"
    );
    let file = folder.file("redis.conf", &text);
    let server = Server::ours_with(&[&file], &["--min-replicas-max-lag", "55"]);
    for (name, value) in [
        ("masterauth", "two words A"),
        ("repl-timeout", "33"),
        ("min-replicas-max-lag", "55"),
        ("save", "900 1 300 10"),
        (
            "client-output-buffer-limit",
            "normal 0 0 0 slave 1048576 2097152 3 pubsub 4194304 5242880 6",
        ),
    ] {
        assert_eq!(option(&server, name), value, "{name}");
    }
    assert_eq!(option(&server, "port"), server.port.to_string());
    let without = Server::ours_with(&[&file], &["--save", ""]);
    assert_eq!(option(&without, "save"), "");
    assert!(server.log().contains(" * Configuration loaded\n"), "{}", server.log());
}

#[test]
fn every_option_of_the_real_server_is_known() {
    let (real, ours) = (Server::real(&[]), Server::ours(&[]));
    let names = |server: &Server| {
        let Reply::Array(all) = server.client().call(&["CONFIG", "GET", "*"]) else {
            panic!("CONFIG GET answers an array")
        };
        let name = |reply: &Reply| {
            let Reply::Bulk(name) = reply else { panic!("a name is text, not {reply:?}") };
            String::from_utf8_lossy(name).into_owned()
        };
        all.iter().step_by(2).map(name).collect::<Vec<_>>()
    };
    let known = names(&ours);
    let unknown: Vec<_> = names(&real).into_iter().filter(|name| !known.contains(name)).collect();
    assert_eq!(unknown, [""; 0]);
}

#[test]
fn it_starts_and_ends_with_the_lines_of_redis_server() {
    let folder = Folder::new("lines");
    let (socket, pid) = (folder.0.join("s.sock"), folder.0.join("redis.pid"));
    let (socket, pid) = (socket.to_string_lossy(), pid.to_string_lossy());
    let options = ["--unixsocket", &*socket, "--pidfile", &*pid, "--save", ""];
    let mut server = Server::ours_with(&[], &options);
    let own = server.pid().to_string();
    let written = || std::fs::read_to_string(&*pid).is_ok_and(|text| text.trim() == own);
    eventually("the file has the number of the process", written);
    let mut stream = UnixStream::connect(&*socket).expect("the socket listens");
    stream.write_all(b"PING\r\n").expect("the server takes bytes");
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).expect("the server answers");
    assert_eq!(&answer, b"+PONG\r\n");
    signal(&server, "-TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert!(!folder.0.join("s.sock").exists() && !folder.0.join("redis.pid").exists());
    let log = server.log();
    let me = server.pid().to_string();
    let texts: Vec<String> = log.lines().map(|line| shown(line, &me)).collect();
    let version = format!(
        "C * Redis version=7.2.4, bits=64, commit=00000000, modified=0, pid={me}, just started"
    );
    let running = format!("M * Running mode=standalone, port={}.", server.port);
    assert_eq!(
        texts,
        [
            "C * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
            &version,
            "C * Configuration loaded",
            "M * monotonic clock: POSIX clock_gettime",
            &running,
            "M * Server initialized",
            "M * Ready to accept connections tcp",
            "M * Ready to accept connections unix",
            "signal-handler Received SIGTERM scheduling shutdown...",
            "M * User requested shutdown...",
            "M * Removing the pid file.",
            "M * Removing the unix socket file.",
            "M # Redis is now ready to exit, bye bye...",
        ],
        "{log}"
    );
}

/// A line without its process and its time.
fn shown(line: &str, pid: &str) -> String {
    let rest = line.strip_prefix(pid).and_then(|rest| rest.strip_prefix(':'));
    let rest = rest.unwrap_or_else(|| panic!("{line} is not of process {pid}"));
    match rest.strip_prefix("signal-handler (") {
        Some(rest) => {
            let (_, text) = rest.split_once(") ").expect("a time stands in brackets");
            format!("signal-handler {text}")
        }
        None => {
            let words: Vec<&str> = rest.splitn(6, ' ').collect();
            format!("{} {}", words[0], words[5])
        }
    }
}

#[test]
fn a_node_may_listen_on_a_socket_file_only_or_be_told_where() {
    let folder = Folder::new("nowhere");
    let out = ended(our_program(), &["--port", "0"], "");
    assert_eq!(out.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&out.stdout).contains("Configured to not listen anywhere"));
    let log = folder.0.join("log").to_string_lossy().into_owned();
    let server = Server::ours(&["--bind", "127.0.0.1", "-::1", "--logfile", &log]);
    assert_eq!(server.client().call(&["PING"]), Reply::Simple("PONG".into()));
    assert_eq!(server.log(), "", "the log goes to its file");
    let text = std::fs::read_to_string(&log).expect("the log is written");
    assert!(text.contains("* Ready to accept connections\n"), "{text}");
    let port = server.port.to_string();
    let out = ended(our_program(), &["--port", &port], "");
    assert_eq!(out.status.code(), Some(1));
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(said.contains("bind: Address already in use"), "{said}");
    assert_ne!(free_port(), server.port);
}

#[test]
fn a_frozen_node_goes_on_where_it_was() {
    let master = Server::real(&["--repl-diskless-sync-delay", "0"]);
    let ours = Server::ours(&[]);
    ours.follow(&master);
    eventually("the link is up", || ours.info("replication", "master_link_status") == "up");
    signal(&ours, "-STOP");
    let mut client = master.client();
    client.call(&["SET", "while", "frozen"]);
    std::thread::sleep(Duration::from_millis(1_500));
    signal(&ours, "-CONT");
    eventually("the write arrives", || {
        ours.client().call(&["GET", "while"]) == Reply::bulk(b"frozen")
    });
    assert_eq!(master.info("stats", "sync_full"), "1");
}

#[test]
fn version_and_help_are_told() {
    let version = ended(our_program(), &["--version"], "");
    assert!(String::from_utf8_lossy(&version.stdout).starts_with("Redis server v=7.2.4 sha="));
    assert_eq!(version.status.code(), Some(0));
    let help = ended(our_program(), &["--help"], "");
    assert!(String::from_utf8_lossy(&help.stderr).starts_with("Usage: "));
    assert_eq!(help.status.code(), Some(1));
}

#[test]
fn a_node_takes_after_a_release() {
    for (profile, version, diskless, rdb) in
        [("6.2", "6.2.14", "no", 9), ("7.0", "7.0.15", "yes", 10), ("7.2", "7.2.4", "yes", 11)]
    {
        let server = Server::ours_with(&[], &["--profile", profile]);
        assert_eq!(server.info("server", "redis_version"), version);
        assert_eq!(option(&server, "repl-diskless-sync"), diskless, "{profile}");
        let mut client = server.client();
        client.call(&["SET", "k", "v"]);
        let Reply::Bulk(payload) = client.call(&["DUMP", "k"]) else { panic!("no payload") };
        assert_eq!(payload[payload.len() - 10..][..2], [rdb, 0], "{profile}");
    }
    let told = ["--repl-diskless-sync", "yes", "--profile", "6.2"];
    assert_eq!(option(&Server::ours_with(&[], &told), "repl-diskless-sync"), "yes");
}

#[test]
fn an_option_is_set_and_refused_as_by_the_real_server() {
    let (real, ours) = (Server::real(&[]), Server::ours(&[]));
    for line in [
        "CONFIG SET maxmemory-policy sometimes",
        "CONFIG SET maxmemory-policy ALLKEYS-LRU",
        "CONFIG GET maxmemory-policy",
        "CONFIG SET maxmemory 1mb",
        "CONFIG GET maxmemory",
        "CONFIG SET repl-diskless-load perhaps",
        "CONFIG SET repl-timeout 0",
        "CONFIG SET repl-backlog-size huge",
        "CONFIG SET port",
        "CONFIG SET nosuch 1",
        "CONFIG NOSUCH",
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(ours.client().call(&words), real.client().call(&words), "{line}");
    }
}

#[test]
fn a_file_whose_bytes_do_not_add_up_is_the_end() {
    let mut source = Server::real(&[]);
    source.client().call(&["SET", "k", "v"]);
    assert_eq!(source.client().call(&["SAVE"]), Reply::OK);
    source.end();
    let mut dump = std::fs::read(source.folder().join("dump.rdb")).expect("a dump");
    *dump.last_mut().expect("a checksum") ^= 1;
    std::fs::write(source.folder().join("dump.rdb"), dump).expect("a file can be written");
    for program in [PathBuf::from("redis-server"), our_program()] {
        let mut command = Command::new(&program);
        let port = free_port().to_string();
        command.args(["--port", &port, "--dir"]).arg(source.folder());
        let ended = command.output().expect("it can be started");
        assert_eq!(ended.status.code(), Some(1), "{}", program.display());
        let log = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(log.contains("-> RDB CRC error"), "{log}");
        assert!(!log.contains("Ready to accept"), "{log}");
    }
}

#[test]
fn all_who_wait_for_the_end_are_told_that_it_does_not_come() {
    let at_once = ["--repl-diskless-sync-delay", "0"];
    for master in [Server::real(&at_once), Server::ours(&at_once)] {
        let replica = Server::ours(&[]);
        replica.follow(&master);
        eventually("they are in step", || {
            replica.info("replication", "master_link_status") == "up"
        });
        replica.freeze();
        master.client().call(&["INCR", "k"]);
        let mut waiting = [master.client(), master.client()];
        for client in &mut waiting {
            client.send(b"SHUTDOWN\r\n");
        }
        eventually("both wait", || master.info("clients", "blocked_clients") == "2");
        assert_eq!(master.client().call(&["SHUTDOWN", "ABORT"]), Reply::OK);
        for client in &mut waiting {
            let words = "ERR Errors trying to SHUTDOWN. Check logs.";
            assert_eq!(client.reply(), Some(Reply::error(words)));
        }
        assert_eq!(master.info("clients", "blocked_clients"), "0");
        replica.thaw();
    }
}
