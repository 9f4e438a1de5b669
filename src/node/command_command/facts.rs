//! What COMMAND tells of each command, as a real server told it: a line each in `facts.txt`.
//!
//! ```text
//! name arity flags first,last,step categories tips key-specifications since group
//! ```
//!
//! The lines are those of 7.2, and where 7.0 tells something else of a command, another is its own.
//!
//! A key specification is `flags:begin:find`. Keys begin at an index (`i1`) or behind a keyword
//! (`kSTREAMS,4`: sought from argument 4 on), and are a range (`r` last, step, limit) or counted by
//! a number (`n` its place, the first key, step); `u` is what the arguments do not tell.

use std::sync::LazyLock;

use super::lines::Lines;
use crate::commands::{Flags, Refusal, unknown_subcommand};
use crate::node::state::Profile;
use crate::resp::Bytes;

/// The facts of one command, or of a subcommand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::node) struct Facts {
    /// `config`, or `config|get`.
    pub(super) name: &'static str,
    pub(super) arity: i64,
    flags: &'static str,
    /// First key, last key, step.
    pub(super) place: [i64; 3],
    categories: &'static str,
    tips: &'static str,
    specifications: &'static str,
    /// The release that brought it.
    pub(in crate::node) since: &'static str,
    pub(super) group: &'static str,
    /// The release that tells this.
    pub(super) profile: Profile,
}

/// Every command that a release has, its subcommands behind it.
pub(super) fn all(profile: Profile) -> impl Iterator<Item = Facts> {
    LINES.names().filter_map(move |name| of(name.as_bytes(), profile))
}

/// What a release tells of `name`, in any case.
pub(in crate::node) fn of(name: &[u8], profile: Profile) -> Option<Facts> {
    let name = name.to_ascii_lowercase();
    let (line, instead) = LINES.find(&name, profile)?;
    Some(Facts::read(instead.unwrap_or(line), profile)).filter(|facts| profile.knows(facts.since))
}

static LINES: LazyLock<Lines> = LazyLock::new(|| Lines::of(include_str!("facts.txt")));

/// The facts of what a call of `name` would run: those of its subcommand, if it has any.
pub(in crate::node) fn of_call(name: &[u8], args: &[Bytes], profile: Profile) -> Option<Facts> {
    let facts = of(name, profile)?;
    if facts.subcommands().next().is_none() {
        return Some(facts);
    }
    of(&[name, b"|", args.get(1)?].concat(), profile)
}

/// True if no script may run what a call of the command `name` would run.
pub(in crate::node) fn refuses_scripts(name: &str, args: &[Bytes], profile: Profile) -> bool {
    let name = name.as_bytes();
    let facts = of_call(name, args, profile).or_else(|| of(name, profile));
    facts.is_some_and(|facts| facts.flags().any(|flag| flag == "noscript"))
}

/// What a release takes a command for, if that is not what 7.2 takes it for. The gates ask this of
/// every call, and of nearly all commands there is nothing to say.
#[inline]
pub(in crate::node) fn otherwise(name: &str, profile: Profile) -> Option<&'static Otherwise> {
    if profile == Profile::V7_2 { None } else { otherwise_before(name, profile) }
}

#[inline(never)]
fn otherwise_before(name: &str, profile: Profile) -> Option<&'static Otherwise> {
    static OF_7_0: LazyLock<Differences> = LazyLock::new(|| differences(Profile::V7_0));
    static OF_6_2: LazyLock<Differences> = LazyLock::new(|| differences(Profile::V6_2));
    let known = match profile {
        Profile::V7_2 => return None,
        Profile::V7_0 => &OF_7_0,
        Profile::V6_2 => &OF_6_2,
    };
    let at = known.binary_search_by(|(other, _)| (*other).cmp(name)).ok()?;
    Some(&known[at].1)
}

/// How a release differs from 7.2 in a command.
pub(in crate::node) enum Otherwise {
    /// It has no such command.
    Absent,
    /// It takes other numbers of words of it.
    Takes(Facts),
}

