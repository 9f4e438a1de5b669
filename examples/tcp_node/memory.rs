//! How the process gets its memory.
//!
//! Commands are quicker on huge pages. A load is not: it is there once, and before a huge page can
//! be used the kernel clears all of it, and a machine that is itself a guest has to ask its host for
//! each of them, who has taken back what nobody used. A redis-server never has huge pages
//! (`disable-thp yes`); a node has none while it loads.

/// Whether the process gets huge pages.
pub(crate) struct HugePages {
    /// True if somebody has seen to it, before the process began, that it never does.
    never: bool,
    /// True while it does not.
    off: bool,
}

#[cfg(target_os = "linux")]
use rustix::thread::{disable_transparent_huge_pages, transparent_huge_pages_are_disabled};

impl HugePages {
    /// As the process finds it.
    pub(crate) fn as_found() -> Self {
        #[cfg(target_os = "linux")]
        let never = transparent_huge_pages_are_disabled().unwrap_or(true);
        #[cfg(not(target_os = "linux"))]
        let never = true;
        Self { never, off: never }
    }

    /// Goes without them from here on, or no longer.
    pub(crate) fn renounce(&mut self, off: bool) {
        if self.never || self.off == off {
            return;
        }
        self.off = off;
        // A kernel that has no such switch decides by itself.
        #[cfg(target_os = "linux")]
        let _ = disable_transparent_huge_pages(off);
    }
}
