//! What JavaScript holds: a lab, and the entry of a node's Worker.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use js_sys::{Function, Promise};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::MessagePort;

use super::crash::watch_panics;
use super::driver::Driver;
use super::host;
use super::inspect::Inspected;
use super::message::BytesOf;
use super::moves::Move;
use super::nodes::Isolation;
use super::passage::PassageView;
use super::view::FrameView;
use crate::lab::{BranchId, Intervention, NodeId, Shared, Stride};
use crate::time::Duration;

/// A lab. Every call answers the frame that results; calls are carried out one after the other, in
/// the order in which they were made.
#[wasm_bindgen]
#[derive(Clone, Debug)]
pub struct LabHandle {
    driver: Rc<RefCell<Option<Driver>>>,
    /// Those who wait for the call before theirs.
    queue: Rc<RefCell<Queue>>,
}

/// Calls that are under way: at most one has the driver.
#[derive(Debug, Default)]
struct Queue {
    busy: bool,
    waiting: std::collections::VecDeque<Function>,
}

/// How a lab is opened.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OpenOptions {
    /// The world and its story.
    script: String,
    /// Where chance begins, if not where the script says.
    seed: Option<u32>,
    /// "workers" or "page".
    isolation: Option<String>,
    /// The address of the Workers' script.
    worker_url: Option<String>,
    /// The address of the script of Workers whose engine is built to be swift.
    swift_url: Option<String>,
}

#[wasm_bindgen]
impl LabHandle {
    /// Opens a lab: `{ script, seed?, isolation?: "workers" | "page", workerUrl?,
    /// swiftUrl? }`.
    ///
    /// # Errors
    /// A sentence: the line of the script that makes no sense, or why no node could be started.
    pub async fn open(options: JsValue) -> Result<Self, JsValue> {
        watch_panics();
        let options: OpenOptions = serde_wasm_bindgen::from_value(options)?;
        let isolation = match (options.isolation.as_deref(), options.worker_url) {
            (Some("page"), _) | (_, None) => Isolation::Page,
            (_, Some(url)) => Isolation::Workers(url),
        };
        let seed = options.seed.map(u64::from);
        let driver = Driver::open(&options.script, seed, isolation, options.swift_url).await?;
        let driver = Rc::new(RefCell::new(Some(driver)));
        Ok(Self { driver, queue: Rc::default() })
    }

    /// The frame of this instant.
    pub fn frame(&self) -> Promise {
        self.go(Move::Nowhere)
    }

    /// Carries out the next event.
    pub fn step(&self) -> Promise {
        self.go(Move::Step)
    }

    /// Undoes the last event.
    pub fn back(&self) -> Promise {
        self.go(Move::Back)
    }

    /// Goes to where so many events have happened; or, if `timed`, all that is known of so many
    /// milliseconds of virtual time.
    pub fn seek(&self, place: f64, timed: bool) -> Promise {
        self.go(if timed { Move::SeekTime(span(place)) } else { Move::Seek(place as u64) })
    }

    /// Goes on to the end of a step of this size, "command" or "phase", or back to the last.
    pub fn stride(&self, size: &str, back: bool) -> Promise {
        let stride = stride_of(size);
        self.go(if back { Move::StrideBack(stride) } else { Move::Stride(stride) })
    }

    /// The frame of this instant, once it is known how the next step of this size would end.
    pub fn foresee(&self, size: &str) -> Promise {
        self.go(Move::Foresee(stride_of(size)))
    }

    /// Lives another branch of history.
    pub fn select(&self, branch: u32) -> Promise {
        self.go(Move::Select(BranchId(u64::from(branch))))
    }

    /// Goes back to the event that last changed something: `master offset`, `replica1 key k`.
    #[wasm_bindgen(js_name = backToChange)]
    pub fn back_to_change(&self, watch: String) -> Promise {
        self.go(Move::BackToChange(watch))
    }

    /// The steps of the space-time diagram from `from` to before `to`, with every message that is
    /// on its way in one of them.
    pub async fn passage(&self, from: u32, to: u32) -> Result<JsValue, JsValue> {
        let passage = self.read(|driver| async move {
            let view = PassageView::of(&driver.conductor, from as usize..to as usize);
            (driver, Ok(view))
        });
        Ok(passage.await?.serialize(&plain())?)
    }

