//! How fast and how large, beside Debian's redis-server in the same minute.
//!
//! ```text
//! cargo build --release --examples && target/release/examples/bench [commands] [dataset]
//!     [keys=N] [requests=N] [rounds=N]
//! ```
//!
//! Figures of one machine say little about another, and this one may be busy; so both servers do
//! the same work in turns, a few times, and what is printed is the ratio of the medians. Nothing
//! is asserted: a bench that fails on a slow day teaches people to ignore it.
//!
//! * `commands`: redis-benchmark with 100 commands in flight, alone and with a replica attached: how
//!   many in a second, and how long a processor works for one. The second does not depend on how
//!   two processes wait for each other.
//! * `dataset`: keys of 16 bytes with values of 32, a million of them: memory for a key, BGSAVE,
//!   reading the file (the decoder here, the start of a server there), and a full synchronisation
//!   with a replica of the same make, over loopback, through a file and without one.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "a bench has a world")]
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use replica_lab::keyspace::{Access, Entry, Filling};
use replica_lab::rdb::{DecodeOptions, Decoder, Item};
use replica_lab::resp::{Reply, ReplyDecoder, encode_command};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Fallible<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let asked =
        |word: &str| words.iter().any(|w| w == word) || words.iter().all(|w| w.contains('='));
    let number = |name: &str, default: u32| {
        let value = words.iter().find_map(|w| w.strip_prefix(name)?.strip_prefix('='));
        value.map_or(Ok(default), str::parse)
    };
    let (keys, rounds) = (number("keys", 1_000_000)?, number("rounds", 5)?);
    let requests = number("requests", 1_000_000)?;
    if asked("commands") {
        commands("alone", false, requests, rounds)?;
        commands("with a replica", true, requests, rounds)?;
    }
    if asked("dataset") {
        dataset(keys, rounds)?;
    }
    Ok(())
}

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Make {
    Real,
    Ours,
}

const MAKES: [Make; 2] = [Make::Real, Make::Ours];

/// The tests of redis-benchmark that are run, in this order: each finds what those before it left.
const TESTS: [&str; 14] = [
    "set",
    "get",
    "incr",
    "lpush",
    "rpush",
    "lpop",
    "rpop",
    "sadd",
    "hset",
    "spop",
    "zadd",
    "zpopmin",
    "lrange_100",
    "mset",
];

/// Commands a second, and the processor's time that each takes, of redis-benchmark's tests.
fn commands(title: &str, replicated: bool, requests: u32, rounds: u32) -> Fallible<()> {
    let (mut rates, mut costs) = (Figures::default(), Figures::default());
    for _ in 0..rounds {
        for make in MAKES {
            let master = Server::start(make, &[])?;
            let _replica = if replicated { Some(follow(make, &master, &[])?) } else { None };
            for test in TESTS {
                // What moves many elements takes longer.
                let requests =
                    if matches!(test, "lrange_100" | "mset") { requests / 5 } else { requests };
                let before = master.processor_nanos()?;
                rates.add(test, make, benchmark(master.port, test, requests)?);
                let spent = master.processor_nanos()? - before;
                costs.add(test, make, spent / f64::from(requests));
            }
        }
    }
    rates.print(&format!("commands/s, pipeline 100, {title}"), "/s", 0);
    costs.print(&format!("processor time for a command, {title}"), " ns", 0);
    Ok(())
}

/// Runs a test of redis-benchmark, and reads how many commands were carried out in a second.
fn benchmark(port: u16, test: &str, requests: u32) -> Fallible<f64> {
    let (port, requests) = (port.to_string(), requests.to_string());
    let output = Command::new("redis-benchmark")
        .args(["-p", &port, "-P", "100", "-n", &requests, "-r", "100000", "--csv", "-t", test])
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    // The last line: before LRANGE it tells how the list was filled.
    let rate = text.lines().last().and_then(|line| line.split("\",\"").nth(1));
    Ok(rate.ok_or("redis-benchmark tells a rate")?.parse()?)
}

