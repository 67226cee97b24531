//! The encryption context as a header carries it ("AAD").

use std::collections::HashSet;

use super::{EncryptionContext, MessageError};

use super::reader::Reader;

const FIELD: &str = "encryption context";

/// The header's encryption context, checked but not copied.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeaderAad<'a> {
    /// The key value pairs, without their count.
    entries: &'a [u8],
}

impl<'a> HeaderAad<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, MessageError> {
        let serialised = reader.take_u16_prefixed(FIELD)?;
        //= data-format/message-header.md#key-value-pairs
        //# When the encryption context is empty, this field MUST NOT be included in the AAD.
        if serialised.is_empty() {
            return Ok(Self { entries: &[] });
        }
        let mut pairs = Reader::new(serialised);
        let count = pairs.take_u16(FIELD)?;
        //= framework/structures.md#key-value-pair-count
        //# The value of this field MUST be greater than 0.
        if count == 0 {
            return Err(MessageError::Malformed { field: FIELD });
        }
        let start = pairs.position();
        let mut previous_key = None;
        let mut is_ascending = true;
        for _ in 0..count {
            let (key, _) = read_pair(&mut pairs)?;
            is_ascending &= previous_key < Some(key);
            previous_key = Some(key);
        }
        if !pairs.is_at_end() {
            return Err(MessageError::Malformed { field: FIELD });
        }
        let aad = Self { entries: pairs.since(start) };
        //= framework/structures.md#key-value-pair-entries
        //# This sequence MUST NOT contain duplicate entries.
        // Another order than the required one is harmless (the header authenticates as it stands), and other
        // implementations read it. Ascending keys are distinct without a further look.
        if !is_ascending {
            let mut keys = HashSet::new();
            if !aad.pairs().all(|(key, _)| keys.insert(key)) {
                return Err(MessageError::DuplicateContextKey);
            }
        }
        Ok(aad)
    }

    pub(super) fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut reader = Reader::new(self.entries);
        // `read` has been through all of them, so that the only error here is the end.
        std::iter::from_fn(move || read_pair(&mut reader).ok())
    }

    pub(super) fn to_encryption_context(self) -> EncryptionContext {
        self.pairs().collect()
    }
}

fn read_pair<'a>(reader: &mut Reader<'a>) -> Result<(&'a str, &'a str), MessageError> {
    let key = reader.take_u16_prefixed(FIELD)?;
    let value = reader.take_u16_prefixed(FIELD)?;
    match (std::str::from_utf8(key), std::str::from_utf8(value)) {
        (Ok(key), Ok(value)) => Ok((key, value)),
        _ => Err(MessageError::Malformed { field: FIELD }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<EncryptionContext, MessageError> {
        let mut reader = Reader::new(bytes);
        let aad = HeaderAad::read(&mut reader)?;
        assert!(reader.is_at_end());
        Ok(aad.to_encryption_context())
    }

    #[test]
    fn an_empty_context_has_no_count() {
        assert_eq!(read(&[0, 0]), Ok(EncryptionContext::empty()));
        assert_eq!(read(&[0, 2, 0, 0]), Err(MessageError::Malformed { field: FIELD }));
        assert_eq!(read(&[0, 1, 0]), Err(MessageError::Truncated { field: FIELD }));
    }

    #[test]
    fn the_count_must_be_the_number_of_pairs() {
        assert_eq!(read(b"\0\x0C\0\x02\0\x01a\0\0\0\x01b\0\0").map(|context| context.len()), Ok(2));
        assert_eq!(read(b"\0\x0C\0\x01\0\x01a\0\0\0\x01b\0\0"), Err(MessageError::Malformed { field: FIELD }));
        assert_eq!(read(b"\0\x0C\0\x03\0\x01a\0\0\0\x01b\0\0"), Err(MessageError::Truncated { field: FIELD }));
    }

    #[test]
    fn pairs_in_another_order_are_read() {
        let expected = EncryptionContext::from_iter([("a", ""), ("b", "")]);
        assert_eq!(read(b"\0\x0C\0\x02\0\x01b\0\0\0\x01a\0\0"), Ok(expected));
    }

    #[test]
    fn a_key_that_occurs_twice_is_refused_wherever_it_stands() {
        assert_eq!(read(b"\0\x0C\0\x02\0\x01a\0\0\0\x01a\0\0"), Err(MessageError::DuplicateContextKey));
        assert_eq!(read(b"\0\x11\0\x03\0\x01a\0\0\0\x01b\0\0\0\x01a\0\0"), Err(MessageError::DuplicateContextKey));
    }

    #[test]
    fn keys_and_values_must_be_utf8() {
        assert_eq!(read(b"\0\x07\0\x01\0\x01\xFF\0\0"), Err(MessageError::Malformed { field: FIELD }));
        assert_eq!(read(b"\0\x08\0\x01\0\x01a\0\x01\xFF"), Err(MessageError::Malformed { field: FIELD }));
    }
}
