//! A node whose engine has panicked, and the lab that goes on without it.
//!
//! A panic leaves WebAssembly as something thrown, in the middle of whatever it was doing: the host
//! that threw it is not to be trusted any more. For the lab it is a process that has ended. Another
//! host takes the place, and learns all that the first one kept by living it again; where the node
//! panicked, it is not asked again.

use std::cell::RefCell;
use std::sync::Once;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::driver::{Driver, start_host, understand, unexpected};
use super::message::{Answer, Ask, unpack};
use crate::lab::{Done, NodeId, Order, Turn};
use crate::node::Level;

/// A panic that has happened.
#[derive(Debug)]
pub(super) struct Panic {
    node: NodeId,
    /// What was said about it.
    report: String,
}

/// A turn that has begun.
#[derive(Debug)]
pub(super) enum Begun {
    /// The node was asked to take the turn that stands here.
    Asked(TurnPlace, JsFuture),
    /// Nobody needs to be asked.
    Known(Done),
}

/// Where a turn stands in a history: its event, and its number among the turns of the event.
pub(super) type TurnPlace = (u64, u32);

impl Panic {
    /// What comes of the turn in which it happens.
    fn done(&self) -> Done {
        let line = format!("# the engine has panicked: {}", self.report.replace('\n', " "));
        Done {
            orders: vec![Order::Note { line, level: Level::Warning }, Order::Exit],
            deadline: None,
        }
    }
}

impl Driver {
    /// Lets a node begin its turn, unless it is known what will come of it.
    pub(super) fn begin_turn(&mut self, place: TurnPlace, turn: Turn) -> Result<Begun, JsValue> {
        let mut before = self.panics.range((place.0, 0)..place);
        // What was meant for it behind the panic is heard by nobody.
        if before.any(|(_, panic)| panic.node == turn.node) {
            return Ok(Begun::Known(Done::default()));
        }
        match self.panics.get(&place) {
            Some(panic) => Ok(Begun::Known(panic.done())),
            None => Ok(Begun::Asked(place, self.ask_turn(turn)?)),
        }
    }

    /// Waits until a turn has ended. A node that panics has ended, now and whenever this is lived
    /// again.
    pub(super) async fn end_turn(&mut self, node: NodeId, begun: Begun) -> Result<Done, JsValue> {
        let (place, answer) = match begun {
            Begun::Known(done) => return Ok(done),
            Begun::Asked(place, answer) => (place, answer.await?),
        };
        let answer = unpack(&answer)?;
        if let Answer::Panicked { report } = answer {
            let panic = Panic { node, report };
            let done = panic.done();
            self.panics.insert(place, panic);
            self.lost.push(node);
            return Ok(done);
        }
        let Answer::Done(done) = understand(answer)? else { return Err(unexpected()) };
        Ok(done.into())
    }

    /// Puts another host in the place of each that has panicked.
    pub(super) async fn mend(&mut self) -> Result<(), JsValue> {
        let here = self.conductor.cursor();
        let indices = self.conductor.forget_checkpoints();
        let script = self.conductor.world().plan().to_string();
        for NodeId(index) in std::mem::take(&mut self.lost) {
            self.hosts[index] = start_host(&self.isolation).await?;
            let ask = Ask::Begin { script: script.clone(), seed: None, index, now: None };
            self.hosts[index].ask(&ask, None).await?;
        }
        for host in &self.hosts {
            host.ask(&Ask::Forget { indices: indices.clone() }, None).await?;
        }
        self.seek(0).await?;
        self.seek(here).await
    }

    /// Why a node's process has ended, if it was a panic.
    pub(super) fn panic_of(&self, node: NodeId) -> Option<&str> {
        let past = self.panics.range(..=(self.conductor.cursor(), u32::MAX));
        let last = past.rev().find(|(_, panic)| panic.node == node)?;
        (!self.conductor.world().is_running(node)).then_some(&last.1.report)
    }

    /// Forgets what happened after `cursor` events: another future begins there.
    pub(super) fn forget_panics_behind(&mut self, cursor: u64) {
        self.panics.retain(|&(event, _), _| event < cursor);
    }
}

thread_local! {
    /// What the last panic of this instance has said.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Lets panics speak to the console, and remembers what they say.
pub(super) fn watch_panics() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            console_error_panic_hook::hook(info);
            LAST.set(Some(info.to_string()));
        }));
    });
}

/// What there is to say of something that was thrown.
pub(super) fn report_of(thrown: &JsValue) -> String {
    LAST.take().unwrap_or_else(|| match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => error.to_string().into(),
        None => format!("{thrown:?}"),
    })
}
