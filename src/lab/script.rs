//! Scripts: a world and a story, as text.
//!
//! ```text
//!     # a comment
//!     seed 7
//!     node master
//!     node replica1 --replicaof "master 6379" load=64KiB
//!     wire latency=2ms bandwidth=256KiB
//!
//!     master> SET k v                 an intervention
//!     run 5s                          virtual time passes
//!     until replica1 up               …until something holds
//!     show log master                 prints into the transcript
//! ```
//!
//! Nodes and wires come first. What follows are actions, carried out in order. A line that is none
//! of this is an error that names the line and the remedy.

use thiserror::Error;

use super::intervention::{Intervention, MachineFault};
use super::network::Wiring;
use super::plan::Plan;
use super::units::{duration, rate};
use super::until::Until;
use crate::time::{Duration, Instant};

/// A script.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// The world.
    pub plan: Plan,
    /// The story, with the numbers of its lines.
    pub actions: Vec<(usize, Action)>,
}

/// Something that a script does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A person acts.
    Intervene(Intervention),
    /// Time passes.
    Run(Duration),
    /// Time passes in which nothing happens.
    Idle(Duration),
    /// Events happen.
    Step(u64),
    /// Events happen until something holds.
    Until(Until),
    /// Something is printed.
    Show(Vec<String>),
}

/// A line that makes no sense, and what would.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {why}")]
pub struct ScriptError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong, and what to write instead.
    pub why: String,
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// The first line that makes no sense.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let mut script = Self {
            plan: Plan { seed: 1, epoch: EPOCH, wiring: Wiring::default(), nodes: Vec::new() },
            actions: Vec::new(),
        };
        // The nodes that there are at this line: acts add some and remove some.
        let mut present = script.plan.clone();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let failed = |why: String| ScriptError { line: index + 1, why };
            if script.setup_line(line).map_err(failed)? {
                present = script.plan.clone();
            } else {
                let action = action(line, &mut present).map_err(failed)?;
                script.actions.push((index + 1, action));
            }
        }
        if script.plan.nodes.is_empty() {
            let why = "a script needs at least one node: write 'node master'".to_owned();
            return Err(ScriptError { line: 1, why });
        }
        Ok(script)
    }

    /// Takes a line that describes the world; false if it is none.
    fn setup_line(&mut self, line: &str) -> Result<bool, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["seed", number] => {
                self.plan.seed =
                    number.parse().map_err(|_| format!("'{number}' is no seed: write 'seed 7'"))?;
            }
            ["wire", settings @ ..] => {
                for setting in settings {
                    self.wire_setting(setting)?;
                }
            }
            ["node", name, ..] => {
                let rest = line["node".len()..].trim_start();
                let node = self.plan.new_node(name, &rest[name.len()..])?;
                self.plan.nodes.push(node);
            }
            _ => return Ok(false),
        }
        if self.actions.is_empty() {
            Ok(true)
        } else {
            Err("seed, wire and node come before everything that happens: write 'add' for a node \
                 that comes later"
                .to_owned())
        }
    }

    fn wire_setting(&mut self, setting: &str) -> Result<(), String> {
        let wiring = &mut self.plan.wiring;
        match setting.split_once('=') {
            Some(("latency", value)) => wiring.latency = duration(value)?,
            Some(("bandwidth", value)) => wiring.bytes_per_second = rate(value)?,
            _ => {
                return Err(format!(
                    "'{setting}' is no property of a wire: write latency=2ms or bandwidth=256KiB"
                ));
            }
        }
        Ok(())
    }
}

/// Reads an action; `present` are the nodes that there are.
fn action(line: &str, present: &mut Plan) -> Result<Action, String> {
    if let Some(act) = Intervention::parse(line)? {
        present.check(&act)?;
        if let Intervention::Add { name, settings } = &act {
            present.nodes.push(present.new_node(name, settings)?);
        }
        if let Intervention::Machine { node, fault: MachineFault::Remove } = &act {
            present.nodes.retain(|known| known.name != *node);
        }
        return Ok(Action::Intervene(act));
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["run", span] => return Ok(Action::Run(duration(span)?)),
        ["idle", span] => return Ok(Action::Idle(duration(span)?)),
        ["step"] => return Ok(Action::Step(1)),
        ["step", count] => {
            let count = count.parse().map_err(|_| format!("'{count}' is no number of events"))?;
            return Ok(Action::Step(count));
        }
        ["until", ..] => {
            if let Some(until) = Until::parse(line["until".len()..].trim())? {
                if let Some(node) = until.node() {
                    present.check(&Intervention::typed(node, ""))?;
                }
                return Ok(Action::Until(until));
            }
        }
        ["show", what @ ..] => {
            return Ok(Action::Show(what.iter().map(|word| (*word).to_owned()).collect()));
        }
        _ => {}
    }
    Err(format!(
        "'{line}' is not understood: write 'node> COMMAND', 'cut a b', 'heal a b' or another \
         act, 'run 5s', 'step', 'until synced', 'until node up', 'until node logs TEXT' or \
         'show …'"
    ))
}

/// The day of the seed document's log.
const EPOCH: Instant = Instant::from_millis(1_742_822_352_000);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Address;

    #[test]
    fn a_script_is_a_world_and_a_story() {
        let text = "seed 7\nnode master --port 7000\n\
                    node r1 --replicaof \"master 7000\" load=64KiB\n\
                    wire latency=2ms bandwidth=1MiB\n\n\
                    master> SET k v\nrun 5s\nuntil r1 logs a b\n";
        let script = Script::parse(text).unwrap();
        assert_eq!(script.plan.nodes[1].config.get("replicaof"), "master 7000");
        assert_eq!(script.plan.nodes[1].speeds.load_bytes_per_second, 65_536);
        assert_eq!(script.plan.wiring.bytes_per_second, 1 << 20);
        assert_eq!(script.actions.len(), 3);
        assert_eq!(script.plan.find(&Address::new("172.19.0.2", 7000)), Some(0));
        assert_eq!(script.plan.find(&Address::new("master", 6379)), None);
    }

    #[test]
    fn an_error_names_the_line_and_the_remedy() {
        for (text, wanted) in [
            ("node a\nnonsense", "line 2: 'nonsense' is not understood"),
            ("node a\nb> GET k", "line 2: there is no node 'b': there are a"),
            ("node a\nrun fast", "line 2: 'fast' is no span of time: write 5s"),
            ("node a\nnode b\nstall a", "line 3: 'stall a' is not understood: write 'stall a b'"),
            ("node a\nadd b\nremove a\na> PING", "line 4: there is no node 'a': there are b"),
            ("node a\nadd a", "line 2: there is a node a already: choose another name"),
            ("node a --nope 1", "line 1: there is no option 'nope'"),
            ("node a\na> PING\nnode b", "line 3: seed, wire and node come before"),
            ("", "line 1: a script needs at least one node"),
        ] {
            let error = Script::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(wanted), "{error}");
        }
    }
}
