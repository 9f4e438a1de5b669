//! Servers that hold much: the same engine, built to be swift, takes the place of the small one.
//!
//! What every visitor fetches is built to be small, and is half as fast for it. That is nothing to
//! a world of a few hundred keys. When a dataset has grown large, Workers with the other build take
//! the nodes over: they live the history again, which is the same history, and go on from there.

use super::driver::Driver;
use super::nodes::{Isolation, start_hosts};
use crate::lab::NodeId;
use wasm_bindgen::JsValue;

impl Driver {
    /// True if a node was seen to hold many keys, and there are swift Workers to take over.
    pub(super) fn wants_haste(&self) -> bool {
        self.swift.is_some()
            && self.conductor.cursor() <= EVENTS_AGAIN
            && self.looks.iter().any(|look| look.keys_held() >= KEYS_MANY)
    }

    /// Lets swift Workers take over.
    pub(super) async fn hasten(&mut self) -> Result<(), JsValue> {
        let Some(url) = self.swift.take() else { return Ok(()) };
        let isolation = Isolation::Workers(url);
        // Where they cannot be had, all goes on as it was.
        let Ok(hosts) = start_hosts(self.hosts.len(), &isolation).await else { return Ok(()) };
        (self.hosts, self.isolation) = (hosts, isolation);
        let all: Vec<NodeId> = (0..self.placed).map(NodeId).collect();
        self.live_again(&all).await
    }
}

/// From here on the swift engine is worth its fetching.
const KEYS_MANY: u64 = 20_000;
/// More events are not lived again for it: that would take longer than it saves.
const EVENTS_AGAIN: u64 = 10_000;
