//! What the buffers of a client take, by Redis' account.
//!
//! Here what waits to be read is a number of bytes, and a query is what has arrived of it. Redis
//! writes replies into a buffer of 16 KiB that every client has, and what does not fit into nodes
//! of a list; a query goes into a buffer that is 16 KiB to begin with, and grows. Limits are about
//! whole nodes and whole buffers, so they are derived here, when somebody asks, from lengths that
//! are kept anyway. *Source*: Redis 7.2 · networking.c · _addReplyProtoToList,
//! getClientOutputBufferMemoryUsage, getClientMemoryUsage; server.c · clientsCronResizeQueryBuffer.

use super::super::io::Carries;
use super::{Client, ReplyBuffer, ReplyBufferCare, Transaction};
use crate::resp::{Command, CommandDecoder};
use crate::time::{Duration, Instant};

/// What a client has been told since it had last read everything.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::node) struct Told {
    /// Bytes that have left the wire.
    left: u64,
    /// Where the list begins, if a reply has begun it before the buffer was full.
    list: Option<u64>,
}

/// How much room the commands of a client have been given.
#[derive(Clone, Copy, Debug)]
pub(in crate::node) struct QueryRoom {
    bytes: u64,
    /// When there was last use for as much.
    used_at: Instant,
}

/// Redis' own figures for replies that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::node) struct Waits {
    /// Bytes in the buffer: `obl`.
    pub(in crate::node) buffer: u64,
    /// Nodes in the list: `oll`.
    pub(in crate::node) nodes: u64,
}

impl Waits {
    /// What the nodes take: `omem`, which the limits are about.
    pub(in crate::node) const fn bytes(self) -> u64 {
        self.nodes * (NODE_BYTES + NODE_OVERHEAD)
    }
}

impl QueryRoom {
    pub(super) const fn new(now: Instant) -> Self {
        Self { bytes: QUERY_BYTES, used_at: now }
    }
}

impl Client {
    /// True if it takes no more than any client takes, and did not before.
    pub(in crate::node) fn is_light(&self) -> bool {
        let own = self.watch.keys.is_empty() && !self.subscriptions.any();
        let asks = self.transaction.is_none() && self.tracker.is_none() && own;
        let hears = self.told.left == 0 && self.told.list.is_none();
        let waiting = self.replies.len() as u64 + self.in_wire;
        self.weighed == 0
            && asks
            && hears
            && waiting <= self.reply_buffer.size
            && self.asks().max(self.query.bytes) <= QUERY_BYTES
    }

    /// What waits to be read by a client that is no replica.
    #[inline(never)]
    pub(in crate::node) fn waits(&self) -> Waits {
        let waiting = self.replies.len() as u64 + self.in_wire;
        if waiting == 0 {
            return Waits::default();
        }
        let (left, told) = (self.told.left, self.told.left + waiting);
        let list = self.told.list.unwrap_or(self.reply_buffer.size).min(told);
        let buffer = if left < list { list } else { 0 };
        let first = left.saturating_sub(list) / NODE_BYTES;
        Waits { buffer, nodes: (told - list).div_ceil(NODE_BYTES) - first }
    }

    /// A reply of `bytes` has been added. If its length stands at its head and was known last,
    /// Redis has kept a place for it in the list, and nothing more goes into the buffer.
    #[inline(never)]
    pub(in crate::node) fn told_much(&mut self, bytes: usize) {
        let told = self.told.left + self.in_wire + (self.replies.len() - bytes) as u64;
        if told < self.reply_buffer.size && LATE.contains(&self.last_command_name()) {
            self.told.list.get_or_insert(told);
        }
    }

    /// The buffer of replies as the cron would have left it by now, and as full as it is.
    pub(in crate::node) fn reply_buffer_now(
        &self,
        now: Instant,
        care: ReplyBufferCare,
    ) -> ReplyBuffer {
        let mut buffer = self.reply_buffer;
        buffer.look_after(now, self.told.left + self.in_wire, care);
        buffer.holds(self.told.left + self.in_wire + self.replies.len() as u64);
        buffer
    }

    /// Before replies leave, makes up for what the cron would have done with their buffer.
    pub(in crate::node) fn look_after_replies(&mut self, now: Instant, care: ReplyBufferCare) {
        let held = self.told.left + self.in_wire;
        self.reply_buffer.look_after(now, held, care);
    }

