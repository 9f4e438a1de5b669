//! CLIENT TRACKING beside a real `redis-server`: who is told which keys have changed, and when.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one reply among many")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use replica_lab::resp::{Protocol, Reply, split_words};
use servers::{Client, Server};

/// What three connections do, `a`, `b` and `c`. `hear` stands for all that one has been told since
/// it was last heard; `<b>` is the number of a connection.
const STORY: &str = "
a HELLO 3
b SET k 1
a CLIENT TRACKING on
a GET k
b SET k 2
hear a
b SET k 3
hear a
a MGET k other {x}
a STRLEN k
b MSET k 1 other 2
hear a
a GET k
a SET k mine
hear a
a GET k
b SELECT 3
b SET k elsewhere
hear a
b SELECT 0
a GET short
b SET short v PX 30
hear a
a GET short
b DEBUG SLEEP 0.05
b GET short
hear a
a HGETALL h
b HSET h f v
hear a
a XREAD STREAMS t 0
b XADD t 1-1 f v
hear a
a GET k
b MULTI
b SET k 5
b DEL k
b EXEC
hear a
a MULTI
a GET k
a EXEC
b SET k 6
hear a
a EVAL \"return redis.call('GET', KEYS[1])\" 1 k
b EVAL \"return redis.call('SET', KEYS[1], 7)\" 1 k
hear a
a EVAL \"return redis.call('GET', 'third')\" 2 k other
b MSET k 8 other 9 third 10
hear a
a EVAL \"return redis.call('SET', 'third', 11)\" 2 k other
b MSET k 9 other 10
hear a
a GET k
b RENAME k renamed
hear a
a GET renamed
b FLUSHALL
hear a
b SET k 1
hear a
a CLIENT TRACKINGINFO
a CLIENT GETREDIR
a CLIENT TRACKING on NOLOOP
a CLIENT TRACKINGINFO
a GET k
a SET k 2
hear a
a GET k
b SET k 3
hear a
a CLIENT TRACKING off
a CLIENT TRACKINGINFO
a GET k
b SET k 4
hear a
a CLIENT TRACKING on OPTIN
a GET k
b SET k 5
hear a
a CLIENT CACHING no
a CLIENT CACHING maybe
a CLIENT CACHING yes
a CLIENT TRACKINGINFO
a GET k
a GET other
b MSET k 6 other 1
hear a
a CLIENT CACHING yes
a MULTI
a GET k
a GET other
a EXEC
b MSET k 7 other 2
hear a
a CLIENT TRACKING on OPTOUT
a CLIENT TRACKING off
a CLIENT TRACKING on OPTOUT
a CLIENT CACHING no
a GET k
a GET other
b MSET k 8 other 3
hear a
a CLIENT TRACKING on BCAST
a CLIENT TRACKING off
a CLIENT TRACKING on BCAST PREFIX user: PREFIX post:
a CLIENT TRACKINGINFO
a CLIENT TRACKING on BCAST PREFIX user:1
a CLIENT TRACKING on BCAST PREFIX x PREFIX xy
a CLIENT TRACKING on BCAST PREFIX more NOLOOP
a CLIENT TRACKINGINFO
b MSET user:2 1 other 1 post:1 1 user:1 1
hear a
a SET user:3 1
hear a
b FLUSHDB
hear a
a CLIENT TRACKING off
a CLIENT TRACKING on BCAST
b SET any 1
hear a
a CLIENT TRACKING off
a CLIENT TRACKING on PREFIX x
a CLIENT TRACKING on OPTIN OPTOUT
a CLIENT TRACKING on BCAST OPTIN
a CLIENT TRACKING on REDIRECT 987654321
a CLIENT TRACKING on REDIRECT x
a CLIENT TRACKING on REDIRECT <b> REDIRECT <b>
a CLIENT TRACKING on REDIRECT
a CLIENT TRACKING on NOSUCH
a CLIENT TRACKING maybe
a CLIENT CACHING yes
c SUBSCRIBE __redis__:invalidate
a CLIENT TRACKING on REDIRECT <c>
a CLIENT GETREDIR
a CLIENT TRACKINGINFO
a GET k
b SET k 1
hear c
hear a
b FLUSHALL
hear c
a GET k
c QUIT
b SET k 2
hear a
a CLIENT TRACKINGINFO
a RESET
a CLIENT TRACKINGINFO
a CLIENT TRACKING on
a GET k
b SET k 3
hear a
a HELLO 3
a CLIENT TRACKING off
a CLIENT TRACKING on BCAST NOLOOP
a MULTI
a SET short v PX 1
a SET long v
a DEBUG SLEEP 0.05
a GET short
a EXEC
b DEBUG SLEEP 0.15
b DEBUG SLEEP 0.15
hear a
a CLIENT TRACKING off
a CLIENT TRACKING on NOLOOP
a DEBUG SET-ACTIVE-EXPIRE 0
a SET short v PX 30
a GET short
a DEBUG SLEEP 0.05
a GET short
a DEBUG SET-ACTIVE-EXPIRE 1
hear a
a GET k
a GET kept
a CLIENT TRACKING off
b SET k unheard
a CLIENT TRACKING on
b SET k 1
b SET kept 1
hear a
a GET k
a CLIENT TRACKING off
b FLUSHALL
a CLIENT TRACKING on
b SET k 2
hear a
";