/// What a large dataset costs.
fn dataset(keys: u32, rounds: u32) -> Fallible<()> {
    let mut figures = Figures::default();
    let mut memory = Figures::default();
    for _ in 0..rounds {
        for make in MAKES {
            let mut server = Server::start(make, &[])?;
            let empty = server.resident()?;
            fill(&mut Client::connect(server.port)?, keys)?;
            memory.add("resident", make, (server.resident()? - empty) / f64::from(keys));
            let since = Instant::now();
            server.client.call(&["BGSAVE"])?;
            server.await_line("DB saved on disk", since)?;
            figures.add("write an RDB", make, since.elapsed().as_secs_f64());
            let file = server.folder.join("dump.rdb");
            figures.add("read an RDB", make, read(make, &file, keys)?);
            for (name, diskless) in [("full sync by disk", "no"), ("full sync diskless", "yes")] {
                server.client.call(&["CONFIG", "SET", "repl-diskless-sync", diskless])?;
                server.client.call(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"])?;
                let since = Instant::now();
                let replica = follow(make, &server, &[])?;
                figures.add(name, make, since.elapsed().as_secs_f64());
                drop(replica);
            }
        }
    }
    figures.print(&format!("{keys} keys of 16 bytes with values of 32"), " s", 3);
    memory.print("memory for one of them", " B", 1);
    Ok(())
}

/// Sets the keys, each of 16 bytes, with values of 32 that do not repeat.
fn fill(client: &mut Client, keys: u32) -> Fallible<()> {
    let mut seed = 1u64;
    let mut word = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed ^ (seed >> 29)
    };
    let mut sent = 0;
    while sent < keys {
        let mut bytes = Vec::new();
        let count = (keys - sent).min(1_000);
        for n in sent..sent + count {
            let (key, value) = (format!("key:{n:012}"), format!("{:016x}{:016x}", word(), word()));
            encode_command(&["SET", &key, &value], &mut bytes);
        }
        client.stream.write_all(&bytes)?;
        (0..count).try_for_each(|_| client.reply().map(drop))?;
        sent += count;
    }
    Ok(())
}

/// The seconds that it takes to make a dataset of a file: by a redis-server's own word when it
/// starts, and here by the decoder.
fn read(make: Make, file: &Path, keys: u32) -> Fallible<f64> {
    if make == Make::Real {
        let folder = file.parent().ok_or("a file is in a folder")?;
        let server = Server::start_in(make, folder.to_owned(), &["--dbfilename", "dump.rdb"])?;
        let log = server.log()?;
        let said = log.lines().find_map(|line| line.split("DB loaded from disk: ").nth(1));
        let seconds = said.and_then(|said| said.split(' ').next()).ok_or("it loads its file")?;
        return Ok(seconds.parse()?);
    }
    let since = Instant::now();
    let mut file = std::fs::File::open(file)?;
    let mut decoder = Decoder::new(DecodeOptions::default());
    let mut filling = Filling::new(16);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Err("the file has no end".into()),
            count => decoder.feed(&buffer[..count]),
        }
        while let Some(item) = decoder.next()? {
            match item {
                Item::Key { db, key, value, expires, .. } => {
                    let entry =
                        Entry { key, value, expires: expires.into(), access: Access::default() };
                    filling.put(db as usize, entry);
                }
                Item::End => {
                    let keyspace = filling.finish();
                    assert_eq!(keyspace.len(), u64::from(keys));
                    return Ok(since.elapsed().as_secs_f64());
                }
                Item::Aux { .. } | Item::SelectDb(_) | Item::Resize { .. } | Item::Function(_) => {}
            }
        }
    }
}

/// A replica of `master`, once it has everything.
fn follow(make: Make, master: &Server, options: &[&str]) -> Fallible<Server> {
    let mut replica = Server::start(make, options)?;
    replica.client.call(&["REPLICAOF", "127.0.0.1", &master.port.to_string()])?;
    loop {
        let Reply::Bulk(info) = replica.client.call(&["INFO", "replication"])? else {
            return Err("INFO is a text".into());
        };
        if String::from_utf8_lossy(&info).contains("master_link_status:up") {
            return Ok(replica);
        }
        sleep(Duration::from_millis(5));
    }
}

/// Numbers by name and make.
#[derive(Default)]
struct Figures {
    by_name: BTreeMap<String, BTreeMap<Make, Vec<f64>>>,
    order: Vec<String>,
}

