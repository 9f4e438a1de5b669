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

use std::fmt;

use thiserror::Error;

use super::intervention::Intervention;
use super::network::Wiring;
use crate::node::{Address, Config, ConfigError, Profile, Setup, Speeds, parse_memory};
use crate::resp::split_words;
use crate::time::{Duration, Instant};

/// A script.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// The world.
    pub plan: Plan,
    /// The story, with the numbers of its lines.
    pub actions: Vec<(usize, Action)>,
}

/// A world before anything has happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Where chance begins.
    pub seed: u64,
    /// When the world begins.
    pub epoch: Instant,
    /// How wires are.
    pub wiring: Wiring,
    /// The nodes.
    pub nodes: Vec<NodePlan>,
}

/// A node before it has started.
#[derive(Clone, Debug, PartialEq)]
pub struct NodePlan {
    /// Its name, which is also its host name.
    pub name: String,
    /// Its IP address.
    pub ip: String,
    /// Its options.
    pub config: Config,
    /// Which release it takes after.
    pub profile: Profile,
    /// How fast its machine computes.
    pub speeds: Speeds,
    /// How many bytes its disk moves in a second; 0 is "any number".
    pub disk_bytes_per_second: u64,
    /// How many bytes it hands to a replica's wire before it waits.
    pub send_window: u64,
}

/// Something that a script does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A person acts.
    Intervene(Intervention),
    /// Time passes.
    Run(Duration),
    /// Events happen.
    Step(u64),
    /// Events happen until something holds.
    Until(Until),
    /// Something is printed.
    Show(Vec<String>),
}

/// What a script may wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// A node prints a line that contains this text.
    Log {
        /// The node's name.
        node: String,
        /// The text.
        text: String,
    },
    /// A replica's link to its master is up.
    Up {
        /// The node's name.
        node: String,
    },
    /// Every replica has carried out, and confirmed, all that its master has produced.
    Synced,
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

impl Plan {
    /// What a node is made of.
    pub fn setup(&self, index: usize) -> Setup {
        let node = &self.nodes[index];
        Setup {
            config: node.config.clone(),
            profile: node.profile,
            seed: self.seed.wrapping_mul(1_000).wrapping_add(index as u64 + 1),
            speeds: node.speeds,
            send_window: node.send_window,
        }
    }

    /// The node that a name or an address means.
    pub fn find(&self, address: &Address) -> Option<usize> {
        self.nodes.iter().position(|node| {
            (node.name == *address.host || node.ip == *address.host)
                && node.config.number("port") == u64::from(address.port)
        })
    }

