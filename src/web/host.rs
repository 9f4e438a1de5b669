//! A node behind its ports: the host of one place, the same in a Worker and in the page.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::{Rc, Weak};

use wasm_bindgen::prelude::*;
use web_sys::{AbortSignal, MessageEvent, MessagePort};

use super::crash::report_of;
use super::heap::keep_room;
use super::look::NodeLook;
use super::message::{Answer, Ask, BytesOf, PlainDone, PlainFact, PlainTurn, pack, unpack};
use super::transport::{Port, frames_of, port_of, send_frames};
use crate::lab::{Done, Fact, Place, Script, Watch};
use crate::node::Link;
use crate::resp::Bytes;
use crate::time::Instant;

/// The host of one node.
#[derive(Debug)]
struct Host {
    /// The node, once the driver has said which.
    place: Option<Place>,
    /// What was kept, by name.
    kept: BTreeMap<u64, Place>,
    /// The port of every connection.
    ports: BTreeMap<Link, Port>,
    /// What the driver has said and could not yet be done, with the port that came along.
    waiting: VecDeque<(Step, Option<MessagePort>)>,
    /// What is to be said of those turns of one message that have been taken.
    said: Rc<RefCell<Said>>,
    /// True while somebody will look again whether what is waited for has come.
    watched: bool,
    /// How often that was looked for in vain.
    in_vain: u32,
    /// Who looks.
    alarm: Closure<dyn FnMut(MessageEvent)>,
    /// True if the last turn has ended something.
    ended: bool,
    /// The port to the driver, to speak.
    driver: MessagePort,
    /// The same, to listen: kept alive.
    control: Option<Port>,
    /// This very host, for the closures of its ports.
    own: Weak<RefCell<Self>>,
}

/// What is done at once, or waits as a whole.
#[derive(Debug)]
enum Step {
    /// Whatever is no turn.
    Ask(Ask),
    /// The turns of a message begin.
    Turns {
        /// True if they are not to be taken once those before have ended something.
        follow: bool,
    },
    /// One of them. It waits for its frame, which another node may send in a turn of its own that
    /// waits for a frame of this one's turn before.
    Turn(PlainTurn),
    /// They end: the driver is told.
    TurnsEnd,
}

/// What turns have led to, and nobody has been told. It is kept beside the host: it is wanted when
/// the host has panicked.
#[derive(Debug, Default)]
struct Said {
    /// For the driver.
    dones: Vec<PlainDone>,
    /// For the other ends of connections, those of each together.
    frames: Vec<(Link, MessagePort, Vec<Bytes>)>,
    /// What is to be said instead: a turn could not be taken.
    failed: Option<Answer>,
}

impl Said {
    /// Keeps a frame for the other end of a connection.
    fn send(&mut self, link: Link, port: &Port, bytes: Bytes) {
        match self.frames.iter_mut().find(|(other, ..)| *other == link) {
            Some((.., frames)) => frames.push(bytes),
            None => self.frames.push((link, port.mouth(), vec![bytes])),
        }
    }

    /// Lets the frames go.
    fn go(&mut self) {
        for (_, port, frames) in std::mem::take(&mut self.frames) {
            if let Err(error) = send_frames(&port, &frames) {
                self.failed = Some(Answer::Failed { why: format!("{error:?}") });
            }
        }
    }

    /// Lets the frames go, and answers what the driver is to be told.
    fn end(&mut self) -> Answer {
        self.go();
        let dones = std::mem::take(&mut self.dones);
        self.failed.take().unwrap_or(Answer::Done(dones))
    }
}

/// Serves a node on `port` until the driver closes it.
pub(super) fn serve(port: MessagePort) {
    let said: Rc<RefCell<Said>> = Rc::default();
    let host = Rc::new_cyclic(|own| {
        RefCell::new(Host {
            place: None,
            kept: BTreeMap::new(),
            ports: BTreeMap::new(),
            waiting: VecDeque::new(),
            said: Rc::clone(&said),
            watched: false,
            in_vain: 0,
            alarm: alarm(Weak::clone(own)),
            ended: false,
            driver: port.clone(),
            control: None,
            own: Weak::clone(own),
        })
    });
    // The closure owns the host: it lives as long as its control port.
    let owner = Rc::clone(&host);
    let hear = move |event| owner.borrow_mut().hear(&event);
    let control = Port::listen_guarded(port.clone(), hear, panicked(port, said));
    host.borrow_mut().control = Some(control);
    host.borrow().answer(Answer::Ready);
}

/// What is called when a while has passed, unless the host has panicked.
fn alarm(own: Weak<RefCell<Host>>) -> Closure<dyn FnMut(MessageEvent)> {
    Closure::new(move |_| {
        if let Some(host) = own.upgrade()
            && let Ok(mut host) = host.try_borrow_mut()
        {
            host.look_again();
        }
    })
}

