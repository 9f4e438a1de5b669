//! Where a node listens, and the two kinds of sockets that come of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use mio::event::Source;
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use mio::{Interest, Registry, Token};
use replica_lab::node::{Address, Config};

/// Every place where clients come in, by the number of its token.
pub(crate) struct Doors {
    all: BTreeMap<usize, Listener>,
    /// `bind` and `port`, as they are obeyed.
    address: (String, u16),
}

/// A place where clients come in.
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, String),
}

/// A connection.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Opens every port that is meant by `bind` and `port`.
fn open_ports(bind: &str, port: u16) -> io::Result<Vec<Listener>> {
    let mut found = Vec::new();
    if port > 0 {
        for word in bind.split_whitespace() {
            let optional = word.starts_with('-');
            let name = word.trim_start_matches('-');
            let host = match name {
                "*" => "0.0.0.0",
                "::*" => "::",
                host => host,
            };
            let opened = resolve(&Address::new(host, port)).and_then(listen_at);
            match opened {
                Ok(listener) => found.push(Listener::Tcp(listener)),
                Err(_) if optional => {}
                Err(error) => {
                    let why = super::host::words(&error);
                    return Err(io::Error::other(format!(
                        "Warning: Could not create server TCP listening socket {name}:{port}: \
                         bind: {why}"
                    )));
                }
            }
        }
    }
    Ok(found)
}

/// Opens every place that the configuration names.
fn open(config: &Config) -> io::Result<Vec<Listener>> {
    let port = config.number("port") as u16;
    let mut found = open_ports(config.get("bind"), port).map_err(|error| {
        io::Error::other(format!("{error}\nFailed listening on port {port} (TCP), aborting."))
    })?;
    if let Some(path) = config.text("unixsocket") {
        // What an earlier server has left behind.
        let _ = fs::remove_file(path);
        let listener = UnixListener::bind(path).map_err(|error| {
            let why = super::host::words(&error);
            io::Error::other(format!("Failed opening Unix socket: bind: {why}"))
        })?;
        let mode = u32::from_str_radix(config.get("unixsocketperm"), 8).unwrap_or(0);
        if mode > 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        }
        let path = PathBuf::from(path).to_string_lossy().into_owned();
        found.push(Listener::Unix(listener, path));
    }
    if found.is_empty() {
        return Err(io::Error::other("Configured to not listen anywhere, exiting."));
    }
    Ok(found)
}

impl Doors {
    /// Opens every place that the configuration names. `next` is the number of the next token.
    pub(crate) fn open(config: &Config, registry: &Registry, next: &mut usize) -> io::Result<Self> {
        let address = (config.get("bind").to_owned(), config.number("port") as u16);
        let mut doors = Self { all: BTreeMap::new(), address };
        doors.add(open(config)?, registry, next)?;
        Ok(doors)
    }

    fn add(
        &mut self,
        listeners: Vec<Listener>,
        registry: &Registry,
        next: &mut usize,
    ) -> io::Result<()> {
        for mut listener in listeners {
            listener.register(registry, Token(*next))?;
            self.all.insert(*next, listener);
            *next += 1;
        }
        Ok(())
    }

    /// Opens other ports in the place of those that are open. Connections stay, and so does the
    /// unix socket. If the new ones cannot be opened, all is as it was.
    pub(crate) fn move_to(
        &mut self,
        bind: String,
        port: u16,
        registry: &Registry,
        next: &mut usize,
    ) -> io::Result<()> {
        // They go first: another address of the same port may be a part of theirs.
        self.all.retain(|_, listener| !listener.is_port());
        let opened = open_ports(&bind, port).and_then(|ports| self.add(ports, registry, next));
        if opened.is_ok() {
            self.address = (bind, port);
            return opened;
        }
        let before = open_ports(&self.address.0, self.address.1)?;
        self.add(before, registry, next).and(opened)
    }

    /// True if the token is that of a place where clients come in.
    pub(crate) fn has(&self, token: usize) -> bool {
        self.all.contains_key(&token)
    }

