//! Random worlds, random people, and the question whether everything comes right again.
//!
//! A [`Trial`] is a world and a list of acts, made from a seed. Running it lets the acts happen,
//! ends every fault, puts the nodes into a tree, and waits until all have the same data; the checks
//! look at every step. A trial that fails is made smaller: acts are left out as long as it fails
//! without them, until what is left is a script that a person can read.

use std::fmt;

use super::intervention::{Intervention, MachineFault};
use super::local::LocalLab;
use super::mischief::{Mischief, NAMES};
use super::script::Script;
use super::units::span;
use crate::time::Duration;

/// A world and what people do in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Where its chances come from.
    pub seed: u64,
    /// The world, as a script describes it.
    pub world: String,
    /// The acts, each with the time that passes before it.
    pub acts: Vec<(Duration, Intervention)>,
    /// Whom each node follows in the end: the one before it in the list, or the first.
    pub parents: Vec<usize>,
}

/// What a trial that came right has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Events.
    pub events: u64,
    /// Virtual time.
    pub span: Duration,
    /// Of what happened, for the trace of traces.
    pub hash: u64,
}

/// A trial that did not come right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub why: String,
    /// The last lines of every log.
    pub log: Vec<String>,
}

impl Trial {
    /// The trial of a seed.
    pub fn random(seed: u64) -> Self {
        let mut mischief = Mischief::new(seed);
        let (world, parents) = mischief.world();
        let count = 10 + mischief.below(30);
        let acts = (0..count).map(|_| mischief.act(parents.len())).collect();
        Self { seed, world, acts, parents }
    }

    /// Lets it happen.
    ///
    /// # Errors
    /// A check that was broken, or who did not come right.
    pub fn run(&self) -> Result<Outcome, Failure> {
        self.run_in(|_| {})
    }

    /// Lets it happen in a lab that was prepared.
    ///
    /// # Errors
    /// A check that was broken, or who did not come right.
    pub fn run_in(&self, prepare: impl FnOnce(&mut LocalLab)) -> Result<Outcome, Failure> {
        let script = Script::parse(&self.world)
            .map_err(|error| Failure { why: error.to_string(), log: Vec::new() })?;
        let mut lab = LocalLab::from_plan(script.plan);
        lab.forget_the_past();
        lab.watch();
        prepare(&mut lab);
        let began = lab.conductor().world().now();
        let mended = self.acts.iter().cloned().chain(self.mending()).chain(self.tree());
        let mut why = carry_out(&mut lab, mended)?;
        if why.is_some() {
            why = carry_out(&mut lab, self.tree())?;
        }
        if let Some(why) = why {
            return Err(failure(&lab, format!("it did not come right: {why}")));
        }
        let world = lab.conductor().world();
        let span = world.now().since(began);
        Ok(Outcome { events: world.count(), span, hash: world.hash() })
    }

    /// Ends every fault, and lets every process run.
    fn mending(&self) -> impl Iterator<Item = (Duration, Intervention)> {
        let mut acts = vec![Intervention::Heal { pair: None }];
        for node in NAMES.iter().take(self.parents.len()) {
            let machine = |fault| Intervention::Machine { node: (*node).to_owned(), fault };
            acts.push(machine(MachineFault::Thaw));
            acts.push(machine(MachineFault::DiskWorks));
            acts.push(machine(MachineFault::ForkWorks));
            if self.may_have_ended(node) {
                acts.push(machine(MachineFault::Restart { rdb: true }));
            }
        }
        acts.into_iter().map(|act| (MOMENT, act))
    }

    /// Tells each node whom it follows. It is told again if all has not come right: a server that
    /// loads a dataset refuses, and to one that has obeyed it is nothing new.
    fn tree(&self) -> impl Iterator<Item = (Duration, Intervention)> {
        let mut acts = Vec::new();
        for (index, parent) in self.parents.iter().enumerate() {
            let line = match index {
                0 => "REPLICAOF NO ONE".to_owned(),
                _ => format!("REPLICAOF {} 6379", NAMES[*parent]),
            };
            // A client in the middle of a transaction would only queue it.
            acts.push(Intervention::typed(NAMES[index], "DISCARD"));
            acts.push(Intervention::typed(NAMES[index], &line));
        }
        acts.into_iter().map(|act| (MOMENT, act))
    }

