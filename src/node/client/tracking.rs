//! CLIENT TRACKING: clients that keep copies of keys are told when these change.
//!
//! A client reads a key, and the server remembers that it may hold it; whoever changes the key next
//! makes the server tell the client, once. A client that would rather not be remembered names the
//! beginnings of keys instead, and is told of every key that begins so.
//!
//! ```text
//!     HELLO 3, CLIENT TRACKING on      GET k ──▶ readers: k ─▶ {client}
//!     another client                   SET k ──▶ >2 invalidate [k]      forgotten
//!     CLIENT TRACKING on BCAST PREFIX user:      any change of user:* is told at the turn's end
//! ```
//!
//! RESP2 has no messages out of turn: such a client names another that has subscribed to something,
//! and which is told in its place. Databases make no difference: names alone are remembered.
//! *Source*: Redis 7.2 · tracking.c, networking.c · clientCommand.

use std::collections::{BTreeMap, BTreeSet};

use super::super::command_command::keys_read;
use super::super::help::text;
use super::super::io::Link;
use super::super::machine::Machine;
use super::super::output::Message;
use super::Client;
use crate::commands::{Flags, Spec};
use crate::resp::{Bytes, Protocol, Reply, parse_integer};

/// How a client is told of changes.
#[derive(Clone, Debug)]
pub(in crate::node) struct Tracker {
    /// Of which keys.
    mode: Mode,
    /// It is not told of its own changes.
    no_loop: bool,
    /// The number of the client that is told in its place; 0 for itself.
    redirect: u64,
    /// That client has gone.
    broken: bool,
    /// `CLIENT CACHING`: the next command is an exception.
    caching: bool,
}

/// Of which keys a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mode {
    /// Of those that it reads.
    Reads,
    /// Of those that it reads with a command behind `CLIENT CACHING yes`.
    OptIn,
    /// Of those that it reads, but for a command behind `CLIENT CACHING no`.
    OptOut,
    /// Of all that begin so.
    Broadcast(Vec<Bytes>),
}

/// Who is told of what.
#[derive(Clone, Debug, Default)]
pub(in crate::node) struct Tracking {
    /// Who may hold a key, with the client's number: a connection may come back as another's.
    readers: BTreeMap<Bytes, BTreeSet<(Link, u64)>>,
    /// Beginnings of keys, with who is told of them.
    prefixes: BTreeMap<Bytes, Prefix>,
    /// How many clients are told of anything.
    clients: u64,
}

/// A beginning of keys.
#[derive(Clone, Debug, Default)]
struct Prefix {
    /// Who is told.
    clients: BTreeSet<Link>,
    /// The keys that have changed in this turn, with the client that changed each last.
    changed: BTreeMap<Bytes, Option<Link>>,
}

impl Tracking {
    /// True if nobody is told of anything, and nothing is remembered of those who were.
    pub(in crate::node) fn is_idle(&self) -> bool {
        self.clients == 0 && self.readers.is_empty()
    }

    /// What INFO counts: clients, keys, their readers, prefixes.
    pub(in crate::node) fn counts(&self) -> [u64; 4] {
        let items = self.readers.values().map(|readers| readers.len() as u64).sum();
        let (keys, prefixes) = (self.readers.len() as u64, self.prefixes.len() as u64);
        [self.clients, keys, items, prefixes]
    }
}

impl Tracker {
    pub(super) fn prefixes(&self) -> &[Bytes] {
        match &self.mode {
            Mode::Broadcast(prefixes) => prefixes,
            Mode::Reads | Mode::OptIn | Mode::OptOut => &[],
        }
    }

    /// The letters of CLIENT LIST.
    pub(in crate::node) const fn letters(&self) -> [(bool, char); 3] {
        [(true, 't'), (self.broken, 'R'), (matches!(self.mode, Mode::Broadcast(_)), 'B')]
    }

    /// The number of the client that is told in its place; 0 for itself.
    pub(in crate::node) const fn redirect(&self) -> u64 {
        self.redirect
    }

