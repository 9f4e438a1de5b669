//! What COMMAND tells of every command, beside a real `redis-server`.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::collections::BTreeMap;

use replica_lab::resp::Reply;
use servers::{Server, both_answer_alike, eventually};

/// The parts of a map by their names.
fn parts(map: &Reply) -> Vec<(String, &Reply)> {
    let Reply::Map(pairs) = map else { panic!("a map: {map:?}") };
    pairs.iter().map(|(name, part)| (text(name), part)).collect()
}

fn part<'a>(map: &'a Reply, name: &str) -> Option<&'a Reply> {
    parts(map).into_iter().find_map(|(own, part)| (own == name).then_some(part))
}

fn text(reply: &Reply) -> String {
    if let Reply::Simple(text) = reply {
        return text.to_string();
    }
    let Reply::Bulk(bytes) = reply else { panic!("a text: {reply:?}") };
    String::from_utf8_lossy(bytes).into_owned()
}

fn items(reply: &Reply) -> &[Reply] {
    let (Reply::Array(items) | Reply::Set(items)) = reply else { panic!("items: {reply:?}") };
    items
}

/// What is a fact of a part of the documentation: a sentence is our own.
fn fact(name: &str, part: &Reply) -> String {
    match name {
        "summary" => {
            assert!(!text(part).is_empty());
            String::new()
        }
        "complexity" => bound(&text(part)),
        "replaced_by" => format!("{:?}", names_in(&text(part))),
        "history" => {
            let entries = items(part).iter().map(|entry| {
                let [release, what] = items(entry) else { panic!("two texts: {entry:?}") };
                assert!(!text(what).is_empty());
                text(release)
            });
            entries.collect::<Vec<_>>().join(" ")
        }
        _ => format!("{part:?}"),
    }
}

/// The first bound of a complexity, `O(N+log(M))`; none if it is told in words only.
fn bound(complexity: &str) -> String {
    assert!(!complexity.is_empty());
    let Some(start) = complexity.find("O(") else { return String::new() };
    let mut open = 0;
    let ends = complexity[start..].find(|c| {
        open += i32::from(c == '(') - i32::from(c == ')');
        c == ')' && open == 0
    });
    let end = start + ends.expect("a bound is closed");
    complexity[start..=end].replace(' ', "")
}

/// The commands and arguments that a text names, in the manual's quotes.
fn names_in(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.map(|name| name.trim_start_matches('!').to_owned()).collect()
}

/// Compares what is told of a command, and of its subcommands.
fn compare(name: &str, real: &Reply, ours: &Reply, faults: &mut Vec<String>) {
    let told = |docs: &Reply| -> Vec<(String, String)> {
        let facts = parts(docs).into_iter().filter(|(part, _)| part != "subcommands");
        facts.map(|(part, value)| (part.clone(), fact(&part, value))).collect()
    };
    let (there, here) = (told(real), told(ours));
    if there != here {
        faults.push(format!("{name}\n  real {there:?}\n  ours {here:?}"));
    }
    let subcommands = |docs| part(docs, "subcommands").map(parts).unwrap_or_default();
    compare_all(subcommands(real), subcommands(ours), faults);
}

fn compare_all(real: Vec<(String, &Reply)>, ours: Vec<(String, &Reply)>, faults: &mut Vec<String>) {
    let [real, ours] = [real, ours].map(BTreeMap::from_iter);
    assert_eq!(names(&real), names(&ours));
    for (name, docs) in real {
        compare(&name, docs, ours[&name], faults);
    }
}

fn names(of: &BTreeMap<String, &Reply>) -> Vec<String> {
    of.keys().cloned().collect()
}

/// What COMMAND DOCS tells of all commands, with maps.
fn docs_of(server: &Server) -> Reply {
    let mut client = server.client();
    client.call(&["HELLO", "3"]);
    client.call(&["COMMAND", "DOCS"])
}

#[test]
fn every_command_is_documented_as_by_a_real_server() {
    let [real, ours] = [Server::real(&[]), Server::ours(&[])].each_ref().map(docs_of);
    let mut faults = Vec::new();
    compare_all(parts(&real), parts(&ours), &mut faults);
    assert!(faults.is_empty(), "{}: {}", faults.len(), faults.join("\n"));
    assert!(parts(&real).len() > 230);
}

