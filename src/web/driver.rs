//! The conductor's loop, with ports between it and the nodes.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ErrorEvent, MessagePort, Worker, WorkerOptions, WorkerType};

use super::crash::{Panic, TurnPlace};
use super::host;
use super::look::NodeLook;
use super::message::{Answer, Ask, pack, unpack};
use super::transport::{Port, channel};
use crate::lab::{
    BranchId, Checkpoint, Conductor, ConnectionId, Fact, Intervention, NodeId, Script, Shared,
    SharedAct, Stride, Turn, Watch,
};
use crate::time::Duration;

/// Where nodes live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Isolation {
    /// Each in a Worker that runs the script at this address.
    Workers(String),
    /// In the page.
    Page,
}

/// A lab whose nodes live behind ports.
#[derive(Debug)]
pub(super) struct Driver {
    /// Decides what happens when.
    pub(super) conductor: Conductor,
    /// The nodes.
    pub(super) hosts: Vec<HostHandle>,
    /// The diallers' ends of connections that are not yet established.
    unclaimed: BTreeMap<ConnectionId, MessagePort>,
    /// Where the nodes live.
    pub(super) isolation: Isolation,
    /// How many hosts have a node: after going back there may be more hosts than nodes.
    pub(super) placed: usize,
    /// What was seen last of every node that has a host.
    pub(super) looks: Vec<NodeLook>,
    /// Panics that have happened, by the turn in which they did.
    pub(super) panics: BTreeMap<TurnPlace, Panic>,
    /// Nodes whose hosts have just panicked.
    pub(super) lost: Vec<NodeId>,
}

/// One node's host, from the driver's side.
#[derive(Debug)]
pub(super) struct HostHandle {
    /// The port to it.
    control: Port,
    /// Who waits for its answers, in order.
    waiting: Rc<RefCell<VecDeque<Waiter>>>,
    /// True if it was told anything since it showed itself.
    pub(super) changed: Cell<bool>,
    /// The Worker that it lives in, if it does.
    worker: Option<Worker>,
    /// Kept alive as long as the Worker may call it.
    _on_error: Option<Closure<dyn FnMut(ErrorEvent)>>,
}

/// The two ways to end a wait.
#[derive(Debug)]
struct Waiter {
    resolve: Function,
    reject: Function,
}