    /// So many bytes of replies go to the wire.
    pub(in crate::node) fn hand_over(&mut self, bytes: usize, counted: bool) -> Carries {
        let waiting = self.told.left + self.in_wire + bytes as u64;
        self.reply_buffer.holds(waiting);
        if waiting > self.reply_buffer.size {
            self.told.list.get_or_insert(self.reply_buffer.size);
        }
        if counted {
            self.in_wire += bytes as u64;
            return Carries::Reply;
        }
        self.told = Told::default();
        Carries::Talk
    }

    /// Bytes that were not counted are still there: the wire has not taken them.
    pub(in crate::node) const fn has_kept(&mut self, bytes: u64) {
        self.in_wire += bytes;
    }

    /// Counted bytes have left the wire.
    pub(in crate::node) fn has_left(&mut self, bytes: u64) {
        self.in_wire -= bytes;
        self.told.left += bytes;
        if self.in_wire == 0 && self.replies.is_empty() {
            self.told = Told::default();
        }
    }

    /// True if it is worth knowing when `bytes` for it have left, limits or not.
    pub(in crate::node) fn is_owed_much(&self, bytes: usize) -> bool {
        bytes as u64 > OWN_BUFFER_BYTES || self.in_wire > 0
    }

    /// Bytes have arrived: the buffer has grown for them, and for what they announce.
    pub(super) fn make_query_room(&mut self, now: Instant) {
        let held = self.decoder.wanted() as u64;
        self.query.bytes = self.query_kept(now);
        if held * 2 > self.query.bytes {
            self.query = QueryRoom { bytes: self.query.bytes.max(held), used_at: now };
        }
    }

    /// What the cron has left of the buffer of its commands: a large one that was not used for a
    /// while is made smaller.
    fn query_kept(&self, now: Instant) -> u64 {
        let unused = now.since(self.query.used_at) > QUERY_PEAK;
        let shrinks = unused && self.query.bytes > QUERY_RESIZE_BYTES;
        if shrinks { QUERY_BYTES } else { self.query.bytes }
    }

    /// What the buffer takes if it holds `held` bytes: nothing more, if nothing came for a while.
    pub(in crate::node) fn query_room(&self, held: u64, now: Instant) -> u64 {
        let idle = now.since(self.heard_at).seconds() > QUERY_IDLE_SECONDS;
        if idle { held } else { self.query_kept(now).max(held) }
    }

    /// What the client takes: `tot-mem`. `argv` are the bytes of the command at hand, and `held`
    /// what is in the buffer of its commands.
    pub(in crate::node) fn memory(
        &self,
        (held, argv): (u64, u64),
        now: Instant,
        care: ReplyBufferCare,
    ) -> u64 {
        let room = match self.query_room(held, now) {
            0 => 0,
            room => room + QUERY_OVERHEAD,
        };
        CLIENT_BYTES + self.reply_buffer_now(now, care).size + room + argv + self.burden()
    }

    /// What it takes beyond what any client takes; its master's or a replica's is not its own.
    pub(super) fn weight(&self) -> u64 {
        if self.downlink.is_some() {
            return 0;
        }
        self.asks().saturating_sub(QUERY_BYTES) + self.burden()
    }

    /// What it says takes: whole arguments, and room for the one that is under way.
    fn asks(&self) -> u64 {
        self.decoder.pending().max(self.decoder.wanted()) as u64
    }

    /// What it takes beside its query.
    fn burden(&self) -> u64 {
        let said = &self.subscriptions;
        let names = said.channels.len() + said.patterns.len() + said.shards.len();
        let queue = self.transaction.as_ref().map_or(0, Transaction::weight);
        let prefixes = self.tracker.as_deref().map_or(0, |tracker| tracker.prefixes().len());
        self.waits().bytes()
            + queue
            + self.watch.keys.len() as u64 * WATCHED_KEY_BYTES
            + names as u64 * SUBSCRIPTION_BYTES
            + prefixes as u64 * PREFIX_BYTES
    }

    /// The bytes of the command at hand, as far as they have arrived: `argv-mem`.
    pub(in crate::node) fn argv_bytes(&self, at_hand: bool) -> u64 {
        let mut again = CommandDecoder::default();
        let current = if at_hand { self.decoder.raw() } else { &[] };
        again.feed(current);
        let command = again.next_command().ok().flatten();
        command.map_or_else(|| self.decoder.argument_bytes() as u64, |command| args_len(&command))
    }
}

impl Transaction {
    /// Queues a command.
    pub(in crate::node) fn push(&mut self, command: Command) {
        self.bytes += args_len(&command) + command.args.len() as u64 * WORD_BYTES;
        self.queue.push(command);
    }

    /// What is queued, and what keeping it takes.
    fn weight(&self) -> u64 {
        self.bytes + self.queue.len() as u64 * QUEUED_COMMAND_BYTES
    }
}

