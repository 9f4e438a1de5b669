//! What a real Redis 7.2.4 was seen to do, replayed: `captures/` holds what was recorded, and each
//! module one replay. What differs by nature is masked, and only that: time, process ids,
//! replication ids, ports, and what chance has drawn.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one order among many")]

#[path = "captures/handshake.rs"]
mod handshake;
#[path = "captures/python.rs"]
mod python;
#[path = "captures/restarts.rs"]
mod restarts;
#[path = "captures/scenarios.rs"]
mod scenarios;
#[path = "captures/stage.rs"]
mod stage;
#[path = "captures/story.rs"]
mod story;
#[path = "captures/stream.rs"]
mod stream;
mod support;
#[path = "captures/vectors.rs"]
mod vectors;
