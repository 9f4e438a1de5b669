//! Lines of older releases that have other words than those of 7.2.

use super::super::state::Profile;
use super::text::streamed_transfer_text;
use super::{LoadNote, MasterNote, Note, ServerNote, SnapshotNote};

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
        if let Self::Load(LoadNote::FatalError) = self {
            // The last error of the system, whatever it was: these files were read without one.
            return Some("Fatal error loading the DB: Invalid argument. Exiting.".to_owned());
        }
        if let Self::Snapshot(SnapshotNote::WriteError(step, why)) = self {
            return Some(match profile {
                Profile::V6_2 => format!("Write error saving DB on disk: {why}"),
                Profile::V7_0 | Profile::V7_2 => {
                    format!("Write error saving DB on disk({step}): {why}")
                }
            });
        }
        let is_ready = matches!(self, Self::Server(ServerNote::ReadyToAccept));
        is_ready.then(|| "Ready to accept connections".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_release_has_its_own_words_for_a_full_disk() {
        let note = Note::from(SnapshotNote::WriteError("fflush", "No space left".to_owned()));
        let said = |profile| note.older_text(profile).unwrap_or_else(|| note.to_string());
        let begin = "Write error saving DB on disk";
        assert_eq!(said(Profile::V6_2), format!("{begin}: No space left"));
        assert_eq!(said(Profile::V7_0), format!("{begin}(fflush): No space left"));
        let newest = "Write error while saving DB to the disk(fflush): No space left";
        assert_eq!(said(Profile::V7_2), newest);
    }
}
