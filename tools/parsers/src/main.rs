//! Reading RDB files, beside what others read them with.
//!
//! ```text
//! cargo run --release --manifest-path tools/parsers/Cargo.toml -- [FILE] [rounds=N]
//! ```
//!
//! Without a file one is made: a redis-server is filled with half a million keys of five types. All
//! read it by turns; what is printed are the medians, and ratios: more than 1 is faster than the
//! other. The `rdb` crate, librdb and the decoder here with its [`Counter`] take a file apart to the
//! last element and keep nothing; the crate passes over the checksum, and makes a collection of the
//! elements of each key before it lets them go. "Kept" is a whole dataset, which a redis-server
//! makes of the file when it starts. All of Rust has the allocator and the optimisation of
//! `examples/tcp_node`.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use mimalloc::MiMalloc;
use rdb::{RdbDecoder, RdbValue, filter::Simple};
use replica_lab::keyspace::{Access, Entry, Filling};
use replica_lab::rdb::{Count, Counter, DecodeOptions, Decoder, Item, Sink};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// How one of them reads: the seconds, and how many keys it has found.
type Reading = fn(&Path) -> Fallible<(f64, usize)>;

const READINGS: [(&str, Reading); 5] = [
    ("replica-lab", here),
    ("rdb", rdb_crate),
    ("librdb", librdb_parser),
    ("replica-lab, kept", here_kept),
    ("redis-server, kept", server),
];

fn main() -> Fallible<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [only, file] = &words[..]
        && let Some(number) = only.strip_prefix("only=")
    {
        let (_, reading) = READINGS[number.parse::<usize>()?];
        let (seconds, keys) = reading(Path::new(file))?;
        println!("{seconds} {keys}");
        return Ok(());
    }
    let rounds = words.iter().find_map(|word| word.strip_prefix("rounds="));
    let rounds: usize = rounds.map_or(Ok(5), str::parse)?;
    let folder = std::env::temp_dir().join(format!("parsers-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("dump.rdb");
    match words.iter().find(|word| !word.contains('=')) {
        Some(given) => _ = std::fs::copy(given, &file)?,
        None => make(&folder)?,
    }
    let outcome = compare(&file, rounds);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn compare(file: &Path, rounds: usize) -> Fallible<()> {
    let megabytes = file.metadata()?.len() as f64 / 1e6;
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); READINGS.len()];
    let mut found = Vec::new();
    for _ in 0..rounds {
        found.clear();
        for (number, times) in times.iter_mut().enumerate() {
            let (seconds, keys) = alone(number, file)?;
            times.push(seconds);
            found.push(keys);
        }
    }
    println!("{megabytes:.1} MB");
    let medians: Vec<f64> = times.into_iter().map(median).collect();
    for (((name, _), seconds), keys) in READINGS.iter().zip(&medians).zip(&found) {
        let rate = megabytes / seconds;
        println!("  {name:<20}{keys:>9} keys{:>9.0} ms{rate:>7.0} MB/s", seconds * 1e3);
    }
    let [ours, rdb, librdb, kept, server] = medians[..] else { unreachable!("there are five") };
    println!("  as fast as rdb × {:.2}, librdb × {:.2}", rdb / ours, librdb / ours);
    println!("  as fast as redis-server × {:.2}", server / kept);
    Ok(())
}

/// Reads in a process of its own, whose memory nobody has used before.
fn alone(number: usize, file: &Path) -> Fallible<(f64, usize)> {
    let output = Command::new(std::env::current_exe()?)
        .arg(format!("only={number}"))
        .arg(file)
        .stderr(Stdio::null())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    // librdb says things of its own.
    let told = text.lines().find_map(|line| {
        let (seconds, keys) = line.split_once(' ')?;
        Some((seconds.parse().ok()?, keys.parse().ok()?))
    });
    Ok(told.ok_or("a reading has failed")?)
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn here(file: &Path) -> Fallible<(f64, usize)> {
    let since = Instant::now();
    let decoder = Decoder::with_sink(DecodeOptions::default(), Counter::default());
    let (mut keys, mut sum) = (0, Count::default());
    decode(file, decoder, |item| {
        if let Item::Key { value, .. } = item {
            keys += 1;
            sum.elements += value.elements;
            sum.bytes += value.bytes;
        }
    })?;
    let seconds = since.elapsed().as_secs_f64();
    eprintln!("{sum:?}");
    Ok((seconds, keys))
}

fn here_kept(file: &Path) -> Fallible<(f64, usize)> {
    // As `examples/tcp_node` while it loads, and a redis-server always.
    #[cfg(target_os = "linux")]
    rustix::thread::disable_transparent_huge_pages(true)?;
    let since = Instant::now();
    let mut filling = Filling::new(16);
    decode(file, Decoder::new(DecodeOptions::default()), |item| {
        if let Item::Key { db, key, value, expires, .. } = item {
            let entry = Entry { key, value, expires: expires.into(), access: Access::default() };
            filling.put(db as usize, entry);
        }
    })?;
    let keyspace = filling.finish();
    Ok((since.elapsed().as_secs_f64(), keyspace.len() as usize))
}

/// Gives `take` every item of a file.
fn decode<S: Sink>(
    file: &Path,
    mut decoder: Decoder<S>,
    mut take: impl FnMut(Item<S::Value>),
) -> Fallible<()> {
    let mut file = File::open(file)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Err("the file has no end".into()),
            count => decoder.feed(&buffer[..count]),
        }
        while let Some(item) = decoder.next()? {
            if matches!(item, Item::End) {
                return Ok(());
            }
            take(item);
        }
    }
}

