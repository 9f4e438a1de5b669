//! What COMMAND notes of a few specifications of keys, in Redis' words.

/// The note of a command's specification of this index.
pub(super) fn of(name: &str, index: usize) -> Option<&'static str> {
    Some(match (name, index) {
        ("bitfield", 0) => "This command allows both access and modification of the key",
        ("eval" | "fcall", 0) => {
            "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE"
        }
        ("eval_ro" | "fcall_ro", 0) => {
            "We cannot tell how the keys will be used so we assume the worst, RO and ACCESS"
        }
        ("getex", 0) => "RW and UPDATE because it changes the TTL",
        ("pfcount", 0) => {
            "RW because it may change the internal representation of the key, and propagate to \
             replicas"
        }
        ("set", 0) => "RW and ACCESS due to the optional `GET` argument",
        ("sort" | "sort_ro", 1) => {
            "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive \
             from the content of the key we sort"
        }
        ("sort", 2) => {
            "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear \
             anywhere in the argument array"
        }
        ("xadd", 0) => "UPDATE instead of INSERT because of the optional trimming feature",
        _ => return None,
    })
}
