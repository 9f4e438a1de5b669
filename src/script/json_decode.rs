//! JSON as values. *Source*: Redis 7.2 · deps/lua/src/lua_cjson.c · json_process_value.

use rilua::vm::state::LuaState;
use rilua::{LuaError, LuaResult, Val};

use super::json::{NULL, options};
use super::lua::{self, answer};
use super::memory::bounded;

/// A word of JSON.
enum Token {
    Value(Val),
    Text(Vec<u8>),
    Sign(u8),
    End,
    Wrong(&'static str),
}

struct Decoder<'a> {
    text: &'a [u8],
    at: usize,
    /// Where the latest word begins.
    began: usize,
    depth: i64,
    deepest: i64,
    takes_invalid: bool,
}

pub(super) fn decode(state: &mut LuaState) -> LuaResult<u32> {
    if state.top - state.base != 1 {
        return Err(state.arg_error(1, "expected 1 argument"));
    }
    let (text, options) = (state.check_string(1)?, *options(state));
    if text.len() >= 2 && (text[0] == 0 || text[1] == 0) {
        return Err(lua::error("JSON parser does not support UTF-16 or UTF-32"));
    }
    let mut decoder = Decoder {
        text: &text,
        at: 0,
        began: 0,
        depth: 0,
        deepest: options.decode_depth.min(DEEPEST),
        takes_invalid: options.decode_invalid,
    };
    let token = decoder.next();
    let value = decoder.value(state, token)?;
    let end = decoder.next();
    if !matches!(end, Token::End) {
        return Err(decoder.expected("the end", &end));
    }
    Ok(answer(state, value))
}

