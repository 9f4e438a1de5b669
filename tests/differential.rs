//! Commands that chance puts together, on a real `redis-server` and on ours: each reply, what the
//! keys hold in the end, and the stream to the replicas. A sequence that parts them is made as
//! short as it can be. `DIFFERENTIAL_SEED=7 DIFFERENTIAL_SEQUENCES=1000` asks for others, and for
//! more.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use replica_lab::resp::{Protocol, Reply, encode_command};
use servers::{Client, Server, eventually};

const GRAMMAR: &str = include_str!("differential/grammar.txt");

type Words = Vec<Vec<u8>>;

/// A row of numbers that a seed decides (Knuth's MMIX).
struct Chance(u64);

impl Chance {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as usize % count
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A word in which the slots are filled.
    fn fill(&mut self, word: &str) -> Vec<u8> {
        let edges = ["", "9223372036854775807", "-9223372036854775807", "1.0", " 1", "x"];
        let long = "y".repeat(70);
        let numbers = ["0", "1", "2", "3", "5", "-1", "-2", "8"];
        let members = ["a", "b", "c", "d", "e", "1", "2", "-7", "70000"];
        let mut word = word.to_owned();
        for slot in ["<K>", "<I>", "<F>", "<M>", "<V>"] {
            while word.contains(slot) {
                let drawn = match slot {
                    "<K>" => self.one_of(&["k1", "k2", "k3", "k4"]),
                    "<I>" if self.below(12) > 0 => self.one_of(&numbers),
                    "<F>" if self.below(12) > 0 => self.one_of(&["1", "-2", "2.5", "7", "-0.25"]),
                    "<F>" => self.one_of(&["inf", "-inf", "nan", "x", "1e3", "-0"]),
                    "<M>" if self.below(12) > 0 => self.one_of(&members),
                    "<V>" if self.below(3) == 0 => self.one_of(&["10", "-3", "0", "3.5"]),
                    "<V>" if self.below(12) > 0 => self.one_of(&["foobar", "ohmytext", "bar"]),
                    "<M>" | "<V>" if self.below(2) == 0 => &long,
                    _ => self.one_of(&edges),
                };
                word = word.replacen(slot, drawn, 1);
            }
        }
        word.into_bytes()
    }

    fn command(&mut self, lines: &[&str]) -> Words {
        let mut words = Vec::new();
        for token in self.one_of(lines).split(' ') {
            let choice = token.strip_prefix('{').and_then(|token| token.strip_suffix('}'));
            let Some(choice) = choice.filter(|choice| choice.contains('|')) else {
                words.push(self.fill(token));
                continue;
            };
            let taken = self.one_of(&choice.split('|').collect::<Vec<_>>());
            let taken = taken.split(',').filter(|word| !word.is_empty());
            words.extend(taken.map(|word| self.fill(word)));
        }
        // Now and then somebody miscounts; 7.2 says so of XREAD in other words.
        if words.len() > 1 && self.below(25) == 0 && *words[0] != *b"XREAD" {
            let at = self.below(words.len() - 1) + 1;
            words.remove(at);
        }
        words
    }
}

/// A server with a history that can be read.
struct Side {
    server: Server,
    control: Client,
    _replica: TcpStream,
}