/// A 7.2 tells of itself: there is no real one here, but its names and its commands are known.
#[test]
fn a_newer_release_documents_what_it_has() {
    let docs = docs_of(&Server::ours(&["--profile", "7.2"]));
    let of = |name: &str, field: &str| -> Reply {
        part(part(&docs, name).expect("a command"), field).expect("a field").clone()
    };
    assert_eq!(text(&of("waitaof", "since")), "7.2.0");
    assert_eq!(text(&of("setnx", "deprecated_since")), "2.6.12");
    let arguments = of("zrank", "arguments");
    let [key, member, score] = items(&arguments) else { panic!("{arguments:?}") };
    let shown = [key, member, score].map(|one| text(part(one, "display_text").expect("a name")));
    assert_eq!(shown, ["key", "member", "withscore"]);
    let arguments = of("sort", "arguments");
    let by = &items(&arguments)[1];
    let told = ["name", "display_text", "token"].map(|field| text(part(by, field).expect(field)));
    assert_eq!(told, ["by-pattern", "pattern", "BY"]);
    // What belongs together is called by no name.
    assert_eq!(part(&items(&of("hset", "arguments"))[1], "display_text"), None);
}

/// Scripts of a 7.2 may call what waits, and do not wait.
#[test]
fn a_newer_release_lets_scripts_call_what_waits() {
    let master = Server::ours(&["--profile", "7.2", "--repl-diskless-sync-delay", "0"]);
    let replica = Server::ours(&["--profile", "7.2"]);
    replica.follow(&master);
    eventually("they are in step", || replica.info("replication", "master_link_status") == "up");
    let mut client = master.client();
    client.call(&["RPUSH", "l", "a", "b", "c"]);
    let mut eval = |call: &str| {
        let script = format!("return redis.call({call})");
        client.call(&["EVAL", &script, "0"])
    };
    let popped = ["l", "a"].map(Reply::bulk).to_vec();
    assert_eq!(eval("'BLPOP', 'l', 0"), Reply::Array(popped));
    assert_eq!(eval("'BLPOP', 'none', 0"), Reply::Null);
    assert_eq!(eval("'BLMOVE', 'l', 'm', 'LEFT', 'LEFT', 0"), Reply::bulk("b"));
    assert_eq!(eval("'BRPOPLPUSH', 'none', 'm', 0"), Reply::Null);
    assert!(matches!(eval("'WAIT', 7, 0"), Reply::Integer(0..=1)));
    eventually("the replica has what is left", || {
        let left = |key| replica.client().call(&["LRANGE", key, "0", "-1"]);
        [left("l"), left("m")] == ["c", "b"].map(|one| Reply::Array(vec![Reply::bulk(one)]))
    });
    let refused = eval("'WAITAOF', 0, 0, 0");
    assert!(matches!(&refused, Reply::Error(text) if text.contains("not allowed from script")));
}

#[test]
fn an_older_release_tells_what_it_knew_to_tell() {
    let server = Server::ours(&["--profile", "6.2"]);
    let mut client = server.client();
    for unknown in [&["COMMAND", "DOCS"][..], &["COMMAND", "LIST"]] {
        let reply = client.call(unknown);
        assert!(matches!(&reply, Reply::Error(text) if text.contains("nknown subcommand")));
    }
    let reply = client.call(&["COMMAND", "INFO", "get"]);
    assert_eq!(items(&items(&reply)[0]).len(), 7, "{reply:?}");
}

