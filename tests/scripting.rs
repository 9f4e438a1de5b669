//! Scripts, beside a real `redis-server`.
#![cfg(all(not(target_arch = "wasm32"), feature = "scripting"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use replica_lab::resp::Reply;
use servers::{Client, Server};

/// Snippets that cannot agree, by how they begin, and why.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[test]
fn every_snippet_is_answered_as_redis_answers_it() {
    let servers = [Server::real(&[]), Server::ours(&["--profile", "7.0"])];
    let mut clients = servers.each_ref().map(Server::client);
    clients.iter_mut().for_each(furnish);
    let snippets = snippets(include_str!("scripting/snippets.txt"));
    assert!(snippets.len() > 300, "{} snippets", snippets.len());
    let (mut faults, mut excused) = (Vec::new(), 0);
    for snippet in &snippets {
        let words = ["EVAL", snippet, "2", "k1", "k2", "a1", "22"];
        let [real, ours] = clients.each_mut().map(|client| client.call(&words));
        if EXCEPTIONS.iter().any(|(begins, _)| snippet.starts_with(begins)) {
            assert_ne!(real, ours, "{snippet}: no exception any more");
            excused += 1;
        } else if real != ours {
            faults.push(format!("{snippet}\n   real: {real:?}\n   ours: {ours:?}"));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), snippets.len(), faults.join("\n"));
    assert_eq!(excused, EXCEPTIONS.len());
}

/// What the snippets find.
fn furnish(client: &mut Client) {
    for line in ["RPUSH l a b", "HSET h f v", "ZADD z 1.5 m", "SADD s x"] {
        let words: Vec<&str> = line.split(' ').collect();
        assert!(matches!(client.call(&words), Reply::Integer(_)));
    }
}

/// The paragraphs of a file behind its heading.
fn snippets(text: &str) -> Vec<&str> {
    let (_, text) = text.split_once("\n\n").expect("a heading");
    text.trim_end().split("\n---\n").collect()
}
