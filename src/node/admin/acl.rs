//! ACL, as far as there is one user: the default one, who may do everything, and whose password is
//! `requirepass`. *Source*: Redis 7.2 · acl.c · aclCommand.

use sha2::{Digest as _, Sha256};

use super::super::command_command::{check_call, commands_of};
use super::super::help::{help, text, wrong_words};
use super::super::io::Link;
use super::super::machine::Machine;
use super::super::state::{Profile, Setup};
use crate::commands::Refusal;
use crate::resp::{Bytes, Reply, parse_integer, text_of};

/// Who was not let in.
#[derive(Clone, Debug, Default)]
pub(in crate::node) struct Denials {
    /// The latest last.
    log: Vec<Denial>,
    /// The id of the next.
    next: u64,
}

/// Somebody who was not let in.
#[derive(Clone, Debug, PartialEq)]
struct Denial {
    id: u64,
    /// How often, each within a minute of the one before.
    count: u64,
    /// Inside MULTI, or not.
    context: &'static str,
    /// The command by which it was tried, as it was typed.
    object: Bytes,
    username: Bytes,
    client: String,
    /// Unix milliseconds of the first time and of the last.
    first: u64,
    last: u64,
}

pub(in crate::node) fn acl(machine: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    let sub = args[1].to_ascii_lowercase();
    match (sub.as_slice(), &args[2..]) {
        (b"whoami", []) => Reply::bulk(DEFAULT),
        (b"users", []) => Reply::Array(vec![Reply::bulk(DEFAULT)]),
        (b"list", []) => Reply::Array(vec![Reply::bulk(user_line(machine))]),
        (b"cat", []) => Reply::Array(CATEGORIES.iter().map(Reply::bulk).collect()),
        (b"cat", [category]) => commands_in(category, machine.state.setup.profile),
        (b"getuser", [name]) if **name == *DEFAULT.as_bytes() => default_user(machine),
        (b"getuser", [_]) => Reply::Null,
        (b"setuser", [name, rules @ ..]) => set_user(machine, name, rules),
        (b"deluser", names @ [_, ..]) => {
            if names.iter().any(|name| **name == *DEFAULT.as_bytes()) {
                return Reply::error("ERR The 'default' user cannot be removed");
            }
            Reply::Integer(0)
        }
        (b"dryrun", [user, command @ ..]) if !command.is_empty() => {
            dry_run(user, command, &machine.state.setup)
        }
        (b"genpass", bits @ ([] | [_])) => generate(machine, bits.first()),
        (b"log", what @ ([] | [_])) => log(machine, what.first()),
        (b"save" | b"load", []) => Reply::error(NO_FILE),
        (b"help", []) => help(args, HELP),
        _ => wrong_words(args),
    }
}

