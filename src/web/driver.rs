//! The conductor's loop, with ports between it and the nodes.

use std::collections::{BTreeMap, VecDeque};

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessagePort;

use super::crash::{Panic, TurnPlace};
use super::look::NodeLook;
use super::message::{Answer, Ask, unpack};
use super::nodes::{HostHandle, Isolation, start_host, start_hosts, understand, unexpected};
use super::past::Past;
use super::transport::channel;
use super::turns::Asked;
use crate::lab::{
    BranchId, Checkpoint, Conductor, ConnectionId, Intervention, NodeId, Script, Shared, SharedAct,
    Stride, Watch,
};
use crate::node::Link;
use crate::time::{Duration, Instant};

/// A lab whose nodes live behind ports.
#[derive(Debug)]
pub(super) struct Driver {
    /// Decides what happens when.
    pub(super) conductor: Conductor,
    /// The nodes.
    pub(super) hosts: Vec<HostHandle>,
    /// The diallers' ends of connections that are not yet established.
    unclaimed: Vec<(ConnectionId, MessagePort)>,
    /// What each node was asked to do and has not been seen to have done.
    pub(super) asked: Vec<VecDeque<Asked>>,
    /// Where the nodes live.
    pub(super) isolation: Isolation,
    /// The address of the Workers' script whose engine is swift, until they are wanted.
    pub(super) swift: Option<String>,
    /// How many hosts have a node: after going back there may be more hosts than nodes.
    pub(super) placed: usize,
    /// What was seen last of every node that has a host.
    pub(super) looks: Vec<NodeLook>,
    /// The turns of what has happened.
    pub(super) past: Past,
    /// The node that waited for a frame in vain, and on which connection.
    pub(super) unheard: Option<(NodeId, Link)>,
    /// Panics that have happened, by the turn in which they did.
    pub(super) panics: BTreeMap<TurnPlace, Panic>,
    /// Nodes whose hosts have just panicked.
    pub(super) lost: Vec<NodeId>,
}

impl Driver {
    /// Builds the world of a script; where Workers are refused, its nodes live in the page.
    pub(super) async fn open(
        text: &str,
        seed: Option<u64>,
        isolation: Isolation,
        swift: Option<String>,
    ) -> Result<Self, JsValue> {
        let mut script = Script::parse(text).map_err(|error| JsError::new(&error.to_string()))?;
        script.plan.seed = seed.unwrap_or(script.plan.seed);
        let count = script.plan.nodes.len();
        let (hosts, isolation) = match start_hosts(count, &isolation).await {
            Ok(hosts) => (hosts, isolation),
            Err(_) if isolation != Isolation::Page => {
                (start_hosts(count, &Isolation::Page).await?, Isolation::Page)
            }
            Err(error) => return Err(error),
        };
        let conductor = Conductor::from_script(&script);
        let swift = swift.filter(|_| isolation != Isolation::Page);
        let driver = Self {
            conductor,
            hosts,
            unclaimed: Vec::new(),
            asked: Vec::new(),
            isolation,
            swift,
            placed: count,
            looks: Vec::new(),
            past: Past::default(),
            unheard: None,
            panics: BTreeMap::new(),
            lost: Vec::new(),
        };
        for index in 0..count {
            let ask = Ask::Begin { script: text.to_owned(), seed, index, now: None };
            driver.hosts[index].ask(&ask, None).await?;
        }
        Ok(driver)
    }

    /// Carries out the next event; false if nothing will ever happen by itself.
    pub(super) async fn step(&mut self) -> Result<bool, JsValue> {
        self.step_on_the_way_to(Instant::EPOCH).await
    }

    /// The same, for who goes on at least until `end`: turns of events before it may begin ahead.
    async fn step_on_the_way_to(&mut self, end: Instant) -> Result<bool, JsValue> {
        if !self.conductor.begin() {
            return Ok(false);
        }
        self.carry_out(end).await?;
        Ok(true)
    }

    /// Lets a person act.
    pub(super) async fn intervene(&mut self, act: Intervention) -> Result<(), JsValue> {
        self.forget_panics_behind(self.conductor.cursor());
        self.past.forget_from(self.conductor.cursor());
        let indices = self.conductor.begin_act(act);
        if !indices.is_empty() {
            for host in &self.hosts {
                host.ask(&Ask::Forget { indices: indices.clone() }, None).await?;
            }
        }
        self.carry_out(Instant::EPOCH).await
    }