impl Figures {
    fn add(&mut self, name: &str, make: Make, figure: f64) {
        if !self.by_name.contains_key(name) {
            self.order.push(name.to_owned());
        }
        self.by_name.entry(name.to_owned()).or_default().entry(make).or_default().push(figure);
    }

    /// Prints the median of each make, and the ratio of ours to the real one's.
    fn print(&self, title: &str, unit: &str, digits: usize) {
        println!("{title}\n  {:<28}{:>14}{:>14}{:>9}", "", "redis-server", "tcp_node", "ratio");
        for name in &self.order {
            let median = |make| median(&self.by_name[name][&make]);
            let (real, ours) = (median(Make::Real), median(Make::Ours));
            let show = |figure: f64| format!("{figure:.digits$}{unit}");
            println!("  {name:<28}{:>14}{:>14}{:>9.2}", show(real), show(ours), ours / real);
        }
    }
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// A server in a process and a folder of its own.
struct Server {
    child: Child,
    port: u16,
    folder: PathBuf,
    client: Client,
    /// True if the folder goes with it.
    owner: bool,
}

impl Server {
    fn start(make: Make, options: &[&str]) -> Fallible<Self> {
        let name = format!("replica-lab-bench-{}-{}", std::process::id(), free_port()?);
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        let mut server = Self::start_in(make, folder, options)?;
        server.owner = true;
        Ok(server)
    }

    fn start_in(make: Make, folder: PathBuf, options: &[&str]) -> Fallible<Self> {
        let port = free_port()?;
        let program = match make {
            Make::Real => PathBuf::from("redis-server"),
            Make::Ours => std::env::current_exe()?.with_file_name("tcp_node"),
        };
        let log = std::fs::File::create(folder.join("log"))?;
        let mut child = Command::new(&program)
            .args(["--save", "", "--port", &port.to_string(), "--dir"])
            .arg(&folder)
            .args(options)
            .stdout(log)
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
        let client = Client::connect(port).and_then(Client::ready);
        match client {
            Ok(client) => Ok(Self { child, port, folder, client, owner: false }),
            Err(error) => {
                child.kill()?;
                Err(error)
            }
        }
    }

    /// What it has in memory, in bytes.
    fn resident(&self) -> Fallible<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kilobytes.ok_or("a process has a size")?.parse::<f64>()? * 1_024.0)
    }

    /// The time that processors have spent on it, in nanoseconds.
    fn processor_nanos(&self) -> Fallible<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/schedstat", self.child.id()))?;
        Ok(status.split(' ').next().ok_or("a process has spent time")?.parse()?)
    }

    fn log(&self) -> Fallible<String> {
        Ok(std::fs::read_to_string(self.folder.join("log"))?)
    }

    fn await_line(&self, text: &str, since: Instant) -> Fallible<()> {
        while !self.log()?.contains(text) {
            if since.elapsed() > Duration::from_secs(60) {
                return Err(format!("it never said: {text}").into());
            }
            sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if self.owner {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// A connection.
struct Client {
    stream: TcpStream,
    decoder: ReplyDecoder,
}

impl Client {
    /// Connects, as soon as somebody listens.
    fn connect(port: u16) -> Fallible<Self> {
        let since = Instant::now();
        loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(Self { stream, decoder: ReplyDecoder::default() });
                }
                Err(error) if since.elapsed() > Duration::from_secs(10) => return Err(error.into()),
                Err(_) => sleep(Duration::from_millis(5)),
            }
        }
    }

    /// Waits until the server has loaded what it had.
    fn ready(mut self) -> Fallible<Self> {
        while let Reply::Error(_) = self.call(&["PING"])? {
            sleep(Duration::from_millis(5));
        }
        Ok(self)
    }

    fn call(&mut self, args: &[&str]) -> Fallible<Reply> {
        let mut bytes = Vec::new();
        encode_command(args, &mut bytes);
        self.stream.write_all(&bytes)?;
        self.reply()
    }

    fn reply(&mut self) -> Fallible<Reply> {
        let mut buffer = [0; 16 * 1024];
        loop {
            if let Some(reply) = self.decoder.next_reply()? {
                return Ok(reply);
            }
            match self.stream.read(&mut buffer)? {
                0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                count => self.decoder.feed(&buffer[..count]),
            }
        }
    }
}

/// A port that nobody uses.
fn free_port() -> Fallible<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
