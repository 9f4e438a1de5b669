//! The scenarios again, in a browser: over real MessageChannels, between real Workers and in the
//! page. The hash of each trace must be the one that the native run has written down.
//!
//! `make test` runs this with `wasm-pack test --headless` in Chromium and in Firefox.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test stops where its world is not as expected")]

use js_sys::Reflect;
use replica_lab::lab::{Action, Script, Until};
use replica_lab::web::LabHandle;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

macro_rules! scenarios {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!("scenarios/", $name, ".txt")))),*]
    };
}

/// Every scenario with the name of its file; `tests/scenarios.rs` knows if one is missing.
const SCENARIOS: &[(&str, &str)] = scenarios![
    "backlog-overrun",
    "chained-replicas",
    "crash-and-restart",
    "disk-and-fork",
    "expiry-on-replicas",
    "failover",
    "full-sync-disk",
    "full-sync-diskless",
    "half-open",
    "migrate",
    "nodes-come-and-go",
    "partial-resync",
    "partition",
    "play-backlog-overrun",
    "play-backup",
    "play-chain",
    "play-chaos",
    "play-crash-without-rdb",
    "play-expiry",
    "play-failover",
    "play-full-sync",
    "play-output-limit",
    "play-promotion",
    "play-restart-with-rdb",
    "play-short-cut",
    "play-slow-replica",
    "play-versions",
    "play-wait",
    "play-writable-replica",
    "promotion",
    "releases",
    "restart-of-a-replica",
    "restart-of-the-master",
    "save-while-sending",
    "scripts",
    "seed",
    "shutdown",
    "shutdown-waits-for-replicas",
    "silence-while-loading",
    "slow-replica",
    "starts-from-a-file",
    "two-replicas-one-snapshot",
    "wait",
    "writable-replica",
    "writes-during-the-snapshot",
];

#[wasm_bindgen_test]
async fn every_trace_in_workers_is_the_native_one() {
    for (name, text) in SCENARIOS {
        let lab = Lab::open(text, "workers").await;
        assert_eq!(lab.isolation().await, "workers", "the browser refused Workers");
        lab.play(name, text).await;
    }
}

#[wasm_bindgen_test]
async fn every_trace_in_the_page_is_the_native_one() {
    for (name, text) in SCENARIOS {
        let lab = Lab::open(text, "page").await;
        assert_eq!(lab.isolation().await, "page");
        lab.play(name, text).await;
    }
}

#[wasm_bindgen_test]
async fn back_to_the_beginning_and_forward_again_is_the_same() {
    for isolation in ["workers", "page"] {
        let text = include_str!("scenarios/writes-during-the-snapshot.txt");
        let lab = Lab::open(text, isolation).await;
        lab.play("writes-during-the-snapshot", text).await;
        let frame = lab.frame().await;
        let (end, hash) = (number(&frame, "cursor") as u32, string(&frame, "hash"));
        for cursor in [0, end / 3, 1, end / 2, end - 1] {
            let frame = lab.handle.seek(f64::from(cursor), false).await.unwrap();
            assert_eq!(number(&frame, "cursor") as u32, cursor);
        }
        let frame = lab.handle.seek(f64::from(end), false).await.unwrap();
        assert_eq!(string(&frame, "hash"), hash);
        let frame = lab.handle.back().await.unwrap();
        assert_eq!(number(&frame, "cursor") as u32, end - 1);
        let frame = lab.handle.step().await.unwrap();
        assert_eq!(string(&frame, "hash"), hash);
    }
}

#[wasm_bindgen_test]
async fn a_node_that_is_not_asked_again_looks_as_one_that_is() {
    for text in [
        include_str!("scenarios/slow-replica.txt"),
        include_str!("scenarios/promotion.txt"),
        include_str!("scenarios/expiry-on-replicas.txt"),
    ] {
        let lab = Lab::open(text, "page").await;
        let mut seen = vec![looks(&lab.frame().await)];
        lab.handle.intervene("master> SET key value").await.unwrap();
        let start = number(&lab.frame().await, "cursor") as usize;
        seen.resize(start, String::new());
        seen.push(looks(&lab.frame().await));
        for _ in 0..300 {
            seen.push(looks(&lab.handle.step().await.unwrap()));
        }
        // Going back asks every node.
        for cursor in (start..seen.len()).rev().step_by(7) {
            let frame = lab.handle.seek(cursor as f64, false).await.unwrap();
            assert_eq!(looks(&frame), seen[cursor], "at event {cursor}");
        }
        let lags = seen.iter().filter(|looks| looks.contains("\"lag\":1")).count();
        assert!(lags > 0, "no replica was silent for a second");
    }
}

