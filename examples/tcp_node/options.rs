//! How a server is told what to be: a `redis.conf`, `--name value` options, the standard input.
//!
//! As in Redis all three become one text, read line by line; so a line of the options counts on
//! from the end of the file. *Source*: Redis 7.2 · server.c · main, config.c · loadServerConfig.

use std::fs::OpenOptions;
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use replica_lab::commands::glob_matches;
use replica_lab::node::{ConfigError, Profile, Setup, directive};
use replica_lab::resp::split_words;
use sha2::{Digest, Sha256};

/// What the command line and the files ask for.
pub(crate) struct Options {
    pub(crate) setup: Setup,
    /// True if a file or an option was named.
    pub(crate) configured: bool,
}

/// Why the server does not start.
#[derive(Debug, PartialEq)]
pub(crate) enum Fault {
    /// A file cannot be read.
    Unreadable { file: String, why: String },
    /// A line is wrong.
    Line { number: usize, line: String, why: String },
    /// Every line is right, and yet it cannot be.
    Whole { why: String },
    /// The file of users cannot be read, or wants what is not there.
    Users { why: String },
}

/// Reads everything that `args` name.
pub(crate) fn read(args: &[String]) -> Result<Options, Fault> {
    let file = args.first().filter(|word| !word.starts_with('-'));
    let words = if file.is_some() { &args[1..] } else { args };
    let mut text = Vec::new();
    if let Some(file) = file {
        text = contents(&absolute(file))?;
    }
    let (options, stdin) = joined(words);
    if stdin {
        let _ = std::io::stdin().read_to_end(&mut text);
    }
    if !options.is_empty() {
        text.push(b'\n');
        text.extend(options);
    }
    let program = std::env::current_exe().unwrap_or_default();
    let setup = Setup {
        seed: seed(),
        pid: std::process::id(),
        executable: program.display().to_string(),
        ..Setup::default()
    };
    let digests = Vec::new();
    let mut reader = Reader { profile: setup.profile, setup, saves: false, digests };
    reader.lines(&text)?;
    reader.opens_log()?;
    reader.users()?;
    reader.knows_passwords()?;
    reader.setup.take_after(reader.profile);
    reader.setup.config_file = file.map(|file| absolute(file));
    Ok(Options { setup: reader.setup, configured: !args.is_empty() })
}

/// The lines that the options stand for, and whether `-` asks for the standard input.
fn joined(words: &[String]) -> (Vec<u8>, bool) {
    let mut text = Vec::new();
    let (mut stdin, mut named) = (false, true);
    for (index, word) in words.iter().enumerate() {
        let last = index + 1 == words.len();
        if word == "-" && (index == 0 || last) {
            stdin = true;
        } else if let Some(name) = word.strip_prefix("--").filter(|_| named) {
            if !text.is_empty() {
                text.push(b'\n');
            }
            text.extend(name.bytes());
            text.push(b' ');
            // A word with a space in it is a name and its value. Else a value comes, which may
            // begin with dashes; only --save can do without one, and then means "".
            let alone = split_words(name.as_bytes()).is_none_or(|parts| parts.len() == 1);
            let next_is_name = words.get(index + 1).is_none_or(|next| next.starts_with("--"));
            named = !alone;
            if alone && next_is_name && name.trim() == "save" {
                text.extend(b"\"\"");
                named = true;
            }
        } else {
            quote(word.as_bytes(), &mut text);
            text.push(b' ');
            named = true;
        }
    }
    (text, stdin)
}

/// Writes a word so that it is read back as it is.
fn quote(word: &[u8], text: &mut Vec<u8>) {
    text.push(b'"');
    for &byte in word {
        match byte {
            b'"' | b'\\' => text.extend([b'\\', byte]),
            b' '..=b'~' => text.push(byte),
            _ => text.extend(format!("\\x{byte:02x}").bytes()),
        }
    }
    text.push(b'"');
}

struct Reader {
    setup: Setup,
    /// The release that the node takes after: its defaults count where nothing is set.
    profile: Profile,
    /// True once a `save` has put the points by default out of force.
    saves: bool,
    /// Passwords of the user, of which no more is known yet.
    digests: Vec<String>,
}