    /// The words of CLIENT TRACKINGINFO.
    fn flags(&self) -> Vec<&'static str> {
        let mode = match (&self.mode, self.caching) {
            (Mode::Reads, _) => &["on"][..],
            (Mode::Broadcast(_), _) => &["on", "bcast"],
            (Mode::OptIn, false) => &["on", "optin"],
            (Mode::OptIn, true) => &["on", "optin", "caching-yes"],
            (Mode::OptOut, false) => &["on", "optout"],
            (Mode::OptOut, true) => &["on", "optout", "caching-no"],
        };
        let more = [(self.no_loop, "noloop"), (self.broken, "broken_redirect")];
        let more = more.into_iter().filter_map(|(holds, word)| holds.then_some(word));
        mode.iter().copied().chain(more).collect()
    }
}

/// What a client asks for.
#[derive(Default)]
struct Wish {
    redirect: u64,
    broadcast: bool,
    opt_in: bool,
    opt_out: bool,
    no_loop: bool,
    prefixes: Vec<Bytes>,
}

impl Wish {
    fn parse(machine: &Machine<'_>, words: &[Bytes]) -> Result<Self, String> {
        let mut wish = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match (word.to_ascii_lowercase().as_slice(), words.len()) {
                (b"bcast", _) => wish.broadcast = true,
                (b"optin", _) => wish.opt_in = true,
                (b"optout", _) => wish.opt_out = true,
                (b"noloop", _) => wish.no_loop = true,
                (b"prefix", 1..) => wish.prefixes.extend(words.next().cloned()),
                (b"redirect", 1..) if wish.redirect == 0 => {
                    let id = words.next().and_then(|id| parse_integer(id));
                    let id = id.ok_or("ERR value is not an integer or out of range")?;
                    wish.redirect = u64::try_from(id).unwrap_or(0);
                    if machine.link_of(wish.redirect).is_none() {
                        return Err("ERR The client ID you want redirect to does not exist".into());
                    }
                }
                (b"redirect", 1..) => {
                    return Err("ERR A client can only redirect to a single other client".into());
                }
                _ => return Err("ERR syntax error".into()),
            }
        }
        Ok(wish)
    }

    /// The wish as it can be granted to a client that is told in the way of `old`, if in any.
    fn granted(self, old: Option<&Tracker>) -> Result<Tracker, String> {
        if !self.broadcast && !self.prefixes.is_empty() {
            return Err("ERR PREFIX option requires BCAST mode to be enabled".into());
        }
        let old_mode = old.map(|old| &old.mode);
        if old_mode.is_some_and(|old| matches!(old, Mode::Broadcast(_)) != self.broadcast) {
            return Err(switched("BCAST mode on/off"));
        }
        if self.broadcast && (self.opt_in || self.opt_out) {
            return Err("ERR OPTIN and OPTOUT are not compatible with BCAST".into());
        }
        if self.opt_in && self.opt_out {
            return Err("ERR You can't specify both OPTIN mode and OPTOUT mode".into());
        }
        if (self.opt_in && old_mode == Some(&Mode::OptOut))
            || (self.opt_out && old_mode == Some(&Mode::OptIn))
        {
            return Err(switched("OPTIN/OPTOUT mode"));
        }
        let mode = match (self.broadcast, self.opt_in, self.opt_out) {
            (true, ..) => Mode::Broadcast(joined(self.prefixes, old)?),
            (_, true, _) => Mode::OptIn,
            (_, _, true) => Mode::OptOut,
            _ => Mode::Reads,
        };
        let (redirect, no_loop) = (self.redirect, self.no_loop);
        Ok(Tracker { mode, no_loop, redirect, broken: false, caching: false })
    }
}

fn switched(what: &str) -> String {
    format!(
        "ERR You can't switch {what} before disabling tracking for this client, and then \
         re-enabling it with a different mode."
    )
}