/// What the nodes look like.
fn looks(frame: &JsValue) -> String {
    js_sys::JSON::stringify(&get(frame, "nodes")).unwrap().into()
}

#[wasm_bindgen_test]
async fn where_workers_are_refused_the_page_takes_the_nodes() {
    let options = js_sys::Object::new();
    set(&options, "script", &"node master".into());
    set(&options, "isolation", &"workers".into());
    set(&options, "workerUrl", &"/there-is-no-such-script.js".into());
    let handle = LabHandle::open(options.into()).await.unwrap();
    let frame = handle.frame().await.unwrap();
    assert_eq!(string(&frame, "isolation"), "page");
}

#[wasm_bindgen_test]
async fn a_wrong_script_and_a_wrong_act_are_told_in_a_sentence() {
    let options = js_sys::Object::new();
    set(&options, "script", &"node master\nnonsense".into());
    let error = LabHandle::open(options.into()).await.unwrap_err();
    assert!(message(&error).starts_with("line 2: 'nonsense' is not understood"));
    let lab = Lab::open("node master\n", "page").await;
    let error = lab.handle.intervene("nobody> PING").await.unwrap_err();
    assert_eq!(message(&error), "there is no node 'nobody': there are master");
}

/// A lab in the browser.
struct Lab {
    handle: LabHandle,
}

impl Lab {
    /// Opens the world of a scenario; its story is played by [`Self::play`].
    async fn open(text: &str, isolation: &str) -> Self {
        let world: Vec<&str> = text
            .lines()
            .filter(|line| ["seed ", "node ", "wire "].iter().any(|word| line.starts_with(word)))
            .collect();
        let options = js_sys::Object::new();
        set(&options, "script", &world.join("\n").into());
        set(&options, "isolation", &isolation.into());
        set(&options, "workerUrl", &worker_url().into());
        let handle = LabHandle::open(options.into()).await.expect("a lab can be opened");
        Self { handle }
    }

    async fn isolation(&self) -> String {
        string(&self.frame().await, "isolation")
    }

    async fn frame(&self) -> JsValue {
        self.handle.frame().await.expect("a lab has a frame")
    }

    /// Does what the scenario says, and compares the hash with the one that it has written down.
    async fn play(&self, name: &str, text: &str) {
        let (story, transcript) = text.split_once("\n----\n").expect("a scenario has a transcript");
        let script = Script::parse(story).expect("a scenario is a script");
        for (_, action) in &script.actions {
            match action {
                Action::Intervene(act) => {
                    self.handle.intervene(&act.to_string()).await.expect("the act is possible");
                }
                Action::Run(span) => {
                    let millis = span.micros() as f64 / 1_000.0;
                    self.handle.advance(millis, u32::MAX).await.expect("time can pass");
                }
                Action::Step(count) => {
                    for _ in 0..*count {
                        self.handle.step().await.expect("an event can happen");
                    }
                }
                Action::Until(until) => self.until(name, until).await,
                // Stories that a browser plays do not stand still.
                Action::Idle(_) | Action::Show(_) => {}
            }
        }
        let hash = string(&self.frame().await, "hash");
        let native = transcript.lines().last().unwrap().trim_start_matches("trace ");
        assert_eq!(hash, native, "the trace of {name} differs from the native one");
    }

    async fn until(&self, name: &str, until: &Until) {
        let mut frame = self.frame().await;
        let since = Since { lines: log_counts(&frame), key: watched_key(&frame, until) };
        for _ in 0..10_000 {
            if holds(&frame, until, &since) {
                return;
            }
            frame = self.handle.step().await.expect("an event can happen");
        }
        panic!("{name}: it never came to '{until}'");
    }
}

/// What was there when a wait began.
struct Since {
    /// How many lines each log had.
    lines: Vec<f64>,
    /// The key that is waited for.
    key: Vec<(f64, String)>,
}

/// A module Worker's script that runs this very binary.
fn worker_url() -> String {
    let origin = web_sys::window().unwrap().location().origin().unwrap();
    let source = format!(
        "import init, {{ serve_node }} from '{origin}/wasm-bindgen-test.js';\n\
         self.onmessage = async (event) => {{\n\
             await init('{origin}/wasm-bindgen-test_bg.wasm');\n\
             serve_node(event.ports[0]);\n\
         }};"
    );
    let parts = js_sys::Array::of1(&source.into());
    let options = web_sys::BlobPropertyBag::new();
    options.set_type("text/javascript");
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options).unwrap();
    web_sys::Url::create_object_url_with_blob(&blob).unwrap()
}

