//! Names told apart without a look at each beside each other.
//!
//! In a damaged file a collection may have one name twice. To find that out for certain costs more
//! than the rest of the reading. So of each name there is a *print*, a number that is the same for
//! the same name: where no two prints are equal, no two names are, and that is nearly always so.

/// The prints of the names of one collection.
#[derive(Clone, Debug, Default)]
pub(super) struct Prints {
    prints: Vec<u64>,
    /// Where each print is put to be found. The table is never emptied: what an earlier round has
    /// left there is not taken for anything.
    slots: Vec<Slot>,
    /// How often the table was used.
    round: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    print: u64,
    /// The round in which it was put here.
    round: u32,
}

impl Prints {
    pub(super) const fn new() -> Self {
        Self { prints: Vec::new(), slots: Vec::new(), round: 0 }
    }

    /// Takes all prints out.
    pub(super) fn clear(&mut self) {
        self.prints.clear();
    }

    /// Puts the print of `name` in.
    #[inline]
    pub(super) fn push(&mut self, name: &[u8]) {
        self.prints.push(print(name));
    }

    /// True if no two prints are equal: then no name came twice.
    pub(super) fn all_differ(&mut self) -> bool {
        if self.prints.len() > FEW {
            self.prints.sort_unstable();
            return self.prints.is_sorted_by(|a, b| a < b);
        }
        let room = (2 * self.prints.len()).next_power_of_two();
        if self.slots.len() < room || self.round == u32::MAX {
            self.slots = vec![Slot::default(); room.max(self.slots.len())];
            self.round = 0;
        }
        self.round += 1;
        let (slots, round) = (&mut self.slots, self.round);
        self.prints.iter().all(|&print| is_new(slots, Slot { print, round }))
    }
}

/// Puts `new` into one of `slots`, of which half are free; false if it is there.
fn is_new(slots: &mut [Slot], new: Slot) -> bool {
    let last = slots.len() - 1;
    let mut at = (new.print.wrapping_mul(FACTOR) >> 32) as usize & last;
    while slots[at].round == new.round {
        if slots[at].print == new.print {
            return false;
        }
        at = (at + 1) & last;
    }
    slots[at] = new;
    true
}

/// A number made of both ends of a name and its length.
fn print(name: &[u8]) -> u64 {
    let (first, last) = match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (0, name.iter().fold(0, |all, &byte| all << 8 | u64::from(byte))),
    };
    first.wrapping_mul(FACTOR).wrapping_add(last).wrapping_add(name.len() as u64)
}

/// Odd, so that no bit of what it multiplies is lost.
const FACTOR: u64 = 0x2545_f491_4f6c_dd1d;
/// More prints than these are sorted: nobody can make a table of so few slow.
const FEW: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn prints(names: &[String]) -> Prints {
        let mut prints = Prints::new();
        names.iter().for_each(|name| prints.push(name.as_bytes()));
        prints
    }

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("{n:0width$}", width = 1 + n % 11)).collect()
    }

    #[test]
    fn a_print_that_comes_twice_is_found_among_few_and_many() {
        for count in [1, 2, 7, FEW, FEW + 1, 5_000] {
            let mut once = names(count);
            assert!(prints(&once).all_differ(), "{count}");
            once.insert(count / 3, once[count - 1].clone());
            assert!(!prints(&once).all_differ(), "{count}");
        }
    }

    #[test]
    fn one_round_knows_nothing_of_another() {
        let mut prints = prints(&names(20));
        for _ in 0..3 {
            assert!(prints.all_differ());
        }
        prints.round = u32::MAX;
        assert!(prints.all_differ());
        assert_eq!(prints.round, 1);
        prints.clear();
        assert!(prints.all_differ());
        prints.push(b"0");
        assert!(prints.all_differ());
        prints.push(b"0");
        assert!(!prints.all_differ());
    }

    #[test]
    fn different_names_may_have_one_print() {
        assert_eq!(print(b"\0a"), print(b"b"));
    }
}
