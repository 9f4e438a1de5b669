//! Lines of older releases that have other words than those of 7.2.

use super::super::note_text::streamed_transfer_text;
use super::super::state::Profile;
use super::{MasterNote, Note, ServerNote};

impl Note {
    /// The line in a release of `profile`, if that has other words.
    pub(in crate::node) fn older_text(&self, profile: Profile) -> Option<String> {
        if profile == Profile::V7_2 {
            return None;
        }
        if let Self::Master(MasterNote::StreamedTransferSucceeded(replica)) = self {
            let mut text = String::new();
            streamed_transfer_text(replica, "slave", &mut text).ok()?;
            return Some(text);
        }
        let is_ready = matches!(self, Self::Server(ServerNote::ReadyToAccept));
        is_ready.then(|| "Ready to accept connections".to_owned())
    }
}