    /// Takes bytes apart: `{ frame: { id, rdb } }` or `{ stream: { node, start, end } }`; null if
    /// they are gone.
    pub async fn inspect(&self, what: JsValue) -> Result<JsValue, JsValue> {
        let what: Inspected = serde_wasm_bindgen::from_value(what)?;
        let answer = self.read(|driver| async {
            let view = driver.inspect(what).await;
            (driver, view)
        });
        match answer.await? {
            Some(view) => Ok(view.serialize(&plain())?),
            None => Ok(JsValue::NULL),
        }
    }

    /// The dataset of a node as an RDB file.
    pub async fn dump(&self, node: u32) -> Result<Vec<u8>, JsValue> {
        self.read(|driver| async move {
            let now = driver.conductor.world().now().micros();
            let bytes = driver.bytes(NodeId(node as usize), BytesOf::Dump { now }).await;
            (driver, bytes.map(|found| found.map(|(bytes, _)| bytes).unwrap_or_default()))
        })
        .await
    }

    /// What has happened up to the cursor, for other tools: "script", "ndjson", "pcapng", "shiviz"
    /// or "svg", as the bytes of a file.
    pub async fn export(&self, format: String) -> Result<Vec<u8>, JsValue> {
        self.read(|driver| async move {
            let bytes = exported(&driver, &format);
            (driver, bytes)
        })
        .await
    }

    /// A link to this instant, as the fragment of a URL. `scenario` is the name of a scenario or a
    /// script's text, `view` what the page wants to find again.
    pub async fn share(&self, scenario: String, view: String) -> Result<String, JsValue> {
        self.read(|driver| async move {
            let shared = Shared::of(&driver.conductor, &scenario, &view);
            (driver, Ok(shared.fragment()))
        })
        .await
    }

    /// Does what a link says. Answers what differs here, in a sentence, if anything does.
    ///
    /// # Errors
    /// A sentence for the person who followed the link.
    pub async fn follow(&self, fragment: String) -> Result<Option<String>, JsValue> {
        let shared = read_shared(&fragment)?;
        self.read(|mut driver| async move {
            let followed = driver.follow(&shared).await;
            let differs = followed.map(|()| shared.difference(&driver.conductor));
            (driver, differs)
        })
        .await
    }

    /// Carries out the events of the next `millis` of virtual time: of many, about `limit`.
    pub fn advance(&self, millis: f64, limit: u32) -> Promise {
        self.go(Move::Advance(span(millis), limit))
    }

    /// Does what a person may do: `master> SET k v`, `cut master replica1`, `heal …`. What cannot
    /// be done is refused with a sentence for the person.
    pub fn intervene(&self, line: &str) -> Promise {
        match Intervention::parse(line) {
            Ok(Some(act)) => self.go(Move::Act(act)),
            Ok(None) => {
                let why = "is not understood: write 'node> COMMAND' or 'cut a b'";
                refused(&format!("'{line}' {why}"))
            }
            Err(why) => refused(&why),
        }
    }

    /// Ends the lab: its ports are closed, its Workers ended.
    pub fn close(&self) {
        self.driver.borrow_mut().take();
    }
}

impl LabHandle {
    /// Waits for its turn, makes a move, and answers the frame. There is one such promise for all
    /// moves, for each kind of promise is as much to fetch as all moves together.
    fn go(&self, to: Move) -> Promise {
        let lab = self.clone();
        future_to_promise(async move {
            let moved = |mut driver: Driver| async {
                let frame = match driver.go(to).await {
                    Ok(()) => frame_of(&mut driver).await,
                    Err(error) => Err(error),
                };
                (driver, frame)
            };
            lab.read(moved).await
        })
    }

