//! Where a node lives: the node, its disk, its prompt, and the frames that wait at its door.
//!
//! Every host has one for each of its nodes, and carries out turns by [`Place::take`]. A frame that
//! was sent stands in the receiver's inbox, perhaps before its virtual time, until a turn says that
//! it has arrived.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::disk::Disk;
use super::label::label;
use super::plan::Plan;
use super::prompt::format_reply;
use super::turn::{Done, Fact, Order};
use crate::keyspace::Keyspace;
use crate::node::{
    Address, Breach, Carries, DiskOrder, Input, Job, KeyStatus, Link, Node, Outbox, Output,
    OutputLimit, Setup, Status,
};
use crate::random::Random;
use crate::rdb::Digest;
use crate::resp::{Bytes, Reply, ReplyDecoder, encode_command, split_words};
use crate::time::Instant;

/// A node with what is around it. A clone is a checkpoint.
#[derive(Clone, Debug)]
pub struct Place {
    /// The server.
    node: Node,
    /// What the server is made of, should it start again.
    setup: Setup,
    /// How often it has started again.
    restarts: u64,
    /// Its files.
    disk: Disk,
    /// Disk orders that have not been carried out.
    queue: VecDeque<(Job, DiskOrder)>,
    /// What passes on each connection.
    wires: BTreeMap<Link, WireEnd>,
    /// What the prompt has heard.
    prompt: ReplyDecoder,
    /// True once the prompt is connected.
    prompt_open: bool,
    /// True if the reply to the last command is text to be printed as it is: INFO, CLIENT LIST.
    prompt_raw: bool,
}

/// The end of a connection, as it is at this place.
#[derive(Clone, Debug, Default)]
struct WireEnd {
    /// Frames that were sent to the node and have not arrived.
    inbox: Inbox,
    /// What was sent, for eyes: the snapshots, and how many frames.
    sent: Sending,
    /// The last frame that arrived, and its number.
    heard: Option<(u64, Bytes)>,
}

/// The frames of one connection.
#[derive(Clone, Debug, Default)]
struct Inbox {
    /// In the order of sending.
    frames: VecDeque<Bytes>,
    /// How many were ever put in.
    count: u64,
}

/// A frame that the host is to carry to the other end of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// The connection, as the sender names it.
    pub link: Link,
    /// The bytes.
    pub bytes: Bytes,
}

/// What was sent on a connection.
#[derive(Clone, Debug, Default)]
struct Sending {
    /// How many frames.
    count: u64,
    /// The frames of a snapshot with their numbers, as long as they are few.
    snapshot: Rc<Vec<(u64, Bytes)>>,
    /// How many bytes those have.
    kept: usize,
}

impl Inbox {
    /// The number of the next frame to arrive.
    fn next_number(&self) -> u64 {
        self.count - self.frames.len() as u64
    }
}

impl Sending {
    fn note(&mut self, bytes: &Bytes, carries: Carries) {
        if carries == Carries::Snapshot && self.kept < SNAPSHOT_KEPT {
            Rc::make_mut(&mut self.snapshot).push((self.count, Bytes::clone(bytes)));
            self.kept += bytes.len();
        }
        self.count += 1;
    }
}

impl Place {
    /// A place for a node that is about to start.
    pub fn new(setup: Setup, now: Instant) -> Self {
        Self {
            node: Node::new(setup.clone(), now),
            setup,
            restarts: 0,
            disk: Disk::default(),
            queue: VecDeque::new(),
            wires: BTreeMap::new(),
            prompt: ReplyDecoder::default(),
            prompt_open: false,
            prompt_raw: false,
        }
    }

    /// The place of a node of `plan`, with what is on its disk before it first starts.
    pub fn of(plan: &Plan, index: usize, now: Instant) -> Self {
        let mut place = Self::new(plan.setup(index), now);
        let dump = &plan.nodes[index].dump;
        if !dump.is_empty() {
            let file = place.node.option("dbfilename").to_owned();
            let order = DiskOrder::Append { file, bytes: dump.clone(), create: true };
            // A disk on which nothing was done yet takes every file.
            let _ = place.disk.obey(order);
        }
        place
    }

