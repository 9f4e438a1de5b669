//! The first line of a script, `#!lua name=mylib flags=no-writes`, and what its flags mean.
//! *Source*: Redis 7.2 · eval.c · evalExtractShebangFlags; function.c ·
//! functionExtractLibMetaData.

use crate::resp::split_words;

/// A function of a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What it does, in its author's words.
    pub description: Option<String>,
    /// What it says of itself.
    pub flags: Flags,
}

/// What a script or a function says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// It says nothing.
    pub const NONE: Self = Self(0);
    /// It writes nothing.
    pub const NO_WRITES: Self = Self(1);
    /// It may run without memory to spare.
    pub const ALLOW_OOM: Self = Self(1 << 1);
    /// It may run on a replica that has lost its master.
    pub const ALLOW_STALE: Self = Self(1 << 2);
    /// It may not run in a cluster.
    pub const NO_CLUSTER: Self = Self(1 << 3);
    /// Its keys may be anywhere in a cluster.
    pub const CROSS_SLOT: Self = Self(1 << 4);

    /// Every flag with its name, in Redis' order.
    pub const NAMES: [(Self, &'static str); 5] = [
        (Self::NO_WRITES, "no-writes"),
        (Self::ALLOW_OOM, "allow-oom"),
        (Self::ALLOW_STALE, "allow-stale"),
        (Self::NO_CLUSTER, "no-cluster"),
        (Self::CROSS_SLOT, "allow-cross-slot-keys"),
    ];

    /// The flag of this name.
    pub fn named(name: &[u8]) -> Option<Self> {
        let mut known = Self::NAMES.into_iter();
        known.find(|(_, known)| known.as_bytes() == name).map(|(flag, _)| flag)
    }

    /// Both sets together.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True if every flag of `other` is in this set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A script's first line, if it begins with `#!`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shebang {
    /// What it says of itself; none for a script that does not begin so.
    pub flags: Option<Flags>,
    /// How many bytes it takes. The line break behind it stays, so that lines keep their numbers.
    pub len: usize,
}

impl Shebang {
    /// Reads the first line of a script for EVAL.
    pub fn of_script(source: &[u8]) -> Result<Self, String> {
        if !source.starts_with(b"#!") {
            return Ok(Self::default());
        }
        let len = source.iter().position(|&byte| byte == b'\n');
        let Some(len) = len else { return Err("Invalid script shebang".into()) };
        let words = split_words(&source[..len]).ok_or("Invalid engine in script shebang")?;
        let mut words = words.into_iter();
        let engine = words.next().unwrap_or_default();
        if engine != b"#!lua" {
            let engine = String::from_utf8_lossy(&engine).into_owned();
            return Err(format!("Unexpected engine in script shebang: {engine}"));
        }
        let mut flags = Flags::NONE;
        for word in words {
            let Some(names) = word.strip_prefix(b"flags=") else {
                let word = String::from_utf8_lossy(&word);
                return Err(format!("Unknown lua shebang option: {word}"));
            };
            for name in names.split(|byte| *byte == b',').filter(|name| !name.is_empty()) {
                let Some(flag) = Flags::named(name) else {
                    let name = String::from_utf8_lossy(name);
                    return Err(format!("Unexpected flag in script shebang: {name}"));
                };
                flags = flags.and(flag);
            }
        }
        Ok(Self { flags: Some(flags), len })
    }
}

/// Reads the first line of a library: its name, and the length of the line.
pub fn library_name(source: &[u8]) -> Result<(String, usize), String> {
    if !source.starts_with(b"#!") {
        return Err("Missing library metadata".into());
    }
    let len = source.iter().position(|&byte| byte == b'\n');
    let Some(len) = len else { return Err("Invalid library metadata".into()) };
    let words = split_words(&source[..len]).ok_or("Invalid library metadata")?;
    let mut words = words.into_iter();
    let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
    let engine = words.next().map(|word| text(&word[2..])).unwrap_or_default();
    let mut name = None;
    for word in words {
        let is_name = word.get(..5).is_some_and(|key| key.eq_ignore_ascii_case(b"name="));
        if !is_name {
            return Err(format!("Invalid metadata value given: {}", text(&word)));
        }
        if name.replace(text(&word[5..])).is_some() {
            return Err("Invalid metadata value, name argument was given multiple times".into());
        }
    }
    let name = name.ok_or("Library name was not given")?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(fits) {
        return Err("Library names can only contain letters, numbers, or underscores(_) and must \
                    be at least one character long"
            .into());
    }
    if !engine.eq_ignore_ascii_case("lua") {
        return Err(format!("Engine '{engine}' not found"));
    }
    Ok((name, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_declares_its_flags() {
        let read = |text: &str| Shebang::of_script(text.as_bytes());
        assert_eq!(read("return 1"), Ok(Shebang::default()));
        let flags = Flags::NO_WRITES.and(Flags::ALLOW_STALE);
        let line = "#!lua flags=no-writes,allow-stale";
        let wanted = Shebang { flags: Some(flags), len: line.len() };
        assert_eq!(read(&format!("{line}\nreturn 1")), Ok(wanted));
        assert_eq!(read("#!lua"), Err("Invalid script shebang".into()));
        let error = read("#!lua flags=x\n").unwrap_err();
        assert_eq!(error, "Unexpected flag in script shebang: x");
    }
}
