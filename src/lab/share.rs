//! A whole lab in the fragment of a URL.
//!
//! What is written is what was done, not what came of it: the scenario, the seed, the acts with the
//! event before which each stands, the cursor, and the page's own view. It is compressed (raw
//! DEFLATE) and spelled in base64url. A few digits of the trace's hash come along: if another
//! version of the engine comes to something else, that is said.

use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};

use super::conductor::Conductor;
use super::describe::Happening;
use super::intervention::Intervention;
use super::local::LocalLab;
use crate::time::Duration;

/// A lab that is shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// The name of a scenario, or a script's text.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// What was done.
    pub acts: Vec<SharedAct>,
    /// How many events have happened.
    pub cursor: u64,
    /// The first digits of the trace's hash at the cursor.
    pub hash: u32,
    /// What the page wants to remember of its view.
    pub view: String,
}

/// An act with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedAct {
    /// The event that it was.
    pub index: u64,
    /// How long nothing had happened before.
    pub idle: Duration,
    /// The act.
    pub act: Intervention,
}

impl Shared {
    /// What is lived in a lab, up to the cursor.
    pub fn of(conductor: &Conductor, scenario: &str, view: &str) -> Self {
        let world = conductor.world();
        let before = |index: u64| match usize::try_from(index).ok().and_then(|n| n.checked_sub(1)) {
            Some(before) => conductor.entries()[before].at,
            None => world.plan().epoch,
        };
        let acts = conductor.acts().map(|(index, at, act)| {
            let idle = at.since(before(index));
            SharedAct { index, idle, act: act.clone() }
        });
        let acts = acts.collect();
        Self {
            scenario: scenario.to_owned(),
            seed: world.plan().seed,
            acts,
            cursor: conductor.cursor(),
            hash: (world.hash() >> 32) as u32,
            view: view.to_owned(),
        }
    }

    /// What is lived in a lab, up to the cursor, for who has no scenario: the world as a script,
    /// and every act, whether a person did it or a story foresaw it.
    pub fn whole(conductor: &Conductor) -> Self {
        let (mut acts, mut before) = (Vec::new(), conductor.world().plan().epoch);
        for (index, entry) in (0_u64..conductor.cursor()).zip(conductor.entries()) {
            if let Happening::Act(act) = &entry.what {
                let idle = entry.at.since(before);
                acts.push(SharedAct { index, idle, act: act.clone() });
            }
            before = entry.at;
        }
        let scenario = conductor.first_world().plan().to_string();
        Self { scenario, acts, ..Self::of(conductor, "", "") }
    }

    /// The fragment, without its `#`.
    pub fn fragment(&self) -> String {
        let mut before = 0;
        let mut columns = [String::new(), String::new(), String::new()];
        for act in &self.acts {
            let numbers = [act.index - before, act.idle.micros()];
            for (column, number) in columns.iter_mut().zip(numbers) {
                column.push_str(&number.to_string());
                column.push(' ');
            }
            columns[2].push_str(&act.act.to_string());
            columns[2].push('\n');
            before = act.index;
        }
        let [events, idle, acts] = columns;
        let (events, idle) = (events.trim_end(), idle.trim_end());
        let text = format!(
            "1 {} {} {:x} {}\n{}\n{events}\n{idle}\n{acts}{}",
            self.cursor,
            self.seed,
            self.hash,
            self.acts.len(),
            self.view.replace('\n', " "),
            self.scenario
        );
        spell(&compress_to_vec(text.as_bytes(), 9))
    }

    /// Reads a fragment.
    ///
    /// # Errors
    /// A sentence for the person who followed the link.
    pub fn parse(fragment: &str) -> Result<Self, String> {
        let broken = || "this link is damaged: perhaps its end was cut off".to_owned();
        let packed = unspell(fragment.trim_start_matches('#')).ok_or_else(broken)?;
        let text = decompress_to_vec_with_limit(&packed, TEXT_MAX).map_err(|_| broken())?;
        Self::parse_unpacked(&String::from_utf8(text).map_err(|_| broken())?)
    }