/// The prefixes that a client has, and new ones; none may begin as another does.
fn joined(new: Vec<Bytes>, old: Option<&Tracker>) -> Result<Vec<Bytes>, String> {
    let old = old.map_or(&[][..], Tracker::prefixes);
    let new = if new.is_empty() && old.is_empty() { vec![Bytes::default()] } else { new };
    let overlap = |one: &Bytes, other: &Bytes| one.starts_with(other) || other.starts_with(one);
    let refusal = |one: &Bytes, which: &str, other: &Bytes| {
        let (one, other) = (text(one), text(other));
        format!(
            "ERR Prefix '{one}' overlaps with {which} prefix '{other}'. Prefixes for a single \
             client must not overlap."
        )
    };
    for (index, prefix) in new.iter().enumerate() {
        if let Some(other) = old.iter().find(|other| overlap(prefix, other)) {
            return Err(refusal(prefix, "an existing", other));
        }
        if let Some(other) = new[index + 1..].iter().find(|other| overlap(prefix, other)) {
            return Err(refusal(prefix, "another provided", other));
        }
    }
    let mut all: Vec<Bytes> = old.iter().cloned().chain(new).collect();
    all.sort_unstable();
    Ok(all)
}

/// `CLIENT TRACKING on|off [option ...]`.
pub(in crate::node) fn tracking(machine: &mut Machine<'_>, link: Link, words: &[Bytes]) -> Reply {
    let Some((switch, options)) = words.split_first() else { return Reply::Silent };
    let wish = match Wish::parse(machine, options) {
        Ok(wish) => wish,
        Err(text) => return Reply::error(text),
    };
    match switch.to_ascii_lowercase().as_slice() {
        b"on" => {}
        b"off" => {
            machine.forget_tracking(link);
            return Reply::OK;
        }
        _ => return Reply::error("ERR syntax error"),
    }
    let old = machine.state.clients.get(&link).and_then(|client| client.tracker.as_deref());
    match wish.granted(old) {
        Ok(tracker) => {
            machine.track(link, tracker);
            Reply::OK
        }
        Err(text) => Reply::error(text),
    }
}

/// `CLIENT CACHING yes|no`: whether what the next command reads is remembered.
pub(in crate::node) fn caching(client: &mut Client, word: &Bytes) -> Reply {
    let Some(tracker) = &mut client.tracker else {
        return Reply::error(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN \
             or OPTOUT mode enabled",
        );
    };
    let (answer, mode, name) = match word.to_ascii_lowercase().as_slice() {
        b"yes" => ("YES", Mode::OptIn, "OPTIN"),
        b"no" => ("NO", Mode::OptOut, "OPTOUT"),
        _ => return Reply::error("ERR syntax error"),
    };
    if tracker.mode != mode {
        return Reply::error(format!(
            "ERR CLIENT CACHING {answer} is only valid when tracking is enabled in {name} mode."
        ));
    }
    tracker.caching = true;
    Reply::OK
}

/// `CLIENT TRACKINGINFO`.
pub(in crate::node) fn tracking_info(client: &Client) -> Reply {
    let tracker = client.tracker.as_deref();
    let flags = tracker.map_or_else(|| vec!["off"], Tracker::flags);
    let prefixes = tracker.map_or(&[][..], Tracker::prefixes);
    Reply::Map(vec![
        (Reply::bulk("flags"), Reply::Set(flags.into_iter().map(Reply::bulk).collect())),
        (Reply::bulk("redirect"), redirection(client)),
        (
            Reply::bulk("prefixes"),
            Reply::Array(prefixes.iter().cloned().map(Reply::Bulk).collect()),
        ),
    ])
}

/// `CLIENT GETREDIR`: who is told in this client's place.
pub(in crate::node) fn redirection(client: &Client) -> Reply {
    let tracker = client.tracker.as_deref();
    tracker.map_or(Reply::Integer(-1), |tracker| Reply::count(tracker.redirect))
}

