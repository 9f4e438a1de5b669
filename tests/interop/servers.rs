//! Servers and clients for the interop tests: real processes on loopback ports, each in a folder of
//! its own, ended by their process id whatever becomes of the test.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use replica_lab::resp::{Protocol, Reply, ReplyDecoder, encode_command, split_words};

/// A server process, real or ours.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    folder: PathBuf,
}

impl Server {
    /// Debian's redis-server.
    pub(crate) fn real(options: &[&str]) -> Self {
        let mut command = Command::new("redis-server");
        command.args(["--save", "", "--daemonize", "no", "--enable-debug-command", "yes"]);
        Self::start(command, options, REAL_MISSING)
    }

    /// Debian's redis-server, with words that come first: a configuration file.
    pub(crate) fn real_with(first: &[&str], options: &[&str]) -> Self {
        let mut command = Command::new("redis-server");
        command.args(first);
        Self::start(command, options, REAL_MISSING)
    }

    /// Our node. It writes RDB version 10, for the real server is a 7.0.
    pub(crate) fn ours(options: &[&str]) -> Self {
        let mut command = Command::new(our_program());
        command.args(["--profile", "7.0", "--save", "", "--enable-debug-command", "yes"]);
        Self::start(command, options, OURS_MISSING)
    }

    /// Our node, with words that come first: a configuration file.
    pub(crate) fn ours_with(first: &[&str], options: &[&str]) -> Self {
        let mut command = Command::new(our_program());
        command.args(first);
        Self::start(command, options, OURS_MISSING)
    }

    fn start(mut command: Command, options: &[&str], sentence: &str) -> Self {
        let port = free_port();
        let folder =
            std::env::temp_dir().join(format!("replica-lab-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        let log = std::fs::File::create(folder.join("log")).expect("a file can be made");
        command.args(["--port", &port.to_string(), "--dir"]).arg(&folder).args(options);
        let child = command.stdout(log).stderr(Stdio::null()).current_dir(&folder).spawn();
        let child = child.unwrap_or_else(|error| panic!("{sentence} ({error})"));
        let server = Self { child, port, folder };
        eventually("the server answers PING", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        server
    }

    /// A client of the server.
    pub(crate) fn client(&self) -> Client {
        Client::connect(self.port)
    }

    /// Where it keeps its files.
    pub(crate) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the process has ended by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        eventually("the process ends", || {
            self.child.try_wait().expect("a child can be asked").is_some()
        });
        self.child.wait().expect("a child can be asked")
    }

    /// What the server has printed.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// A field of INFO.
    pub(crate) fn info(&self, section: &str, field: &str) -> String {
        let Reply::Bulk(text) = self.client().call(&["INFO", section]) else {
            panic!("INFO answers with text")
        };
        let text = String::from_utf8_lossy(&text).into_owned();
        let prefix = format!("{field}:");
        let value = text.lines().find_map(|line| line.strip_prefix(prefix.as_str()));
        value.unwrap_or_default().trim().to_owned()
    }

    /// Stops the process where it stands.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Asks the process to end, and waits until it has.
    pub(crate) fn end(&mut self) {
        self.signal("-TERM");
        self.wait();
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let kill = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(kill.expect("kill is there").success());
    }

    /// Makes the server follow another.
    pub(crate) fn follow(&self, master: &Self) {
        let port = master.port.to_string();
        assert_eq!(self.client().call(&["REPLICAOF", "127.0.0.1", &port]), Reply::OK);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of port {}:\n{}", self.port, self.log());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A connection that speaks RESP.
pub(crate) struct Client {
    stream: TcpStream,
    decoder: ReplyDecoder,
}

impl Client {
    pub(crate) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server accepts clients");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket has a time-out");
        stream.set_nodelay(true).expect("a socket can do without delay");
        Self { stream, decoder: ReplyDecoder::default() }
    }

    /// Sends a command and answers its reply.
    pub(crate) fn call(&mut self, args: &[&str]) -> Reply {
        let mut bytes = Vec::new();
        encode_command(args, &mut bytes);
        self.send(&bytes);
        self.reply().expect("the server answers")
    }

    /// Sends many commands at once and awaits every reply.
    pub(crate) fn pipeline(&mut self, commands: &[Vec<String>]) {
        for some in commands.chunks(500) {
            let mut bytes = Vec::new();
            some.iter().for_each(|args| encode_command(args, &mut bytes));
            self.send(&bytes);
            for args in some {
                let reply = self.reply().expect("the server answers");
                assert!(!matches!(reply, Reply::Error(_)), "{args:?}: {reply:?}");
            }
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server takes bytes");
    }

    /// The next reply; none once the server has closed the connection.
    pub(crate) fn reply(&mut self) -> Option<Reply> {
        let mut buffer = [0; 16 * 1024];
        loop {
            if let Some(reply) = self.decoder.next_reply().expect("the server speaks RESP") {
                return Some(reply);
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => self.decoder.feed(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("the server does not answer: {error}"),
            }
        }
    }

    /// The bytes of the reply to a command, as RESP2.
    pub(crate) fn raw(&mut self, args: &[&str]) -> Vec<u8> {
        self.call(args).to_bytes(Protocol::Resp2)
    }
}

/// Where cargo has put the example.
pub(crate) fn our_program() -> PathBuf {
    let mut path = std::env::current_exe().expect("a test knows its own file");
    path.pop();
    path.pop();
    path.join("examples/tcp_node")
}

const REAL_MISSING: &str = "redis-server cannot be started: install Debian's package \
                            redis-server (make test does so)";
const OURS_MISSING: &str = "the example tcp_node is not built: run 'cargo build --example \
                            tcp_node', or the tests with cargo nextest run";

/// A port that nobody uses.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    listener.local_addr().expect("a listener has an address").port()
}

/// Waits until something holds, for at most 20 seconds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "it never came to this: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Runs the same lines on both servers, and holds the replies together.
pub(crate) fn both_answer_alike(servers: &[Server; 2], lines: &[&str]) {
    let [mut first, mut second] = [servers[0].client(), servers[1].client()];
    for line in lines {
        let words = split_words(line.as_bytes()).expect("a line of words");
        let words: Vec<String> =
            words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (there, here) = (first.raw(&words), second.raw(&words));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&here), text(&there), "{line}");
    }
}