/// Tells the driver of a panic: the host itself cannot do it any more.
fn panicked(driver: MessagePort, said: Rc<RefCell<Said>>) -> impl Fn(&JsValue) {
    move |thrown| {
        let report = report_of(thrown);
        let mut said = said.take();
        said.go();
        say(&driver, &Answer::Panicked { report, dones: said.dones });
    }
}

fn say(driver: &MessagePort, answer: &Answer) {
    if let Err(error) = driver.post_message(&pack(answer)) {
        web_sys::console::error_1(&error);
    }
}

impl Host {
    /// The driver speaks.
    fn hear(&mut self, event: &MessageEvent) {
        match unpack(&event.data()) {
            Ok(Ask::Turns { follows: follow, turns }) => {
                let mut port = port_of(event);
                self.waiting.push_back((Step::Turns { follow }, None));
                for turn in turns {
                    self.waiting.push_back((Step::Turn(turn), port.take()));
                }
                self.waiting.push_back((Step::TurnsEnd, None));
                self.go_on();
            }
            Ok(ask) => {
                self.waiting.push_back((Step::Ask(ask), port_of(event)));
                self.go_on();
            }
            Err(error) => self.answer(Answer::Failed { why: report_of(&error.into()) }),
        }
    }

    /// Does what can be done, in order.
    fn go_on(&mut self) {
        while let Some((step, _)) = self.waiting.front()
            && self.is_possible(step)
        {
            self.take_step();
        }
        // Others may wait for them.
        self.said.borrow_mut().go();
        if !self.waiting.is_empty() && !std::mem::replace(&mut self.watched, true) {
            self.watch();
        }
    }

    /// In a while it is seen whether what is waited for has come.
    fn watch(&self) {
        let alarm = AbortSignal::timeout_with_u32(LOOK_AGAIN_MILLIS);
        alarm.set_onabort(Some(self.alarm.as_ref().unchecked_ref()));
    }

    /// A while has passed.
    fn look_again(&mut self) {
        self.watched = !self.waiting.is_empty();
        if !self.watched {
            return;
        }
        self.in_vain += 1;
        self.watch();
        if self.in_vain == LOOKS_MAX {
            // It does not come any more.
            self.take_step();
            self.go_on();
        }
    }

    fn take_step(&mut self) {
        let Some((step, port)) = self.waiting.pop_front() else { return };
        self.in_vain = 0;
        match step {
            Step::Ask(ask) => {
                let answer = self.obey(ask, port).unwrap_or_else(|why| Answer::Failed { why });
                self.answer(answer);
            }
            Step::Turns { follow } => self.ended &= follow,
            Step::Turn(_) if self.ended || self.said.borrow().failed.is_some() => {}
            Step::Turn(turn) => match self.turn(turn, port) {
                Ok(done) => {
                    self.ended = done.ends_something();
                    self.said.borrow_mut().dones.push(done.into());
                }
                Err(answer) => self.said.borrow_mut().failed = Some(answer),
            },
            Step::TurnsEnd => {
                let answer = self.said.borrow_mut().end();
                self.answer(answer);
            }
        }
    }

    /// A turn waits for its frame, and a checkpoint for all that have been sent.
    fn is_possible(&self, step: &Step) -> bool {
        let Some(place) = &self.place else { return true };
        match step {
            Step::Turn(PlainTurn { fact: PlainFact::Received { link }, .. }) => {
                self.ended || self.has_frame(Link(*link))
            }
            Step::Turn(_) | Step::Turns { .. } | Step::TurnsEnd => true,
            Step::Ask(ask) => self.can_obey(place, ask),
        }
    }

    fn can_obey(&self, place: &Place, ask: &Ask) -> bool {
        match ask {
            Ask::Keep { frames, .. } => frames.iter().all(|&(link, count)| {
                let link = Link(link);
                !self.ports.contains_key(&link) || place.delivered(link) >= count
            }),
            Ask::Begin { .. }
            | Ask::Turns { .. }
            | Ask::Restore { .. }
            | Ask::Forget { .. }
            | Ask::Connect { .. }
            | Ask::Look { .. }
            | Ask::Watch { .. }
            | Ask::Bytes { of: BytesOf::Snapshot { .. } | BytesOf::Tail { .. } }
            | Ask::Bytes { of: BytesOf::Dump { .. } } => true,
            Ask::Bytes { of: BytesOf::Frame { link, number } } => {
                let link = Link(*link);
                !self.ports.contains_key(&link) || place.delivered(link) > *number
            }
        }
    }

