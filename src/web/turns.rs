//! Turns, as nodes are asked to take them: those of one event side by side, and as many as can be
//! foreseen in one message.

use std::collections::VecDeque;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessagePort;

use super::crash::TurnPlace;
use super::driver::Driver;
use super::message::{Answer, Ask, PlainDone, PlainTurn, unpack};
use super::nodes::{understand, unexpected};
use crate::lab::{Done, Fact, NodeId, Turn};
use crate::node::Link;
use crate::time::Instant;

/// A turn of the event that is under way.
#[derive(Debug)]
pub(super) enum Begun {
    /// The node was asked to take the turn that stands here.
    Asked(TurnPlace),
    /// Nobody needs to be asked.
    Known(Done),
}

/// Turns that a node was asked to take in one message, and what has come of them.
#[derive(Debug)]
pub(super) struct Asked {
    /// What it will say of them.
    answer: Option<JsFuture>,
    /// How many there are of which nobody has been told.
    left: usize,
    /// What came of those that it has taken.
    dones: VecDeque<PlainDone>,
    /// What it said when it panicked in the one after those.
    panic: Option<String>,
}

impl Driver {
    /// Lets a node begin its turn, unless it has already, or it is known what will come of it.
    pub(super) fn begin_turn(&mut self, place: TurnPlace, turn: Turn) -> Result<Begun, JsValue> {
        if let Some(done) = self.known(place, turn.node) {
            return Ok(Begun::Known(done));
        }
        if self.asked[turn.node.0].is_empty() {
            let port = self.port_for(&turn.fact)?;
            self.ask_turns(turn.node, false, vec![plain(turn)], port)?;
        }
        Ok(Begun::Asked(place))
    }

    /// Lets nodes take again all that they took up to `target`; false if that is not known.
    pub(super) fn begin_again(&mut self, target: u64) -> Result<bool, JsValue> {
        let known = self.past.between(self.conductor.cursor(), target);
        let Some(turns) = known.filter(|_| self.panics.is_empty()) else { return Ok(false) };
        for node in (0..self.placed).map(NodeId) {
            let mut own = Vec::new();
            for turn in &turns {
                if turn.node == node {
                    own.push(plain(turn.clone()));
                }
            }
            if !own.is_empty() {
                self.ask_turns(node, false, own, None)?;
            }
        }
        for turn in turns {
            self.conductor.hand_out(turn);
        }
        Ok(true)
    }

    /// Lets nodes begin turns of events before `end` that nothing can change any more. A history in
    /// which somebody panics is lived turn by turn.
    pub(super) fn begin_ahead(&mut self, end: Instant) -> Result<(), JsValue> {
        if !self.panics.is_empty() {
            return Ok(());
        }
        let ahead = self.conductor.turns_ahead(end);
        // Those of one node go in one message, in their order.
        for node in (0..self.placed).map(NodeId) {
            let own = || ahead.iter().filter(|ahead| ahead.turn.node == node);
            if let Some(first) = own().next() {
                let turns = own().map(|ahead| plain(ahead.turn.clone())).collect();
                self.ask_turns(node, first.follows, turns, None)?;
            }
        }
        Ok(())
    }

    /// Waits until a turn has ended.
    pub(super) async fn end_turn(&mut self, node: NodeId, begun: Begun) -> Result<Done, JsValue> {
        let place = match begun {
            Begun::Known(done) => return Ok(done),
            Begun::Asked(place) => place,
        };
        let queue = &mut self.asked[node.0];
        let asked = queue.front_mut().ok_or_else(unexpected)?;
        if let Some(answer) = asked.answer.take() {
            let answer = unpack(&answer.await?)?;
            if let Answer::Panicked { report, dones } = answer {
                (asked.dones, asked.panic) = (dones.into(), Some(report));
            } else if let Answer::Lost { link } = answer {
                self.unheard = Some((node, Link(link)));
                return Err(unexpected());
            } else {
                let Answer::Done(dones) = understand(answer)? else { return Err(unexpected()) };
                asked.dones = dones.into();
            }
        }
        asked.left -= 1;
        let (done, panic) = match asked.dones.pop_front() {
            Some(done) => (Some(done), None),
            None => (None, asked.panic.take()),
        };
        if asked.left == 0 {
            queue.pop_front();
        }
        match (done, panic) {
            (Some(done), _) => Ok(done.into()),
            (None, Some(report)) => Ok(self.panicked(place, node, report)),
            (None, None) => Err(unexpected()),
        }
    }

    fn ask_turns(
        &mut self,
        node: NodeId,
        follows: bool,
        turns: Vec<PlainTurn>,
        port: Option<MessagePort>,
    ) -> Result<(), JsValue> {
        let left = turns.len();
        let answer = Some(self.hosts[node.0].begin(&Ask::Turns { follows, turns }, port)?);
        let asked = Asked { answer, left, dones: VecDeque::new(), panic: None };
        self.asked[node.0].push_back(asked);
        Ok(())
    }

    /// The port that goes along with a fact: that of a new connection.
    fn port_for(&mut self, fact: &Fact) -> Result<Option<MessagePort>, JsValue> {
        match fact {
            Fact::Accepted { connection, .. } | Fact::Opened { connection, .. } => {
                self.end_of(*connection).map(Some)
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
            | Fact::Woke => Ok(None),
        }
    }
}

fn plain(turn: Turn) -> PlainTurn {
    PlainTurn { now: turn.now.micros(), fact: turn.fact.into() }
}
