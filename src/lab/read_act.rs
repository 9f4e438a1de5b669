//! Reads acts from the text that people write.

use super::intervention::{Intervention, MachineFault, WireFault};
use super::units::{duration, rate};

impl Intervention {
    /// Reads the text form; `None` if the line begins like no act.
    ///
    /// # Errors
    /// What is wrong with the line, and what to write instead.
    pub fn parse(line: &str) -> Result<Option<Self>, String> {
        let line = line.trim();
        let words: Vec<&str> = line.split_whitespace().collect();
        let verb = words.first().copied().unwrap_or("");
        if let Some((node, command)) = prompt(line) {
            return Ok(Some(Self::typed(node, command)));
        }
        let Some((_, form)) = FORMS.iter().find(|(known, _)| *known == verb) else {
            return Ok(None);
        };
        let read = match words.as_slice() {
            ["cut", a, b] => pair(a, b).map(|(a, b)| Self::Cut { a, b }),
            ["heal"] => Ok(Self::Heal { pair: None }),
            ["heal", a, b] => pair(a, b).map(|pair| Self::Heal { pair: Some(pair) }),
            _ => Self::parse_rare(line, &words, form),
        };
        read.map(Some)
    }

    /// What is not wanted to begin with: a page fetches it when it is called.
    #[inline(never)]
    fn parse_rare(line: &str, words: &[&str], form: &str) -> Result<Self, String> {
        match words {
            ["reset", a, b] => pair(a, b).map(|(a, b)| Self::Reset { a, b }),
            ["half-open", a, b] => pair(a, b).map(|(a, b)| Self::HalfOpen { a, b }),
            ["partition", sides @ ..] => partition(sides),
            ["stall", a, b] => wire(a, b, WireFault::Stall),
            ["delay", a, b, by] => wire(a, b, WireFault::Delay(duration(by)?)),
            ["jitter", a, b, by] => wire(a, b, WireFault::Jitter(duration(by)?)),
            ["bandwidth", a, b, by] => wire(a, b, WireFault::Bandwidth(rate(by)?)),
            ["freeze", node] => Ok(machine(node, MachineFault::Freeze)),
            ["thaw", node] => Ok(machine(node, MachineFault::Thaw)),
            ["crash", node] => Ok(machine(node, MachineFault::Crash)),
            ["restart", node] => Ok(machine(node, MachineFault::Restart { rdb: true })),
            ["restart", node, "without", "rdb"] => {
                Ok(machine(node, MachineFault::Restart { rdb: false }))
            }
            ["disk", node, "full"] => Ok(machine(node, MachineFault::DiskFull)),
            ["disk", node, "fails"] => Ok(machine(node, MachineFault::DiskFails)),
            ["disk", node, "works"] => Ok(machine(node, MachineFault::DiskWorks)),
            ["disk", node, speed] => Ok(machine(node, MachineFault::DiskSpeed(rate(speed)?))),
            ["fork", node, "fails"] => Ok(machine(node, MachineFault::ForkFails)),
            ["fork", node, "works"] => Ok(machine(node, MachineFault::ForkWorks)),
            ["remove", node] => Ok(machine(node, MachineFault::Remove)),
            ["add", name, ..] => {
                let rest = line["add".len()..].trim_start();
                let settings = rest[name.len()..].trim().to_owned();
                Ok(Self::Add { name: (*name).to_owned(), settings })
            }
            _ => Err(format!("'{line}' is not understood: write '{form}'")),
        }
    }
}

/// `NODE> COMMAND`: the name is one word.
fn prompt(line: &str) -> Option<(&str, &str)> {
    let (node, command) = line.split_once('>')?;
    let node = node.trim_end();
    let plain = !node.is_empty() && !node.contains(char::is_whitespace);
    plain.then(|| (node, command.trim()))
}

