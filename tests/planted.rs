//! The checks can fail: bugs that replication code is known for are planted on the wire, and each
//! is caught. Without them nothing is.

use replica_lab::lab::{Action, LocalLab, NodeId, Script, Tamper};
use replica_lab::time::Duration;

/// A replica that is cut off and continues; writes in two databases.
const CUT: &str = "
node master --repl-diskless-sync-delay 0
node replica --replicaof \"master 6379\"
run 1s
master> SET a 1
run 1s
cut master replica
master> SET b 2
master> SELECT 1
master> SET c 3
heal
run 5s
master> SELECT 0
master> SET d 4
run 5s
";

/// The old master has a write that nobody else has when a replica takes over.
const TAKEOVER: &str = "
node master --repl-diskless-sync-delay 0
node replica --replicaof \"master 6379\"
run 1s
master> SET a 1
run 2s
cut master replica
master> SET lost 1
run 1s
replica> REPLICAOF NO ONE
heal
master> REPLICAOF replica 6379
run 5s
replica> SET b 2
run 5s
";

/// What is caught, in a lab in which this is planted; `None` if everything is well.
fn caught(story: &str, tamper: Option<Tamper>) -> Option<String> {
    let script = Script::parse(story).expect("the story is a script");
    let mut lab = LocalLab::from_plan(script.plan);
    lab.watch();
    if let Some(tamper) = tamper {
        lab.plant(tamper);
    }
    for (_, action) in &script.actions {
        match action {
            Action::Run(span) => lab.run(*span),
            Action::Intervene(act) => lab.intervene(act.clone()),
            Action::Idle(_) | Action::Step(_) | Action::Until(_) | Action::Show(_) => {
                panic!("these stories only run and act")
            }
        }
    }
    if let Some(broken) = lab.broken().cloned() {
        let text = broken.to_string();
        assert!(text.starts_with("seed 1, event "), "it names the seed and the event: {text}");
        assert!(!lab.step(), "a broken check stops the lab");
        replay(&broken.script, tamper, &broken.why);
        return Some(broken.why);
    }
    for _ in 0..40 {
        lab.unsettled()?;
        lab.run(Duration::from_millis(250));
    }
    lab.unsettled()
}

/// The script that a broken check prints leads to the same break.
fn replay(text: &str, tamper: Option<Tamper>, why: &str) {
    let script = Script::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut lab = LocalLab::from_plan(script.plan);
    lab.watch();
    if let Some(tamper) = tamper {
        lab.plant(tamper);
    }
    for (_, action) in &script.actions {
        match action {
            Action::Step(count) => (0..*count).for_each(|_| {
                lab.step();
            }),
            Action::Idle(span) => lab.idle(*span),
            Action::Intervene(act) => lab.intervene(act.clone()),
            Action::Run(_) | Action::Until(_) | Action::Show(_) => {
                panic!("what is retold steps, idles and acts")
            }
        }
    }
    assert_eq!(lab.broken().map(|broken| broken.why.as_str()), Some(why), "{text}");
}

/// Replaces the first `old` in what one node sends to another.
fn replace(bytes: &mut Vec<u8>, old: &[u8], new: &[u8]) {
    if let Some(at) = bytes.windows(old.len()).position(|window| window == old) {
        bytes.splice(at..at + old.len(), new.iter().copied());
    }
}

const MASTER: NodeId = NodeId(0);

#[test]
fn a_world_without_bugs_breaks_nothing() {
    assert_eq!(caught(CUT, None), None);
    assert_eq!(caught(TAKEOVER, None), None);
}

#[test]
fn an_offset_that_is_one_too_high_is_caught() {
    let why = caught(CUT, Some(|_, _, bytes| ask_from(bytes, |offset| offset + 1)));
    assert!(why.is_some_and(|why| why.contains("goes on from offset")));
}

#[test]
fn an_offset_that_is_one_too_low_is_caught() {
    let why = caught(CUT, Some(|_, _, bytes| ask_from(bytes, |offset| offset - 1)));
    assert!(why.is_some_and(|why| why.contains("goes on from offset")));
}

#[test]
fn a_lost_select_is_caught() {
    let why = caught(
        CUT,
        Some(|from, _, bytes| {
            if from == MASTER {
                replace(bytes, b"SELECT\r\n$1\r\n1", b"SELECT\r\n$1\r\n0");
            }
        }),
    );
    assert!(why.is_some_and(|why| why.contains("its data is not what it was there")));
}

#[test]
fn a_skipped_byte_count_is_caught() {
    let why = caught(
        CUT,
        Some(|from, _, bytes| {
            if from == MASTER {
                replace(bytes, b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n", b"");
            }
        }),
    );
    assert!(why.is_some_and(|why| why.contains("offset")));
}

#[test]
fn a_stale_second_id_is_caught() {
    let why = caught(
        TAKEOVER,
        Some(|from, _, bytes| {
            if from == MASTER {
                ask_from(bytes, |_| 1);
            }
        }),
    );
    assert!(why.is_some_and(|why| why.contains("was never there")));
}

#[test]
fn a_changed_value_is_caught() {
    let why = caught(
        CUT,
        Some(|_, _, bytes| replace(bytes, b"$1\r\nb\r\n$1\r\n2", b"$1\r\nb\r\n$1\r\n9")),
    );
    assert!(why.is_some_and(|why| why.contains("its data is not what it was there")));
}

#[test]
fn a_key_from_nowhere_is_caught() {
    let why = caught(CUT, Some(|_, _, bytes| replace(bytes, b"$1\r\nb\r\n", b"$1\r\nz\r\n")));
    assert!(why.is_some());
}

/// Changes the offset from which a PSYNC asks to go on.
fn ask_from(bytes: &mut Vec<u8>, change: fn(u64) -> u64) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let words: Vec<&str> = text.split("\r\n").collect();
    let [_, _, "PSYNC", _, id, _, offset, ""] = words.as_slice() else { return };
    let Ok(offset) = offset.parse() else { return };
    let offset = change(offset).to_string();
    *bytes = format!("*3\r\n$5\r\nPSYNC\r\n$40\r\n{id}\r\n${}\r\n{offset}\r\n", offset.len())
        .into_bytes();
}
