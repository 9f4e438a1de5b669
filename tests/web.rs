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

/// Every scenario with the name of its file.
const SCENARIOS: &[(&str, &str)] = &[
    ("backlog-overrun", include_str!("scenarios/backlog-overrun.txt")),
    ("full-sync-disk", include_str!("scenarios/full-sync-disk.txt")),
    ("full-sync-diskless", include_str!("scenarios/full-sync-diskless.txt")),
    ("partial-resync", include_str!("scenarios/partial-resync.txt")),
    ("seed", include_str!("scenarios/seed.txt")),
    ("shutdown", include_str!("scenarios/shutdown.txt")),
    ("two-replicas-one-snapshot", include_str!("scenarios/two-replicas-one-snapshot.txt")),
    ("writes-during-the-snapshot", include_str!("scenarios/writes-during-the-snapshot.txt")),
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
            let frame = lab.handle.seek(cursor).await.unwrap();
            assert_eq!(number(&frame, "cursor") as u32, cursor);
        }
        let frame = lab.handle.seek(end).await.unwrap();
        assert_eq!(string(&frame, "hash"), hash);
        let frame = lab.handle.back().await.unwrap();
        assert_eq!(number(&frame, "cursor") as u32, end - 1);
        let frame = lab.handle.step().await.unwrap();
        assert_eq!(string(&frame, "hash"), hash);
    }
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
    let error = lab.handle.intervene("nobody> PING".to_owned()).await.unwrap_err();
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
                    self.handle.intervene(act.to_string()).await.expect("the act is possible");
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
        let seen = log_counts(&frame);
        for _ in 0..10_000 {
            if holds(&frame, until, &seen) {
                return;
            }
            frame = self.handle.step().await.expect("an event can happen");
        }
        panic!("{name}: it never came to '{until}'");
    }
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

fn holds(frame: &JsValue, until: &Until, seen: &[f64]) -> bool {
    let nodes = nodes(frame);
    let named = |name: &str| nodes.iter().position(|node| string(&node, "name") == name).unwrap();
    match until {
        Until::Up { node } => {
            let upstream = get(&nodes.get(named(node) as u32), "upstream");
            !upstream.is_null() && get(&upstream, "up").is_truthy()
        }
        Until::Log { node, text } => {
            let index = named(node);
            let log: js_sys::Array = get(&nodes.get(index as u32), "log").into();
            log.iter().any(|line| {
                number(&line, "index") >= seen[index] && string(&line, "text").contains(text)
            })
        }
        Until::FullSync { .. } | Until::Lag { .. } | Until::Buffer { .. } | Until::Key { .. } => {
            panic!("a browser's story does not wait for {until}")
        }
        Until::Synced => nodes.iter().all(|node| is_synced(&nodes, &node)),
    }
}

fn is_synced(nodes: &js_sys::Array, node: &JsValue) -> bool {
    let upstream = get(node, "upstream");
    let offset = number(node, "offset");
    if upstream.is_null() {
        let replicas: js_sys::Array = get(node, "replicas").into();
        return replicas.iter().all(|replica| number(&replica, "acked") == offset);
    }
    let host = string(&upstream, "host");
    let master = nodes.iter().find(|other| string(other, "name") == host);
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
