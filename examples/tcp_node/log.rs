//! Lines on the standard output, or in the `logfile`.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Write};

use replica_lab::node::{Config, Level, LogLine};
use replica_lab::time::Instant;

/// Where lines go, and which.
pub(crate) struct Log {
    file: Option<String>,
    least: Option<Level>,
    /// True if a start is adorned with a picture.
    pub(crate) has_picture: bool,
}

impl Log {
    pub(crate) fn new(config: &Config) -> Self {
        let least = least(config.get("loglevel"));
        let file = config.text("logfile").map(str::to_owned);
        let wants_picture = config.get("always-show-logo") == "yes"
            || (file.is_none() && io::stdout().is_terminal());
        let has_picture = wants_picture && least.is_some_and(|least| Level::Notice >= least);
        Self { file, least, has_picture }
    }

    /// Takes the `loglevel` that CONFIG SET may have changed.
    pub(crate) fn obey(&mut self, loglevel: &str) {
        self.least = least(loglevel);
    }

    /// Prints what a person sees at the start, and what a harness waits for: some of them read the
    /// number of the process here.
    pub(crate) fn picture(&self, version: &str, port: u16) {
        let pid = std::process::id();
        self.write(&format!(
            r"
      .--------.
      | master |          Redis {version} (00000000/0) 64 bit
      '-.----.-'
        |    |            Running in standalone mode
      .-'    '-.          Port: {port}
      v        v          PID: {pid}
  .-------. .-------.
  |replica| |replica|           replica-lab
  '-------' '-------'
"
        ));
    }

    /// Prints a line of the node's.
    pub(crate) fn print(&self, line: &LogLine) {
        if self.least.is_some_and(|least| line.level() >= least) {
            self.write(&line.to_string());
        }
    }

    /// Prints a line of the host's.
    pub(crate) fn say(&self, at: Instant, role: char, level: Level, text: &str) {
        if self.least.is_some_and(|least| level >= least) {
            self.write(&line(at, role, level.sign(), text));
        }
    }

    /// Prints what the handler of a signal prints, whatever the level.
    pub(crate) fn say_in_handler(&self, at: Instant, text: &str) {
        if self.least.is_some() {
            let (pid, seconds) = (std::process::id(), at.seconds());
            self.write(&format!("{pid}:signal-handler ({seconds}) {text}"));
        }
    }

    /// A log that cannot be written is no reason to stop.
    fn write(&self, line: &str) {
        let _ = match &self.file {
            Some(path) => OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .and_then(|mut file| writeln!(file, "{line}")),
            None => {
                let mut out = io::stdout().lock();
                writeln!(out, "{line}").and_then(|()| out.flush())
            }
        };
    }
}

/// The level of the least important lines that are printed, if any are.
fn least(loglevel: &str) -> Option<Level> {
    match loglevel {
        "nothing" => None,
        "warning" => Some(Level::Warning),
        "verbose" => Some(Level::Verbose),
        "debug" => Some(Level::Debug),
        _ => Some(Level::Notice),
    }
}

/// A line as Redis writes it.
pub(crate) fn line(at: Instant, role: char, sign: char, text: &str) -> String {
    let (c, millis) = (at.calendar(), at.millis() % 1_000);
    format!(
        "{}:{role} {:02} {} {} {:02}:{:02}:{:02}.{millis:03} {sign} {text}",
        std::process::id(),
        c.day,
        c.month_name(),
        c.year,
        c.hour,
        c.minute,
        c.second
    )
}