    /// Goes to where `target` events have happened.
    pub(super) async fn seek(&mut self, target: u64) -> Result<(), JsValue> {
        let mut told = Vec::new();
        if let Some(restore) = self.conductor.seek(target) {
            self.asked.iter_mut().for_each(VecDeque::clear);
            self.placed = self.conductor.world().plan().nodes.len();
            for host in &self.hosts[..self.placed] {
                told.push(host.begin(&Ask::Restore { index: restore.index }, None)?);
            }
            self.connect_again(&mut told)?;
        }
        let last = target.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        let end = last.and_then(|last| self.conductor.entries().get(last)).map(|entry| entry.at);
        let end = end.unwrap_or(Instant::EPOCH);
        // Hosts do what they are told in order: the first turns need not wait for the answers.
        let mut known = 0;
        while self.conductor.cursor() < target {
            let stretch = target.min(self.conductor.cursor() + EVENTS_AGAIN);
            if !self.conductor.is_ahead() && self.begin_again(stretch)? {
                known = stretch;
            }
            let end = if self.conductor.cursor() < known { Instant::EPOCH } else { end };
            if !self.step_on_the_way_to(end).await? {
                break;
            }
        }
        all_done(told).await
    }

    /// Carries out the events of the next `span` of virtual time; of many, `limit`, and those that
    /// have begun by then.
    pub(super) async fn advance(&mut self, span: Duration, limit: u32) -> Result<(), JsValue> {
        let end = self.conductor.world().now() + span;
        let mut count = 0;
        while count < limit || self.conductor.is_ahead() {
            if self.conductor.next_at().is_none_or(|at| at > end) {
                self.conductor.idle_until(end);
                break;
            }
            let ahead = if count < limit { end } else { Instant::EPOCH };
            self.step_on_the_way_to(ahead).await?;
            count += 1;
        }
        Ok(())
    }

    /// Does what was shared, up to its cursor. The lab must be at its beginning.
    pub(super) async fn follow(&mut self, shared: &Shared) -> Result<(), JsValue> {
        let refused = |why: String| JsValue::from(JsError::new(&why));
        shared.check_length().map_err(refused)?;
        for SharedAct { index, idle, act } in &shared.acts {
            while self.conductor.cursor() < *index && self.step().await? {}
            self.conductor.world().plan().check(act).map_err(refused)?;
            self.conductor.idle_until(self.conductor.world().now() + *idle);
            self.intervene(act.clone()).await?;
        }
        while self.conductor.cursor() < shared.cursor && self.step().await? {}
        Ok(())
    }

    /// Steps until a step of this size has ended; nowhere, if nothing of that size will happen.
    pub(super) async fn stride(&mut self, stride: Stride) -> Result<(), JsValue> {
        self.stride_within(stride, EVENTS_AHEAD).await
    }

    async fn stride_within(&mut self, stride: Stride, events: u64) -> Result<(), JsValue> {
        for _ in 0..events {
            if !self.step().await? || stride.ends_with(self.conductor.last_entry()) {
                break;
            }
        }
        Ok(())
    }

    /// Looks how the next step of this size would end, and comes back: what is looked at is not
    /// lived. In a world that is quiet for long it looks only so far.
    pub(super) async fn foresee(&mut self, stride: Stride) -> Result<(), JsValue> {
        if self.conductor.known_end(stride).is_some() {
            return Ok(());
        }
        let here = self.conductor.cursor();
        self.conductor.set_peeking(true);
        let looked = self.stride_within(stride, EVENTS_FORESEEN).await;
        let back = self.seek(here).await;
        self.conductor.set_peeking(false);
        looked.and(back)
    }

    /// Goes back to where a step of this size ended last, before the cursor.
    pub(super) async fn stride_back(&mut self, stride: Stride) -> Result<(), JsValue> {
        let cursor = usize::try_from(self.conductor.cursor()).unwrap_or(usize::MAX);
        let before = &self.conductor.entries()[..cursor.saturating_sub(1)];
        let target = before.iter().rposition(|entry| stride.ends_with(entry));
        self.seek(target.map_or(0, |index| index as u64 + 1)).await
    }

    /// Goes to where a branch parts from the one that is lived, and lives the branch from there.
    pub(super) async fn select(&mut self, branch: BranchId) -> Result<(), JsValue> {
        let Some(parts) = self.conductor.parts_at(branch) else {
            return Err(JsError::new("there is no such branch").into());
        };
        if self.conductor.cursor() > parts {
            self.seek(parts).await?;
        }
        self.forget_panics_behind(self.conductor.cursor());
        self.past.forget_from(self.conductor.cursor());
        let indices = self.conductor.select(branch);
        for host in &self.hosts {
            host.ask(&Ask::Forget { indices: indices.clone() }, None).await?;
        }
        Ok(())
    }

    /// Goes back to just behind the event that last changed what is watched; nowhere, if it never
    /// was different.
    pub(super) async fn back_to_change(&mut self, text: &str) -> Result<(), JsValue> {
        let watch = Watch::parse(text).map_err(|why| JsError::new(&why))?;
        let here = self.conductor.cursor();
        let now = self.watched(&watch).await?;
        let mut end = here;
        while end > 0 {
            let start = self.conductor.checkpoint_before(end - 1);
            self.seek(start).await?;
            let mut found = None;
            let mut same = self.watched(&watch).await? == now;
            while self.conductor.cursor() < end && self.step().await? {
                let was = std::mem::replace(&mut same, self.watched(&watch).await? == now);
                if same && !was {
                    found = Some(self.conductor.cursor());
                }
            }
            if let Some(target) = found {
                return self.seek(target).await;
            }
            end = start;
        }
        self.seek(here).await
    }