    /// The next client that has come in there, with where it comes from and came to.
    pub(crate) fn accept(&self, token: usize) -> io::Result<(Stream, Address, Address)> {
        let listener = self.all.get(&token);
        listener.ok_or(io::ErrorKind::WouldBlock)?.accept()
    }

    /// How the log names what they accept.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.all.values().map(Listener::kind)
    }
}

impl Listener {
    /// The next client, with where it comes from and came to.
    fn accept(&self) -> io::Result<(Stream, Address, Address)> {
        let address = |at: SocketAddr| Address::new(&at.ip().to_string(), at.port());
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                let local = stream.local_addr()?;
                Ok((Stream::Tcp(stream), address(peer), address(local)))
            }
            Self::Unix(listener, path) => {
                let (stream, _) = listener.accept()?;
                let here = Address::new(path, 0);
                Ok((Stream::Unix(stream), here.clone(), here))
            }
        }
    }

    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => listener.register(registry, token, Interest::READABLE),
            Self::Unix(listener, _) => listener.register(registry, token, Interest::READABLE),
        }
    }

    /// True for a port.
    const fn is_port(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    /// How the log names what it accepts.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Unix(..) => "unix",
        }
    }
}

impl Stream {
    /// Begins to connect, from the address `source` if there is one.
    pub(crate) fn connect(to: &Address, source: &str) -> io::Result<Self> {
        let to = resolve(to)?;
        let from_there = if source.is_empty() { None } else { connect_from(source, to).ok() };
        // Redis, too, dials from anywhere if it cannot from there.
        from_there.map_or_else(|| TcpStream::connect(to), Ok).map(Self::Tcp)
    }

    /// What became of dialling: true once the connection is established.
    pub(crate) fn is_established(&self) -> io::Result<bool> {
        let Self::Tcp(stream) = self else { return Ok(true) };
        match stream.take_error()? {
            Some(error) => Err(error),
            None => Ok(stream.peer_addr().is_ok()),
        }
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        match self {
            Self::Tcp(stream) => {
                let _ = stream.set_nodelay(true);
                stream.register(registry, token, interest)
            }
            Self::Unix(stream) => stream.register(registry, token, interest),
        }
    }

    pub(crate) fn deregister(&mut self, registry: &Registry) {
        let _ = match self {
            Self::Tcp(stream) => stream.deregister(registry),
            Self::Unix(stream) => stream.deregister(registry),
        };
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Listens at an address. One of IPv6 does not stand for all of IPv4 as well: who wants that names
/// it.
#[cfg(target_os = "linux")]
fn listen_at(at: SocketAddr) -> io::Result<TcpListener> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with, sockopt};
    if at.is_ipv4() {
        return TcpListener::bind(at);
    }
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET6, SocketType::STREAM, flags, None)?;
    sockopt::set_ipv6_v6only(&socket, true)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &at)?;
    listen(&socket, BACKLOG)?;
    Ok(TcpListener::from_std(std::net::TcpListener::from(socket)))
}

/// Only Linux is asked for it.
#[cfg(not(target_os = "linux"))]
fn listen_at(at: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(at)
}

/// Begins to connect from an address of this machine.
#[cfg(target_os = "linux")]
fn connect_from(source: &str, to: SocketAddr) -> io::Result<TcpStream> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};
    let from = resolve(&Address::new(source, 0))?;
    let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    bind(&socket, &from)?;
    match connect(&socket, &to) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {
            Ok(TcpStream::from_std(std::net::TcpStream::from(socket)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Only Linux is asked for it.
#[cfg(not(target_os = "linux"))]
fn connect_from(_: &str, to: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect(to)
}

/// Redis' `tcp-backlog`.
#[cfg(target_os = "linux")]
const BACKLOG: i32 = 511;

fn resolve(address: &Address) -> io::Result<SocketAddr> {
    let mut found = (&*address.host, address.port).to_socket_addrs()?;
    found.next().ok_or_else(|| io::Error::other("Name or service not known"))
}