/// What is asked of commands.
const OF_COMMANDS: &[&str] = &[
    "COMMAND NOSUCH",
    "COMMAND COUNT x",
    "COMMAND INFO nosuch get",
    "COMMAND DOCS nosuch",
    "COMMAND LIST FILTERBY",
    "COMMAND LIST NOSUCH",
    "COMMAND LIST FILTERBY ACLCAT nosuch",
    "COMMAND LIST FILTERBY MODULE x",
    "COMMAND GETKEYS",
    "COMMAND GETKEYS set",
    "COMMAND GETKEYS nosuch a",
    "COMMAND GETKEYS ping a",
    "COMMAND GETKEYS set k",
    "COMMAND GETKEYS set k v",
    "COMMAND GETKEYS mset a 1 b 2",
    "COMMAND GETKEYS sort a STORE b BY w_* GET #",
    "COMMAND GETKEYS xreadgroup GROUP g c STREAMS a b 0 0",
    "COMMAND GETKEYS zunionstore d 2 a b WEIGHTS 1 2",
    "COMMAND GETKEYS zunionstore d x a",
    "COMMAND GETKEYS lmpop 2 a b LEFT",
    "COMMAND GETKEYS georadius g 1 1 1 km STORE d",
    "COMMAND GETKEYS memory usage k",
    "COMMAND GETKEYS object encoding k",
    "COMMAND GETKEYS xgroup create k g 0",
    "COMMAND GETKEYS bitop AND d a b",
    "COMMAND GETKEYS eval x 0",
    "COMMAND GETKEYS eval x -1 k",
    "COMMAND GETKEYS fcall f 0 x",
    "COMMAND GETKEYSANDFLAGS set k v",
    "COMMAND GETKEYSANDFLAGS set k get",
    "COMMAND GETKEYSANDFLAGS set k v get",
    "COMMAND COUNT",
    "COMMAND INFO waitaof",
    "COMMAND DOCS waitaof",
    "COMMAND LIST FILTERBY PATTERN wait*",
    "COMMAND GETKEYSANDFLAGS zunionstore d 2 a b",
    "COMMAND GETKEYSANDFLAGS",
    "COMMAND GETKEYSANDFLAGS ping",
    "COMMAND GETKEYS ping",
    "ZRANK k m WITHSCORE",
    "ZREVRANK k m WITHSCORE",
    "EVAL \"return redis.call('WAIT', 0, 0)\" 0",
    "EVAL \"return redis.call('BLPOP', 'l', 0)\" 0",
    "COMMAND GETKEYSANDFLAGS lmove a b LEFT LEFT",
    "COMMAND HELP",
];

