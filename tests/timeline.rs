//! Going back is exact: at every event, the first included, and wherever one has been meanwhile.

use proptest::prelude::*;
use replica_lab::lab::{Intervention, LocalLab, NodeId, Script};
use replica_lab::node::Status;
use replica_lab::time::Duration;

/// A full sync with writes, a cut and a partial resync: about two hundred events.
const STORY: &str = "
node master --repl-diskless-sync-delay 1 --rdbcompression no snapshot=64KiB window=32KiB
node replica1 load=256KiB
node replica2
wire latency=3ms bandwidth=128KiB
master> DEBUG POPULATE 300 key 100
replica1> REPLICAOF master 6379
replica2> REPLICAOF master 6379
run 1200ms
master> SET during 1
run 3s
cut master replica1
master> SET while-cut 1
run 1500ms
heal master replica1
run 3s
master> INCR during
";

fn lab() -> LocalLab {
    LocalLab::from_script(&Script::parse(STORY).expect("the story is a script"))
}

/// Everything that can be seen.
fn picture(lab: &LocalLab) -> (u64, u64, Vec<Status>) {
    let world = lab.conductor().world();
    let nodes = 0..world.plan().nodes.len();
    let statuses = nodes.map(|index| lab.status(NodeId(index), 100)).collect();
    (world.count(), world.hash(), statuses)
}

#[test]
fn back_by_one_is_the_picture_before_at_every_event() {
    let mut lab = lab();
    let mut pictures = vec![picture(&lab)];
    for _ in 0..300 {
        assert!(lab.step());
        pictures.push(picture(&lab));
    }
    for (index, known) in pictures.iter().enumerate().rev() {
        lab.seek(index as u64);
        assert_eq!(picture(&lab), *known, "at event {index}");
    }
    lab.seek(300);
    assert_eq!(picture(&lab), pictures[300]);
}

#[test]
fn an_act_in_the_past_gives_up_the_future_and_begins_another() {
    let mut lab = lab();
    lab.run(Duration::from_secs(12));
    let (end, hash, _) = picture(&lab);
    lab.seek(end / 2);
    lab.intervene(Intervention::typed("master", "SET another future"));
    assert_eq!(lab.conductor().length(), end / 2 + 1);
    lab.run(Duration::from_secs(12));
    assert_ne!(picture(&lab).1, hash);
    let other = picture(&lab);
    lab.seek(0);
    lab.seek(other.0);
    assert_eq!(picture(&lab), other);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn wherever_one_has_been_the_end_is_the_same(
        visits in prop::collection::vec(any::<prop::sample::Index>(), 1..6)
    ) {
        let mut straight = lab();
        straight.run(Duration::from_secs(12));
        let end = picture(&straight);
        let mut wandering = lab();
        for visit in visits {
            wandering.seek(visit.index(end.0 as usize) as u64);
        }
        wandering.seek(end.0);
        prop_assert_eq!(picture(&wandering), end);
    }
}
