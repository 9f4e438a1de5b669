//! What MIGRATE is asked: where to, what, and how.

use crate::commands::Refusal;
use crate::resp::{Bytes, parse_integer};
use crate::time::Duration;

/// The words of MIGRATE, understood.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The host and the port, as they were typed: by these a connection is found again.
    pub(super) target: (Bytes, Bytes),
    /// The database there.
    pub(super) db: i64,
    /// How long each step may take.
    pub(super) timeout: Duration,
    /// The keys stay here.
    pub(super) copy: bool,
    /// A key of the same name there gives way.
    pub(super) replace: bool,
    /// What AUTH is told: a password, perhaps behind a name.
    pub(super) auth: Vec<Bytes>,
    /// The keys that are asked for.
    pub(super) keys: Vec<Bytes>,
    /// All the words, as they were typed.
    pub(super) words: Vec<Bytes>,
}

impl Plan {
    /// Reads `MIGRATE host port key|"" db timeout [options]`; the options are looked at first.
    pub(super) fn read(args: &[Bytes]) -> Result<Self, Refusal> {
        let mut plan = Self {
            target: (args[1].clone(), args[2].clone()),
            db: 0,
            timeout: Duration::ZERO,
            copy: false,
            replace: false,
            auth: Vec::new(),
            keys: vec![args[3].clone()],
            words: args.to_vec(),
        };
        plan.read_options(args)?;
        let timeout = parse_integer(&args[5]).ok_or(Refusal::NotAnInteger)?;
        plan.db = parse_integer(&args[4]).ok_or(Refusal::NotAnInteger)?;
        let timeout = u64::try_from(timeout).ok().filter(|&millis| millis > 0);
        plan.timeout = Duration::from_millis(timeout.unwrap_or(DEFAULT_MILLIS).min(MILLIS_MAX));
        Ok(plan)
    }

    fn read_options(&mut self, args: &[Bytes]) -> Result<(), Refusal> {
        let mut at = 6;
        while let Some(word) = args.get(at) {
            at += match word.to_ascii_lowercase().as_slice() {
                b"copy" => {
                    self.copy = true;
                    1
                }
                b"replace" => {
                    self.replace = true;
                    1
                }
                b"auth" => self.read_secrets(args, at, 1)?,
                b"auth2" => self.read_secrets(args, at, 2)?,
                b"keys" if !args[3].is_empty() => return Err(Refusal::other(KEY_AND_KEYS)),
                b"keys" => {
                    self.keys = args[at + 1..].to_vec();
                    return Ok(());
                }
                _ => return Err(Refusal::Syntax),
            };
        }
        Ok(())
    }

    /// Takes the words behind AUTH or AUTH2, and answers how many words that were.
    fn read_secrets(&mut self, args: &[Bytes], at: usize, count: usize) -> Result<usize, Refusal> {
        let secrets = args.get(at + 1..=at + count).ok_or(Refusal::Syntax)?;
        self.auth = secrets.to_vec();
        Ok(count + 1)
    }

    /// The port as C's `atoi` reads it; none if there is no such port.
    pub(super) fn port(&self) -> Option<u16> {
        let digits = self.target.1.iter().take_while(|byte| byte.is_ascii_digit());
        let digits: String = digits.map(|&digit| char::from(digit)).collect();
        if digits.is_empty() { Some(0) } else { digits.parse().ok() }
    }
}

/// What a timeout of 0 stands for.
const DEFAULT_MILLIS: u64 = 1_000;
/// Longer than anybody waits.
const MILLIS_MAX: u64 = 1_000_000_000_000;
const KEY_AND_KEYS: &str = "ERR When using MIGRATE KEYS option, the key argument must be set to \
                            the empty string";
