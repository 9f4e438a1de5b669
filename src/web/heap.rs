//! Room in this instance's memory, made before it is wanted.
//!
//! WebAssembly's memory grows by the page, and the allocator asks for no more pages than it needs
//! at once. Each time costs the browser as much as a turn; a dataset that fills a hundred megabytes
//! would pay it more than a thousand times. What is allocated and given back stays with the
//! allocator, so one large allocation makes room for many small ones.

use core::arch::wasm32::memory_size;
use std::cell::Cell;
use std::hint::black_box;

use wasm_bindgen::prelude::*;

thread_local! {
    /// How many pages there were when room was made last.
    static PAGES: Cell<usize> = const { Cell::new(PAGES_LARGE) };
}

/// Makes room for so many bytes; pages that nobody writes to cost the machine nothing.
#[wasm_bindgen]
pub fn make_room(bytes: u32) {
    let mut room = Vec::<u8>::new();
    // Where there is no such room, whoever needs it will find out.
    let _ = room.try_reserve_exact(bytes as usize);
    drop(black_box(room));
    PAGES.set(PAGES_LARGE.max(memory_size::<0>()));
}

/// Makes room for half as much again, if a large memory has grown since.
pub(super) fn keep_room() {
    let pages = memory_size::<0>();
    if pages > PAGES.get() {
        make_room(u32::try_from(pages / 2 * PAGE_BYTES).unwrap_or(u32::MAX));
    }
}

const PAGE_BYTES: usize = 64 * 1024;
/// A smaller memory grows as it likes.
const PAGES_LARGE: usize = 16 * 1024 * 1024 / PAGE_BYTES;
