//! Ports, as far as we use them: send with a transfer, and be called with what arrives.

use js_sys::{Array, Function, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{MessageChannel, MessageEvent, MessagePort};

use crate::resp::Bytes;

/// A port with the closure that is called for each message. Dropping it closes the port.
#[derive(Debug)]
pub(super) struct Port {
    port: MessagePort,
    /// Kept alive as long as the port may call it.
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

impl Port {
    /// Begins to listen on `port`.
    pub(super) fn listen(
        port: MessagePort,
        on_message: impl FnMut(MessageEvent) + 'static,
    ) -> Self {
        let closure = Closure::<dyn FnMut(MessageEvent)>::new(on_message);
        // Setting the handler also starts the port.
        port.set_onmessage(Some(closure.as_ref().unchecked_ref()));
        Self { port, _on_message: closure }
    }

    /// Listens likewise; what hearing a message throws, such as a panic, is told to `on_throw`.
    pub(super) fn listen_guarded(
        port: MessagePort,
        on_message: impl FnMut(MessageEvent) + 'static,
        on_throw: impl Fn(&JsValue) + 'static,
    ) -> Self {
        let hear = Closure::<dyn FnMut(MessageEvent)>::new(on_message);
        Self::listen(port, move |event| {
            let hear: &Function = hear.as_ref().unchecked_ref();
            if let Err(thrown) = hear.call1(&JsValue::NULL, &event) {
                on_throw(&thrown);
            }
        })
    }

    /// Sends a value, giving `transfer` away with it.
    pub(super) fn send(&self, value: &JsValue, transfer: &[JsValue]) -> Result<(), JsValue> {
        let list: Array = transfer.iter().collect();
        self.port.post_message_with_transferable(value, &list)
    }

    /// The port itself, to be spoken to without this.
    pub(super) fn mouth(&self) -> MessagePort {
        self.port.clone()
    }
}

/// Sends frames, in their order, in one buffer that is moved, not copied, to the other side: how
/// many they are, how long each is, and their bytes.
pub(super) fn send_frames(port: &MessagePort, frames: &[Bytes]) -> Result<(), JsValue> {
    let number = |count: usize| u32::try_from(count).expect("a frame fits into a memory");
    let mut message = Vec::new();
    message.extend(number(frames.len()).to_le_bytes());
    frames.iter().for_each(|frame| message.extend(number(frame.len()).to_le_bytes()));
    frames.iter().for_each(|frame| message.extend_from_slice(frame));
    let buffer = Uint8Array::from(&message[..]).buffer();
    port.post_message_with_transferable(&buffer, &Array::of1(&buffer))
}

/// The frames of a message.
pub(super) fn frames_of(event: &MessageEvent) -> Vec<Bytes> {
    let message = Uint8Array::new(&event.data()).to_vec();
    let number = |index: usize| {
        let bytes = message.get(4 * index..4 * index + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_le_bytes) as usize
    };
    let count = number(0);
    let mut rest = message.get(4 * (count + 1)..).unwrap_or_default();
    let frame = |index| {
        let (frame, after) = rest.split_at(number(index).min(rest.len()));
        rest = after;
        Bytes::from(frame)
    };
    (1..=count).map(frame).collect()
}

impl Drop for Port {
    fn drop(&mut self) {
        self.port.set_onmessage(None);
        self.port.close();
    }
}

/// The two ends of a new channel.
pub(super) fn channel() -> Result<(MessagePort, MessagePort), JsValue> {
    let channel = MessageChannel::new()?;
    Ok((channel.port1(), channel.port2()))
}

/// The port that came with a message, if one did.
pub(super) fn port_of(event: &MessageEvent) -> Option<MessagePort> {
    event.ports().get(0).dyn_into().ok()
}
