//! What is said of keys: the events of every family of commands, beside a real `redis-server`.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use replica_lab::resp::{Protocol, Reply, split_words};
use servers::{Client, Server};

/// A server and who listens to it.
struct Told {
    client: Client,
    /// Says when a line is done.
    marker: Client,
    listener: Client,
    _server: Server,
}

impl Told {
    fn new(server: Server) -> Self {
        let mut client = server.client();
        client.call(&["CONFIG", "SET", "notify-keyspace-events", "KEAmn"]);
        let mut listener = server.client();
        listener.call(&["PSUBSCRIBE", "__key*__:*", "end"]);
        listener.reply();
        Self { client, marker: server.client(), listener, _server: server }
    }

    /// What a line is answered, and what is said of keys meanwhile.
    fn run(&mut self, line: &str) -> (String, Vec<String>) {
        let words = split_words(line.as_bytes()).expect("a line of words");
        let mut bytes = Vec::new();
        replica_lab::resp::encode_command(&words, &mut bytes);
        self.client.send(&bytes);
        let reply = self.client.reply().expect("the server answers");
        self.marker.call(&["PUBLISH", "end", "here"]);
        let mut told = Vec::new();
        loop {
            let Some(Reply::Array(parts)) = self.listener.reply() else { panic!("a message") };
            let part = |n: usize| {
                let Reply::Bulk(text) = &parts[n] else { panic!("a text") };
                String::from_utf8_lossy(text).into_owned()
            };
            if part(2) == "end" {
                break;
            }
            told.push(format!("{} {}", part(2), part(3)));
        }
        (String::from_utf8_lossy(&reply.to_bytes(Protocol::Resp2)).into_owned(), told)
    }
}

/// Lines of every family; what chance decides is left out.
const LINES: &str = include_str!("events/lines.txt");

#[test]
fn every_family_says_what_redis_says() {
    let (mut real, mut ours) = (Told::new(Server::real(&[])), Told::new(Server::ours(&[])));
    let mut faults = Vec::new();
    let mut count = 0;
    for line in LINES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        count += 1;
        let ((reply, told), (our_reply, our_told)) = (real.run(line), ours.run(line));
        if told != our_told {
            faults.push(format!("{line}\n  real {told:?}\n  ours {our_told:?}"));
        }
        // Some replies are a clock's or a table's own.
        if reply != our_reply && !line.ends_with("# varies") {
            faults.push(format!("{line}\n  real {reply:?}\n  ours {our_reply:?}"));
        }
    }
    assert!(count > 200, "{count} lines");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
