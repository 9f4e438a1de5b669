//! One node on a real socket and a real clock, which can stand in for redis-server.
//!
//! ```text
//! cargo run --release --example tcp_node -- [/path/to/redis.conf] [--name value …] [-]
//! ```
//!
//! This is how the engine meets what we did not write: redis-cli, client libraries, and real
//! redis-servers as its master or its replicas. The node is the same value as in the page; only the
//! host differs.
//!
//! It is started as redis-server is: [`options`] reads a `redis.conf`, options and the standard
//! input; [`host`] waits for sockets, signals and the node's deadline, turns what happens into
//! facts and carries the orders out; [`socket`] is one connection; [`log`] prints; [`disk`] is a
//! folder of real files; [`memory`], [`files`] and [`oom`] are what the kernel is asked for, and
//! [`usage`] is what it says was used.
//!
//! One option is our own: `--profile 6.2|7.0|7.2` is the release that the node takes after, and with it
//! the version of RDB that it writes. `daemonize yes` is taken and has no effect.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "a host has a world")]
#![cfg(not(target_arch = "wasm32"))]

mod disk;
mod files;
mod host;
mod listen;
mod log;
mod memory;
mod oom;
mod options;
mod socket;
mod usage;

use std::process::exit;
use std::time::{Instant as Monotonic, SystemTime};

use mimalloc::MiMalloc;
use replica_lab::time::Instant;

/// redis-server brings its own allocator as well.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("-v" | "--version") => {
            println!("Redis server v=7.2.4 sha=00000000:0 malloc=libc bits=64 build=replica-lab");
            return;
        }
        Some("-h" | "--help") => {
            eprint!("{USAGE}");
            exit(1);
        }
        _ => {}
    }
    let clock = Clock::start();
    let options = match options::read(&args) {
        Ok(options) => options,
        Err(options::Fault::Unreadable { file, why }) => {
            let text = format!("Fatal error, can't open config file '{file}': {why}");
            println!("{}", log::line(clock.now(), 'C', '#', &text));
            exit(1);
        }
        Err(options::Fault::Users { why }) => {
            let text = format!("Aborting Redis startup because of ACL errors: {why}");
            println!("{}", log::line(clock.now(), 'M', '#', &text));
            exit(1);
        }
        Err(options::Fault::Line { number, line, why }) => {
            eprintln!("\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***");
            eprintln!("Reading the configuration file, at line {number}\n>>> '{line}'\n{why}");
            exit(1);
        }
        Err(options::Fault::Whole { why }) => {
            eprintln!("\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\n{why}");
            exit(1);
        }
    };
    let ended = host::Host::listen(options, clock).and_then(|mut host| host.run());
    if let Err(error) = ended {
        for text in error.to_string().lines() {
            println!("{}", log::line(clock.now(), 'M', '#', text));
        }
        exit(1);
    }
}

const USAGE: &str = "\
Usage: tcp_node [/path/to/redis.conf] [options] [-]
       tcp_node - (read config from stdin)
       tcp_node -v or --version
       tcp_node -h or --help

Examples:
       tcp_node (run the server with default conf)
       echo 'repl-timeout 30' | tcp_node -
       tcp_node /etc/redis/6379.conf
       tcp_node --port 7777
       tcp_node --port 7777 --replicaof 127.0.0.1 8888
       tcp_node /etc/myredis.conf --loglevel verbose
";

/// Wall-clock time that never goes back.
#[derive(Clone, Copy)]
struct Clock {
    wall: u64,
    started: Monotonic,
}

impl Clock {
    fn start() -> Self {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { wall: wall.as_micros() as u64, started: Monotonic::now() }
    }

    fn now(&self) -> Instant {
        Instant::from_micros(self.wall + self.started.elapsed().as_micros() as u64)
    }
}