    fn obey(&mut self, ask: Ask, port: Option<MessagePort>) -> Result<Answer, String> {
        match ask {
            Ask::Begin { script, seed, index, now } => {
                let mut script = Script::parse(&script).map_err(|error| error.to_string())?;
                script.plan.seed = seed.unwrap_or(script.plan.seed);
                let now = now.map_or(script.plan.epoch, Instant::from_micros);
                let place = Place::of(&script.plan, index, now);
                self.kept = BTreeMap::from([(0, place.clone())]);
                self.place = Some(place);
                Ok(Answer::Ready)
            }
            Ask::Turns { .. } => Err("turns are taken one by one".to_owned()),
            Ask::Keep { index, forget, .. } => {
                let place = self.place()?.clone();
                self.kept.insert(index, place);
                self.forget(&forget);
                Ok(Answer::Ready)
            }
            Ask::Restore { index } => {
                let place = self.kept.get(&index).ok_or("there is no such checkpoint")?.clone();
                self.ports.clear();
                self.place = Some(place);
                Ok(Answer::Ready)
            }
            Ask::Forget { indices } => {
                self.forget(&indices);
                Ok(Answer::Ready)
            }
            Ask::Connect { link } => {
                self.connect(Link(link), port);
                Ok(Answer::Ready)
            }
            Ask::Look { now, keys } => {
                let place = self.place()?;
                let look = NodeLook::of(place, Instant::from_micros(now), keys);
                Ok(Answer::Look(Box::new(look)))
            }
            Ask::Watch { now, watch } => {
                let watch = Watch::parse(&watch)?;
                let value = watch.what.of(self.place()?, Instant::from_micros(now));
                Ok(Answer::Watched { value })
            }
            Ask::Bytes { of } => {
                let (bytes, from) = self.bytes(of)?;
                Ok(Answer::Bytes { bytes, from })
            }
        }
    }

    fn has_frame(&self, link: Link) -> bool {
        self.place.as_ref().is_none_or(|place| place.waiting(link) > 0)
    }

    fn place(&mut self) -> Result<&mut Place, String> {
        self.place.as_mut().ok_or_else(|| "the host has no node yet".to_owned())
    }

    fn bytes(&mut self, of: BytesOf) -> Result<(Vec<u8>, Option<usize>), String> {
        let place = self.place()?;
        let found = match of {
            BytesOf::Frame { link, number } => {
                place.frame(Link(link), number).map(|bytes| (bytes.to_vec(), 0))
            }
            BytesOf::Snapshot { link, number } => place.snapshot_sent(Link(link), number),
            BytesOf::Tail { max } => Some((place.stream_tail(max), 0)),
            BytesOf::Dump { now } => Some((place.dump(Instant::from_micros(now)), 0)),
        };
        Ok(found.map_or_else(|| (Vec::new(), None), |(bytes, from)| (bytes, Some(from))))
    }

    fn forget(&mut self, indices: &[u64]) {
        for index in indices {
            self.kept.remove(index);
        }
    }

    fn turn(&mut self, turn: PlainTurn, port: Option<MessagePort>) -> Result<Done, Answer> {
        let PlainTurn { now, fact } = turn;
        match &fact {
            PlainFact::Received { link } if !self.has_frame(Link(*link)) => {
                return Err(Answer::Lost { link: *link });
            }
            PlainFact::Accepted { link, .. } | PlainFact::Opened { link, .. } => {
                self.connect(Link(*link), port);
            }
            PlainFact::Closed { link } | PlainFact::Reset { link } => {
                self.ports.remove(&Link(*link));
            }
            PlainFact::Restarted { .. } => self.ports.clear(),
            PlainFact::Started
            | PlainFact::Typed { .. }
            | PlainFact::Refused { .. }
            | PlainFact::Received { .. }
            | PlainFact::Sent { .. }
            | PlainFact::DiskDone { .. }
            | PlainFact::Forks { .. }
            | PlainFact::Woke => {}
        }
        keep_room();
        let place = self.place().map_err(|why| Answer::Failed { why })?;
        let (done, sent) = place.take(Instant::from_micros(now), Fact::from(fact));
        for frame in sent {
            if let Some(port) = self.ports.get(&frame.link) {
                self.said.borrow_mut().send(frame.link, port, frame.bytes);
            }
        }
        Ok(done)
    }

    /// Listens for the frames of a connection.
    fn connect(&mut self, link: Link, port: Option<MessagePort>) {
        let Some(port) = port else { return };
        let own = Weak::clone(&self.own);
        let hear = move |event: MessageEvent| {
            if let Some(host) = own.upgrade() {
                let mut host = host.borrow_mut();
                if let Some(place) = &mut host.place {
                    frames_of(&event).into_iter().for_each(|bytes| place.deliver(link, bytes));
                }
                host.go_on();
            }
        };
        let port =
            Port::listen_guarded(port, hear, panicked(self.driver.clone(), Rc::clone(&self.said)));
        self.ports.insert(link, port);
    }

    fn answer(&self, answer: Answer) {
        say(&self.driver, &answer);
    }
}

/// What is waited for is there in a moment. A machine may be busy, or asleep: so often it is looked
/// for, each time after so long, before it counts as lost.
const LOOKS_MAX: u32 = 5;
const LOOK_AGAIN_MILLIS: u32 = 1_000;