    /// Carries out one turn: what came of it, and what is to be carried away.
    ///
    /// # Panics
    /// If the turn speaks of a frame that has not been put in the inbox: the host must wait for it.
    pub fn take(&mut self, now: Instant, fact: Fact) -> (Done, Vec<Sent>) {
        let mut out = Outbox::default();
        let mut done = Done::default();
        let input = match fact {
            Fact::Typed { line } => self.typed(now, &line, &mut out, &mut done),
            Fact::Started => Some(Input::Started { dump: self.has_dump() }),
            Fact::Accepted { link, peer, local, .. } => Some(Input::Accepted { link, peer, local }),
            Fact::Opened { link, .. } => Some(Input::Opened { link }),
            Fact::Refused { link, why } => Some(Input::Refused { link, why }),
            Fact::Sent { link, bytes } => Some(Input::Sent { link, bytes }),
            Fact::Woke => Some(Input::Woke),
            Fact::Received { link } => {
                let wire = self.wires.entry(link).or_default();
                let frame = wire.inbox.frames.pop_front();
                let bytes = frame.expect("a frame is in the inbox before its turn");
                wire.heard = Some((wire.inbox.next_number() - 1, Bytes::clone(&bytes)));
                Some(Input::Received { link, bytes })
            }
            Fact::Closed { link } => {
                self.forget(link);
                Some(Input::Closed { link })
            }
            Fact::Reset { link } => {
                self.forget(link);
                let why = "Connection reset by peer".to_owned();
                Some(Input::Broke { link, during: Breach::Read(why) })
            }
            Fact::DiskDone { health } => self.queue.pop_front().map(|(job, order)| {
                let result = self.disk.try_to_obey(order, health);
                Input::Disk { job, result }
            }),
            Fact::Restarted { rdb, fork_fails } => {
                self.restart(now, rdb);
                if fork_fails {
                    self.node.handle(now, Input::Forks { fail: true }, &mut out);
                }
                Some(Input::Started { dump: self.has_dump() })
            }
            Fact::Forks { fail } => Some(Input::Forks { fail }),
        };
        if let Some(input) = input {
            self.node.handle(now, input, &mut out);
        }
        let sent = self.sort(out, &mut done);
        done.deadline = self.node.deadline();
        (done, sent)
    }

    /// True if the disk holds a dataset under the name by which the node looks for it.
    fn has_dump(&self) -> bool {
        self.disk.holds(self.node.option("dbfilename"))
    }

    /// Another process takes the place of the one that was killed. Only the disk stays.
    fn restart(&mut self, now: Instant, rdb: bool) {
        if !rdb {
            let file = self.node.option("dbfilename").to_owned();
            // Removing what is not there is no error.
            let _ = self.disk.obey(DiskOrder::Remove { file });
        }
        self.restarts += 1;
        let seed = Random::fork(self.setup.seed, self.restarts).next_u64();
        let setup = Setup { seed, ..self.setup.clone() };
        let disk = std::mem::take(&mut self.disk);
        let (own, restarts) = (self.setup.clone(), self.restarts);
        *self = Self { disk, setup: own, restarts, ..Self::new(setup, now) };
    }

    /// Puts a frame into the inbox of a connection.
    pub fn deliver(&mut self, link: Link, bytes: Bytes) {
        let inbox = &mut self.wires.entry(link).or_default().inbox;
        inbox.frames.push_back(bytes);
        inbox.count += 1;
    }

    fn forget(&mut self, link: Link) {
        self.wires.remove(&link);
    }

    /// A frame of a connection that has not arrived, or was the last to do so.
    pub fn frame(&self, link: Link, number: u64) -> Option<Bytes> {
        let WireEnd { inbox, heard, .. } = self.wires.get(&link)?;
        if let Some((heard, bytes)) = heard
            && *heard == number
        {
            return Some(Bytes::clone(bytes));
        }
        let index = usize::try_from(number.checked_sub(inbox.next_number())?).ok()?;
        inbox.frames.get(index).cloned()
    }

    /// What was sent of a snapshot up to the frame of this number, and where that frame begins; of
    /// a large snapshot only its beginning is kept.
    pub fn snapshot_sent(&self, link: Link, number: u64) -> Option<(Vec<u8>, usize)> {
        let pieces = &self.wires.get(&link)?.sent.snapshot;
        let last = pieces.iter().position(|(of, _)| *of == number)?;
        let bytes =
            |upto: usize| pieces[..upto].iter().flat_map(|(_, piece)| piece.iter().copied());
        Some((bytes(last + 1).collect(), bytes(last).count()))
    }

    /// The end of the node's stream: at most `max` bytes.
    pub fn stream_tail(&self, max: u64) -> Vec<u8> {
        self.node.stream_tail(max)
    }

    /// How many frames of a connection are there and have not arrived.
    pub fn waiting(&self, link: Link) -> usize {
        self.wires.get(&link).map_or(0, |wire| wire.inbox.frames.len())
    }

    /// How many frames were ever put into the inbox of a connection.
    pub fn delivered(&self, link: Link) -> u64 {
        self.wires.get(&link).map_or(0, |wire| wire.inbox.count)
    }

    /// What can be seen of the node.
    pub fn status(&self, now: Instant, keys: usize) -> Status {
        self.node.status(now, keys)
    }

    /// A key of this name in every database that has one.
    pub fn key(&self, name: &[u8]) -> Vec<KeyStatus> {
        self.node.key(name)
    }

