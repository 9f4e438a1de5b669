//! Stories: each file of `tests/scenarios/` is a script, `----`, and the transcript that it prints.
//!
//! `UPDATE_EXPECT=1 cargo test --test scenarios` writes the transcripts anew; the difference is
//! what a review reads.

use std::fmt::Write as _;
use std::path::Path;

use expect_test::expect_file;
use replica_lab::lab::{Action, Intervention, LocalLab, NodeId, Script};
use replica_lab::node::Level;

#[test]
fn every_scenario_prints_its_transcript() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("tests/scenarios is a folder")
        .map(|entry| entry.expect("a folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there are no scenarios in {}", folder.display());
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a scenario can be read");
        let script = text.split("\n----\n").next().unwrap_or("").trim_end().to_owned();
        let printed = transcript(&script);
        expect_file![&path].assert_eq(&format!("{script}\n----\n{printed}"));
    }
}

/// The browsers have no folder to read: what they play is listed.
#[test]
fn the_browsers_play_every_scenario() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let listed = std::fs::read_to_string(root.join("web.rs")).expect("tests/web.rs can be read");
    for entry in std::fs::read_dir(root.join("scenarios")).expect("tests/scenarios is a folder") {
        let path = entry.expect("a folder can be read").path();
        let name = path.file_stem().expect("a file has a name").to_string_lossy();
        assert!(listed.contains(&format!("\"{name}\",")), "tests/web.rs does not play {name}");
    }
}

/// Runs a script and prints what happened, action by action.
fn transcript(text: &str) -> String {
    let script = Script::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut lab = LocalLab::from_plan(script.plan.clone());
    let mut teller = Teller { seen: vec![0; script.plan.nodes.len()], out: String::new() };
    for (_, action) in &script.actions {
        match action {
            Action::Intervene(act) => {
                writeln!(teller.out, "{act}").expect("a String takes every write");
                lab.intervene(act.clone());
                if let Intervention::Type { node, .. } = act {
                    teller.reply(&lab, node);
                }
            }
            Action::Run(span) => {
                writeln!(teller.out, "run {span}").expect("a String takes every write");
                lab.run(*span);
            }
            Action::Idle(span) => lab.idle(*span),
            Action::Step(count) => {
                for _ in 0..*count {
                    teller.step(&mut lab);
                }
            }
            Action::Until(until) => {
                writeln!(teller.out, "until {until}").expect("a String takes every write");
                assert!(lab.until(until), "it never came to '{until}':\n{}", teller.out);
            }
            Action::Show(what) => teller.show(&lab, what),
        }
        teller.logs(&lab);
    }
    writeln!(teller.out, "trace {:016x}", lab.conductor().world().hash()).expect("a String");
    teller.out
}

/// Writes the transcript.
struct Teller {
    /// How many log lines of each node have been told.
    seen: Vec<u64>,
    out: String,
}

impl Teller {
    fn line(&mut self, line: &str) {
        self.out += line;
        self.out.push('\n');
    }

    fn step(&mut self, lab: &mut LocalLab) {
        if let Some(next) = lab.conductor().next_event() {
            self.line(&format!("step: {}", next.text));
        }
        lab.step();
        self.logs(lab);
    }

    fn reply(&mut self, lab: &LocalLab, name: &str) {
        let world = lab.conductor().world();
        let Some(index) = world.plan().named(name) else { return };
        if let Some((event, _, reply)) = world.log(NodeId(index)).prompt.back()
            && *event + 1 == world.count()
        {
            for line in reply.lines() {
                self.line(&format!("    {line}"));
            }
        }
    }

    /// The new lines of every log, in the order of time.
    fn logs(&mut self, lab: &LocalLab) {
        let world = lab.conductor().world();
        let epoch = world.plan().epoch;
        self.seen.resize(world.plan().nodes.len(), 0);
        let mut lines = Vec::new();
        for (index, node) in world.plan().nodes.iter().enumerate() {
            let log = world.log(NodeId(index));
            let fresh = usize::try_from(log.count - self.seen[index]).expect("a small number");
            self.seen[index] = log.count;
            assert!(fresh <= log.lines.len(), "more lines at once than a log keeps");
            for (event, at, level, line) in log.lines.iter().skip(log.lines.len() - fresh) {
                // The text behind the date: "1:M 24 Mar 2025 13:19:12.278 * text".
                let text = line.splitn(6, ' ').nth(5).unwrap_or(line);
                let role = line.split([':', ' ']).nth(1).unwrap_or("");
                let since = at.since(epoch);
                let millis = since.millis();
                let mark = if *level == Level::Warning { "!" } else { " " };
                let stamp = format!("{:>3}.{:03}", millis / 1_000, millis % 1_000);
                lines.push((*event, format!(" {mark}{stamp} {:<9}{role} {text}", node.name)));
            }
        }
        lines.sort_by_key(|(event, _)| *event);
        for (_, line) in lines {
            self.line(&line);
        }
    }

    fn show(&mut self, lab: &LocalLab, what: &[String]) {
        let words: Vec<&str> = what.iter().map(String::as_str).collect();
        let world = lab.conductor().world();
        let node = |name: &str| NodeId(world.plan().named(name).expect("a node of the script"));
        match words.as_slice() {
            ["offsets"] => {
                for (index, plan) in world.plan().nodes.iter().enumerate() {
                    if plan.removed || !world.is_running(NodeId(index)) {
                        continue;
                    }
                    let status = lab.status(NodeId(index), 0);
                    let mut line = format!("    {:<9}offset {}", plan.name, status.offset);
                    for replica in &status.replicas {
                        let stage = format!("{:?}", replica.stage);
                        let stage = stage.split([' ', '{']).next().unwrap_or("").to_owned();
                        write!(
                            line,
                            " | {} {stage} acked {} buffered {}",
                            replica.name, replica.acked, replica.buffered
                        )
                        .expect("a String takes every write");
                    }
                    self.line(&line);
                }
            }
            ["keys", name] => {
                let status = lab.status(node(name), 8);
                let keys: Vec<String> = status
                    .keys
                    .iter()
                    .map(|key| {
                        let text = |bytes: &[u8]| replica_lab::lab::printable(bytes, 24);
                        format!("{}={}", text(&key.key), text(&key.value))
                    })
                    .collect();
                self.line(&format!("    {name} holds {}: {}", status.keys_total, keys.join(", ")));
            }
            ["said", name] => {
                let (_, command, said) = world.log(node(name)).prompt.back().expect("a command");
                let said = if said.is_empty() { "(nothing yet)" } else { said };
                self.line(&format!("    {name}> {command}: {said}"));
            }
            ["next"] => {
                let next = lab.conductor().next_event();
                let text = next.map_or_else(|| "nothing".to_owned(), |next| next.text);
                self.line(&format!("    next: {text}"));
            }
            _ => panic!(
                "show offsets, show keys NODE, show said NODE or show next, not: {}",
                what.join(" ")
            ),
        }
    }
}