impl Machine<'_> {
    /// The connection of the client with this number.
    fn link_of(&self, id: u64) -> Option<Link> {
        self.state.clients.iter().find(|(_, client)| client.id == id).map(|(&link, _)| link)
    }

    fn tracker(&self, link: Link) -> Option<&Tracker> {
        self.state.clients.get(&link)?.tracker.as_deref()
    }

    fn track(&mut self, link: Link, tracker: Tracker) {
        for prefix in tracker.prefixes() {
            let prefixes = &mut self.state.tracking.prefixes;
            prefixes.entry(Bytes::clone(prefix)).or_default().clients.insert(link);
        }
        let Some(client) = self.state.clients.get_mut(&link) else { return };
        if client.tracker.replace(Box::new(tracker)).is_none() {
            self.state.tracking.clients += 1;
        }
    }

    /// A client is told of nothing any more.
    pub(in crate::node) fn forget_tracking(&mut self, link: Link) {
        let Some(client) = self.state.clients.get_mut(&link) else { return };
        let Some(tracker) = client.tracker.take() else { return };
        self.state.tracking.clients -= 1;
        for prefix in tracker.prefixes() {
            let prefixes = &mut self.state.tracking.prefixes;
            if let Some(entry) = prefixes.get_mut(prefix) {
                entry.clients.remove(&link);
                if entry.clients.is_empty() {
                    prefixes.remove(prefix);
                }
            }
        }
    }

    /// Remembers which keys a command of a client has read.
    pub(in crate::node) fn remember_reads(&mut self, link: Link, spec: &Spec, args: &[Bytes]) {
        if !self.state.tracking.is_idle() && spec.flags.has(Flags::READONLY) {
            let profile = self.state.setup.profile;
            self.remember_keys(link, || keys_read(spec.name, args, profile));
        }
    }

    /// Remembers that a client may hold keys, if it wants them remembered.
    pub(in crate::node) fn remember_keys(&mut self, link: Link, keys: impl FnOnce() -> Vec<Bytes>) {
        let Some(tracker) = self.tracker(link) else { return };
        let wanted = match tracker.mode {
            Mode::Reads => true,
            Mode::OptIn => tracker.caching,
            Mode::OptOut => !tracker.caching,
            Mode::Broadcast(_) => false,
        };
        let Some(id) = self.state.clients.get(&link).map(|client| client.id) else { return };
        for key in wanted.then(keys).into_iter().flatten() {
            self.state.tracking.readers.entry(key).or_default().insert((link, id));
        }
        self.bound_readers();
    }

    /// `tracking-table-max-keys`: who may hold a key too many is told that it has changed.
    pub(in crate::node) fn bound_readers(&mut self) {
        let most = self.state.config().number("tracking-table-max-keys");
        while most > 0 && self.state.tracking.readers.len() as u64 > most {
            let Some((key, readers)) = self.state.tracking.readers.pop_first() else { return };
            self.tell_readers(&key, readers, None);
        }
    }

    /// `CLIENT CACHING` was about one command, or about a whole transaction.
    pub(in crate::node) fn forget_caching(&mut self, link: Link) {
        if self.state.tracking.is_idle() {
            return;
        }
        if let Some(client) = self.state.clients.get_mut(&link)
            && let (Some(tracker), None) = (&mut client.tracker, &client.transaction)
        {
            tracker.caching = false;
        }
    }

    /// Tells who may hold these keys that they have changed. That one has expired is broadcast to
    /// the client that was served, too: nobody but the server has changed it.
    pub(in crate::node) fn invalidate(
        &mut self,
        touched: &[(usize, Bytes)],
        expired: &[(usize, Vec<Bytes>)],
    ) {
        if self.state.tracking.is_idle() {
            return;
        }
        let mut expired: Vec<(usize, &Bytes)> =
            expired.iter().filter_map(|(db, deletion)| Some((*db, deletion.get(1)?))).collect();
        for (db, key) in touched {
            let gone = expired.iter().position(|gone| *gone == (*db, key));
            let served = self.state.served;
            let by = served.filter(|_| gone.map(|gone| expired.swap_remove(gone)).is_none());
            let fitting = self.state.tracking.prefixes.iter_mut();
            for (_, prefix) in fitting.filter(|(prefix, _)| key.starts_with(prefix)) {
                prefix.changed.insert(Bytes::clone(key), by);
            }
            if let Some(readers) = self.state.tracking.readers.remove(key) {
                self.tell_readers(key, readers, served);
            }
        }
    }

    fn tell_readers(&mut self, key: &Bytes, readers: BTreeSet<(Link, u64)>, by: Option<Link>) {
        for (link, id) in readers {
            let Some(client) = self.state.clients.get(&link).filter(|client| client.id == id)
            else {
                continue;
            };
            let Some(tracker) = &client.tracker else { continue };
            let own = tracker.no_loop && by == Some(link);
            if own || matches!(tracker.mode, Mode::Broadcast(_)) {
                continue;
            }
            self.tell_invalid(link, Reply::Array(vec![Reply::Bulk(Bytes::clone(key))]));
        }
    }

    /// Everything has changed.
    pub(in crate::node) fn invalidate_all(&mut self) {
        if self.state.tracking.is_idle() {
            return;
        }
        self.state.tracking.readers.clear();
        let clients = self.state.clients.iter();
        let told: Vec<Link> =
            clients.filter(|(_, client)| client.tracker.is_some()).map(|(&link, _)| link).collect();
        for link in told {
            self.tell_invalid(link, Reply::Null);
        }
    }

    /// Tells of the keys of this turn whoever has named their beginnings.
    pub(in crate::node) fn broadcast_changes(&mut self) {
        if self.state.tracking.is_idle() {
            return;
        }
        let mut told = Vec::new();
        for prefix in self.state.tracking.prefixes.values_mut() {
            let changed = std::mem::take(&mut prefix.changed);
            if !changed.is_empty() {
                told.extend(prefix.clients.iter().map(|&link| (link, changed.clone())));
            }
        }
        for (link, changed) in told {
            let no_loop = self.tracker(link).is_some_and(|tracker| tracker.no_loop);
            let others = changed.into_iter().filter(|&(_, by)| !no_loop || by != Some(link));
            let keys: Vec<Reply> = others.map(|(key, _)| Reply::Bulk(key)).collect();
            if !keys.is_empty() {
                self.tell_invalid(link, Reply::Array(keys));
            }
        }
    }

    /// Tells a client, or the one that listens for it, which keys have changed.
    fn tell_invalid(&mut self, link: Link, keys: Reply) {
        let Some(redirect) = self.tracker(link).map(|tracker| tracker.redirect) else { return };
        let target = if redirect == 0 { Some(link) } else { self.link_of(redirect) };
        let Some((target, client)) = target.and_then(|to| Some((to, self.state.clients.get(&to)?)))
        else {
            return self.redirection_broken(link, redirect);
        };
        let words = match client.protocol {
            Protocol::Resp3 => vec![Reply::bulk("invalidate"), keys],
            Protocol::Resp2 if redirect != 0 && client.subscriptions.any() => {
                vec![Reply::bulk("message"), Reply::bulk("__redis__:invalidate"), keys]
            }
            Protocol::Resp2 => return,
        };
        self.push(target, &Message::new(&Reply::Push(words)));
    }

    fn redirection_broken(&mut self, link: Link, redirect: u64) {
        let Some(client) = self.state.clients.get_mut(&link) else { return };
        if let Some(tracker) = &mut client.tracker {
            tracker.broken = true;
        }
        if client.protocol == Protocol::Resp3 {
            let words = vec![Reply::bulk("tracking-redir-broken"), Reply::count(redirect)];
            self.push(link, &Message::new(&Reply::Push(words)));
        }
    }
}