fn nodes(frame: &JsValue) -> js_sys::Array {
    get(frame, "nodes").into()
}

/// How many lines each node has logged.
fn log_counts(frame: &JsValue) -> Vec<f64> {
    nodes(frame).iter().map(|node| next_line(&node)).collect()
}

fn next_line(node: &JsValue) -> f64 {
    let log: js_sys::Array = get(node, "log").into();
    if log.length() == 0 { 0.0 } else { number(&log.get(log.length() - 1), "index") + 1.0 }
}

/// The node that bears a name now: one that was removed may have had it before.
fn named(nodes: &js_sys::Array, name: &str) -> Option<usize> {
    nodes.iter().enumerate().rfind(|(_, node)| string(node, "name") == name).map(|n| n.0)
}

/// The node of an address that a script does not set.
fn by_address(host: &str) -> Option<usize> {
    host.strip_prefix("172.19.0.")?.parse::<usize>().ok()?.checked_sub(2)
}

fn holds(frame: &JsValue, until: &Until, since: &Since) -> bool {
    let nodes = nodes(frame);
    let Some(name) = until.node() else {
        return nodes.iter().all(|node| is_synced(&nodes, &node));
    };
    let Some(index) = named(&nodes, name) else { return false };
    let node = nodes.get(index as u32);
    match until {
        Until::Synced => true,
        Until::Up { .. } => {
            let upstream = get(&node, "upstream");
            !upstream.is_null() && get(&upstream, "up").is_truthy()
        }
        Until::Log { text, .. } => has_printed(&node, index, since, |line| line.contains(text)),
        Until::FullSync { .. } => has_printed(&node, index, since, |line| {
            line.contains("Full resync from master:")
                || line.contains("Full resync requested by replica")
        }),
        Until::Lag { bytes, .. } => {
            let behind = |replica: &JsValue| number(&node, "offset") - number(replica, "acked");
            replicas(&node).iter().any(|replica| behind(&replica) > *bytes as f64)
        }
        Until::Buffer { percent, .. } => {
            let hard = number(&get(&node, "bufferLimit"), "hard");
            let full = |buffered: f64| hard > 0.0 && buffered * 100.0 > hard * *percent as f64;
            replicas(&node).iter().any(|replica| full(number(&replica, "buffered")))
        }
        Until::Key { .. } => watched_key(frame, until) != since.key,
    }
}

fn replicas(node: &JsValue) -> js_sys::Array {
    get(node, "replicas").into()
}

fn has_printed(node: &JsValue, index: usize, since: &Since, wanted: impl Fn(&str) -> bool) -> bool {
    let before = since.lines.get(index).copied().unwrap_or(0.0);
    let log: js_sys::Array = get(node, "log").into();
    log.iter().any(|line| number(&line, "index") >= before && wanted(&string(&line, "text")))
}

/// The key of a condition: its value in every database that has it.
fn watched_key(frame: &JsValue, until: &Until) -> Vec<(f64, String)> {
    let Until::Key { node, key } = until else { return Vec::new() };
    let nodes = nodes(frame);
    let Some(index) = named(&nodes, node) else { return Vec::new() };
    let keys: js_sys::Array = get(&get(&nodes.get(index as u32), "keys"), "window").into();
    let same = keys.iter().filter(|entry| string(entry, "key") == *key);
    let value = |entry: JsValue| format!("{:?} {:?}", get(&entry, "value"), get(&entry, "expires"));
    same.map(|entry| (number(&entry, "db"), value(entry))).collect()
}

fn is_synced(nodes: &js_sys::Array, node: &JsValue) -> bool {
    if get(node, "running").is_falsy() {
        return true;
    }
    let upstream = get(node, "upstream");
    let offset = number(node, "offset");
    if upstream.is_null() {
        return replicas(node).iter().all(|replica| number(&replica, "acked") == offset);
    }
    let host = string(&upstream, "host");
    let master = named(nodes, &host).or_else(|| by_address(&host));
    let master = master.map(|index| nodes.get(index as u32));
    get(&upstream, "up").is_truthy()
        && master.is_some_and(|master| {
            number(&master, "offset") == offset
                && string(&master, "replid") == string(node, "replid")
        })
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

fn set(object: &js_sys::Object, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).unwrap();
}

fn number(object: &JsValue, name: &str) -> f64 {
    get(object, name).as_f64().unwrap_or_else(|| panic!("{name} is no number"))
}

fn string(object: &JsValue, name: &str) -> String {
    get(object, name).as_string().unwrap_or_else(|| panic!("{name} is no string"))
}

fn message(error: &JsValue) -> String {
    string(error, "message")
}