impl Driver {
    /// Builds the world of a script; where Workers are refused, its nodes live in the page.
    pub(super) async fn open(
        text: &str,
        seed: Option<u64>,
        isolation: Isolation,
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
        let driver = Self {
            conductor,
            hosts,
            unclaimed: BTreeMap::new(),
            isolation,
            placed: count,
            looks: Vec::new(),
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
        if !self.conductor.begin() {
            return Ok(false);
        }
        self.carry_out().await?;
        Ok(true)
    }

    /// Lets a person act.
    pub(super) async fn intervene(&mut self, act: Intervention) -> Result<(), JsValue> {
        self.forget_panics_behind(self.conductor.cursor());
        let indices = self.conductor.begin_act(act);
        if !indices.is_empty() {
            for host in &self.hosts {
                host.ask(&Ask::Forget { indices: indices.clone() }, None).await?;
            }
        }
        self.carry_out().await
    }

    /// Goes to where `target` events have happened.
    pub(super) async fn seek(&mut self, target: u64) -> Result<(), JsValue> {
        if let Some(restore) = self.conductor.seek(target) {
            self.placed = self.conductor.world().plan().nodes.len();
            for host in &self.hosts[..self.placed] {
                host.ask(&Ask::Restore { index: restore.index }, None).await?;
            }
            self.connect_again().await?;
        }
        while self.conductor.cursor() < target && self.step().await? {}
        Ok(())
    }

    /// Carries out at most `limit` events of the next `span` of virtual time.
    pub(super) async fn advance(&mut self, span: Duration, limit: u32) -> Result<(), JsValue> {
        let end = self.conductor.world().now() + span;
        for _ in 0..limit {
            if self.conductor.next_event().is_none_or(|next| next.at > end) {
                self.conductor.idle_until(end);
                break;
            }
            self.step().await?;
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

    async fn carry_out(&mut self) -> Result<(), JsValue> {
        self.host_added().await?;
        let event = self.conductor.cursor();
        let mut number = 0;
        loop {
            let mut begun = Vec::new();
            // Nodes take their turns side by side, each in its Worker.
            for turn in self.conductor.next_turns() {
                begun.push((turn.node, self.begin_turn((event, number), turn)?));
                number += 1;
            }
            if begun.is_empty() {
                break;
            }
            for (node, turn) in begun {
                let done = self.end_turn(node, turn).await?;
                self.conductor.absorb(node, done);
            }
        }
        let checkpoint = self.conductor.finish();
        if !self.lost.is_empty() {
            return Box::pin(self.mend()).await;
        }
        if let Some(Checkpoint { index, forget }) = checkpoint {
            for (number, host) in self.hosts[..self.placed].iter().enumerate() {
                let frames = self.conductor.frames_sent_to(NodeId(number));
                let frames = frames.into_iter().map(|(link, count)| (link.0, count)).collect();
                host.ask(&Ask::Keep { index, frames, forget: forget.clone() }, None).await?;
            }
        }
        Ok(())
    }

    /// Asks a node to take its turn.
    pub(super) fn ask_turn(&mut self, turn: Turn) -> Result<JsFuture, JsValue> {
        let Turn { node, now, fact } = turn;
        let port = match &fact {
            Fact::Accepted { connection, .. } | Fact::Opened { connection, .. } => {
                Some(self.end_of(*connection)?)
            }
            Fact::Started
            | Fact::Typed { .. }
            | Fact::Refused { .. }
            | Fact::Received { .. }
            | Fact::Sent { .. }
            | Fact::Closed { .. }
            | Fact::Reset { .. }
            | Fact::DiskDone { .. }
            | Fact::Forks { .. }
            | Fact::Restarted { .. }
            | Fact::Woke => None,
        };
        let ask = Ask::Turn { now: now.micros(), fact: fact.into() };
        self.hosts[node.0].begin(&ask, port)
    }

    /// An end of a connection's channel: whoever comes first makes it, the other gets the rest. A
    /// node that stands still may hear of its connection after the one that dialled.
    fn end_of(&mut self, connection: ConnectionId) -> Result<MessagePort, JsValue> {
        if let Some(port) = self.unclaimed.remove(&connection) {
            return Ok(port);
        }
        let (ours, theirs) = channel()?;
        self.unclaimed.insert(connection, theirs);
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
        Ok(())
    }

    /// After going back, every connection that stood then gets a new channel; what was on its way
    /// is already in the inboxes.
    async fn connect_again(&mut self) -> Result<(), JsValue> {
        self.unclaimed.clear();
        let ends: Vec<_> =
            self.conductor.world().connections().map(|(_, c)| (c.dialler, c.acceptor)).collect();
        for (dialler, acceptor) in ends {
            let (a, b) = channel()?;
            for ((node, link), port) in [(dialler, a), (acceptor, b)] {
                self.hosts[node.0].ask(&Ask::Connect { link: link.0 }, Some(port)).await?;
            }
        }
        Ok(())
    }
}

impl Drop for HostHandle {
    fn drop(&mut self) {
        if let Some(worker) = &self.worker {
            worker.terminate();
        }
    }
}

impl HostHandle {
    /// Tells the host something, and awaits its answer.
    pub(super) async fn ask(
        &self,
        ask: &Ask,
        port: Option<MessagePort>,
    ) -> Result<Answer, JsValue> {
        let answer = self.begin(ask, port)?.await?;
        understand(unpack(&answer)?)
    }

    /// Tells the host something; the answer comes in the order of telling.
    pub(super) fn begin(&self, ask: &Ask, port: Option<MessagePort>) -> Result<JsFuture, JsValue> {
        if !ask.is_question() {
            self.changed.set(true);
        }
        let answer = self.expect();
        let transfer: Vec<JsValue> = port.into_iter().map(JsValue::from).collect();
        self.control.send(&pack(ask), &transfer)?;
        Ok(answer)
    }

    fn expect(&self) -> JsFuture {
        let waiting = Rc::clone(&self.waiting);
        JsFuture::from(Promise::new(&mut |resolve, reject| {
            waiting.borrow_mut().push_back(Waiter { resolve, reject });
        }))
    }
}

async fn start_hosts(count: usize, isolation: &Isolation) -> Result<Vec<HostHandle>, JsValue> {
    // All begin before the first is awaited: Workers start side by side.
    let begun: Result<Vec<_>, JsValue> = (0..count).map(|_| begin_host(isolation)).collect();
    let mut hosts = Vec::new();
    for (handle, ready) in begun? {
        understand(unpack(&ready.await?)?)?;
        hosts.push(handle);
    }
    Ok(hosts)
}

/// Starts a host where it shall live, and awaits that it is there.
pub(super) async fn start_host(isolation: &Isolation) -> Result<HostHandle, JsValue> {
    let mut hosts = start_hosts(1, isolation).await?;
    hosts.pop().ok_or_else(unexpected)
}

/// Starts a host; the answer comes when it is there.
fn begin_host(isolation: &Isolation) -> Result<(HostHandle, JsFuture), JsValue> {
    let (ours, theirs) = channel()?;
    let waiting = Rc::new(RefCell::new(VecDeque::<Waiter>::new()));
    let answers = Rc::clone(&waiting);
    let control = Port::listen(ours, move |event| {
        if let Some(waiter) = answers.borrow_mut().pop_front() {
            let _ = waiter.resolve.call1(&JsValue::NULL, &event.data());
        }
    });
    let changed = Cell::new(true);
    let mut handle = HostHandle { control, waiting, changed, worker: None, _on_error: None };
    let ready = handle.expect();
    match isolation {
        Isolation::Page => host::serve(theirs),
        Isolation::Workers(url) => handle.start_worker(url, theirs)?,
    }
    Ok((handle, ready))
}

impl HostHandle {
    fn start_worker(&mut self, url: &str, port: MessagePort) -> Result<(), JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(url, &options)?;
        let waiting = Rc::clone(&self.waiting);
        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            // Whoever waits for the Worker waits in vain.
            for waiter in waiting.borrow_mut().drain(..) {
                let why = JsError::new(&format!("a node's Worker failed: {}", event.message()));
                let _ = waiter.reject.call1(&JsValue::NULL, &why.into());
            }
        });
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let transfer: js_sys::Array = std::iter::once(JsValue::from(port)).collect();
        // The compiled engine goes along: no Worker has to fetch and compile it again.
        worker.post_message_with_transfer(&wasm_bindgen::module(), &transfer)?;
        self.worker = Some(worker);
        self._on_error = Some(on_error);
        Ok(())
    }
}

/// A host that could not do what it was told is an error with its words.
pub(super) fn understand(answer: Answer) -> Result<Answer, JsValue> {
    if let Answer::Failed { why } | Answer::Panicked { report: why } = &answer {
        return Err(JsError::new(why).into());
    }
    Ok(answer)
}

pub(super) fn unexpected() -> JsValue {
    JsError::new("a node's host answered something else").into()
}

/// How many events are looked at for the end of a step.
const EVENTS_AHEAD: u64 = 100_000;
/// How many are looked at to name it beforehand.
const EVENTS_FORESEEN: u64 = 500;