    async fn watched(&self, watch: &Watch) -> Result<Option<String>, JsValue> {
        let world = self.conductor.world();
        let Some(node) = world.plan().named(&watch.node) else { return Ok(None) };
        let ask = Ask::Watch { now: world.now().micros(), watch: watch.to_string() };
        let Answer::Watched { value } = self.ask(NodeId(node), &ask).await? else {
            return Err(unexpected());
        };
        Ok(Some(value))
    }

    /// Asks the host of a node.
    pub(super) async fn ask(&self, node: NodeId, ask: &Ask) -> Result<Answer, JsValue> {
        let host = self.hosts.get(node.0).ok_or_else(|| JsError::new("there is no such node"))?;
        host.ask(ask, None).await
    }

    async fn carry_out(&mut self, end: Instant) -> Result<(), JsValue> {
        self.host_added().await?;
        let event = self.conductor.cursor();
        self.past.begin(event);
        let mut number = 0;
        loop {
            let mut begun = Vec::new();
            // Nodes take their turns side by side, each in its Worker.
            for turn in self.conductor.next_turns() {
                self.past.note(&turn);
                begun.push((turn.node, self.begin_turn((event, number), turn)?));
                number += 1;
            }
            if begun.is_empty() {
                break;
            }
            self.begin_ahead(end)?;
            for (node, turn) in begun {
                let done = self.end_turn(node, turn).await?;
                if done.ends_something() {
                    self.asked[node.0].clear();
                }
                self.conductor.absorb(node, done);
            }
        }
        let checkpoint = self.conductor.finish();
        if !self.lost.is_empty() {
            return Box::pin(self.mend()).await;
        }
        if let Some(Checkpoint { index, forget }) = checkpoint {
            let mut kept = Vec::new();
            for (number, host) in self.hosts[..self.placed].iter().enumerate() {
                let frames = self.conductor.frames_sent_to(NodeId(number));
                let frames = frames.into_iter().map(|(link, count)| (link.0, count)).collect();
                kept.push(host.begin(&Ask::Keep { index, frames, forget: forget.clone() }, None)?);
            }
            all_done(kept).await?;
        }
        Ok(())
    }

    /// An end of a connection's channel: whoever comes first makes it, the other gets the rest. A
    /// node that stands still may hear of its connection after the one that dialled.
    pub(super) fn end_of(&mut self, connection: ConnectionId) -> Result<MessagePort, JsValue> {
        if let Some(index) = self.unclaimed.iter().position(|(of, _)| *of == connection) {
            return Ok(self.unclaimed.swap_remove(index).1);
        }
        let (ours, theirs) = channel()?;
        self.unclaimed.push((connection, theirs));
        Ok(ours)
    }

    /// Starts a host for every node that was added.
    async fn host_added(&mut self) -> Result<(), JsValue> {
        let (count, now) = {
            let world = self.conductor.world();
            (world.plan().nodes.len(), world.now().micros())
        };
        for index in self.placed..count {
            if index >= self.hosts.len() {
                self.hosts.push(start_host(&self.isolation).await?);
            }
            let script = self.conductor.world().plan().to_string();
            let ask = Ask::Begin { script, seed: None, index, now: Some(now) };
            self.hosts[index].ask(&ask, None).await?;
        }
        self.placed = count;
        self.asked.resize_with(self.hosts.len(), VecDeque::new);
        Ok(())
    }

    /// After going back, every connection that stood then gets a new channel; what was on its way
    /// is already in the inboxes.
    fn connect_again(&mut self, told: &mut Vec<JsFuture>) -> Result<(), JsValue> {
        self.unclaimed.clear();
        let ends: Vec<_> =
            self.conductor.world().connections().map(|(_, c)| (c.dialler, c.acceptor)).collect();
        for (dialler, acceptor) in ends {
            let (a, b) = channel()?;
            for ((node, link), port) in [(dialler, a), (acceptor, b)] {
                told.push(self.hosts[node.0].begin(&Ask::Connect { link: link.0 }, Some(port))?);
            }
        }
        Ok(())
    }
}

/// Waits until hosts have done what they were told.
async fn all_done(told: Vec<JsFuture>) -> Result<(), JsValue> {
    for answer in told {
        understand(unpack(&answer.await?)?)?;
    }
    Ok(())
}

/// How many events are looked at for the end of a step.
const EVENTS_AHEAD: u64 = 100_000;
/// So many events are lived again at once.
const EVENTS_AGAIN: u64 = 16;
/// How many are looked at to name it beforehand.
const EVENTS_FORESEEN: u64 = 500;
