//! Bounds of JSON that is read as a stream, whatever it holds.

use std::io::{self, Read};

/// Passes bytes on until they ask for memory: a text, a number or a depth beyond what any record has.
///
/// `serde_json` holds one text at a time, and a byte for each level, however long or deep they are.
#[derive(Debug)]
pub(super) struct Guard<R> {
    inner: R,
    depth: usize,
    state: State,
    /// The bytes of the text or of the number, so far.
    len: usize,
    /// Said again to whoever goes on reading.
    exceeded: Option<Limit>,
}

/// What was too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Limit {
    #[error("a text of more than {} MiB", MAX_TEXT_BYTES / 1024 / 1024)]
    Text,
    #[error("a number of more than {MAX_NUMBER_BYTES} digits")]
    Number,
    #[error("more than {MAX_DEPTH} levels")]
    Depth,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Numbers and words, and what is between values.
    Plain,
    Text,
    Escape,
}

impl<R> Guard<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, depth: 0, state: State::Plain, len: 0, exceeded: None }
    }

    fn pass(&mut self, byte: u8) -> Result<(), Limit> {
        match (self.state, byte) {
            (State::Plain, b'"') => (self.state, self.len) = (State::Text, 0),
            (State::Plain, b'{' | b'[') => {
                (self.depth, self.len) = (self.depth + 1, 0);
                if self.depth > MAX_DEPTH {
                    return Err(Limit::Depth);
                }
            }
            (State::Plain, b'}' | b']') => (self.depth, self.len) = (self.depth.saturating_sub(1), 0),
            (State::Plain, b',' | b':' | b' ' | b'\t' | b'\r' | b'\n') => self.len = 0,
            (State::Plain, _) => {
                self.len += 1;
                if self.len > MAX_NUMBER_BYTES {
                    return Err(Limit::Number);
                }
            }
            (State::Text, b'"') => (self.state, self.len) = (State::Plain, 0),
            (State::Text | State::Escape, byte) => {
                self.state = if self.state == State::Text && byte == b'\\' { State::Escape } else { State::Text };
                self.len += 1;
                if self.len > MAX_TEXT_BYTES {
                    return Err(Limit::Text);
                }
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(limit) = self.exceeded {
            return Err(io::Error::other(limit));
        }
        let len = self.inner.read(buffer)?;
        for byte in buffer.iter().take(len) {
            if let Err(limit) = self.pass(*byte) {
                self.exceeded = Some(limit);
                return Err(io::Error::other(limit));
            }
        }
        Ok(len)
    }
}

/// An on-failure object has a whole event in one text: 6 MB, and a backslash before each of its quotation marks.
const MAX_TEXT_BYTES: usize = 32 * 1024 * 1024;
const MAX_NUMBER_BYTES: usize = 1_024;
/// Less than what `serde_json` takes, so that this is the error.
const MAX_DEPTH: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: impl Read) -> Result<u64, Limit> {
        io::copy(&mut Guard::new(json), &mut io::sink())
            .map_err(|error| *error.get_ref().and_then(|error| error.downcast_ref()).unwrap())
    }

    #[test]
    fn each_limit_is_inclusive() {
        let text = |len| io::Cursor::new([b"\"".to_vec(), vec![b'x'; len], b"\"".to_vec()].concat());
        assert!(read(text(MAX_TEXT_BYTES)).is_ok());
        assert_eq!(read(text(MAX_TEXT_BYTES + 1)), Err(Limit::Text));
        let number = |len: usize| io::Cursor::new(format!("[{}, {}]", "1".repeat(len), "2".repeat(len)));
        assert!(read(number(MAX_NUMBER_BYTES)).is_ok());
        assert_eq!(read(number(MAX_NUMBER_BYTES + 1)), Err(Limit::Number));
        let depth = |depth: usize| io::Cursor::new(format!("{}{}[]", "[".repeat(depth), "]".repeat(depth)));
        assert!(read(depth(MAX_DEPTH)).is_ok());
        assert_eq!(read(depth(MAX_DEPTH + 1)), Err(Limit::Depth));
    }

    #[test]
    fn brackets_and_quotation_marks_within_a_text_count_for_nothing() {
        let text = format!(r#"["\"{}\\", 1]"#, "[".repeat(1_000));
        assert_eq!(read(text.as_bytes()), Ok(text.len() as u64));
    }

    #[test]
    fn a_gigabyte_of_nesting_or_of_one_number_ends_within_the_first_kilobytes() {
        const GIGABYTE: u64 = 1 << 30;
        for (byte, limit) in [(b'[', Limit::Depth), (b'9', Limit::Number), (b'{', Limit::Depth)] {
            let mut endless = io::repeat(byte).take(GIGABYTE);
            assert_eq!(read(endless.by_ref()), Err(limit));
            assert!(GIGABYTE - endless.limit() < 100_000);
        }
    }
}
