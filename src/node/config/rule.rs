//! What some options ask of a text beyond its being one.
//!
//! A rule takes a value and gives it back as CONFIG GET prints it, or says in Redis' words what is
//! wrong with it: the same at the start and by CONFIG SET. *Source*: Redis 7.2 · config.c ·
//! isValidDBfilename, isValidShutdownOnSigFlags, isValidProcTitleTemplate,
//! setConfigOOMScoreAdjValuesOption.

/// How an option takes a text.
pub(super) type Rule = fn(&str) -> Result<String, String>;

/// `dbfilename`: a name without a folder.
pub(super) fn file_name(value: &str) -> Result<String, String> {
    if value.contains(['/', '\\']) {
        return Err("dbfilename can't be a path, just a filename".to_owned());
    }
    Ok(value.to_owned())
}

/// `unixsocketperm`: the bits of a file's mode.
pub(in crate::node) fn file_mode(value: &str) -> Result<String, String> {
    match i64::from_str_radix(value, 8) {
        Ok(mode @ 0..=0o777) => Ok(format!("{mode:o}")),
        Ok(_) => Err("argument must be between 0 and 777 inclusive".to_owned()),
        Err(_) => Err("argument couldn't be parsed as an octal number".to_owned()),
    }
}

/// `appendonly` and `cluster-enabled`: what is not there is not promised.
pub(in crate::node) fn never(value: &str) -> Result<String, String> {
    unless_yes(value, "only 'no' is supported by this server")
}

/// `activedefrag`: as of a server that was built without Redis' own allocator.
pub(in crate::node) fn without_defrag(value: &str) -> Result<String, String> {
    unless_yes(
        value,
        "Active defragmentation cannot be enabled: it requires a Redis server compiled with a \
         modified Jemalloc like the one shipped by default with the Redis source distribution",
    )
}

fn unless_yes(value: &str, why: &str) -> Result<String, String> {
    match value.to_ascii_lowercase().as_str() {
        "no" => Ok("no".to_owned()),
        "yes" => Err(why.to_owned()),
        _ => Err("argument must be 'yes' or 'no'".to_owned()),
    }
}

/// `oom-score-adj-values`: of a master, of a replica, of a child.
pub(in crate::node) fn oom_scores(value: &str) -> Result<String, String> {
    let words: Vec<&str> = value.split(' ').collect();
    if words.len() != 3 {
        return Err("wrong number of arguments".to_owned());
    }
    let score = |word: &str| word.parse().ok().filter(|score| (-2_000..=2_000).contains(score));
    let scores: Option<Vec<i64>> = words.into_iter().map(score).collect();
    let scores = scores.ok_or_else(|| {
        "Invalid oom-score-adj-values, elements must be between -2000 and 2000.".to_owned()
    })?;
    Ok(scores.iter().map(i64::to_string).collect::<Vec<_>>().join(" "))
}

/// `shutdown-on-sigint`, `shutdown-on-sigterm`: the words of SHUTDOWN.
pub(in crate::node) fn shutdown_words(value: &str) -> Result<String, String> {
    let lower = value.to_ascii_lowercase();
    let given: Vec<&str> = lower.split(' ').collect();
    let words = ["save", "nosave", "now", "force"];
    if !given.iter().all(|word| *word == "default" || words.contains(word)) {
        return Err("argument(s) must be one of the following: default, save, nosave, now, force"
            .to_owned());
    }
    if given.contains(&"save") && given.contains(&"nosave") {
        return Err("shutdown options SAVE and NOSAVE can't be used simultaneously".to_owned());
    }
    let kept: Vec<&str> = words.into_iter().filter(|word| given.contains(word)).collect();
    Ok(if kept.is_empty() { "default".to_owned() } else { kept.join(" ") })
}

/// `proc-title-template`: something must be left of it when its variables have their values.
pub(in crate::node) fn title_template(value: &str) -> Result<String, String> {
    match expanded(value) {
        Some(title) if !title.trim_matches(' ').is_empty() => Ok(value.to_owned()),
        Some(_) | None => {
            Err("template format is invalid or contains unknown variables".to_owned())
        }
    }
}

/// The template with a word for every variable that has a value; `{{` is a brace.
fn expanded(template: &str) -> Option<String> {
    let (mut text, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        text += before;
        if let Some(after) = after.strip_prefix('{') {
            text.push('{');
            rest = after;
            continue;
        }
        let (name, after) = after.split_once('}')?;
        text += match name {
            // Redis tries a template without a title, and mostly without a socket file; only a
            // cluster's server and a sentinel have a mode.
            "title" | "unixsocket" | "server-mode" => "",
            "listen-addr" | "port" | "tls-port" | "config-file" => name,
            _ => return None,
        };
        rest = after;
    }
    Some(text + rest)
}

/// `cluster-announce-hostname`: nothing, or letters, digits, hyphens and dots.
pub(in crate::node) fn hostname(value: &str) -> Result<String, String> {
    if value.len() >= 256 {
        return Err("Hostnames must be less than 256 characters".to_owned());
    }
    if !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)) {
        return Err(
            "Hostnames may only contain alphanumeric characters, hyphens or dots".to_owned()
        );
    }
    Ok(value.to_owned())
}
