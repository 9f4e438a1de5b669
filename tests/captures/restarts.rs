//! The story of `scenarios.txt` in which servers end and are started again on their files.

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