    /// The node of this name.
    pub fn named(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name == name)
    }
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
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let failed = |why: String| ScriptError { line: index + 1, why };
            if !script.setup_line(line).map_err(failed)? {
                let action = script.action(line).map_err(failed)?;
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
        let words = split_words(line.as_bytes()).unwrap_or_default();
        let words: Vec<String> =
            words.into_iter().map(|word| String::from_utf8_lossy(&word).into_owned()).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
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
            ["node", name, settings @ ..] => {
                let node = self.node(name, settings)?;
                self.plan.nodes.push(node);
            }
            _ => return Ok(false),
        }
        if self.actions.is_empty() {
            Ok(true)
        } else {
            Err("seed, wire and node come before everything that happens".to_owned())
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

    fn node(&self, name: &str, settings: &[&str]) -> Result<NodePlan, String> {
        if self.plan.named(name).is_some() {
            return Err(format!("there is a node {name} already: choose another name"));
        }
        let mut node = NodePlan {
            name: name.to_owned(),
            ip: format!("172.19.0.{}", self.plan.nodes.len() + 2),
            config: Config::default(),
            profile: Profile::V7_2,
            speeds: Speeds::default(),
            disk_bytes_per_second: 0,
            send_window: 256 * 1024,
        };
        let mut words = settings.iter();
        while let Some(word) = words.next() {
            if let Some(option) = word.strip_prefix("--") {
                let value = words.next().ok_or_else(|| format!("--{option} needs a value"))?;
                node.config.set_at_start(option, value).map_err(|error| match error {
                    ConfigError::Unknown(name) => format!("there is no option '{name}'"),
                    ConfigError::Immutable(name) => format!("'{name}' cannot be set"),
                    ConfigError::Invalid(name, why) => {
                        format!("'{value}' is no value of {name}: {why}")
                    }
                })?;
                continue;
            }
            match word.split_once('=') {
                Some(("ip", value)) => node.ip = value.to_owned(),
                Some(("port", value)) => {
                    let set = node.config.set_at_start("port", value);
                    set.map_err(|_| format!("'{value}' is no port: write port=6379"))?;
                }
                Some(("snapshot", value)) => node.speeds.snapshot_bytes_per_second = rate(value)?,
                Some(("load", value)) => node.speeds.load_bytes_per_second = rate(value)?,
                Some(("disk", value)) => node.disk_bytes_per_second = rate(value)?,
                Some(("window", value)) => node.send_window = rate(value)?,
                _ => {
                    return Err(format!(
                        "'{word}' is no property of a node: write --option value, ip=, port=, \
                         snapshot=, load=, disk= or window="
                    ));
                }
            }
        }
        Ok(node)
    }

    fn action(&self, line: &str) -> Result<Action, String> {
        if let Some(intervention) = Intervention::parse(line) {
            self.check_names(intervention.nodes())?;
            return Ok(Action::Intervene(intervention));
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["run", span] => Ok(Action::Run(duration(span)?)),
            ["step"] => Ok(Action::Step(1)),
            ["step", count] => {
                let count =
                    count.parse().map_err(|_| format!("'{count}' is no number of events"))?;
                Ok(Action::Step(count))
            }
            ["until", "synced"] => Ok(Action::Until(Until::Synced)),
            ["until", node, "up"] => {
                self.check_names(vec![node])?;
                Ok(Action::Until(Until::Up { node: (*node).to_owned() }))
            }
            ["until", node, "logs", ..] => {
                self.check_names(vec![node])?;
                let text = line.split_once(" logs ").map_or("", |(_, text)| text).trim();
                let (node, text) = ((*node).to_owned(), text.to_owned());
                Ok(Action::Until(Until::Log { node, text }))
            }
            ["show", what @ ..] => Ok(Action::Show(what.iter().map(|w| (*w).to_owned()).collect())),
            _ => Err(format!(
                "'{line}' is not understood: write 'node> COMMAND', 'cut a b', 'heal a b', \
                 'run 5s', 'step', 'until synced', 'until node up', 'until node logs TEXT' or \
                 'show …'"
            )),
        }
    }

    fn check_names(&self, names: Vec<&str>) -> Result<(), String> {
        match names.into_iter().find(|name| self.plan.named(name).is_none()) {
            None => Ok(()),
            Some(name) => {
                let known: Vec<_> = self.plan.nodes.iter().map(|n| n.name.as_str()).collect();
                Err(format!("there is no node '{name}': there are {}", known.join(", ")))
            }
        }
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log { node, text } => write!(f, "{node} logs {text}"),
            Self::Up { node } => write!(f, "{node} up"),
            Self::Synced => write!(f, "synced"),
        }
    }
}

/// Reads `5s`, `200ms`, `1us`, `0`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: Option<u64> = text[..digits].parse().ok();
    match (number, &text[digits..]) {
        (Some(0), "") => Ok(Duration::ZERO),
        (Some(number), "us") => Ok(Duration::from_micros(number)),
        (Some(number), "ms") => Ok(Duration::from_millis(number)),
        (Some(number), "s") => Ok(Duration::from_secs(number)),
        (Some(number), "m") => Ok(Duration::from_secs(number * 60)),
        _ => Err(format!("'{text}' is no span of time: write 5s, 200ms or 10us")),
    }
}

/// Reads `256KiB`, `1MiB`, `100`: bytes, or bytes a second; `unlimited` is 0.
fn rate(text: &str) -> Result<u64, String> {
    if text == "unlimited" {
        return Ok(0);
    }
    parse_memory(&text.replace("iB", "b"))
        .ok_or_else(|| format!("'{text}' is no number of bytes: write 16KiB, 1MiB or unlimited"))
}

/// The day of the seed document's log.
const EPOCH: Instant = Instant::from_millis(1_742_822_352_000);

#[cfg(test)]
mod tests {
    use super::*;

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
            ("node a --nope 1", "line 1: there is no option 'nope'"),
            ("node a\na> PING\nnode b", "line 3: seed, wire and node come before"),
            ("", "line 1: a script needs at least one node"),
        ] {
            let error = Script::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(wanted), "{error}");
        }
    }
}