    /// True if the process may not run any more: it was killed, or started on a failing disk, from
    /// which it could not read its dataset.
    fn may_have_ended(&self, node: &str) -> bool {
        let (mut disk_fails, mut reads, mut ended) = (false, false, false);
        for (_, act) in &self.acts {
            let Intervention::Machine { node: of, fault } = act else { continue };
            if of != node {
                continue;
            }
            match fault {
                MachineFault::Crash => ended = true,
                MachineFault::Restart { rdb } => {
                    reads = *rdb;
                    ended = reads && disk_fails;
                }
                MachineFault::DiskFails => {
                    disk_fails = true;
                    // It may not have come to the end of its file.
                    ended |= reads;
                }
                MachineFault::DiskFull | MachineFault::DiskWorks => disk_fails = false,
                MachineFault::Freeze
                | MachineFault::Thaw
                | MachineFault::DiskSpeed(_)
                | MachineFault::ForkFails
                | MachineFault::ForkWorks
                | MachineFault::Remove => {}
            }
        }
        ended
    }

    /// How many things people do in it.
    pub fn acts(&self) -> usize {
        self.acts.len()
    }

    /// The smallest trial that fails like this one: acts are left out as long as one fails without
    /// them.
    pub fn minimised(&self, fails: impl Fn(&Self) -> bool) -> Self {
        let mut small = self.clone();
        let mut size = small.acts.len();
        while size > 0 {
            let mut start = 0;
            while start < small.acts.len() {
                let mut tried = small.clone();
                let end = (start + size).min(tried.acts.len());
                tried.acts.drain(start..end);
                if fails(&tried) {
                    small = tried;
                } else {
                    start += size;
                }
            }
            size /= 2;
        }
        small
    }
}

/// Does all of it, and waits until all has come right; says why if it has not.
fn carry_out(
    lab: &mut LocalLab,
    acts: impl Iterator<Item = (Duration, Intervention)>,
) -> Result<Option<String>, Failure> {
    for (wait, act) in acts {
        lab.run(wait);
        lab.intervene(act);
        whole(lab)?;
    }
    let mut why = None;
    for _ in 0..PATIENCE {
        lab.run(GLANCE);
        whole(lab)?;
        why = lab.unsettled();
        if why.is_none() {
            break;
        }
    }
    Ok(why)
}

/// Nothing is broken yet.
fn whole(lab: &LocalLab) -> Result<(), Failure> {
    match lab.broken() {
        Some(broken) => Err(failure(lab, format!("{} ({})", broken.why, broken.what))),
        None => Ok(()),
    }
}

fn failure(lab: &LocalLab, why: String) -> Failure {
    let world = lab.conductor().world();
    let mut lines: Vec<_> = lab
        .nodes()
        .flat_map(|node| {
            let name = &world.plan().nodes[node.0].name;
            let log = &world.log(node).lines;
            log.iter().map(move |(event, .., line)| (*event, format!("{name} {line}")))
        })
        .collect();
    lines.sort_by_key(|(event, _)| *event);
    let last = lines.len().saturating_sub(LOG_LINES);
    Failure { why, log: lines.split_off(last).into_iter().map(|(_, line)| line).collect() }
}

/// As a script, repairs included.
impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.world.trim_end())?;
        for (wait, act) in &self.acts {
            writeln!(f, "run {}\n{act}", span(*wait))?;
        }
        writeln!(f, "# now everything is mended")?;
        for (wait, act) in self.mending().chain(self.tree()) {
            writeln!(f, "run {}\n{act}", span(wait))?;
        }
        let patience = span(Duration::from_micros(GLANCE.micros() * PATIENCE));
        writeln!(f, "run {patience}\n# and told once more whom they follow")?;
        for (wait, act) in self.tree() {
            writeln!(f, "run {}\n{act}", span(wait))?;
        }
        writeln!(f, "run {patience}")
    }
}

/// The time between two repairs.
const MOMENT: Duration = Duration::from_millis(1);
/// How often one looks whether everything has come right.
const PATIENCE: u64 = 600;
/// How long one waits between two looks.
const GLANCE: Duration = Duration::from_millis(250);
/// How many lines of the logs a failure brings along.
const LOG_LINES: usize = 60;