/// By names, which are sorted.
type Differences = Vec<(&'static str, Otherwise)>;

fn differences(profile: Profile) -> Differences {
    let other = |newest: Facts| match of(newest.name.as_bytes(), profile) {
        None => Some((newest.name, Otherwise::Absent)),
        Some(own) if own.arity != newest.arity => Some((newest.name, Otherwise::Takes(own))),
        Some(_) => None,
    };
    all(Profile::V7_2).filter_map(other).collect()
}

/// Refuses what a release does not take so many words of.
pub(in crate::node) fn check_arity(
    name: &'static str,
    count: usize,
    profile: Profile,
) -> Result<(), Refusal> {
    match otherwise(name, profile) {
        Some(Otherwise::Takes(facts)) if !facts.takes(count) => {
            Err(Refusal::Arity(name.to_owned()))
        }
        Some(Otherwise::Takes(_) | Otherwise::Absent) | None => Ok(()),
    }
}

/// Refuses the words of the container `name` that name no command of its own, or not as it is
/// called.
pub(in crate::node) fn check_subcommand(
    name: &str,
    args: &[Bytes],
    profile: Profile,
) -> Result<(), Refusal> {
    let Some(sub) = args.get(1) else { return Ok(()) };
    let Some(facts) = of(&[name.as_bytes(), b"|", sub].concat(), profile) else {
        return Err(unknown_subcommand(args));
    };
    if facts.takes(args.len()) { Ok(()) } else { Err(Refusal::Arity(facts.name.to_owned())) }
}

impl Facts {
    fn read(line: &'static str, profile: Profile) -> Self {
        let mut columns = line.split(' ').map(|column| if column == "-" { "" } else { column });
        let mut next = || columns.next().expect("a line of facts has nine columns");
        let (name, arity, flags) = (next(), number(next()), next());
        let name = name.split_once('@').map_or(name, |(name, _)| name);
        let mut place = [0; 3];
        for (own, told) in place.iter_mut().zip(next().split(',')) {
            *own = number(told);
        }
        let (categories, tips, specifications) = (next(), next(), next());
        let (since, group) = (next(), next());
        Self { name, arity, flags, place, categories, tips, specifications, since, group, profile }
    }

    /// True if so many words can call it.
    pub(super) const fn takes(&self, count: usize) -> bool {
        let wanted = self.arity.unsigned_abs() as usize;
        if self.arity < 0 { count >= wanted } else { count == wanted }
    }

    pub(super) fn flags(&self) -> impl Iterator<Item = &'static str> {
        words(self.flags, ',')
    }

    /// True if a call of it may name no key at all.
    pub(super) fn needs_no_keys(&self) -> bool {
        self.flags().any(|flag| flag == "no_mandatory_keys")
    }

    /// Those of the flags that the gates know.
    pub(in crate::node) fn gates(&self) -> Flags {
        self.flags().filter_map(Flags::named).fold(Flags::NONE, Flags::and)
    }

    pub(super) fn categories(&self) -> impl Iterator<Item = &'static str> {
        words(self.categories, ',')
    }

    pub(super) fn tips(&self) -> impl Iterator<Item = &'static str> {
        words(self.tips, ',')
    }

    /// Where its keys are.
    pub(super) fn specifications(&self) -> impl Iterator<Item = KeySpecification> {
        words(self.specifications, ';').map(KeySpecification::read)
    }

    /// True if it is a part of another command.
    pub(super) fn is_subcommand(&self) -> bool {
        self.name.contains('|')
    }

    pub(super) fn subcommands(&self) -> impl Iterator<Item = Self> {
        let profile = self.profile;
        LINES.parts_of(self.name).filter_map(move |name| of(name.as_bytes(), profile))
    }
}

/// Where some of a command's keys are, and what happens to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeySpecification {
    flags: &'static str,
    pub(super) begin: Begin,
    pub(super) find: Find,
}

/// Where keys begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    Index(i64),
    Keyword { word: &'static str, from: i64 },
    Unknown,
}

/// How many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Find {
    Range { last: i64, step: i64, limit: i64 },
    Counted { number_at: i64, first: i64, step: i64 },
    Unknown,
}

