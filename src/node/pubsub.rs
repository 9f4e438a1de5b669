//! Publish and subscribe, and the notifications of what happens to keys.
//!
//! A channel exists as long as somebody listens. A message goes to the channel's subscribers in the
//! order in which they came, then to those of every pattern that fits. A subscriber of RESP2 may
//! say little else; one of RESP3 hears messages as pushes beside its replies. PUBLISH enters the
//! stream, so that subscribers of replicas hear it too; notifications do not: each server makes its
//! own. *Source*: Redis 7.2 · pubsub.c, notify.c.

use std::collections::{BTreeMap, BTreeSet};

use super::client::Subscriptions;
use super::help::{help, wrong_words};
use super::io::Link;
use super::machine::Machine;
use super::output::Message;
use crate::commands::{Classes, Event, glob_matches};
use crate::resp::{Bytes, Protocol, Reply};

/// Who listens to what.
#[derive(Clone, Debug, Default)]
pub(super) struct Audience {
    /// By channel.
    channels: BTreeMap<Bytes, Vec<Link>>,
    /// By pattern, the oldest first.
    patterns: Vec<(Bytes, Vec<Link>)>,
    /// By shard channel.
    shards: BTreeMap<Bytes, Vec<Link>>,
}

impl Audience {
    fn join(&mut self, kind: Kind, name: &Bytes, link: Link) {
        match kind {
            Kind::Channel => self.channels.entry(Bytes::clone(name)).or_default().push(link),
            Kind::Shard => self.shards.entry(Bytes::clone(name)).or_default().push(link),
            Kind::Pattern => match self.patterns.iter_mut().find(|(own, _)| own == name) {
                Some((_, links)) => links.push(link),
                None => self.patterns.push((Bytes::clone(name), vec![link])),
            },
        }
    }

    fn leave(&mut self, kind: Kind, name: &Bytes, link: Link) {
        let map = match kind {
            Kind::Channel => &mut self.channels,
            Kind::Shard => &mut self.shards,
            Kind::Pattern => {
                for (_, links) in self.patterns.iter_mut().filter(|(own, _)| own == name) {
                    links.retain(|&other| other != link);
                }
                return self.patterns.retain(|(_, links)| !links.is_empty());
            }
        };
        if let Some(links) = map.get_mut(name) {
            links.retain(|&other| other != link);
            if links.is_empty() {
                map.remove(name);
            }
        }
    }

    /// How many channels, patterns and shard channels have subscribers.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        (self.channels.len(), self.patterns.len(), self.shards.len())
    }
}

/// What is subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Channel,
    Pattern,
    Shard,
}

impl Kind {
    const fn verbs(self) -> (&'static str, &'static str) {
        match self {
            Self::Channel => ("subscribe", "unsubscribe"),
            Self::Pattern => ("psubscribe", "punsubscribe"),
            Self::Shard => ("ssubscribe", "sunsubscribe"),
        }
    }

    const fn own(self, subscriptions: &mut Subscriptions) -> &mut BTreeSet<Bytes> {
        match self {
            Self::Channel => &mut subscriptions.channels,
            Self::Pattern => &mut subscriptions.patterns,
            Self::Shard => &mut subscriptions.shards,
        }
    }

    /// The number that confirms: shard channels are counted for themselves.
    fn count(self, subscriptions: &Subscriptions) -> Reply {
        Reply::count(match self {
            Self::Channel | Self::Pattern => {
                subscriptions.channels.len() + subscriptions.patterns.len()
            }
            Self::Shard => subscriptions.shards.len(),
        } as u64)
    }
}

pub(super) fn subscribe(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    machine.join(Kind::Channel, link, &args[1..])
}

pub(super) fn psubscribe(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    machine.join(Kind::Pattern, link, &args[1..])
}

pub(super) fn ssubscribe(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    if machine.state.in_exec {
        return Reply::error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
    }
    machine.join(Kind::Shard, link, &args[1..])
}

pub(super) fn unsubscribe(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    machine.leave(Kind::Channel, link, &args[1..])
}

pub(super) fn punsubscribe(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    machine.leave(Kind::Pattern, link, &args[1..])
}

pub(super) fn sunsubscribe(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    machine.leave(Kind::Shard, link, &args[1..])
}

/// PUBLISH: it enters the stream always, though it changes nothing.
pub(super) fn publish(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    machine.also_propagate(link, args);
    Reply::count(machine.deliver(&args[1], &args[2]))
}

/// SPUBLISH.
pub(super) fn spublish(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    machine.also_propagate(link, args);
    Reply::count(machine.deliver_shard(&args[1], &args[2]))
}

pub(super) fn pubsub(machine: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    let audience = &machine.state.audience;
    let sub = args[1].to_ascii_lowercase();
    let fitting = |map: &BTreeMap<Bytes, Vec<Link>>, pattern: Option<&Bytes>| {
        let fits = |name: &&Bytes| pattern.is_none_or(|pattern| glob_matches(pattern, name));
        Reply::Array(map.keys().filter(fits).map(|name| Reply::Bulk(Bytes::clone(name))).collect())
    };
    let counted = |map: &BTreeMap<Bytes, Vec<Link>>, names: &[Bytes]| {
        let count = |name: &Bytes| Reply::count(map.get(name).map_or(0, Vec::len) as u64);
        let pairs = names.iter().flat_map(|name| [Reply::Bulk(Bytes::clone(name)), count(name)]);
        Reply::Array(pairs.collect())
    };
    match (sub.as_slice(), &args[2..]) {
        (b"channels", []) => fitting(&audience.channels, None),
        (b"channels", [pattern]) => fitting(&audience.channels, Some(pattern)),
        (b"shardchannels", []) => fitting(&audience.shards, None),
        (b"shardchannels", [pattern]) => fitting(&audience.shards, Some(pattern)),
        (b"numsub", names) => counted(&audience.channels, names),
        (b"shardnumsub", names) => counted(&audience.shards, names),
        (b"numpat", []) => Reply::count(audience.patterns.len() as u64),
        (b"help", []) => help(args, HELP),
        _ => wrong_words(args),
    }
}

