//! A JSON text, read from front to back: as much of JSON as an event is written in, at the speed of its memory.

use std::ops::Range;

use serde::de::{Deserialize, IgnoredAny};

/// A JSON text and how far it is read. Strings without escapes are places in the text, so that nothing is copied, and what the text
/// holds in base64 can be decoded where it stands.
///
/// Anything out of the ordinary (escapes, numbers, nested values that nobody needs) is left to `serde_json`, from its first byte on.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    json: &'a mut [u8],
    at: usize,
}

/// The text is not JSON, at this byte (counted from 0). Says no more: what stands there may be content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotJson {
    pub(super) at: usize,
}

/// A string of the text.
#[derive(Clone, Debug)]
pub(super) enum Text {
    /// It stands there as it is.
    Plain(Range<usize>),
    /// It stands there with escapes.
    Unescaped(String),
}

impl Text {
    /// Where it stands as it is.
    pub(super) fn place(&self) -> Option<Range<usize>> {
        match self {
            Self::Plain(place) => Some(place.clone()),
            Self::Unescaped(_) => None,
        }
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn new(json: &'a mut [u8]) -> Self {
        Self { json, at: 0 }
    }

    /// The next byte that is not white space, without taking it. `None` at the end.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.json.get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    /// Takes an object, from its brace on. `member` gets each name, and takes the value that comes next.
    pub(super) fn object<E: From<NotJson>>(
        &mut self,
        mut member: impl FnMut(&mut Self, &Text) -> Result<(), E>,
    ) -> Result<(), E> {
        self.sequence(b'{', b'}', |scanner| {
            let name = scanner.string()?;
            scanner.take(b':')?;
            member(scanner, &name)
        })
    }

    /// Takes an array, from its bracket on. `element` takes each element.
    pub(super) fn array<E: From<NotJson>>(&mut self, element: impl FnMut(&mut Self) -> Result<(), E>) -> Result<(), E> {
        self.sequence(b'[', b']', element)
    }

    fn sequence<E: From<NotJson>>(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.take(open)?;
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self)?;
            if self.peek() == Some(close) {
                self.at += 1;
                return Ok(());
            }
            self.take(b',')?;
        }
    }

    /// Takes a string, from its quote on.
    pub(super) fn string(&mut self) -> Result<Text, NotJson> {
        match self.plain_string(plain_len)? {
            Some(place) => Ok(Text::Plain(place)),
            None => self.with_serde_json().map(Text::Unescaped),
        }
    }

    /// As [`string`](Self::string), for one that is long and will be decoded as base64, which knows no control characters.
    pub(super) fn base64_string(&mut self) -> Result<Text, NotJson> {
        match self.plain_string(|text| memchr::memchr2(b'"', b'\\', text))? {
            Some(place) => Ok(Text::Plain(place)),
            None => self.with_serde_json().map(Text::Unescaped),
        }
    }

    /// Takes the next value, whatever it is.
    pub(super) fn skip(&mut self) -> Result<(), NotJson> {
        if self.peek() == Some(b'"') && self.plain_string(plain_len)?.is_some() {
            return Ok(());
        }
        self.with_serde_json::<IgnoredAny>().map(drop)
    }

    /// Takes a string if its `plain_len` ends with a quote. `None` if something else ends it.
    fn plain_string(
        &mut self,
        plain_len: impl FnOnce(&[u8]) -> Option<usize>,
    ) -> Result<Option<Range<usize>>, NotJson> {
        if self.peek() != Some(b'"') {
            return Err(self.not_json());
        }
        let start = self.at + 1;
        let len = self.json.get(start..).and_then(plain_len).ok_or(NotJson { at: self.json.len() })?;
        let end = start + len;
        if self.json.get(end) != Some(&b'"') {
            return Ok(None);
        }
        self.at = end + 1;
        Ok(Some(start..end))
    }

    /// Takes a number of the kind `1545084650.987`, as a count of thousandths. `None`, with nothing taken, for any other.
    pub(super) fn take_thousandths(&mut self) -> Option<u64> {
        self.peek()?;
        let mut thousandths: u64 = 0;
        let mut decimals = None;
        let mut end = self.at;
        loop {
            match *self.json.get(end)? {
                digit @ b'0'..=b'9' => {
                    thousandths = thousandths.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
                    decimals = decimals.map(|count: u32| count + 1);
                }
                b'.' if decimals.is_none() => decimals = Some(0),
                b',' | b'}' => break,
                _ => return None,
            }
            end += 1;
        }
        // JSON has no leading zeros, and at least one digit on each side of a point.
        let plain = matches!(self.json.get(self.at), Some(b'1'..=b'9')) && decimals != Some(0);
        let missing = 3_u32.checked_sub(decimals.unwrap_or(0))?;
        let thousandths = thousandths.checked_mul(10_u64.pow(missing))?;
        // Well below where a float loses thousandths, so that whoever reads floats agrees.
        let plain = plain && thousandths < 1 << 50;
        if plain {
            self.at = end;
        }
        plain.then_some(thousandths)
    }

    /// Takes the next value as `serde_json` reads it.
    pub(super) fn with_serde_json<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T, NotJson> {
        let rest = self.json.get(self.at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter();
        // Its error's words may quote the text.
        let value = values.next().and_then(Result::ok).ok_or(NotJson { at: self.at })?;
        self.at += values.byte_offset();
        Ok(value)
    }

    /// How far the text is read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Forgets what was read from `at` on.
    pub(super) fn go_back_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Takes the bytes that stand at `earlier`. `None`, with nothing taken, if others come.
    pub(super) fn take_same(&mut self, earlier: &Range<usize>) -> Option<()> {
        let end = self.at.checked_add(earlier.len())?;
        let same = self.json.get(self.at..end)? == self.json.get(earlier.clone())?;
        same.then(|| self.at = end)
    }

    /// Takes what is left of a string whose quote was taken, up to its second quote, which stays. `None` if it has escapes.
    pub(super) fn rest_of_string(&mut self) -> Option<Text> {
        self.up_to_quote(plain_len)
    }

    /// As [`rest_of_string`](Self::rest_of_string), for base64.
    pub(super) fn rest_of_base64(&mut self) -> Option<Text> {
        self.up_to_quote(|text| memchr::memchr2(b'"', b'\\', text))
    }

    fn up_to_quote(&mut self, plain_len: impl FnOnce(&[u8]) -> Option<usize>) -> Option<Text> {
        let start = self.at;
        let end = start + self.json.get(start..).and_then(plain_len)?;
        (self.json.get(end) == Some(&b'"')).then(|| {
            self.at = end;
            Text::Plain(start..end)
        })
    }

    /// Takes the rest, which has to be empty.
    pub(super) fn end(&mut self) -> Result<(), NotJson> {
        self.peek().map_or(Ok(()), |_byte| Err(self.not_json()))
    }

    /// The bytes of `text`. Those of a plain one are not known to be UTF-8.
    pub(super) fn bytes<'t>(&'t self, text: &'t Text) -> &'t [u8] {
        match text {
            Text::Plain(place) => self.bytes_at(place),
            Text::Unescaped(text) => text.as_bytes(),
        }
    }

    /// The bytes at `place`.
    pub(super) fn bytes_at(&self, place: &Range<usize>) -> &[u8] {
        self.json.get(place.clone()).unwrap_or_default()
    }

    /// The bytes at `place`, to be decoded there.
    pub(super) fn bytes_mut(&mut self, place: Range<usize>) -> &mut [u8] {
        self.json.get_mut(place).unwrap_or_default()
    }

    pub(super) fn not_json(&self) -> NotJson {
        NotJson { at: self.at }
    }

    fn take(&mut self, byte: u8) -> Result<(), NotJson> {
        if self.peek() != Some(byte) {
            return Err(self.not_json());
        }
        self.at += 1;
        Ok(())
    }
}