fn pair(a: &str, b: &str) -> Result<(String, String), String> {
    if a == b {
        return Err(format!("'{a}' and '{b}' are one node: name two"));
    }
    Ok((a.to_owned(), b.to_owned()))
}

fn wire(from: &str, to: &str, fault: WireFault) -> Result<Intervention, String> {
    let (from, to) = pair(from, to)?;
    Ok(Intervention::Wire { from, to, fault })
}

fn machine(node: &str, fault: MachineFault) -> Intervention {
    Intervention::Machine { node: node.to_owned(), fault }
}

fn partition(words: &[&str]) -> Result<Intervention, String> {
    let mut sides = words.split(|word| *word == "|");
    let mut side = || -> Vec<String> {
        sides.next().unwrap_or_default().iter().map(|name| (*name).to_owned()).collect()
    };
    let (left, right) = (side(), side());
    if left.is_empty() || right.is_empty() || sides.next().is_some() {
        return Err("a partition has two sides: write 'partition a b | c'".to_owned());
    }
    match left.iter().find(|name| right.contains(name)) {
        Some(name) => Err(format!("'{name}' stands on both sides: name it once")),
        None => Ok(Intervention::Partition { left, right }),
    }
}

/// Every verb with the form that is meant.
const FORMS: &[(&str, &str)] = &[
    ("cut", "cut a b"),
    ("reset", "reset a b"),
    ("half-open", "half-open a b"),
    ("partition", "partition a b | c"),
    ("stall", "stall a b"),
    ("delay", "delay a b 200ms"),
    ("jitter", "jitter a b 50ms"),
    ("bandwidth", "bandwidth a b 16KiB"),
    ("heal", "heal a b' or 'heal"),
    ("freeze", "freeze a"),
    ("thaw", "thaw a"),
    ("crash", "crash a"),
    ("restart", "restart a' or 'restart a without rdb"),
    ("disk", "disk a 64KiB', 'disk a full', 'disk a fails' or 'disk a works"),
    ("fork", "fork a fails' or 'fork a works"),
    ("add", "add name --option value"),
    ("remove", "remove a"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_is_read_and_written() {
        for line in [
            "master> SET k \"a > b\"",
            "cut master replica1",
            "reset a b",
            "half-open a b",
            "partition a b | c",
            "stall a b",
            "delay a b 200ms",
            "jitter a b 1500us",
            "bandwidth a b 16KiB",
            "bandwidth a b unlimited",
            "heal a b",
            "heal",
            "freeze a",
            "thaw a",
            "crash a",
            "restart a",
            "restart a without rdb",
            "disk a 64KiB",
            "disk a full",
            "disk a fails",
            "disk a works",
            "fork a fails",
            "fork a works",
            "add c",
            "add c --replicaof \"master 6379\" load=64KiB",
            "remove a",
        ] {
            assert_eq!(Intervention::parse(line).unwrap().unwrap().to_string(), line);
        }
        for line in ["two words> GET k", "> GET k", "run 5s", "", "until synced"] {
            assert_eq!(Intervention::parse(line), Ok(None), "{line}");
        }
    }

    #[test]
    fn a_wrong_act_names_the_remedy() {
        for (line, wanted) in [
            ("cut master", "'cut master' is not understood: write 'cut a b'"),
            ("cut a a", "'a' and 'a' are one node: name two"),
            ("delay a b soon", "'soon' is no span of time: write 5s, 200ms or 10us"),
            ("partition a b", "a partition has two sides: write 'partition a b | c'"),
            ("partition a | b a", "'a' stands on both sides: name it once"),
            ("restart a with rdb", "'restart a with rdb' is not understood: write 'restart a' or"),
            ("disk a", "'disk a' is not understood: write 'disk a 64KiB'"),
            ("bandwidth a b lots", "'lots' is no number of bytes: write 16KiB"),
        ] {
            let error = Intervention::parse(line).unwrap_err();
            assert!(error.starts_with(wanted), "{error}");
        }
    }
}