#[test]
fn clients_are_told_of_the_same_changes_as_by_a_real_server() {
    let [real, ours] = [Server::real(&[]), Server::ours(&[])].map(|server| told(&server));
    let differ = real.iter().zip(&ours).find(|(real, ours)| real != ours);
    assert_eq!(differ, None, "the first that differs");
    assert_eq!(real.len(), ours.len());
    let heard = |line: &&String| line.starts_with("hear") && line.contains("invalidate");
    assert!(ours.iter().filter(heard).count() > 20);
}

/// The lines of the story with what came of each.
fn told(server: &Server) -> Vec<String> {
    let mut clients = [server.client(), server.client(), server.client()];
    let ids = clients.each_mut().map(|client| match client.call(&["CLIENT", "ID"]) {
        Reply::Integer(id) => id.to_string(),
        other => panic!("{other:?} is no number"),
    });
    let mut told = Vec::new();
    for line in STORY.trim().lines() {
        let outcome = match line.split_once(' ') {
            Some(("hear", who)) => heard(&mut clients[index(who)]),
            Some((who, command)) => {
                let command = command.replace("<b>", &ids[1]).replace("<c>", &ids[2]);
                format!("{:?}", said(&mut clients[index(who)], &command))
            }
            None => panic!("what is {line}?"),
        };
        let outcome = ids.iter().fold(outcome, |outcome, id| {
            let shown = outcome.replace(&format!("Integer({id})"), "Integer(<id>)");
            shown.replace(&format!(":{id}\r\n"), ":<id>\r\n")
        });
        told.push(format!("{line}: {outcome}"));
    }
    told
}

fn index(who: &str) -> usize {
    ["a", "b", "c"].iter().position(|name| *name == who).expect("a, b or c")
}

/// The reply to a command; what else is told meanwhile is kept for `hear`.
fn said(client: &mut Client, command: &str) -> Reply {
    let words = split_words(command.as_bytes()).expect("a line of words");
    let words: Vec<String> =
        words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    client.call(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Everything that a connection has been told.
fn heard(client: &mut Client) -> String {
    const MARK: &str = "this is heard last";
    let mut bytes = Vec::new();
    replica_lab::resp::encode_command(&["PING", MARK], &mut bytes);
    client.send(&bytes);
    let mut all = Vec::new();
    loop {
        let reply = client.reply().expect("it is still open");
        let text = String::from_utf8_lossy(&reply.to_bytes(Protocol::Resp3)).into_owned();
        if text.contains(MARK) {
            return all.join(" ");
        }
        all.push(text);
    }
}
