//! The first line of everything that has a length: `*3`, `$5`; and commands, which are made of such
//! things alone.

/// Appends a header to `out`.
pub(super) fn push_header(kind: u8, length: usize, out: &mut Vec<u8>) {
    if length < 10 {
        out.extend_from_slice(&[kind, b'0' + length as u8, b'\r', b'\n']);
        return;
    }
    out.push(kind);
    out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Appends `args` to `out` as an array of bulk strings: the form in which a client sends and in
/// which the stream carries.
pub fn encode_command<A: AsRef<[u8]>>(args: &[A], out: &mut Vec<u8>) {
    push_header(b'*', args.len(), out);
    for arg in args {
        let arg = arg.as_ref();
        push_header(b'$', arg.len(), out);
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
}

/// Takes the header `<kind><number>` from the beginning of `rest`, if the number is short.
pub(super) fn short_number(kind: u8, rest: &mut &[u8]) -> Option<usize> {
    // Nearly all are of one digit.
    if let [first, digit @ b'0'..=b'9', b'\r', _, after @ ..] = *rest
        && *first == kind
    {
        *rest = after;
        return Some(usize::from(digit - b'0'));
    }
    let digits = rest.strip_prefix(&[kind])?;
    let mut number = 0;
    for (index, &byte) in digits.iter().enumerate().take(SHORT_DIGITS_MAX + 1) {
        match byte {
            b'\r' if index > 0 => {
                *rest = digits.get(index + 2..)?;
                return Some(number);
            }
            // A zero that others follow.
            _ if index > 0 && number == 0 => return None,
            b'0'..=b'9' => number = number * 10 + usize::from(byte - b'0'),
            _ => return None,
        }
    }
    None
}

/// How many digits a short number has at most.
const SHORT_DIGITS_MAX: usize = 4;
