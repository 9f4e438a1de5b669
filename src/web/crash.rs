//! A node whose engine has panicked, and the lab that goes on without it.
//!
//! A panic leaves WebAssembly as something thrown, in the middle of whatever it was doing: the host
//! that threw it is not to be trusted any more. For the lab it is a process that has ended. Another
//! host takes the place, and learns all that the first one kept by living it again; where the node
//! panicked, it is not asked again.

use std::cell::RefCell;
use std::sync::Once;

use wasm_bindgen::prelude::*;

use super::driver::Driver;
use super::message::Ask;
use super::nodes::start_host;
use crate::lab::{Done, NodeId, Order};
use crate::node::Level;

/// A panic that has happened.
#[derive(Debug)]
pub(super) struct Panic {
    node: NodeId,
    /// What was said about it.
    report: String,
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
    /// What comes of a turn, if that is known without asking: a node that has panicked hears
    /// nothing of what was meant for it behind the panic.
    pub(super) fn known(&self, place: TurnPlace, node: NodeId) -> Option<Done> {
        let mut before = self.panics.range((place.0, 0)..place);
        if before.any(|(_, panic)| panic.node == node) {
            return Some(Done::default());
        }
        self.panics.get(&place).map(Panic::done)
    }

    /// A node has panicked: it has ended, now and whenever this is lived again.
    pub(super) fn panicked(&mut self, place: TurnPlace, node: NodeId, report: String) -> Done {
        let panic = Panic { node, report };
        let done = panic.done();
        self.panics.insert(place, panic);
        self.lost.push(node);
        done
    }

    /// Puts another host in the place of each that has panicked.
    pub(super) async fn mend(&mut self) -> Result<(), JsValue> {
        let lost = std::mem::take(&mut self.lost);
        for NodeId(index) in &lost {
            self.hosts[*index] = start_host(&self.isolation).await?;
        }
        self.live_again(&lost).await
    }

    /// Lives all that has happened again: these nodes have new hosts, which know nothing of it.
    pub(super) async fn live_again(&mut self, newcomers: &[NodeId]) -> Result<(), JsValue> {
        let here = self.conductor.cursor();
        let indices = self.conductor.forget_checkpoints();
        let script = self.conductor.world().plan().to_string();
        for &NodeId(index) in newcomers {
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
