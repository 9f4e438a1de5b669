//! What a node has printed lately: its log, and its prompt.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::node::Level;
use crate::time::Instant;

/// A line: the event during which it was printed, when, how important it is, and the text.
pub(super) type Line = (u64, Instant, Level, Rc<str>);

/// The last lines of a node. What is older is dropped, and counted.
#[derive(Clone, Debug, Default)]
pub struct NodeLog {
    /// The last lines of the log.
    pub lines: VecDeque<Line>,
    /// How many lines there were in all.
    pub count: u64,
    /// The last commands typed: the event, the command, and what the prompt printed.
    pub prompt: VecDeque<(u64, Rc<str>, String)>,
}

impl NodeLog {
    /// The node has printed a line.
    pub(super) fn note(&mut self, line: Line) {
        self.count += 1;
        self.lines.push_back(line);
        if self.lines.len() > LOG_LINES_MAX {
            self.lines.pop_front();
        }
    }

    /// A command was typed; `reply` is what the prompt knows at once.
    pub(super) fn typed(&mut self, event: u64, command: &str, reply: &str) {
        self.prompt.push_back((event, Rc::from(command), reply.to_owned()));
        if self.prompt.len() > PROMPT_LINES_MAX {
            self.prompt.pop_front();
        }
    }

    /// The prompt has printed something behind the last command.
    pub(super) fn said(&mut self, text: &str) {
        if let Some((_, _, reply)) = self.prompt.back_mut() {
            if !reply.is_empty() {
                reply.push('\n');
            }
            reply.push_str(text);
        }
    }
}

/// How many lines of a log are kept.
const LOG_LINES_MAX: usize = 200;
/// How many commands of a prompt are kept.
const PROMPT_LINES_MAX: usize = 50;