/// The SHA-256 of the password; none if there is no password.
fn password(machine: &Machine<'_>) -> Option<String> {
    let password = machine.state.config().text("requirepass")?;
    Some(Sha256::digest(password).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// True if the release says of its users that what they RESTORE is looked at.
fn sanitizes(machine: &Machine<'_>) -> bool {
    machine.state.setup.profile == Profile::V7_2
}

/// The line of an ACL file, and of the file that CONFIG REWRITE writes.
pub(in crate::node) fn user_line(machine: &Machine<'_>) -> String {
    let sanitize = if sanitizes(machine) { " sanitize-payload" } else { "" };
    match password(machine) {
        None => format!("user {DEFAULT} on nopass{sanitize} ~* &* +@all"),
        Some(hash) => format!("user {DEFAULT} on{sanitize} #{hash} ~* &* +@all"),
    }
}

fn default_user(machine: &Machine<'_>) -> Reply {
    let password = password(machine);
    let mut flags = vec![Reply::bulk("on")];
    if password.is_none() {
        flags.push(Reply::bulk("nopass"));
    }
    if sanitizes(machine) {
        flags.push(Reply::bulk("sanitize-payload"));
    }
    let fields = [
        ("flags", Reply::Set(flags)),
        ("passwords", Reply::Array(password.into_iter().map(Reply::bulk).collect())),
        ("commands", Reply::bulk("+@all")),
        ("keys", Reply::bulk("~*")),
        ("channels", Reply::bulk("&*")),
        ("selectors", Reply::Array(Vec::new())),
    ];
    Reply::Map(fields.into_iter().map(|(name, value)| (Reply::bulk(name), value)).collect())
}

fn commands_in(category: &Bytes, profile: Profile) -> Reply {
    let name = text(category).to_ascii_lowercase();
    if !CATEGORIES.contains(&&*name) {
        return Reply::error(format!("ERR Unknown category '{}'", text_of(category)));
    }
    Reply::Array(commands_of(&name, profile).into_iter().map(Reply::bulk).collect())
}

/// What the default user is told is kept if it can be: that it is on and may do everything, and
/// its password.
fn set_user(machine: &mut Machine<'_>, name: &Bytes, rules: &[Bytes]) -> Reply {
    if **name != *DEFAULT.as_bytes() {
        return Reply::error("ERR Users other than 'default' are not supported by this server");
    }
    let mut password = machine.state.config().get("requirepass").to_owned();
    for rule in rules {
        let rule = text(rule);
        match (rule.as_str(), rule.strip_prefix('>')) {
            (_, Some(new)) => new.clone_into(&mut password),
            ("nopass" | "resetpass" | "reset", _) => password.clear(),
            (rule, _) if ALLOWED.contains(&rule) => {}
            _ => {
                let why = "The default user of this server may do everything";
                return Reply::error(format!("ERR Error in ACL SETUSER modifier '{rule}': {why}"));
            }
        }
    }
    match machine.state.setup.config.set("requirepass", &password) {
        Ok(_) => Reply::OK,
        Err(_) => Reply::error("ERR syntax error"),
    }
}

fn dry_run(user: &Bytes, command: &[Bytes], setup: &Setup) -> Reply {
    if **user != *DEFAULT.as_bytes() {
        return Reply::error(format!("ERR User '{}' not found", text_of(user)));
    }
    match check_call(command, setup) {
        Ok(()) => Reply::OK,
        Err(Refusal::Arity(name)) => Reply::error(Refusal::Arity(name).to_string()),
        Err(_) => Reply::error(format!("ERR Command '{}' not found", text_of(&command[0]))),
    }
}

/// `GENPASS [bits]`: four bits are a digit.
fn generate(machine: &mut Machine<'_>, bits: Option<&Bytes>) -> Reply {
    let bits = match bits.map(|bits| parse_integer(bits)) {
        None => 256,
        Some(None) => return Reply::error("ERR value is not an integer or out of range"),
        Some(Some(bits @ 1..=4_096)) => bits,
        Some(Some(_)) => {
            return Reply::error(
                "ERR ACL GENPASS argument must be the number of bits for the output password, a \
                 positive number up to 4096",
            );
        }
    };
    let digits = (bits as usize).div_ceil(4);
    let mut text = String::new();
    while text.len() < digits {
        let more = machine.state.random.hex::<40>();
        text += &String::from_utf8_lossy(&more);
    }
    text.truncate(digits);
    Reply::bulk(text)
}

fn log(machine: &mut Machine<'_>, what: Option<&Bytes>) -> Reply {
    let count = match what.map(|what| (what, parse_integer(what))) {
        Some((what, _)) if what.eq_ignore_ascii_case(b"reset") => {
            machine.state.denials.log.clear();
            return Reply::OK;
        }
        Some((_, None)) => return Reply::error("ERR value is not an integer or out of range"),
        Some((_, Some(count))) => usize::try_from(count).unwrap_or(0),
        None => 10,
    };
    let now = machine.now.millis();
    let shown = machine.state.denials.log.iter().rev().take(count);
    Reply::Array(shown.map(|denial| denial.reply(now)).collect())
}

impl Denial {
    fn reply(&self, now: u64) -> Reply {
        let age = now.saturating_sub(self.last) as f64 / 1_000.0;
        let fields = [
            ("count", Reply::count(self.count)),
            ("reason", Reply::bulk("auth")),
            ("context", Reply::bulk(self.context)),
            ("object", Reply::Bulk(Bytes::clone(&self.object))),
            ("username", Reply::Bulk(Bytes::clone(&self.username))),
            ("age-seconds", Reply::Double(age)),
            ("client-info", Reply::bulk(&self.client)),
            ("entry-id", Reply::count(self.id)),
            ("timestamp-created", Reply::count(self.first)),
            ("timestamp-last-updated", Reply::count(self.last)),
        ];
        Reply::Map(fields.into_iter().map(|(name, value)| (Reply::bulk(name), value)).collect())
    }
}

impl Machine<'_> {
    /// Remembers that somebody gave a wrong password, with a command of this name.
    pub(in crate::node) fn note_denial(&mut self, link: Link, object: &Bytes, username: &Bytes) {
        let now = self.now.millis();
        let client = self.state.client_line(link, self.now);
        let context = if self.state.in_exec { "multi" } else { "toplevel" };
        let most = usize::try_from(self.state.config().number("acllog-max-len")).unwrap_or(128);
        let denials = &mut self.state.denials;
        let alike = |denial: &Denial| {
            (&denial.object, &denial.username, denial.context) == (object, username, context)
                && now.saturating_sub(denial.last) <= GROUPED_MILLIS
        };
        let scanned = denials.log.len().saturating_sub(SCANNED_MAX);
        let denial = match denials.log[scanned..].iter().rposition(alike) {
            Some(at) => {
                let denial = denials.log.remove(scanned + at);
                Denial { count: denial.count + 1, last: now, client, ..denial }
            }
            None => {
                let id = denials.next;
                denials.next += 1;
                let (object, username) = (Bytes::clone(object), Bytes::clone(username));
                Denial { id, count: 1, context, object, username, client, first: now, last: now }
            }
        };
        denials.log.push(denial);
        let over = denials.log.len().saturating_sub(most);
        denials.log.drain(..over);
    }
}

/// The user that everybody is.
const DEFAULT: &str = "default";
/// Alike denials within a minute are one entry.
const GROUPED_MILLIS: u64 = 60_000;
/// Among so many of the latest an alike one is sought.
const SCANNED_MAX: usize = 10;
/// The rules that the default user has anyway.
const ALLOWED: &[&str] =
    &["on", "~*", "allkeys", "&*", "allchannels", "+@all", "allcommands", "sanitize-payload"];
const NO_FILE: &str = concat!(
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users ",
    "via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis ",
    "configuration file set) in order to store users in the Redis configuration."
);

/// The categories, in the order of Redis.
const CATEGORIES: &[&str] = &[
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
];

const HELP: &[&str] = &[
    "CAT [<category>]",
    "    List all commands that belong to <category>, or all command categories",
    "    when no category is specified.",
    "DELUSER <username> [<username> ...]",
    "    Delete a list of users.",
    "DRYRUN <username> <command> [<arg> ...]",
    "    Returns whether the user can execute the given command without executing the command.",
    "GETUSER <username>",
    "    Get the user's details.",
    "GENPASS [<bits>]",
    "    Generate a secure 256-bit user password. The optional `bits` argument can",
    "    be used to specify a different size.",
    "LIST",
    "    Show users details in config file format.",
    "LOAD",
    "    Reload users from the ACL file.",
    "LOG [<count> | RESET]",
    "    Show the ACL log entries.",
    "SAVE",
    "    Save the current config to the ACL file.",
    "SETUSER <username> <attribute> [<attribute> ...]",
    "    Create or modify a user with the specified attributes.",
    "USERS",
    "    List all the registered usernames.",
    "WHOAMI",
    "    Return the current connection username.",
];
