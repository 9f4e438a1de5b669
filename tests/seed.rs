//! The document that the project started from shows the logs of a master and a replica, written by
//! real servers. The same scenario here must print the same lines, both sides, one for one; only
//! what differs between any two runs is masked: process ids, times, ids and sizes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use replica_lab::lab::{Action, LocalLab, NodeId, Script};

#[test]
fn both_logs_of_the_seed_documents_scenario_are_the_seeds() {
    let text = include_str!("scenarios/seed.txt");
    let script = Script::parse(text.split("\n----\n").next().unwrap()).unwrap();
    let mut lab = LocalLab::from_plan(script.plan.clone());
    for (_, action) in &script.actions {
        match action {
            Action::Until(until) => assert!(lab.until(until), "it never came to '{until}'"),
            Action::Run(span) => lab.run(*span),
            Action::Intervene(_) | Action::Idle(_) | Action::Step(_) | Action::Show(_) => {
                panic!("the seed's scenario needs nobody to act")
            }
        }
    }
    assert_eq!(log_of(&lab, "redis-master"), masked(include_str!("seed/master.log")));
    assert_eq!(log_of(&lab, "replica1"), masked(include_str!("seed/replica.log")));
}

/// A node's log without the lines of its start, which the document does not show.
fn log_of(lab: &LocalLab, name: &str) -> Vec<String> {
    let world = lab.conductor().world();
    let node = NodeId(world.plan().named(name).unwrap());
    let lines: Vec<String> =
        world.log(node).lines.iter().map(|(.., line)| line.to_string()).collect();
    masked(&lines.join("\n")).split_off(4)
}

/// The role, the level and the text of each line, with what changes from run to run masked.
fn masked(log: &str) -> Vec<String> {
    log.lines().map(mask_line).collect()
}

fn mask_line(line: &str) -> String {
    let (head, text) = line.split_at(line.find([':']).unwrap() + 1);
    assert!(head.trim_end_matches(':').chars().all(|c| c.is_ascii_digit()), "no pid: {line}");
    let mut words = text.splitn(6, ' ');
    let role = words.next().unwrap();
    let (day, month, year) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    assert!(day.len() == 2 && month.len() == 3 && year.len() == 4, "no date: {line}");
    assert_eq!(words.next().unwrap().len(), "13:19:12.278".len(), "no time: {line}");
    let text = words.next().unwrap();
    let masked: Vec<String> = text.split(' ').map(mask_word).collect();
    let masked = masked.join(" ");
    let pid = masked.rsplit_once("by pid ").map_or(masked.as_str(), |(head, _)| head);
    format!("{role} {pid}")
}

/// Ids and sizes become signs; other numbers must be equal.
fn mask_word(word: &str) -> String {
    let id = |text: &str| text.len() >= 40 && text[..40].chars().all(|c| c.is_ascii_hexdigit());
    let inner = word.trim_matches('\'');
    if id(inner) {
        return format!("<id>{}", &inner[40..]);
    }
    let is_size = word.contains('.') && word.parse::<f64>().is_ok();
    if is_size { "<size>".to_owned() } else { word.to_owned() }
}
