//! The ways to another instant.

use wasm_bindgen::prelude::*;

use super::driver::Driver;
use crate::lab::{BranchId, Intervention, Stride};
use crate::time::Duration;

/// A way to another instant of the lab.
#[derive(Clone, Debug)]
pub(super) enum Move {
    /// To stay.
    Nowhere,
    /// The next event.
    Step,
    /// The last event, undone.
    Back,
    /// To where so many events have happened.
    Seek(u64),
    /// To all that is known of so much virtual time.
    SeekTime(Duration),
    /// To the end of a step of this size.
    Stride(Stride),
    /// To where a step of this size ended last.
    StrideBack(Stride),
    /// To stay, but to know how the next step of this size would end.
    Foresee(Stride),
    /// To another branch.
    Select(BranchId),
    /// Back to where something changed last.
    BackToChange(String),
    /// So much virtual time, or about so many events, on.
    Advance(Duration, u32),
    /// To what comes of an act.
    Act(Intervention),
}

impl Driver {
    /// Makes a move, up to where a channel turns out to be closed.
    pub(super) async fn go(&mut self, to: Move) -> Result<(), JsValue> {
        let moved = self.make(to).await;
        match self.unheard.take() {
            Some((node, link)) => Box::pin(self.reset_lost(node, link)).await,
            None => moved,
        }
    }

    async fn make(&mut self, to: Move) -> Result<(), JsValue> {
        match to {
            Move::Nowhere => Ok(()),
            Move::Step => self.step().await.map(drop),
            Move::Back => self.seek(self.conductor.cursor().saturating_sub(1)).await,
            Move::Seek(target) => self.seek(target).await,
            Move::SeekTime(span) => {
                let epoch = self.conductor.world().plan().epoch;
                self.seek(self.conductor.cursor_at(epoch + span)).await
            }
            Move::Stride(stride) => self.stride(stride).await,
            Move::StrideBack(stride) => self.stride_back(stride).await,
            Move::Foresee(stride) => self.foresee(stride).await,
            // Boxed, for no first visit makes these moves.
            Move::Select(branch) => Box::pin(self.select(branch)).await,
            Move::BackToChange(watch) => Box::pin(self.back_to_change(&watch)).await,
            Move::Advance(span, limit) => self.advance(span, limit).await,
            Move::Act(act) => match self.conductor.world().plan().check(&act) {
                Err(why) => Err(JsError::new(&why).into()),
                Ok(()) => self.intervene(act).await,
            },
        }
    }
}
