//! From arguments to a handler, and the refusals on the way.

use super::{Call, Refusal, Spec};
use crate::resp::{Bytes, Reply, bytes_of, clipped};

/// Runs the command of `spec` and turns a refusal into its reply.
pub fn execute(spec: &Spec, call: &mut Call<'_>) -> Reply {
    match (spec.handler)(call) {
        Ok(reply) => reply,
        Err(refusal) => Reply::error(refusal.to_string()),
    }
}

/// Refuses the wrong number of arguments.
pub fn check_arity<H>(spec: &Spec<H>, count: usize) -> Result<(), Refusal> {
    let wanted = spec.arity.unsigned_abs() as usize;
    let fits = if spec.arity < 0 { count >= wanted } else { count == wanted };
    if fits { Ok(()) } else { Err(Refusal::Arity(spec.name.to_owned())) }
}

/// The refusal of a command that does not exist: its name and the beginning of its arguments.
#[inline(never)]
pub fn unknown_command(args: &[Bytes]) -> Refusal {
    let name = args.first().map_or_else(String::new, |name| clipped(name, 128));
    let (mut shown, mut room) = (String::new(), 128_usize);
    for arg in &args[1.min(args.len())..] {
        if room == 0 {
            break;
        }
        let text = clipped(arg, room);
        room = room.saturating_sub(bytes_of(&text).len() + "'' ".len());
        shown += &format!("'{text}' ");
    }
    Refusal::Other(format!("ERR unknown command '{name}', with args beginning with: {shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_command_is_quoted_with_its_arguments() {
        let args = ["foo", "a", "b"].map(|word| Bytes::from(word.as_bytes()));
        let text = "ERR unknown command 'foo', with args beginning with: 'a' 'b' ";
        assert_eq!(unknown_command(&args).to_string(), text);
    }
}
