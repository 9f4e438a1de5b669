//! `redis-server --sentinel` over real servers and ours: it promotes either in the other's place.
//!
//! A sentinel learns of replicas from INFO and of other sentinels from a channel, and reconfigures
//! by a transaction of SLAVEOF, CONFIG REWRITE and CLIENT KILL. What that writes must be what the
//! server starts from afterwards.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::path::{Path, PathBuf};

use replica_lab::resp::Reply;
use servers::{Server, eventually, our_program};

/// A folder for the files of configuration, which goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Self {
        let folder = std::env::temp_dir().join(format!("rl-sentinel-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        Self(folder)
    }

    /// Writes a file, and names it.
    fn file(&self, name: &str, text: &str) -> String {
        let file = self.0.join(name);
        std::fs::write(&file, text).expect("a file can be written");
        file.to_string_lossy().into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Starts a server from a file of its own: as ours, or as a real one.
fn started(folder: &Folder, name: &str, ours: bool, more: &str) -> (Server, String) {
    let text = format!("save \"\"\nrepl-diskless-sync-delay 0\n{more}");
    let file = folder.file(name, &text);
    let server = if ours {
        Server::ours_with(&[&file, "--profile", "7.0"], &[])
    } else {
        Server::real_with(&[&file], &[])
    };
    (server, file)
}

/// A sentinel over `master`, which looks often and is not upset by a machine that is slow.
fn sentinel_of(folder: &Folder, master: &Server) -> Server {
    let text = format!(
        "sentinel monitor m 127.0.0.1 {} 1\nsentinel down-after-milliseconds m 1000\n",
        master.port
    );
    let file = folder.file("sentinel.conf", &text);
    let sentinel = Server::real_with(&[&file, "--sentinel"], &[]);
    for (period, milliseconds) in [
        ("info-period", "100"),
        ("publish-period", "100"),
        ("ping-period", "100"),
        ("ask-period", "100"),
        ("tilt-trigger", "600000"),
    ] {
        let words = ["SENTINEL", "DEBUG", period, milliseconds];
        assert_eq!(sentinel.client().call(&words), Reply::OK, "{period}");
    }
    sentinel
}

/// The port of the master that the sentinel tells its clients of.
fn master_of(sentinel: &Server) -> u16 {
    let Reply::Array(parts) = sentinel.client().call(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "m"])
    else {
        panic!("an address")
    };
    let Some(Reply::Bulk(port)) = parts.last() else { panic!("a port: {parts:?}") };
    String::from_utf8_lossy(port).parse().expect("a port is a number")
}

/// How many replicas follow the master, as far as the sentinel knows.
fn well(sentinel: &Server) -> usize {
    let Reply::Array(replicas) = sentinel.client().call(&["SENTINEL", "REPLICAS", "m"]) else {
        panic!("a list of replicas")
    };
    let linked = ["master-link-status", "ok"].map(Reply::bulk);
    let is_well = |replica: &&Reply| {
        let Reply::Array(facts) = replica else { panic!("the facts of a replica: {replica:?}") };
        facts.windows(2).any(|pair| pair == linked)
    };
    replicas.iter().filter(is_well).count()
}

/// Freezes the master until the sentinel has put `next` in its place, and sees that the others
/// follow and get what is written there.
fn fails_over(sentinel: &Server, old: &Server, next: &Server, third: &Server, value: &str) {
    let replicas = format!("name=m,status=ok,address=127.0.0.1:{},slaves=2", old.port);
    eventually("the sentinel knows all of them", || {
        sentinel.info("sentinel", "master0").starts_with(&replicas)
    });
    eventually("both replicas are well", || well(sentinel) == 2);
    old.freeze();
    eventually("another is the master", || master_of(sentinel) == next.port);
    old.thaw();
    for replica in [old, third] {
        eventually("it follows", || {
            let port = next.port.to_string();
            replica.info("replication", "master_port") == port
                && replica.info("replication", "master_link_status") == "up"
        });
    }
    assert_eq!(next.client().call(&["SET", "key", value]), Reply::OK);
    for replica in [old, third] {
        let gets = || replica.client().call(&["GET", "key"]) == Reply::bulk(value);
        eventually("it gets what is written", gets);
    }
    let done = format!("+slave-reconf-done slave 127.0.0.1:{0}", third.port);
    assert!(sentinel.log().contains(&done), "{}", sentinel.log());
}

/// Whom the file says the server follows.
fn followed(file: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).expect("the file is there");
    text.lines().find_map(|line| line.strip_prefix("replicaof 127.0.0.1 ")).map(str::to_owned)
}

#[test]
fn a_sentinel_promotes_either_in_the_others_place() {
    assert!(Path::new(&our_program()).exists(), "cargo build --example tcp_node");
    let folder = Folder::make();
    let (ours, our_file) = started(&folder, "ours.conf", true, "");
    let (real, real_file) = started(&folder, "real.conf", false, "");
    // The third, which is ours, never becomes the master.
    let (third, third_file) = started(&folder, "third.conf", true, "replica-priority 0\n");
    real.follow(&ours);
    third.follow(&ours);
    let sentinel = sentinel_of(&folder, &ours);
    fails_over(&sentinel, &ours, &real, &third, "of the real one");
    let port = |server: &Server| Some(server.port.to_string());
    eventually("all is written", || {
        let all = [&our_file, &real_file, &third_file].map(|file| followed(file));
        all == [port(&real), None, port(&real)]
    });
    fails_over(&sentinel, &real, &ours, &third, "of ours");
    eventually("all is written", || {
        let all = [&our_file, &real_file, &third_file].map(|file| followed(file));
        all == [None, port(&ours), port(&ours)]
    });
    let again = Server::ours_with(&[&third_file, "--profile", "7.0"], &[]);
    let gets = || again.client().call(&["GET", "key"]) == Reply::bulk("of ours");
    eventually("what starts from the file follows", gets);
}