impl Decoder<'_> {
    fn value(&mut self, state: &mut LuaState, token: Token) -> LuaResult<Val> {
        bounded(state, 0)?;
        match token {
            Token::Value(value) => Ok(value),
            Token::Text(text) => Ok(lua::string(state, &text)),
            Token::Sign(b'{') => self.object(state),
            Token::Sign(b'[') => self.array(state),
            Token::Sign(_) | Token::End | Token::Wrong(_) => Err(self.expected("value", &token)),
        }
    }

    fn object(&mut self, state: &mut LuaState) -> LuaResult<Val> {
        self.descend()?;
        let table = lua::table(state);
        let mut token = self.next();
        if matches!(token, Token::Sign(b'}')) {
            self.depth -= 1;
            return Ok(Val::Table(table));
        }
        loop {
            let Token::Text(key) = token else {
                return Err(self.expected("object key string", &token));
            };
            let colon = self.next();
            if !matches!(colon, Token::Sign(b':')) {
                return Err(self.expected("colon", &colon));
            }
            let key = lua::string(state, &key);
            let first = self.next();
            let value = self.value(state, first)?;
            lua::set(state, table, key, value)?;
            if !self.goes_on(b'}', "comma or object end")? {
                return Ok(Val::Table(table));
            }
            token = self.next();
        }
    }

    fn array(&mut self, state: &mut LuaState) -> LuaResult<Val> {
        self.descend()?;
        let table = lua::table(state);
        let mut token = self.next();
        if matches!(token, Token::Sign(b']')) {
            self.depth -= 1;
            return Ok(Val::Table(table));
        }
        for len in 0.. {
            let value = self.value(state, token)?;
            lua::push_item(state, table, len, value)?;
            if !self.goes_on(b']', "comma or array end")? {
                break;
            }
            token = self.next();
        }
        Ok(Val::Table(table))
    }

    /// True behind a comma, false behind the end.
    fn goes_on(&mut self, end: u8, expected: &str) -> LuaResult<bool> {
        let token = self.next();
        let Token::Sign(sign @ (b',' | b'}' | b']')) = token else {
            return Err(self.expected(expected, &token));
        };
        if sign != b',' && sign != end {
            return Err(self.expected(expected, &token));
        }
        self.depth -= i64::from(sign == end);
        Ok(sign == b',')
    }

    fn descend(&mut self) -> LuaResult<()> {
        self.depth += 1;
        if self.depth > self.deepest {
            return Err(lua::error(format!(
                "Found too many nested data structures ({}) at character {}",
                self.depth, self.at
            )));
        }
        Ok(())
    }

    fn expected(&self, what: &str, found: &Token) -> LuaError {
        let found = match *found {
            Token::Text(_) => "T_STRING",
            Token::Value(Val::Num(_)) => "T_NUMBER",
            Token::Value(Val::Bool(_)) => "T_BOOLEAN",
            Token::Value(_) => "T_NULL",
            Token::Sign(b'{') => "T_OBJ_BEGIN",
            Token::Sign(b'}') => "T_OBJ_END",
            Token::Sign(b'[') => "T_ARR_BEGIN",
            Token::Sign(b']') => "T_ARR_END",
            Token::Sign(b':') => "T_COLON",
            Token::Sign(_) => "T_COMMA",
            Token::End => "T_END",
            Token::Wrong(why) => why,
        };
        let at = self.began + 1;
        lua::error(format!("Expected {what} but found {found} at character {at}"))
    }

    fn next(&mut self) -> Token {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.began = self.at;
        let Some(&byte) = self.text.get(self.at) else { return Token::End };
        match byte {
            b'{' | b'}' | b'[' | b']' | b':' | b',' => {
                self.at += 1;
                Token::Sign(byte)
            }
            b'"' => self.string(),
            b'-' | b'+' | b'0'..=b'9' => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Token {
        let words = [("true", Val::Bool(true)), ("false", Val::Bool(false)), ("null", NULL)];
        for (word, value) in words {
            if self.text[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Token::Value(value);
            }
        }
        let strange = self.text[self.at].to_ascii_lowercase();
        if self.takes_invalid && matches!(strange, b'n' | b'i') {
            return match self.strange_number() {
                Some(number) => Token::Value(Val::Num(number)),
                None => Token::Wrong("invalid token"),
            };
        }
        Token::Wrong("invalid token")
    }

    /// `nan`, `inf` and `infinity`, behind the sign if there is one.
    fn strange_number(&mut self) -> Option<f64> {
        let rest = &self.text[self.at..];
        let (sign, rest) = match rest.first() {
            Some(b'-') => (-1.0, &rest[1..]),
            Some(b'+') => (1.0, &rest[1..]),
            _ => (1.0, rest),
        };
        let begins = |word: &str| {
            rest.get(..word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word.as_bytes()))
        };
        let words = [("infinity", f64::INFINITY), ("inf", f64::INFINITY), ("nan", f64::NAN)];
        let (word, value) = words.into_iter().find(|(word, _)| begins(word))?;
        self.at = self.text.len() - rest.len() + word.len();
        Some(value * sign)
    }

    fn number(&mut self) -> Token {
        if let Some(number) = self.strange_number() {
            return Token::Value(Val::Num(number));
        }
        let rest = &self.text[self.at..];
        let signed = usize::from(matches!(rest[0], b'-' | b'+'));
        let digits = |from: usize| rest[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        if rest[signed..].starts_with(b"0x") || rest[signed..].starts_with(b"0X") {
            let hex = rest[signed + 2..].iter().take_while(|b| b.is_ascii_hexdigit());
            let hex: Vec<u8> = hex.copied().collect();
            let number = hex.iter().fold(0.0, |number, &digit| {
                number * 16.0 + f64::from(char::from(digit).to_digit(16).unwrap_or(0))
            });
            self.at += signed + 2 + hex.len();
            return Token::Value(Val::Num(if rest[0] == b'-' { -number } else { number }));
        }
        let mut end = signed + digits(signed);
        let mut any = end > signed;
        if rest.get(end) == Some(&b'.') {
            let behind = digits(end + 1);
            any |= behind > 0;
            end += 1 + behind;
        }
        if any && matches!(rest.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(end + 1), Some(b'-' | b'+')));
            let exponent = if end + 1 + sign <= rest.len() { digits(end + 1 + sign) } else { 0 };
            if exponent > 0 {
                end += 1 + sign + exponent;
            }
        }
        let text = std::str::from_utf8(&rest[..end]).unwrap_or_default();
        match text.trim_start_matches('+').parse::<f64>() {
            Ok(number) if any => {
                self.at += end;
                Token::Value(Val::Num(number))
            }
            _ => Token::Wrong("invalid number"),
        }
    }

    fn string(&mut self) -> Token {
        let mut out = Vec::new();
        self.at += 1;
        loop {
            let Some(&byte) = self.text.get(self.at) else {
                self.began = self.at;
                return Token::Wrong("unexpected end of string");
            };
            match byte {
                b'"' => {
                    self.at += 1;
                    return Token::Text(out);
                }
                b'\\' => {
                    if let Err(why) = self.escape(&mut out) {
                        self.began = self.at;
                        return Token::Wrong(why);
                    }
                }
                _ => {
                    self.at += 1;
                    out.push(byte);
                }
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        let plain = match self.text.get(self.at + 1) {
            Some(b'b') => 0x08,
            Some(b't') => b'\t',
            Some(b'n') => b'\n',
            Some(b'f') => 0x0c,
            Some(b'r') => b'\r',
            Some(&byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'u') => return self.unicode(out),
            Some(_) => return Err("invalid escape code"),
            None => return Err("unexpected end of string"),
        };
        out.push(plain);
        self.at += 2;
        Ok(())
    }

    fn unicode(&mut self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        const WRONG: &str = "invalid unicode escape code";
        let unit = |at: usize| {
            let digits = self.text.get(at..at + 6)?.strip_prefix(b"\\u")?;
            let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
            u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
        };
        let first = unit(self.at).ok_or(WRONG)?;
        let (code, len) = if (0xD800..0xDC00).contains(&first) {
            let second = unit(self.at + 6).filter(|unit| (0xDC00..0xE000).contains(unit));
            let second = second.ok_or(WRONG)?;
            (0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00), 12)
        } else {
            (first, 6)
        };
        let letter = char::from_u32(code).ok_or(WRONG)?;
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        self.at += len;
        Ok(())
    }
}

/// How deep the decoder may call itself, whatever a script has set.
const DEEPEST: i64 = 1_000;