    /// Waits for its turn, and does something with the driver.
    async fn read<T, F, Fut>(&self, act: F) -> Result<T, JsValue>
    where
        F: FnOnce(Driver) -> Fut,
        Fut: Future<Output = (Driver, Result<T, JsValue>)>,
    {
        self.enter().await?;
        let taken = self.driver.borrow_mut().take();
        let Some(driver) = taken else {
            self.leave();
            return Err(JsError::new("the lab is closed").into());
        };
        let (driver, result) = act(driver).await;
        *self.driver.borrow_mut() = Some(driver);
        self.leave();
        result
    }

    async fn enter(&self) -> Result<(), JsValue> {
        if !std::mem::replace(&mut self.queue.borrow_mut().busy, true) {
            return Ok(());
        }
        let turn = Promise::new(&mut |resolve, _| {
            self.queue.borrow_mut().waiting.push_back(resolve);
        });
        JsFuture::from(turn).await.map(|_| ())
    }

    /// Lets the next call begin.
    fn leave(&self) {
        let next = self.queue.borrow_mut().waiting.pop_front();
        match next {
            Some(resolve) => drop(resolve.call0(&JsValue::NULL)),
            None => self.queue.borrow_mut().busy = false,
        }
    }
}

async fn frame_of(driver: &mut Driver) -> Result<JsValue, JsValue> {
    driver.look(KEYS_MAX).await?;
    if driver.wants_haste() {
        // Boxed, for few visits ever want it: it is no part of what all of them fetch.
        Box::pin(driver.hasten()).await?;
    }
    Ok(FrameView::of(driver).serialize(&plain())?)
}

/// A promise that is broken, with a sentence.
fn refused(why: &str) -> Promise {
    Promise::reject(&JsError::new(why).into())
}

/// So many milliseconds of virtual time.
fn span(millis: f64) -> Duration {
    Duration::from_micros((millis.max(0.0) * 1_000.0) as u64)
}

/// What has happened up to the cursor, in a format for other tools.
fn exported(driver: &Driver, format: &str) -> Result<Vec<u8>, JsValue> {
    let conductor = &driver.conductor;
    // Who sent what is found by living it again, in one piece: a panic would be the page's own.
    if !driver.panics.is_empty() && matches!(format, "pcapng" | "shiviz" | "svg") {
        return Err(JsError::new("a history with a panic in it has no such export").into());
    }
    match format {
        "script" => Ok(conductor.retell().into_bytes()),
        "ndjson" => Ok(conductor.ndjson().into_bytes()),
        "pcapng" => Ok(conductor.pcapng()),
        "shiviz" => Ok(conductor.shiviz().into_bytes()),
        "svg" => Ok(conductor.svg().into_bytes()),
        _ => Err(JsError::new("there is no such format").into()),
    }
}

fn stride_of(size: &str) -> Stride {
    if size == "phase" { Stride::Phase } else { Stride::Command }
}

pub(super) const fn plain() -> serde_wasm_bindgen::Serializer {
    serde_wasm_bindgen::Serializer::json_compatible().serialize_bytes_as_arrays(false)
}

/// What a link opens: `{ scenario, seed, view }`.
///
/// # Errors
/// A sentence for the person who followed the link.
#[wasm_bindgen]
pub fn read_link(fragment: String) -> Result<JsValue, JsValue> {
    let Shared { scenario, seed, view, .. } = read_shared(&fragment)?;
    Ok(LinkView { scenario, seed, view }.serialize(&plain())?)
}

fn read_shared(fragment: &str) -> Result<Shared, JsValue> {
    Shared::parse(fragment).map_err(|why| JsError::new(&why).into())
}

/// What a link opens.
#[derive(Debug, Serialize)]
struct LinkView {
    scenario: String,
    seed: u64,
    view: String,
}

/// Serves one node on the port that the page has sent to its Worker.
#[wasm_bindgen]
pub fn serve_node(port: MessagePort) {
    watch_panics();
    host::serve(port);
}

/// Every command that a node knows, as `[name, usage, summary]`: the hints of the prompt.
#[wasm_bindgen]
pub fn command_table() -> Result<JsValue, JsValue> {
    Ok(serde_wasm_bindgen::to_value(&crate::node::command_names())?)
}

/// How many keys of each node are shown.
const KEYS_MAX: usize = 64;