impl Reader {
    fn lines(&mut self, text: &[u8]) -> Result<(), Fault> {
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line[0] == b'#' {
                continue;
            }
            let fault = |why: String| Fault::Line {
                number: index + 1,
                line: String::from_utf8_lossy(line).into_owned(),
                why,
            };
            let words = split_words(line)
                .ok_or_else(|| fault("Unbalanced quotes in configuration line".to_owned()))?;
            let mut words: Vec<String> =
                words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
            if words.is_empty() {
                continue;
            }
            let name = words.remove(0).to_ascii_lowercase();
            match (name.as_str(), words.as_slice()) {
                ("include", [file]) => self.include(file)?,
                _ => self.directive(&name, &words).map_err(fault)?,
            }
        }
        Ok(())
    }

    /// Reads another file, or all that a pattern stands for.
    fn include(&mut self, pattern: &str) -> Result<(), Fault> {
        if !pattern.contains(['*', '?', '[']) {
            return self.lines(&contents(pattern)?);
        }
        matching(pattern).iter().try_for_each(|file| self.lines(&contents(file)?))
    }

    /// The log must be there before anything is written into it.
    fn opens_log(&self) -> Result<(), Fault> {
        let Some(file) = self.setup.config.text("logfile") else { return Ok(()) };
        let opened = OpenOptions::new().append(true).create(true).open(file);
        opened.map(drop).map_err(|error| Fault::Whole {
            why: format!("Can't open the log file: {}", super::host::words(&error)),
        })
    }

    fn directive(&mut self, name: &str, values: &[String]) -> Result<(), String> {
        // Names that Redis has forgotten and still forgives.
        let forgotten =
            ["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];
        if forgotten.contains(&name) && values.len() == 1 {
            return Ok(());
        }
        match (name, values) {
            ("user", [user, rules @ ..]) => return self.user(user, rules),
            ("loadmodule", [_, ..]) => {
                return Err("modules are not supported by this server".into());
            }
            ("rename-command", [old, new]) => {
                let renames = &mut self.setup.renames;
                return renames.rename(old.as_bytes(), new.as_bytes()).map_err(str::to_owned);
            }
            ("sentinel", [_, ..]) => {
                return Err("sentinel directive while not in sentinel mode".into());
            }
            _ => {}
        }
        let config = &mut self.setup.config;
        if directive(name).is_none() && name != "profile" {
            return Err(UNKNOWN.to_owned());
        }
        let many = MANY_VALUES.contains(&name);
        let right = match name {
            "replicaof" | "slaveof" => {
                matches!(values, [_, _]) || matches!(values, [both] if both.trim().contains(' '))
            }
            // These are lists, and may be empty; or they say themselves that they may not.
            "save"
            | "bind"
            | "client-output-buffer-limit"
            | "latency-tracking-info-percentiles"
            | "shutdown-on-sigint"
            | "shutdown-on-sigterm" => true,
            _ => values.len() == 1 || (many && !values.is_empty()),
        };
        if !right {
            return Err("wrong number of arguments".to_owned());
        }
        let mut value = values.join(" ");
        match name {
            "tls-port" | "tls-replication" | "tls-cluster" if value != "0" && value != "no" => {
                return Err("TLS is not supported by this server".to_owned());
            }
            "profile" => return self.profile(&value),
            "dir" => {
                std::fs::metadata(&value).map_err(|error| super::host::words(&error))?;
            }
            "save" => {
                let before = std::mem::replace(&mut self.saves, true);
                if before && !value.is_empty() && !config.get("save").is_empty() {
                    value = format!("{} {value}", config.get("save"));
                }
            }
            "replicaof" | "slaveof" if value.eq_ignore_ascii_case("no one") => value.clear(),
            "replicaof" | "slaveof" if !ends_with_port(&value) => {
                return Err("Invalid master port".to_owned());
            }
            _ => {}
        }
        config.set_at_start(name, &value).map_err(|error| match error {
            ConfigError::Unknown(_) => UNKNOWN.to_owned(),
            ConfigError::Immutable(_) => "can't set immutable config".to_owned(),
            ConfigError::Invalid(_, why) => why,
        })
    }

    /// `user default on nopass ~* &* +@all`, as CONFIG REWRITE of a server writes it behind the
    /// password. There is no other user, and this one may do everything.
    fn user(&mut self, user: &str, rules: &[String]) -> Result<(), String> {
        let rights = ["on", "nopass", "sanitize-payload", "~*", "&*", "+@all"];
        let config = &mut self.setup.config;
        for rule in rules {
            if let Some(password) = rule.strip_prefix('>') {
                let _ = config.set_at_start("requirepass", password);
            } else if let Some(digest) = rule.strip_prefix('#') {
                self.digests.push(digest.to_owned());
            } else if !rights.contains(&rule.as_str()) {
                return Err(ONLY_DEFAULT.to_owned());
            }
        }
        if user == "default" { Ok(()) } else { Err(ONLY_DEFAULT.to_owned()) }
    }

    /// `aclfile`: every line of it is a user.
    fn users(&mut self) -> Result<(), Fault> {
        let Some(file) = self.setup.config.text("aclfile").map(str::to_owned) else {
            return Ok(());
        };
        let text = std::fs::read_to_string(&file).map_err(|error| {
            let why = super::host::words(&error);
            Fault::Users { why: format!("Error loading ACLs, opening file '{file}': {why}") }
        })?;
        for (index, line) in text.lines().enumerate() {
            let fault = |why| Fault::Users { why: format!("{file}:{}: {why}", index + 1) };
            let words: Vec<String> = line.split_ascii_whitespace().map(str::to_owned).collect();
            match words.as_slice() {
                [] => {}
                [first, ..] if first.starts_with('#') => {}
                [first, user, rules @ ..] if first == "user" => {
                    self.user(user, rules).map_err(fault)?;
                }
                [_, ..] => {
                    let why = "line should start with user keyword followed by the username.";
                    return Err(fault(why.to_owned()));
                }
            }
        }
        Ok(())
    }

    /// A digest is not enough: the password may stand in another line, before it or behind it.
    fn knows_passwords(&self) -> Result<(), Fault> {
        let known = hex(&Sha256::digest(self.setup.config.get("requirepass")));
        if self.digests.iter().all(|digest| *digest == known) {
            return Ok(());
        }
        let why = "a password must be told by requirepass, for its digest is not enough here";
        Err(Fault::Whole { why: why.to_owned() })
    }

    fn profile(&mut self, value: &str) -> Result<(), String> {
        let profile = Profile::named(value);
        self.profile = profile.ok_or_else(|| "the profiles are 6.2, 7.0 and 7.2".to_owned())?;
        Ok(())
    }
}