/// What a real server tells of a command, ours tells too.
#[test]
fn commands_are_described_as_by_a_real_server() {
    let servers = [Server::real(&[]), Server::ours(&[])];
    let [mut real, mut ours] = [servers[0].client(), servers[1].client()];
    let mut faults = Vec::new();
    for protocol in ["2", "3"] {
        let [there, here] = [&mut real, &mut ours].map(|client| {
            client.call(&["HELLO", protocol]);
            let all = items(&client.call(&["COMMAND"])).to_vec();
            let named = |info: Reply| (text(&items(&info)[0]), sorted(info));
            all.into_iter().map(named).collect::<BTreeMap<_, _>>()
        });
        assert!(there.len() > 230 && there.keys().eq(here.keys()));
        for (name, info) in there {
            if info != here[&name] {
                faults.push(format!("{name}\n  real {info:?}\n  ours {:?}", here[&name]));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    both_answer_alike(&servers, OF_COMMANDS);
}

#[test]
fn commands_are_listed_by_their_categories_and_names() {
    let servers = [Server::real(&[]), Server::ours(&[])];
    let [mut real, mut ours] = [servers[0].client(), servers[1].client()];
    let categories = real.call(&["ACL", "CAT"]);
    let mut filters = vec![vec![]];
    filters.extend(items(&categories).iter().map(|one| vec!["aclcat".to_owned(), text(one)]));
    let patterns = ["*", "x*", "?et", "[gs]et", "*|*", "config|*", "CONFIG|G*", "nosuch*", ""];
    filters.extend(patterns.map(|pattern| vec!["pattern".to_owned(), pattern.to_owned()]));
    filters.push(vec!["module".to_owned(), "nosuch".to_owned()]);
    for filter in filters {
        let mut words = vec!["COMMAND", "LIST"];
        words.extend((!filter.is_empty()).then_some("FILTERBY"));
        words.extend(filter.iter().map(String::as_str));
        let [there, here] = [&mut real, &mut ours].map(|client| {
            let mut names: Vec<String> = items(&client.call(&words)).iter().map(text).collect();
            names.sort_unstable();
            names
        });
        assert_eq!(here, there, "{words:?}");
    }
}

/// Calls of a command, as its documentation describes them.
struct Calls {
    /// Decides what is chosen, and how often.
    turn: usize,
    /// How much was chosen so far.
    chosen: usize,
}

impl Calls {
    fn again(&self) -> usize {
        1 + self.turn % 3
    }

    /// True for every other choice, and for others in the next turn.
    fn wants(&mut self) -> bool {
        self.chosen += 1;
        (self.turn >> (self.chosen % 4)) & 1 == 1
    }

    fn say(&mut self, arguments: &[Reply], words: &mut Vec<String>) {
        for argument in arguments {
            let flags = part(argument, "flags").map(items).unwrap_or_default();
            let has = |flag: &str| flags.iter().any(|one| text(one) == flag);
            if has("optional") && !self.wants() {
                continue;
            }
            let token = part(argument, "token").map(text);
            for time in 0..if has("multiple") { self.again() } else { 1 } {
                let comes = time == 0 || has("multiple_token");
                words.extend(token.clone().filter(|_| comes));
                self.say_one(argument, words);
            }
        }
    }

    fn say_one(&mut self, argument: &Reply, words: &mut Vec<String>) {
        let inner = || items(part(argument, "arguments").expect("it has parts"));
        let name = text(part(argument, "name").expect("it has a name"));
        match text(part(argument, "type").expect("it has a type")).as_str() {
            "pure-token" => {}
            "oneof" => {
                let choice = (self.turn + self.chosen) % inner().len();
                self.say(&inner()[choice..=choice], words);
            }
            "block" => self.say(inner(), words),
            "integer" if name == "numkeys" => words.push(self.again().to_string()),
            "integer" | "double" | "unix-time" => words.push("1".to_owned()),
            _ => words.push(format!("{name}{}", words.len())),
        }
    }
}

/// The keys of every command, called in many ways.
#[test]
fn the_keys_of_every_command_are_found_as_by_a_real_server() {
    let servers = [Server::real(&[]), Server::ours(&[])];
    let docs = docs_of(&servers[0]);
    let [mut real, mut ours] = [servers[0].client(), servers[1].client()];
    let (mut asked, mut faults) = (0, Vec::new());
    let mut ask = |name: &str, docs: &Reply| {
        let arguments = part(docs, "arguments").map(items).unwrap_or_default();
        for turn in 0..16 {
            let mut words: Vec<String> = name.split('|').map(str::to_owned).collect();
            Calls { turn, chosen: 0 }.say(arguments, &mut words);
            for (sub, cut) in [("GETKEYS", 0), ("GETKEYSANDFLAGS", 0), ("GETKEYSANDFLAGS", 1)] {
                let mut call = vec!["COMMAND", sub];
                call.extend(words[..words.len() - cut].iter().map(String::as_str));
                let (there, here) = (real.call(&call), ours.call(&call));
                asked += 1;
                if there != here {
                    faults.push(format!("{call:?}\n  real {there:?}\n  ours {here:?}"));
                }
            }
        }
    };
    for (name, docs) in parts(&docs) {
        ask(&name, docs);
        let subcommands = part(docs, "subcommands").map(parts).unwrap_or_default();
        for (name, docs) in subcommands {
            ask(&name, docs);
        }
    }
    assert!(faults.is_empty(), "{} of {asked}: {}", faults.len(), faults.join("\n"));
    assert!(asked > 10_000, "{asked}");
}

/// Tables have an order of their own in every server.
fn sorted(reply: Reply) -> Reply {
    if let Reply::Set(items) = reply {
        return Reply::Set(items.into_iter().map(sorted).collect());
    }
    if let Reply::Map(pairs) = reply {
        return Reply::Map(pairs.into_iter().map(|(name, value)| (name, sorted(value))).collect());
    }
    let Reply::Array(items) = reply else { return reply };
    let mut items: Vec<Reply> = items.into_iter().map(sorted).collect();
    if items.len() > 1 && items.iter().all(|item| matches!(item, Reply::Array(_))) {
        items.sort_by_key(|item| format!("{item:?}"));
    }
    Reply::Array(items)
}