/// How many bytes of `text` stand for themselves, up to a quote, a backslash or a control character. `None` if no such comes.
///
/// Names and short values are most of an event's strings: eight bytes at a time, without a call.
fn plain_len(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH_BITS: u64 = ONES << 7;
    const QUOTES: u64 = ONES * b'"' as u64;
    const BACKSLASHES: u64 = ONES * b'\\' as u64;
    const FIRST_PRINTABLES: u64 = ONES * b' ' as u64;
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The high bit of each byte that is zero, or below a bound: exact up to the first, and nobody asks beyond.
        let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
        let specials = zeros(word ^ QUOTES) | zeros(word ^ BACKSLASHES) | (word.wrapping_sub(FIRST_PRINTABLES) & !word);
        let specials = specials & HIGH_BITS;
        if specials != 0 {
            return Some(index * 8 + specials.trailing_zeros() as usize / 8);
        }
    }
    let in_rest = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '))?;
    Some(words.len() * 8 + in_rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_part_of_a_string_ends_at_each_special_byte_at_each_place() {
        for len in 0..40_usize {
            let before: Vec<u8> =
                (0..len).map(|index| [b'a', 0x7F, 0x80, 0xFF, b'!', b'#', b'[', b']'][index % 8]).collect();
            assert_eq!(plain_len(&before), None);
            for special in (0..0x20).chain([b'"', b'\\']) {
                for after in [&b""[..], b"\"", b"aaaaaaaaaaaaaaa\"\\\0", b"!!!!!!!!!!!!!!!!"] {
                    let text = [&before[..], &[special], after].concat();
                    assert_eq!(plain_len(&text), Some(len), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_json_is_told_by_its_place_alone() {
        for (json, at) in [
            (&b"{\"a\" \"patient\"}"[..], 5),
            (b"{\"a\":patient}", 5),
            (b"{\"patient", 9),
            (b"{\"a\":\"pa\\tient\x01\"}", 5),
            (b"{\"a\":1 \"b\":2}", 7),
            (b"{patient:1}", 1),
            (b"{\"a\":1,}", 7),
            (b"", 0),
        ] {
            let mut json = json.to_vec();
            let mut scanner = Scanner::new(&mut json);
            let outcome = scanner.object(|scanner, _name| scanner.skip());
            assert_eq!(outcome, Err(NotJson { at }), "{}", String::from_utf8_lossy(&json));
        }
    }
}