    /// Reads what a fragment unpacks to.
    ///
    /// # Errors
    /// A sentence for the person who followed the link.
    pub fn parse_unpacked(text: &str) -> Result<Self, String> {
        let broken = || "this link is damaged: perhaps its end was cut off".to_owned();
        let (head, rest) = text.split_once('\n').ok_or_else(broken)?;
        let head: Vec<&str> = head.split(' ').collect();
        let [version, cursor, seed, hash, count] = head.as_slice() else {
            return Err(match head.first() {
                Some(&"1") | None => broken(),
                Some(version) => newer(version),
            });
        };
        if *version != "1" {
            return Err(newer(version));
        }
        let count: usize = count.parse().map_err(|_| broken())?;
        let mut lines = rest.splitn(4, '\n');
        let view = lines.next().ok_or_else(broken)?;
        let numbers = |line: Option<&str>| -> Option<Vec<u64>> {
            line?.split_whitespace().map(|number| number.parse().ok()).collect()
        };
        let events = numbers(lines.next()).ok_or_else(broken)?;
        let idle = numbers(lines.next()).ok_or_else(broken)?;
        let mut rest = lines.next().ok_or_else(broken)?;
        if events.len() != count || idle.len() != count {
            return Err(broken());
        }
        let (mut acts, mut index) = (Vec::new(), 0_u64);
        for (events, idle) in events.into_iter().zip(idle) {
            let (line, behind) = rest.split_once('\n').ok_or_else(broken)?;
            rest = behind;
            index = index.checked_add(events).ok_or_else(broken)?;
            let act = Intervention::parse(line)?.ok_or_else(|| {
                format!("this link does something that is not known here: '{line}'")
            })?;
            acts.push(SharedAct { index, idle: Duration::from_micros(idle), act });
        }
        Ok(Self {
            scenario: rest.to_owned(),
            seed: seed.parse().map_err(|_| broken())?,
            acts,
            cursor: cursor.parse().map_err(|_| broken())?,
            hash: u32::from_str_radix(hash, 16).map_err(|_| broken())?,
            view: view.to_owned(),
        })
    }

    /// Refuses a link that would keep a page at work for hours.
    ///
    /// # Errors
    /// A sentence for the person who followed the link.
    pub fn check_length(&self) -> Result<(), String> {
        let last = self.acts.iter().map(|act| act.index).max().unwrap_or(0).max(self.cursor);
        if last <= EVENTS_MAX {
            return Ok(());
        }
        Err(format!(
            "this link leads through {last} events: more than {EVENTS_MAX} are not followed"
        ))
    }

    /// Says what differs, if a lab that has done all this has come to something else.
    pub fn difference(&self, conductor: &Conductor) -> Option<String> {
        let (cursor, hash) = (conductor.cursor(), (conductor.world().hash() >> 32) as u32);
        if cursor != self.cursor {
            let (there, here) = (self.cursor, cursor);
            return Some(format!("this link was made after {there} events; here there are {here}"));
        }
        (hash != self.hash).then(|| {
            "this link was made by another version, and here something happens differently"
                .to_owned()
        })
    }
}

impl LocalLab {
    /// Does what was shared, up to its cursor. The lab must be at its beginning.
    ///
    /// # Errors
    /// A sentence about an act that cannot be done here.
    pub fn follow(&mut self, shared: &Shared) -> Result<(), String> {
        shared.check_length()?;
        for SharedAct { index, idle, act } in &shared.acts {
            while self.conductor().cursor() < *index && self.step() {}
            self.conductor().world().plan().check(act)?;
            self.idle(*idle);
            self.intervene(act.clone());
        }
        while self.conductor().cursor() < shared.cursor && self.step() {}
        Ok(())
    }
}

fn newer(version: &str) -> String {
    format!("this link is of form {version}, and here only form 1 is known: load the page anew")
}

fn spell(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word = group.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - group.len()));
        for place in 0..=group.len() {
            let six = word >> (18 - 6 * place) & 63;
            text.push(char::from(ALPHABET[six as usize]));
        }
    }
    text
}

pub(super) fn unspell(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for group in text.as_bytes().chunks(4) {
        let mut word = 0_u32;
        for letter in group {
            let six = ALPHABET.iter().position(|known| known == letter)?;
            word = word << 6 | u32::try_from(six).ok()?;
        }
        word <<= 6 * (4 - group.len());
        bytes.extend_from_slice(&word.to_be_bytes()[1..group.len().max(1)]);
    }
    Some(bytes)
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// A link leads through no more events than this.
const EVENTS_MAX: u64 = 1_000_000;
/// A longer text is no lab.
const TEXT_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_spelled_and_read_again() {
        for length in 0..20 {
            let bytes: Vec<u8> = (0..length).map(|n: u8| n.wrapping_mul(37)).collect();
            assert_eq!(unspell(&spell(&bytes)).unwrap(), bytes);
        }
        assert_eq!(spell(b"\xff\xfe"), "__4");
        assert_eq!(unspell("a b"), None);
    }

    #[test]
    fn a_damaged_link_is_told_in_a_sentence() {
        let whole = Shared { scenario: "x".repeat(500), ..Shared::default() }.fragment();
        assert!(Shared::parse(&whole).is_ok());
        for damaged in [&whole[..whole.len() / 2], "", "!", "AAAA"] {
            assert!(Shared::parse(damaged).unwrap_err().contains("damaged"), "{damaged}");
        }
        let newer = spell(&compress_to_vec(b"2 x\n", 9));
        assert!(Shared::parse(&newer).unwrap_err().contains("form 2"));
    }
}