const ONLY_DEFAULT: &str = "only the user 'default', with all rights, is supported by this server";
const UNKNOWN: &str = "Bad directive or wrong number of arguments";

/// Options whose value is several words.
const MANY_VALUES: &[&str] = &[
    "save",
    "bind",
    "client-output-buffer-limit",
    "oom-score-adj-values",
    "latency-tracking-info-percentiles",
    "notify-keyspace-events",
    "shutdown-on-sigint",
    "shutdown-on-sigterm",
];

/// True if the last word is a port.
fn ends_with_port(address: &str) -> bool {
    address.split_ascii_whitespace().next_back().is_some_and(|word| word.parse::<u16>().is_ok())
}

/// The files that a pattern stands for, by name; a pattern is about the last part of a path.
fn matching(pattern: &str) -> Vec<String> {
    let path = Path::new(pattern);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let entries = std::fs::read_dir(folder.unwrap_or_else(|| Path::new("."))).into_iter();
    let fitting = entries.flatten().flatten().filter(|entry| {
        let own = entry.file_name().to_string_lossy().into_owned();
        glob_matches(name.as_bytes(), own.as_bytes())
    });
    let mut files: Vec<String> =
        fitting.map(|entry| entry.path().to_string_lossy().into_owned()).collect();
    files.sort();
    files
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn contents(file: &str) -> Result<Vec<u8>, Fault> {
    std::fs::read(file).map_err(|error| Fault::Unreadable {
        file: file.to_owned(),
        why: super::host::words(&error),
    })
}

/// The path as Redis names it in its messages.
fn absolute(file: &str) -> String {
    let path = std::path::absolute(Path::new(file)).unwrap_or_else(|_| file.into());
    path.to_string_lossy().into_owned()
}

/// Every process draws other ids.
fn seed() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.as_nanos() as u64 ^ (u64::from(std::process::id()) << 48)
}