impl Machine<'_> {
    fn join(&mut self, kind: Kind, link: Link, names: &[Bytes]) -> Reply {
        let Some(client) = self.state.clients.get_mut(&link) else { return Reply::Silent };
        let mut confirmed = Vec::new();
        for name in names {
            if kind.own(&mut client.subscriptions).insert(Bytes::clone(name)) {
                self.state.audience.join(kind, name, link);
            }
            let count = kind.count(&client.subscriptions);
            let words = vec![Reply::bulk(kind.verbs().0), Reply::Bulk(Bytes::clone(name)), count];
            confirmed.push(Reply::Push(words));
        }
        Reply::Several(confirmed)
    }

    /// No names are all names.
    fn leave(&mut self, kind: Kind, link: Link, names: &[Bytes]) -> Reply {
        let Some(client) = self.state.clients.get_mut(&link) else { return Reply::Silent };
        let own = kind.own(&mut client.subscriptions);
        let all: Vec<Bytes> = own.iter().cloned().collect();
        let names = if names.is_empty() { &all } else { names };
        let mut confirmed = Vec::new();
        for name in names {
            if kind.own(&mut client.subscriptions).remove(name) {
                self.state.audience.leave(kind, name, link);
            }
            let count = kind.count(&client.subscriptions);
            let words = vec![Reply::bulk(kind.verbs().1), Reply::Bulk(Bytes::clone(name)), count];
            confirmed.push(Reply::Push(words));
        }
        if confirmed.is_empty() {
            let count = kind.count(&client.subscriptions);
            confirmed.push(Reply::Push(vec![Reply::bulk(kind.verbs().1), Reply::Null, count]));
        }
        Reply::Several(confirmed)
    }

    /// A client listens to nothing any more.
    pub(super) fn forget_subscriptions(&mut self, link: Link) {
        for kind in [Kind::Channel, Kind::Pattern, Kind::Shard] {
            self.leave(kind, link, &[]);
        }
    }

    /// Gives a message to everybody who listens; how many that are.
    pub(super) fn deliver(&mut self, channel: &Bytes, message: &Bytes) -> u64 {
        let mut heard = 0;
        if let Some(links) = self.state.audience.channels.get(channel).cloned() {
            heard += self.send_all(&links, "message", &[channel, message]);
        }
        let fitting = |(pattern, _): &&(Bytes, Vec<Link>)| glob_matches(pattern, channel);
        let patterns: Vec<_> =
            self.state.audience.patterns.iter().filter(fitting).cloned().collect();
        for (pattern, links) in patterns {
            heard += self.send_all(&links, "pmessage", &[&pattern, channel, message]);
        }
        heard
    }

    fn deliver_shard(&mut self, channel: &Bytes, message: &Bytes) -> u64 {
        match self.state.audience.shards.get(channel).cloned() {
            Some(links) => self.send_all(&links, "smessage", &[channel, message]),
            None => 0,
        }
    }

    fn send_all(&mut self, links: &[Link], kind: &str, words: &[&Bytes]) -> u64 {
        let words = words.iter().map(|&word| Reply::Bulk(Bytes::clone(word)));
        let words = std::iter::once(Reply::bulk(kind)).chain(words).collect();
        let message = Message::new(&Reply::Push(words));
        for &link in links {
            self.push(link, &message);
        }
        links.len() as u64
    }

    /// Carries out the master's PUBLISH or SPUBLISH.
    pub(super) fn obey_publish(&mut self, name: &str, args: &[Bytes]) -> Reply {
        if name == "publish" {
            self.deliver(&args[1], &args[2]);
        } else {
            self.deliver_shard(&args[1], &args[2]);
        }
        Reply::Silent
    }

    /// Tells those who listen what has happened to keys.
    pub(super) fn notify(&mut self, events: &[Event]) {
        let classes = self.state.config().settings.notify;
        for Event { db, name, key } in events {
            if classes.has(Classes::KEYSPACE) {
                let channel = [format!("__keyspace@{db}__:").as_bytes(), key].concat();
                self.deliver(&Bytes::from(channel), &Bytes::from(name.as_bytes()));
            }
            if classes.has(Classes::KEYEVENT) {
                let channel = format!("__keyevent@{db}__:{name}");
                self.deliver(&Bytes::from(channel.as_bytes()), key);
            }
        }
    }
}

/// True if a subscriber of `protocol` may say this.
pub(super) fn subscriber_may(protocol: Protocol, name: &str) -> bool {
    protocol == Protocol::Resp3
        || matches!(
            name,
            "ping"
                | "subscribe"
                | "ssubscribe"
                | "sunsubscribe"
                | "psubscribe"
                | "unsubscribe"
                | "punsubscribe"
                | "quit"
                | "reset"
        )
}

const HELP: &[&str] = &[
    "CHANNELS [<pattern>]",
    "    Return the currently active channels matching a <pattern> (default: '*').",
    "NUMPAT",
    "    Return number of subscriptions to patterns.",
    "NUMSUB [<channel> ...]",
    "    Return the number of subscribers for the specified channels, excluding",
    "    pattern subscriptions(default: no channels).",
    "SHARDCHANNELS [<pattern>]",
    "    Return the currently active shard level channels matching a <pattern> (default: '*').",
    "SHARDNUMSUB [<shardchannel> ...]",
    "    Return the number of subscribers for the specified shard level channel(s)",
];
