//! Worlds before anything has happened: nodes and wires, as a script describes them.

use std::fmt;

use super::intervention::Intervention;
use super::network::Wiring;
use super::share::unspell;
use super::units::{amount, rate, span};
use crate::node::{Address, Config, ConfigError, Profile, Setup, Speeds};
use crate::resp::{Bytes, split_words};
use crate::time::Instant;

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
    /// Its settings, as they were written.
    pub settings: String,
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
    /// The RDB file that is on its disk before it first starts; empty if none is.
    pub dump: Bytes,
    /// True once it was taken away; its name is free again.
    pub removed: bool,
}

impl Plan {
    /// What a node is made of.
    pub fn setup(&self, index: usize) -> Setup {
        let node = &self.nodes[index];
        let mut setup = Setup {
            config: node.config.clone(),
            seed: self.seed.wrapping_mul(1_000).wrapping_add(index as u64 + 1),
            speeds: node.speeds,
            send_window: node.send_window,
            ..Setup::default()
        };
        setup.take_after(node.profile);
        setup
    }

    /// The node that a name or an address means.
    pub fn find(&self, address: &Address) -> Option<usize> {
        self.nodes.iter().position(|node| {
            !node.removed
                && (node.name == *address.host || node.ip == *address.host)
                && node.config.number("port") == u64::from(address.port)
        })
    }

    /// The node of this name.
    pub fn named(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| !node.removed && node.name == name)
    }

    /// Says what is wrong with an act in this world.
    ///
    /// # Errors
    /// What is wrong, and what to write instead.
    pub fn check(&self, act: &Intervention) -> Result<(), String> {
        if let Intervention::Add { name, settings } = act {
            return self.new_node(name, settings).map(|_| ());
        }
        match act.nodes().into_iter().find(|name| self.named(name).is_none()) {
            None => Ok(()),
            Some(name) => {
                let there = self.nodes.iter().filter(|node| !node.removed);
                let known: Vec<_> = there.map(|node| node.name.as_str()).collect();
                Err(format!("there is no node '{name}': there are {}", known.join(", ")))
            }
        }
    }

    /// Reads a node from its name and its settings.
    ///
    /// # Errors
    /// What is wrong, and what to write instead.
    pub fn new_node(&self, name: &str, settings: &str) -> Result<NodePlan, String> {
        if self.named(name).is_some() {
            return Err(format!("there is a node {name} already: choose another name"));
        }
        if name.contains('>') {
            return Err(format!("'{name}' is no name of a node: write it without '>'"));
        }
        let mut node = NodePlan {
            name: name.to_owned(),
            settings: settings.trim().to_owned(),
            ip: format!("172.19.0.{}", self.nodes.len() + 2),
            config: quiet(),
            profile: Profile::V7_2,
            speeds: Speeds::default(),
            disk_bytes_per_second: 0,
            send_window: 256 * 1024,
            dump: Bytes::default(),
            removed: false,
        };
        let words = split_words(settings.as_bytes())
            .ok_or_else(|| format!("'{settings}' has a quote that is not closed"))?;
        let words: Vec<String> =
            words.into_iter().map(|word| String::from_utf8_lossy(&word).into_owned()).collect();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.strip_prefix("--") {
                Some(option) => {
                    let value = words.next().ok_or_else(|| format!("--{option} needs a value"))?;
                    node.set_option(option, value)?;
                }
                None => node.set_property(word)?,
            }
        }
        Ok(node)
    }
}

impl NodePlan {
    fn set_option(&mut self, option: &str, value: &str) -> Result<(), String> {
        if option == "profile" {
            let profile = Profile::named(value);
            let wrong = || format!("there is no profile '{value}': write 6.2, 7.0 or 7.2");
            self.profile = profile.ok_or_else(wrong)?;
            return Ok(());
        }
        self.config.set_at_start(option, value).map_err(|error| match error {
            ConfigError::Unknown(name) => format!("there is no option '{name}'"),
            ConfigError::Immutable(name) => format!("'{name}' cannot be set"),
            ConfigError::Invalid(name, why) => format!("'{value}' is no value of {name}: {why}"),
        })
    }

    fn set_property(&mut self, word: &str) -> Result<(), String> {
        match word.split_once('=') {
            Some(("ip", value)) => self.ip = value.to_owned(),
            Some(("port", value)) => {
                let set = self.config.set_at_start("port", value);
                set.map_err(|_| format!("'{value}' is no port: write port=6379"))?;
            }
            Some(("snapshot", value)) => self.speeds.snapshot_bytes_per_second = rate(value)?,
            Some(("load", value)) => self.speeds.load_bytes_per_second = rate(value)?,
            Some(("disk", value)) => self.disk_bytes_per_second = rate(value)?,
            Some(("window", value)) => self.send_window = rate(value)?,
            Some(("rdb", value)) => self.dump = file(value)?,
            _ => {
                return Err(format!(
                    "'{word}' is no property of a node: write --option value, ip=, port=, \
                     snapshot=, load=, disk=, window= or rdb="
                ));
            }
        }
        Ok(())
    }
}

/// A file, in base64url.
fn file(text: &str) -> Result<Bytes, String> {
    let bytes = unspell(text).ok_or("rdb= wants a file in base64url, without padding")?;
    Ok(Bytes::from(bytes))
}

/// As a script describes it.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        for (index, node) in self.nodes.iter().enumerate() {
            // A node that was taken away keeps its place, but its name may be another's by now.
            let name = if node.removed { format!("removed-{index}") } else { node.name.clone() };
            writeln!(f, "{}", format!("node {name} {}", node.settings).trim_end())?;
        }
        let Wiring { latency, bytes_per_second } = self.wiring;
        writeln!(f, "wire latency={} bandwidth={}", span(latency), amount(bytes_per_second))
    }
}

/// The options of a node of which nothing else is said: Redis' own, but that nothing is saved by
/// itself, and that DEBUG is for everybody. Save points are an hour apart, and would be the only
/// thing that a quiet world waits for.
fn quiet() -> Config {
    let mut config = Config::default();
    for (name, value) in [("save", ""), ("enable-debug-command", "yes")] {
        config.set_at_start(name, value).expect("the value fits");
    }
    config
}
