//! The hosts of the nodes, from the driver's side: where they live, and how they are asked.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ErrorEvent, MessagePort, Worker, WorkerOptions, WorkerType};

use super::host;
use super::message::{Answer, Ask, pack, unpack};
use super::transport::{Port, channel};

/// Where nodes live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Isolation {
    /// Each in a Worker that runs the script at this address.
    Workers(String),
    /// In the page.
    Page,
}

/// One node's host, from the driver's side.
#[derive(Debug)]
pub(super) struct HostHandle {
    /// The port to it.
    control: Port,
    /// Who waits for its answers, in order.
    waiting: Rc<RefCell<VecDeque<Waiter>>>,
    /// True if it was told anything since it showed itself.
    pub(super) changed: Cell<bool>,
    /// The Worker that it lives in, if it does.
    worker: Option<Worker>,
    /// Kept alive as long as the Worker may call it.
    _on_error: Option<Closure<dyn FnMut(ErrorEvent)>>,
}

/// The two ways to end a wait.
#[derive(Debug)]
struct Waiter {
    resolve: Function,
    reject: Function,
}

impl Drop for HostHandle {
    fn drop(&mut self) {
        if let Some(worker) = &self.worker {
            worker.terminate();
        }
    }
}

impl HostHandle {
    /// Tells the host something, and awaits its answer.
    pub(super) async fn ask(
        &self,
        ask: &Ask,
        port: Option<MessagePort>,
    ) -> Result<Answer, JsValue> {
        let answer = self.begin(ask, port)?.await?;
        understand(unpack(&answer)?)
    }

    /// Tells the host something; the answer comes in the order of telling.
    pub(super) fn begin(&self, ask: &Ask, port: Option<MessagePort>) -> Result<JsFuture, JsValue> {
        if !ask.is_question() {
            self.changed.set(true);
        }
        let answer = self.expect();
        let transfer: Vec<JsValue> = port.into_iter().map(JsValue::from).collect();
        self.control.send(&pack(ask), &transfer)?;
        Ok(answer)
    }

    fn expect(&self) -> JsFuture {
        let waiting = Rc::clone(&self.waiting);
        JsFuture::from(Promise::new(&mut |resolve, reject| {
            waiting.borrow_mut().push_back(Waiter { resolve, reject });
        }))
    }
}

/// Starts hosts where they shall live, and awaits that all are there.
pub(super) async fn start_hosts(
    count: usize,
    isolation: &Isolation,
) -> Result<Vec<HostHandle>, JsValue> {
    // All begin before the first is awaited: Workers start side by side.
    let begun: Result<Vec<_>, JsValue> = (0..count).map(|_| begin_host(isolation)).collect();
    let mut hosts = Vec::new();
    for (handle, ready) in begun? {
        understand(unpack(&ready.await?)?)?;
        hosts.push(handle);
    }
    Ok(hosts)
}

/// Starts a host where it shall live, and awaits that it is there.
pub(super) async fn start_host(isolation: &Isolation) -> Result<HostHandle, JsValue> {
    let mut hosts = start_hosts(1, isolation).await?;
    hosts.pop().ok_or_else(unexpected)
}

/// Starts a host; the answer comes when it is there.
fn begin_host(isolation: &Isolation) -> Result<(HostHandle, JsFuture), JsValue> {
    let (ours, theirs) = channel()?;
    let waiting = Rc::new(RefCell::new(VecDeque::<Waiter>::new()));
    let answers = Rc::clone(&waiting);
    let control = Port::listen(ours, move |event| {
        if let Some(waiter) = answers.borrow_mut().pop_front() {
            let _ = waiter.resolve.call1(&JsValue::NULL, &event.data());
        }
    });
    let changed = Cell::new(true);
    let mut handle = HostHandle { control, waiting, changed, worker: None, _on_error: None };
    let ready = handle.expect();
    match isolation {
        Isolation::Page => host::serve(theirs),
        Isolation::Workers(url) => handle.start_worker(url, theirs)?,
    }
    Ok((handle, ready))
}

impl HostHandle {
    fn start_worker(&mut self, url: &str, port: MessagePort) -> Result<(), JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(url, &options)?;
        let waiting = Rc::clone(&self.waiting);
        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            // Whoever waits for the Worker waits in vain.
            for waiter in waiting.borrow_mut().drain(..) {
                let why = JsError::new(&format!("a node's Worker failed: {}", event.message()));
                let _ = waiter.reject.call1(&JsValue::NULL, &why.into());
            }
        });
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let transfer: js_sys::Array = std::iter::once(JsValue::from(port)).collect();
        // The compiled engine goes along: no Worker has to fetch and compile it again.
        worker.post_message_with_transfer(&wasm_bindgen::module(), &transfer)?;
        self.worker = Some(worker);
        self._on_error = Some(on_error);
        Ok(())
    }
}

/// A host that could not do what it was told is an error with its words.
pub(super) fn understand(answer: Answer) -> Result<Answer, JsValue> {
    if let Answer::Failed { why } | Answer::Panicked { report: why, .. } = &answer {
        return Err(JsError::new(why).into());
    }
    Ok(answer)
}

pub(super) fn unexpected() -> JsValue {
    JsError::new("a node's host answered something else").into()
}