fn rdb_crate(file: &Path) -> Fallible<(f64, usize)> {
    let since = Instant::now();
    let decoder =
        RdbDecoder::new(BufReader::with_capacity(64 * 1024, File::open(file)?), Simple::new())?;
    let mut keys = 0;
    for item in decoder {
        match item? {
            RdbValue::String { .. }
            | RdbValue::List { .. }
            | RdbValue::Set { .. }
            | RdbValue::SortedSet { .. }
            | RdbValue::Hash { .. } => keys += 1,
            _ => {}
        }
    }
    Ok((since.elapsed().as_secs_f64(), keys))
}

/// Counts keys, and is told every element.
#[derive(Default)]
struct Counting {
    keys: usize,
}

impl librdb::RdbHandlers for Counting {
    fn handle_new_key(&mut self, _: &[u8], _: &librdb::KeyInfo) -> librdb::Result<()> {
        self.keys += 1;
        Ok(())
    }
}

fn librdb_parser(file: &Path) -> Fallible<(f64, usize)> {
    let since = Instant::now();
    let mut parser = librdb::Parser::new(Counting::default())?;
    parser.parse_file(file.to_str().ok_or("a path is a text")?)?;
    Ok((since.elapsed().as_secs_f64(), parser.into_handler().keys))
}

/// A redis-server that starts with the file says itself how long it took.
fn server(file: &Path) -> Fallible<(f64, usize)> {
    let folder = file.parent().ok_or("a file is in a folder")?;
    let mut server = Server::start(folder)?;
    let size = server.ask("DBSIZE\r\n", 1)?;
    let log = std::fs::read_to_string(folder.join("log"))?;
    let said = log.lines().find_map(|line| line.split("DB loaded from disk: ").nth(1));
    let seconds = said.and_then(|said| said.split(' ').next()).ok_or("it loads its file")?;
    Ok((seconds.parse()?, size.trim().trim_start_matches(':').parse()?))
}

/// Fills a redis-server, and lets it save.
fn make(folder: &Path) -> Fallible<()> {
    let mut server = Server::start(folder)?;
    let mut seed = 1u64;
    let mut word = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{:016x}", seed ^ (seed >> 29))
    };
    for thousand in 0..500 {
        let mut commands = String::new();
        for n in thousand * 1_000..(thousand + 1) * 1_000 {
            let line = match n % 10 {
                0 => format!("RPUSH list:{n} {}", vec![word(); 10].join(" ")),
                1 => format!(
                    "SADD set:{n} {}",
                    (0..10).map(|_| word()).collect::<Vec<_>>().join(" ")
                ),
                2 => format!(
                    "HSET hash:{n} {}",
                    (0..16).map(|_| word()).collect::<Vec<_>>().join(" ")
                ),
                3 => format!(
                    "ZADD zset:{n} {}",
                    (0..8).map(|m| format!("{m}.5 {}", word())).collect::<Vec<_>>().join(" ")
                ),
                4 => format!("SADD numbers:{n} {n} {} {}", n + 1, n + 7),
                _ => format!("SET key:{n:012} {}{}", word(), word()),
            };
            commands.push_str(&line);
            commands.push_str("\r\n");
        }
        server.ask(&commands, 1_000)?;
    }
    server.ask("SAVE\r\n", 1)?;
    Ok(())
}

/// A redis-server in a folder, until it is dropped.
struct Server {
    child: Child,
    stream: TcpStream,
}

impl Server {
    fn start(folder: &Path) -> Fallible<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log: PathBuf = folder.join("log");
        let child = Command::new("redis-server")
            .args(["--save", "", "--port", &port.to_string(), "--dir"])
            .arg(folder)
            .stdout(File::create(&log)?)
            .stderr(Stdio::null())
            .spawn()?;
        let since = Instant::now();
        while !std::fs::read_to_string(&log)?.contains("Ready to accept connections") {
            if since.elapsed() > Duration::from_secs(60) {
                return Err("redis-server does not start".into());
            }
            sleep(Duration::from_millis(5));
        }
        Ok(Self { child, stream: TcpStream::connect(("127.0.0.1", port))? })
    }

    /// Sends commands, and waits for as many replies of one line.
    fn ask(&mut self, commands: &str, replies: usize) -> Fallible<String> {
        self.stream.write_all(commands.as_bytes())?;
        let (mut text, mut buffer) = (String::new(), [0; 4096]);
        while text.lines().count() < replies || !text.ends_with('\n') {
            let count = self.stream.read(&mut buffer)?;
            text.push_str(std::str::from_utf8(&buffer[..count])?);
        }
        match text.lines().find(|line| line.starts_with('-')) {
            Some(error) => Err(error.into()),
            None => Ok(text),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