    /// Forty digits that are equal for equal datasets.
    pub fn digest(&self) -> Digest {
        self.node.digest()
    }

    /// The dataset.
    pub(super) const fn keyspace(&self) -> &Keyspace {
        self.node.keyspace()
    }

    /// True if a client of a replica may not write.
    pub(super) fn is_read_only(&self) -> bool {
        self.node.replica_is_read_only()
    }

    /// The value of an option.
    pub fn option(&self, name: &str) -> &str {
        self.node.option(name)
    }

    /// How much may wait to be read by a replica.
    pub fn replica_limit(&self) -> OutputLimit {
        self.node.replica_limit()
    }

    /// The node's dataset as an RDB, as BGSAVE would write it now.
    pub fn dump(&self, now: Instant) -> Vec<u8> {
        self.node.dump(now)
    }

    /// A file of the node's disk.
    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        self.disk.file(name)
    }

    /// A line was typed: it becomes a command on the prompt's own connection.
    fn typed(
        &mut self,
        now: Instant,
        line: &str,
        out: &mut Outbox,
        done: &mut Done,
    ) -> Option<Input> {
        let Some(words) = split_words(line.as_bytes()) else {
            done.orders.push(Order::Said { text: "Invalid argument(s)".to_owned() });
            return None;
        };
        if words.is_empty() {
            return None;
        }
        if !self.prompt_open {
            self.prompt_open = true;
            let (peer, local) =
                (Address::new("127.0.0.1", 50_000), Address::new("127.0.0.1", 6379));
            self.node.handle(now, Input::Accepted { link: PROMPT, peer, local }, out);
        }
        self.prompt_raw = prints_raw(&words);
        let mut bytes = Vec::new();
        encode_command(&words, &mut bytes);
        Some(Input::Received { link: PROMPT, bytes: Bytes::from(bytes) })
    }

    /// Parts what the conductor hears from what is carried away, and keeps the disk's orders.
    fn sort(&mut self, out: Outbox, done: &mut Done) -> Vec<Sent> {
        let mut sent = Vec::new();
        for order in out.orders {
            match order {
                Output::Dial { link, to } => {
                    self.setup.dialled += 1;
                    done.orders.push(Order::Dial { link, to });
                }
                Output::Send { link: PROMPT, bytes, .. } => self.say(&bytes, done),
                Output::Send { link, bytes, carries } => {
                    let (kind, label) = label(&bytes, carries);
                    self.wires.entry(link).or_default().sent.note(&bytes, carries);
                    done.orders.push(Order::Send {
                        link,
                        bytes: bytes.len() as u64,
                        paced: carries.is_paced(),
                        digest: digest(&bytes),
                        kind,
                        label,
                    });
                    sent.push(Sent { link, bytes });
                }
                Output::Close { link: PROMPT } | Output::Drop { link: PROMPT } => {
                    self.prompt_open = false
                }
                Output::Close { link } | Output::Drop { link } => {
                    if let Some(wire) = self.wires.get_mut(&link) {
                        wire.sent = Sending::default();
                    }
                    done.orders.push(Order::Close { link });
                }
                Output::Disk { job, order } => {
                    done.orders.push(Order::Disk { work: self.disk.weigh(&order) });
                    self.queue.push_back((job, order));
                }
                Output::Note(note) => {
                    let level = note.level();
                    done.orders.push(Order::Note { line: note.to_string(), level });
                }
                Output::Exit => done.orders.push(Order::Exit),
                // A place keeps its address: its set-up says so, and it is not asked.
                Output::Listen { .. } => {}
            }
        }
        sent
    }

    /// The prompt prints what it hears.
    fn say(&mut self, bytes: &[u8], done: &mut Done) {
        self.prompt.feed(bytes);
        while let Ok(Some(reply)) = self.prompt.next_reply() {
            let text = if let (Reply::Bulk(text), true) = (&reply, self.prompt_raw) {
                format_reply(&Reply::Verbatim(Bytes::clone(text)))
            } else {
                format_reply(&reply)
            };
            done.orders.push(Order::Said { text });
        }
    }
}

/// The commands whose replies redis-cli prints as they are.
fn prints_raw(words: &[Vec<u8>]) -> bool {
    let is = |index: usize, word: &str| {
        words.get(index).is_some_and(|given| given.eq_ignore_ascii_case(word.as_bytes()))
    };
    is(0, "info") || (is(0, "client") && (is(1, "list") || is(1, "info")))
}

/// FNV-1a: a digest for the trace, not for safety.
fn digest(bytes: &[u8]) -> u64 {
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// So many bytes of a snapshot are kept for eyes.
const SNAPSHOT_KEPT: usize = 1 << 20;
/// The connection of the prompt beside the node.
const PROMPT: Link = Link::accepted(0);