/// The bytes of a command's words.
fn args_len(command: &Command) -> u64 {
    command.args.iter().map(|arg| arg.len() as u64).sum()
}

/// Commands of which Redis knows only at the end how long their replies are.
const LATE: &[&str] = &[
    "keys",
    "sinter",
    "smembers",
    "sunion",
    "sdiff",
    "zrange",
    "zrangebyscore",
    "zrangebylex",
    "zrevrange",
    "zrevrangebyscore",
    "zrevrangebylex",
    "xrange",
    "xrevrange",
    "xread",
];
/// The buffer of replies: Redis' `PROTO_REPLY_CHUNK_BYTES`.
const OWN_BUFFER_BYTES: u64 = 16 * 1024;
/// What fits into a node of the list. An allocation of 16 KiB and a header is rounded up to 20.
const NODE_BYTES: u64 = 20 * 1024 - 16;
/// The header of a node, and its place in the list.
const NODE_OVERHEAD: u64 = 16 + 24;
/// What a query buffer takes, until its client has been idle for a while.
const QUERY_BYTES: u64 = 16_386;
/// The header of a query buffer.
const QUERY_OVERHEAD: u64 = 6;
/// For so many seconds.
const QUERY_IDLE_SECONDS: u64 = 2;
/// A larger one is made smaller if it was not used: Redis' `PROTO_RESIZE_THRESHOLD`.
const QUERY_RESIZE_BYTES: u64 = 32 * 1024;
/// The cron has come by twice.
const QUERY_PEAK: Duration = Duration::from_millis(200);
/// The record of a client.
const CLIENT_BYTES: u64 = 776;
const WATCHED_KEY_BYTES: u64 = 24 + 8;
const SUBSCRIPTION_BYTES: u64 = 24 + 8;
const PREFIX_BYTES: u64 = 64;
const QUEUED_COMMAND_BYTES: u64 = 32;
/// To keep a word of a queued command.
const WORD_BYTES: u64 = 8;

#[cfg(test)]
mod tests {
    use super::super::super::gates::Row;
    use super::super::super::io::Address;
    use super::super::super::state::Profile;
    use super::super::LastCommand;
    use super::*;

    fn client() -> Client {
        let here = Address::new("127.0.0.1", 1);
        Client::new(3, here.clone(), here, Instant::from_millis(0))
    }

    #[test]
    fn replies_fill_the_buffer_and_then_whole_nodes() {
        let mut client = client();
        client.replies = vec![0; 16_384];
        assert_eq!(client.waits(), Waits { buffer: 16_384, nodes: 0 });
        client.replies.push(0);
        assert_eq!(client.waits(), Waits { buffer: 16_384, nodes: 1 });
        assert_eq!(client.waits().bytes(), 20_504);
        client.in_wire = 20_464;
        assert_eq!(client.waits(), Waits { buffer: 16_384, nodes: 2 });
    }

    #[test]
    fn what_has_left_frees_the_buffer_and_whole_nodes_alone() {
        let mut client = client();
        client.in_wire = 16_384 + 3 * 20_464;
        client.has_left(16_383);
        assert_eq!(client.waits(), Waits { buffer: 16_384, nodes: 3 });
        client.has_left(1 + 20_463);
        assert_eq!(client.waits(), Waits { buffer: 0, nodes: 3 });
        client.has_left(1);
        assert_eq!(client.waits(), Waits { buffer: 0, nodes: 2 });
        client.has_left(2 * 20_464);
        assert_eq!(client.waits(), Waits::default());
        client.in_wire = 10;
        assert_eq!(client.waits(), Waits { buffer: 10, nodes: 0 });
    }

    #[test]
    fn a_reply_whose_length_is_known_last_begins_the_list() {
        let mut client = client();
        client.replies = vec![0; 110];
        let row = Row::find(b"keys").unwrap();
        client.last_command =
            Some(LastCommand::new(row, &[b"KEYS".into(), b"*".into()], Profile::V7_2));
        client.told_much(100);
        assert_eq!(client.waits(), Waits { buffer: 10, nodes: 1 });
    }

    #[test]
    fn room_for_a_large_command_is_let_go_when_small_ones_follow() {
        let mut client = client();
        client.decoder.feed(&vec![b'x'; 60_000]);
        client.make_query_room(client.heard_at);
        let at = |millis| client.query_room(10, Instant::from_millis(millis));
        assert_eq!(
            [at(0), at(100), at(300), at(2_900), at(3_000)],
            [60_000, 60_000, 16_386, 16_386, 10]
        );
    }
}