impl KeySpecification {
    fn read(text: &'static str) -> Self {
        let mut parts = text.split(':');
        let mut next = || parts.next().unwrap_or_default();
        let (flags, begin, find) = (next(), next(), next());
        let begin = match begin.split_at(1) {
            ("i", index) => Begin::Index(number(index)),
            ("k", rest) => {
                let (word, from) = rest.split_once(',').unwrap_or((rest, "1"));
                Begin::Keyword { word, from: number(from) }
            }
            _ => Begin::Unknown,
        };
        let numbers: Vec<i64> = find[1..].split(',').map(number).collect();
        let find = match (&find[..1], numbers.as_slice()) {
            ("r", &[last, step, limit]) => Find::Range { last, step, limit },
            ("n", &[number_at, first, step]) => Find::Counted { number_at, first, step },
            _ => Find::Unknown,
        };
        Self { flags, begin, find }
    }

    pub(super) fn flags(&self) -> impl Iterator<Item = &'static str> {
        words(self.flags, ',')
    }

    /// True if what it finds is no key, but a channel that has a slot as a key has.
    pub(super) fn is_of_channels(&self) -> bool {
        self.flags().any(|flag| flag == "not_key")
    }
}

fn words(text: &'static str, between: char) -> impl Iterator<Item = &'static str> {
    text.split(between).filter(|word| !word.is_empty())
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::TABLE;
    use crate::node::admin_table::ADMIN;

    #[test]
    fn what_a_release_takes_otherwise_is_what_its_facts_say() {
        for profile in [Profile::V6_2, Profile::V7_0, Profile::V7_2] {
            for newest in all(Profile::V7_2) {
                let told = match otherwise(newest.name, profile) {
                    Some(Otherwise::Absent) => None,
                    Some(Otherwise::Takes(own)) => Some(own.arity),
                    None => Some(newest.arity),
                };
                let own = of(newest.name.as_bytes(), profile);
                assert_eq!(told, own.map(|own| own.arity), "{} {profile:?}", newest.name);
            }
        }
    }

    #[test]
    fn the_parts_of_a_command_are_found_where_they_stand() {
        for profile in [Profile::V6_2, Profile::V7_0, Profile::V7_2] {
            for container in all(profile) {
                let found: Vec<&str> = container.subcommands().map(|facts| facts.name).collect();
                let is_part = |name: &&str| {
                    name.split_once('|').is_some_and(|(before, _)| before == container.name)
                };
                let names = all(profile).map(|facts| facts.name);
                assert_eq!(found, names.filter(is_part).collect::<Vec<_>>(), "{}", container.name);
            }
        }
    }

    #[test]
    fn every_command_has_its_facts_and_they_agree_with_its_row() {
        let data = TABLE.iter().copied().flatten();
        let data = data.map(|spec| (spec.name, spec.arity, spec.flags, Some(spec.keys)));
        let admin = ADMIN.iter().map(|spec| (spec.name, spec.arity, spec.flags, None));
        let mut faults = Vec::new();
        let mut names: Vec<&str> = all(Profile::V7_2).map(|facts| facts.name).collect();
        for (name, arity, flags, keys) in data.chain(admin) {
            let facts =
                of(name.as_bytes(), Profile::V7_2).unwrap_or_else(|| panic!("no facts of {name}"));
            assert_eq!(i64::from(arity), facts.arity, "{name}");
            for flag in ["write", "readonly", "denyoom", "blocking", "no_auth", "loading", "stale"]
            {
                let told = facts.flags().any(|one| one == flag);
                // A container is guarded as its strictest part is.
                let alike = facts.subcommands().next().is_none();
                if alike && told != flags.names().any(|one| one == flag) {
                    faults.push(format!("{name}: {flag} is {told}"));
                }
            }
            if let Some(keys) = keys {
                assert_eq!(keys.first as i64, facts.place[0], "{name}");
            }
            names.retain(|one| *one != name && one.split_once('|').is_none_or(|(c, _)| c != name));
        }
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(names, [""; 0], "facts of commands that are not here");
    }
}
