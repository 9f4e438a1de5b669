//! A channel that somebody else has closed: the lab takes it for a connection that was reset.
//!
//! Nobody in here closes a channel whose connection stands, but a page may, or a browser. Not every
//! browser tells of it. So a host that waits for a frame, and still does when it must long have
//! come, says that it is lost; then the event at which it was to arrive has not happened. What
//! comes from outside is an act: a reset of the connections between the two nodes stands in the
//! event's place, and a link to the lab repeats it.

use wasm_bindgen::prelude::*;

use super::driver::Driver;
use crate::lab::{Intervention, NodeId};
use crate::node::Link;

impl Driver {
    /// Lets the connection be reset at whose end a frame is missing. The event that is under way
    /// has not happened.
    pub(super) async fn reset_lost(&mut self, node: NodeId, link: Link) -> Result<(), JsValue> {
        let world = self.conductor.world();
        let Some((peer, _)) = world.peer(node, link) else {
            return Err(JsError::new("a frame is lost whose sender is no more").into());
        };
        let name = |node: NodeId| world.plan().nodes[node.0].name.clone();
        let act = Intervention::Reset { a: name(peer.min(node)), b: name(peer.max(node)) };
        // Where the event began is a place to come to; what there is of it does not go on.
        let here = self.conductor.cursor();
        self.seek(here.saturating_sub(1)).await?;
        self.seek(here).await?;
        self.intervene(act).await
    }
}
