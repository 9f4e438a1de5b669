//! How many files the process may have open: one for each client, and some of its own.
//! *Source*: Redis 7.2 · server.c · adjustOpenFilesLimit.

use replica_lab::node::Level;

/// Redis' `CONFIG_MIN_RESERVED_FDS`: files that are no client's.
const OWN_FILES: u64 = 32;
/// By so much less it asks for when it was refused.
const STEP: u64 = 16;

/// What has become of the limit.
pub(crate) struct Files {
    /// For so many clients there are files.
    pub(crate) clients: u64,
    /// The most that the system gives to anybody.
    pub(crate) most: u64,
    /// What is said of it.
    pub(crate) lines: Vec<(Level, String)>,
}

/// Sees to it that there are files for `clients` clients; if there cannot be, for fewer.
pub(crate) fn provide(clients: u64) -> Result<Files, String> {
    let wanted = clients.saturating_add(OWN_FILES);
    let (before, most) = limits();
    if before >= wanted {
        return Ok(Files { clients, most, lines: Vec::new() });
    }
    let (mut best, mut why) = (wanted, String::new());
    while best > before {
        match raise(best, most) {
            Ok(()) => break,
            Err(error) => why = error,
        }
        best = best.saturating_sub(STEP).max(before);
    }
    if best >= wanted {
        let text = format!(
            "Increased maximum number of open files to {wanted} (it was originally set to \
             {before})."
        );
        return Ok(Files { clients, most, lines: vec![(Level::Notice, text)] });
    }
    if best <= OWN_FILES {
        return Err(format!(
            "Your current 'ulimit -n' of {before} is not enough for the server to start. Please \
             increase your open file limit to at least {wanted}. Exiting."
        ));
    }
    let fewer = best - OWN_FILES;
    let lines = [
        format!(
            "You requested maxclients of {clients} requiring at least {wanted} max file \
             descriptors."
        ),
        format!("Server can't set maximum open files to {wanted} because of OS error: {why}."),
        format!(
            "Current maximum open files is {best}. maxclients has been reduced to {fewer} to \
             compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'."
        ),
    ];
    Ok(Files { clients: fewer, most, lines: lines.map(|text| (Level::Warning, text)).into() })
}

/// The limit of this process, and what it may be raised to.
#[cfg(target_os = "linux")]
fn limits() -> (u64, u64) {
    use rustix::process::{Resource, getrlimit};
    let limit = getrlimit(Resource::Nofile);
    (limit.current.unwrap_or(u64::MAX), limit.maximum.unwrap_or(u64::MAX))
}

/// Raises the limit, and what it may be raised to if that is not enough.
#[cfg(target_os = "linux")]
fn raise(files: u64, most: u64) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = Rlimit { current: Some(files), maximum: Some(files.max(most)) };
    setrlimit(Resource::Nofile, limit)
        .map_err(|error| super::host::words(&std::io::Error::from(error)))
}

/// Only Linux is asked for it.
#[cfg(not(target_os = "linux"))]
const fn limits() -> (u64, u64) {
    (u64::MAX, u64::MAX)
}

/// Only Linux is asked for it.
#[cfg(not(target_os = "linux"))]
const fn raise(_: u64, _: u64) -> Result<(), String> {
    Ok(())
}
