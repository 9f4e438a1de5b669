//! From arguments to a handler, and the refusals on the way.

use super::{Call, Refusal, Spec};
use crate::resp::{Bytes, Reply};

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
pub fn unknown_command(args: &[Bytes]) -> Refusal {
    // As C prints them: a zero byte ends a text.
    let clip = |text: &[u8], room: usize| {
        let text = text.split(|&byte| byte == 0).next().unwrap_or(text);
        String::from_utf8_lossy(&text[..text.len().min(room)]).into_owned()
    };
    let name = args.first().map_or_else(String::new, |name| clip(name, 128));
    let mut shown = String::new();
    for arg in &args[1.min(args.len())..] {
        if shown.len() >= 128 {
            break;
        }
        let text = clip(arg, 128 - shown.len());
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