impl Side {
    fn new(start: fn(&[&str]) -> Server) -> Self {
        let server = start(&["--repl-diskless-sync", "no", "--repl-ping-replica-period", "3600"]);
        let mut replica = raw(&server);
        send(&mut replica, &["PSYNC", "?", "-1"]);
        let active = || server.info("replication", "repl_backlog_active") == "1";
        eventually("there is a backlog", active);
        let mut control = server.client();
        // When a key that has expired is found out is else a matter of the clock.
        control.call(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]);
        Self { server, control, _replica: replica }
    }

    /// Carries the commands out: what is answered, a line a command, then the keys and the stream.
    fn run(&mut self, commands: &[Words]) -> Vec<String> {
        for words in [&["FLUSHALL"][..], &["SCRIPT", "FLUSH"], &["PUBLISH", "begin", "here"]] {
            self.control.call(words);
        }
        let begin = self.offset();
        let mut client = self.server.client();
        let mut bytes = Vec::new();
        commands.iter().for_each(|words| encode_command(words, &mut bytes));
        client.send(&bytes);
        let mut lines: Vec<String> = Vec::new();
        for _ in commands {
            let reply = client.reply().expect("the server answers");
            lines.push(text(&reply.to_bytes(Protocol::Resp2)));
        }
        drop(client);
        lines.push(self.keys());
        lines.push(self.stream(begin));
        lines
    }

    fn offset(&self) -> usize {
        let offset = self.server.info("replication", "master_repl_offset");
        offset.parse().expect("a number")
    }

    /// What the keys are and hold.
    fn keys(&mut self) -> String {
        let mut told = String::new();
        for db in ["0", "1"] {
            self.control.call(&["SELECT", db]);
            for key in ["k1", "k2", "k3", "k4"] {
                let encoding = self.control.call(&["OBJECT", "ENCODING", key]);
                // How short strings lie in memory depends on how they came to be.
                let short = [Reply::bulk("embstr"), Reply::bulk("raw")].contains(&encoding);
                let encoding = if short { Reply::bulk("text") } else { encoding };
                let expires = self.control.call(&["PEXPIRETIME", key]);
                let digest = self.control.call(&["DEBUG", "DIGEST-VALUE", key]);
                told += &format!("{db} {key}: {encoding:?} {expires:?} {digest:?}\n");
            }
        }
        self.control.call(&["SELECT", "0"]);
        told
    }

    /// The stream from an offset on.
    fn stream(&mut self, begin: usize) -> String {
        self.control.call(&["PUBLISH", "end", "here"]);
        let count = self.offset() - begin;
        let mut reader = raw(&self.server);
        let id = self.server.info("replication", "master_replid");
        send(&mut reader, &["PSYNC", &id, &(begin + 1).to_string()]);
        let mut bytes = vec![0; b"+CONTINUE\r\n".len() + count];
        reader.read_exact(&mut bytes).expect("the stream is sent");
        let words = text(&bytes).replace("*1\r\n$4\r\nping\r\n", "");
        let words = words.replace("*1\r\n$4\r\nPING\r\n", "");
        words.lines().filter(|line| !line.starts_with('$')).collect::<Vec<_>>().join("\n")
    }
}

fn raw(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.port)).expect("it accepts clients");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket has a timeout");
    stream
}

fn send(stream: &mut TcpStream, words: &[&str]) {
    let mut bytes = Vec::new();
    encode_command(words, &mut bytes);
    stream.write_all(&bytes).expect("it listens");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Where the two part, if they do: after how many commands, and what each says.
fn parted(sides: &mut [Side; 2], commands: &[Words]) -> Option<(usize, [String; 2])> {
    let [real, ours] = sides.each_mut().map(|side| side.run(commands));
    let at = real.iter().zip(&ours).position(|(real, ours)| real != ours)?;
    Some(((at + 1).min(commands.len()), [real[at].clone(), ours[at].clone()]))
}

/// The same with as few commands as it takes.
fn shortest(sides: &mut [Side; 2], mut commands: Vec<Words>) -> String {
    let mut told = [String::new(), String::new()];
    let mut at = commands.len();
    while at > 0 {
        at -= 1;
        let mut fewer = commands.clone();
        fewer.remove(at);
        if let Some((count, what)) = parted(sides, &fewer) {
            fewer.truncate(count);
            (commands, told) = (fewer, what);
            at = at.min(commands.len());
        }
    }
    let line =
        |words: &Words| format!("  {:?}\n", words.iter().map(|w| text(w)).collect::<Vec<_>>());
    let lines: String = commands.iter().map(line).collect();
    format!("{lines}real {:?}\nours {:?}\n", told[0], told[1])
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn commands_of_chance_are_answered_alike() {
    let lines: Vec<&str> = GRAMMAR.lines().filter(|line| !line.starts_with('#')).collect();
    let mut sides = [Side::new(Server::real), Side::new(Server::ours)];
    let first = number("DIFFERENTIAL_SEED", 1);
    for seed in first..first + number("DIFFERENTIAL_SEQUENCES", 40) {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let commands: Vec<Words> = (0..80).map(|_| chance.command(&lines)).collect();
        if let Some((count, what)) = parted(&mut sides, &commands) {
            let short = shortest(&mut sides, commands[..count].to_vec());
            panic!("DIFFERENTIAL_SEED={seed}\n{short}\nat first: {what:?}");
        }
    }
}

#[test]
fn nothing_is_stored_in_the_place_of_what_has_expired() {
    let mut sides = [Side::new(Server::real), Side::new(Server::ours)];
    for line in [
        "SORT k2 STORE k1",
        "SINTERSTORE k1 k2",
        "ZUNIONSTORE k1 1 k2",
        "ZRANGESTORE k1 k2 0 -1",
        "BITOP NOT k1 k2",
        "GEOSEARCHSTORE k1 k2 FROMLONLAT 0 0 BYRADIUS 1 km",
    ] {
        let words = |line: &str| line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        let commands = ["SET k1 x PXAT 1", line].map(words);
        assert_eq!(parted(&mut sides, &commands), None, "{line}");
    }
}
