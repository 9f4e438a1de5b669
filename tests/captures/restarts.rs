//! The stories of `scenarios.txt` in which another becomes the master: servers end and are started
//! again on their files, and one hands its role over.

use crate::scenarios::AT_ONCE;
use crate::story::Story;

#[test]
fn story_07_master_and_replica_go_on_where_their_files_say() {
    let mut story = Story::open(7);
    // It is to find its master in its options when it is started again, but not yet.
    story.start("A", &[("replicaof", "127.0.0.1 17201"), ("port", "17202")]);
    story.order("A", "REPLICAOF NO ONE");
    story.start("M", &[AT_ONCE, ("port", "17201")]);
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.stage.run_until_log("M", "Synchronization with replica");
    story.order("M", "SET x 1");
    story.info("M", "before restart");
    story.drop_log("A");
    story.stage.tell("M", "SHUTDOWN SAVE");
    story.stage.run_until_log("M", "bye bye");
    story.log("M");
    story.stage.run(500);
    story.stage.restart("M", "M2");
    story.info("M2", "after restart");
    story.stage.run_until_log("A", "Master accepted a Partial Resynchronization");
    story.drop_start("M2");
    story.log("M2");
    story.log("A");
    story.fields("M2", "stats", "stats");
    story.info("M2", "after resync");
    story.info("A", "replica after");
    story.order("M2", "SET y 2");
    story.stage.run(500);
    story.drop_log("A");
    story.stage.tell("A", "SHUTDOWN SAVE");
    story.stage.run(300);
    let before: Vec<String> = std::mem::take(&mut story.stage.actor("A").log);
    story.order("M2", "SET while-down 1234567890123");
    story.stage.restart("A", "A2");
    story.stage.actor("A2").log.splice(0..0, before);
    story.stage.run_until_log("A2", "Master accepted a Partial Resynchronization");
    story.drop_start("A2");
    story.log("A2");
    story.log("M2");
    story.info("A2", "A2");
    story.fields("M2", "stats", "stats");
    story.end();
}

#[test]
fn story_11_a_master_hands_its_role_over() {
    let mut story = Story::open(11);
    story.start("M", &[AT_ONCE]);
    story.start("A", &[AT_ONCE]);
    story.start("B", &[]);
    for name in ["A", "B"] {
        story.order(name, "REPLICAOF 127.0.0.1 17201");
        story.stage.run_until_log(name, "Finished with success");
    }
    story.order("M", "SET x 1");
    story.stage.run(1_500);
    for name in ["M", "A", "B"] {
        story.drop_log(name);
    }
    story.says("ABORT w/o", "M", "FAILOVER ABORT");
    story.says("on replica", "A", "FAILOVER");
    story.says("FORCE only", "M", "FAILOVER FORCE");
    story.says("TO unknown", "M", "FAILOVER TO 127.0.0.1 1");
    story.says("TO a", "M", "FAILOVER TO 127.0.0.1 17202");
    story.stage.run_until_log("B", "Master accepted a Partial Resynchronization");
    story.info("M", "old master");
    story.info("A", "new master");
    // The real server read the id before it saw that the replica had hung up.
    let log = &mut story.stage.actor("M").log;
    let lost = log.iter().position(|line| line.contains("17202 lost")).expect("it is lost");
    log[lost..lost + 3].rotate_left(1);
    for name in ["M", "A", "B"] {
        story.log(name);
    }
    story.stage.freeze("M");
    story.order("A", "SET y 1");
    story.order("A", "FAILOVER TIMEOUT 300");
    story.fields("A", "INFO waiting", "replication");
    story.says("2nd FAILOVER", "A", "FAILOVER");
    story.says("REPLICAOF during", "A", "REPLICAOF NO ONE");
    story.stage.run(400);
    story.fields("A", "INFO after timeout", "replication");
    story.log("A");
    story.end();
}
