//! What people use with Redis, against our node: redis-cli, redis-benchmark, redis-py, ioredis.
//!
//! The programs are the real ones; `tools/setup.sh redis clients` installs them, and where one
//! cannot be had its test fails with a sentence.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use replica_lab::resp::Reply;
use servers::Server;

#[test]
fn redis_py_finds_nothing_amiss() {
    let ours = Server::ours(&[]);
    let mut command = Command::new(packages().join("python/bin/python"));
    command.arg(scripts().join("redis_py.py")).arg(ours.port.to_string());
    let out = run(command, "");
    assert_eq!(out.matches("all as expected").count(), 2, "RESP2 and RESP3: {out}");
}

#[test]
fn ioredis_finds_nothing_amiss() {
    let ours = Server::ours(&[]);
    let mut command = Command::new("node");
    command.arg(scripts().join("ioredis.mjs")).arg(ours.port.to_string());
    command.env("CLIENT_PACKAGES", packages().join("node"));
    let out = run(command, "");
    assert!(out.contains("all as expected"), "{out}");
}

#[test]
fn every_default_test_of_redis_benchmark_runs() {
    let ours = Server::ours(&[]);
    let port = ours.port.to_string();
    let mut command = Command::new("redis-benchmark");
    command.args(["-p", &port, "-q", "-n", "2000", "-P", "4"]);
    let out = run(command, "");
    let done = |line: &str| {
        let (name, rate) = line.split_once(": ")?;
        rate.contains(" requests per second").then(|| name.to_owned())
    };
    let names: Vec<String> = out.split(['\r', '\n']).filter_map(done).collect();
    let word = |name: &String| name.split(' ').next().unwrap_or_default().to_owned();
    let words: Vec<String> = names.iter().map(word).collect();
    assert_eq!(
        words,
        [
            "PING_INLINE",
            "PING_MBULK",
            "SET",
            "GET",
            "INCR",
            "LPUSH",
            "RPUSH",
            "LPOP",
            "RPOP",
            "SADD",
            "HSET",
            "SPOP",
            "ZADD",
            "ZPOPMIN",
            "LPUSH",
            "LRANGE_100",
            "LRANGE_300",
            "LRANGE_500",
            "LRANGE_600",
            "MSET"
        ]
    );
    assert!(!out.to_lowercase().contains("error"), "{out}");
}

#[test]
fn redis_cli_pipes_commands_in() {
    let ours = Server::ours(&[]);
    let mut input = String::new();
    for n in 0..5_000 {
        input.push_str(&format!("*3\r\n$3\r\nSET\r\n$6\r\nk{n:05}\r\n$1\r\nv\r\n"));
    }
    let out = cli(&ours, &["--pipe"], &input);
    assert!(out.contains("errors: 0, replies: 5000"), "{out}");
    assert_eq!(ours.client().call(&["DBSIZE"]), Reply::Integer(5_000));
}

#[test]
fn redis_cli_shows_keys_hints_and_replies() {
    let ours = Server::ours(&[]);
    let say = |args: &[&str]| cli(&ours, args, "");
    assert_eq!(say(&["SET", "key", "한글"]), "OK\n");
    assert_eq!(say(&["GET", "key"]), "한글\n");
    assert_eq!(say(&["RPUSH", "big", "a", "b", "c"]), "3\n");
    assert_eq!(say(&["-3", "HSET", "h", "f", "v"]), "1\n");
    assert_eq!(say(&["-3", "--json", "HGETALL", "h"]), "{\"f\":\"v\"}\n");
    let keys = say(&["--scan", "--pattern", "*"]);
    let mut keys: Vec<&str> = keys.lines().collect();
    keys.sort_unstable();
    assert_eq!(keys, ["big", "h", "key"]);
    let big = say(&["--bigkeys"]);
    assert!(big.contains("Biggest   list found '\"big\"' has 3 items"), "{big}");
    assert!(big.contains("Biggest   hash found '\"h\"' has 1 fields"), "{big}");
    // The hints and the help of the prompt come from COMMAND DOCS.
    let help = say(&["help", "rpush"]);
    assert!(help.contains("RPUSH") && help.contains("summary:"), "{help}");
    let inline = cli(&ours, &[], "MULTI\nINCR n\nINCR n\nEXEC\nSELECT 1\nDBSIZE\nNOSUCH\n");
    let lines: Vec<&str> = inline.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines[..7], ["OK", "QUEUED", "QUEUED", "1", "2", "OK", "0"], "{inline}");
    assert!(lines[7].starts_with("ERR unknown command 'NOSUCH'"), "{inline}");
}

/// redis-cli reads COMMAND DOCS and writes the usage of each command itself.
#[test]
fn redis_cli_helps_with_ours_as_with_a_real_server() {
    let servers = [Server::real(&[]), Server::ours(&[])];
    let Reply::Array(names) = servers[0].client().call(&["COMMAND", "LIST"]) else {
        panic!("names")
    };
    let mut input = String::new();
    for name in names {
        let Reply::Bulk(name) = name else { panic!("a name") };
        let name = String::from_utf8_lossy(&name).replace('|', " ");
        input.push_str(&format!("help {name}\n"));
    }
    let [real, ours] = servers.each_ref().map(|server| {
        let said = cli(server, &[], &input);
        let facts = said.lines().filter(|line| !line.contains("summary:"));
        facts.map(str::to_owned).collect::<Vec<_>>()
    });
    assert!(real.len() > 1_000, "{}", real.len());
    assert_eq!(ours, real);
}

#[test]
fn redis_cli_takes_a_snapshot_that_redis_check_rdb_accepts() {
    let ours = Server::ours(&["--repl-diskless-sync-delay", "0"]);
    for command in [
        &["SET", "s", "v", "EX", "1000"][..],
        &["RPUSH", "l", "1", "two", "3"],
        &["SADD", "ints", "1", "2"],
        &["SADD", "words", "a", "b"],
        &["HSET", "h", "f", "v"],
        &["ZADD", "z", "1.5", "m"],
    ] {
        let reply = ours.client().call(command);
        assert!(!matches!(reply, Reply::Error(_)), "{command:?}: {reply:?}");
    }
    let file = std::env::temp_dir().join(format!("replica-lab-cli-{}.rdb", ours.port));
    let path = file.to_string_lossy().into_owned();
    cli(&ours, &["--rdb", &path], "");
    let mut command = Command::new("redis-check-rdb");
    command.arg(&file);
    let out = run(command, "");
    std::fs::remove_file(&file).expect("the snapshot was written");
    assert!(out.contains("\\o/ RDB looks OK! \\o/"), "{out}");
    assert!(out.contains("[info] 6 keys read") && out.contains("[info] 1 expires"), "{out}");
}

fn cli(server: &Server, args: &[&str], input: &str) -> String {
    let mut command = Command::new("redis-cli");
    command.args(["-p", &server.port.to_string()]).args(args);
    run(command, input)
}

/// What a program prints that must end well.
fn run(mut command: Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().unwrap_or_else(|error| {
        panic!("{program} cannot be started ({error}): tools/setup.sh redis clients installs it")
    });
    let mut stdin = child.stdin.take().expect("its input is ours");
    stdin.write_all(input.as_bytes()).expect("the program reads its input");
    drop(stdin);
    let out = child.wait_with_output().expect("the program ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complained) = (text(&out.stdout), text(&out.stderr));
    assert!(out.status.success(), "{program}: {}\n{said}\n{complained}", out.status);
    said
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/libraries")
}

/// Where `tools/setup.sh clients` puts the libraries.
fn packages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/clients")
}
