//! Reading big-endian fields off the front of a byte string.

use super::MessageError;

/// A place in a byte string. Whatever is taken is really there; nothing is copied.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, rest: bytes }
    }

    /// Takes `len` bytes of `field`, which names the field in errors.
    #[inline]
    pub(super) fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8], MessageError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(MessageError::Truncated { field })?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    pub(super) fn take_array<const N: usize>(&mut self, field: &'static str) -> Result<&'a [u8; N], MessageError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(MessageError::Truncated { field })?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    pub(super) fn take_u8(&mut self, field: &'static str) -> Result<u8, MessageError> {
        self.take_array::<1>(field).map(|[byte]| *byte)
    }

    #[inline]
    pub(super) fn take_u16(&mut self, field: &'static str) -> Result<u16, MessageError> {
        self.take_array(field).copied().map(u16::from_be_bytes)
    }

    #[inline]
    pub(super) fn take_u32(&mut self, field: &'static str) -> Result<u32, MessageError> {
        self.take_array(field).copied().map(u32::from_be_bytes)
    }

    #[inline]
    pub(super) fn take_u64(&mut self, field: &'static str) -> Result<u64, MessageError> {
        self.take_array(field).copied().map(u64::from_be_bytes)
    }

    /// Takes a two-byte length and as many bytes.
    #[inline]
    pub(super) fn take_u16_prefixed(&mut self, field: &'static str) -> Result<&'a [u8], MessageError> {
        let len = self.take_u16(field)?;
        self.take(usize::from(len), field)
    }

    /// The number of bytes taken so far, to be given to [`Self::since`].
    #[inline]
    pub(super) fn position(&self) -> usize {
        self.bytes.len() - self.rest.len()
    }

    /// Everything taken since `start`, as one slice.
    #[inline]
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        // Never the default: `start` was a position of this reader, and positions only grow.
        self.bytes.get(start..self.position()).unwrap_or_default()
    }

    #[inline]
    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: &str = "field";

    #[test]
    fn a_field_may_end_with_the_bytes_but_not_beyond_them() {
        assert_eq!(Reader::new(&[1, 2, 3]).take(2, FIELD), Ok([1, 2].as_slice()));
        assert_eq!(Reader::new(&[1, 2, 3]).take(3, FIELD), Ok([1, 2, 3].as_slice()));
        assert_eq!(Reader::new(&[1, 2, 3]).take(4, FIELD), Err(MessageError::Truncated { field: FIELD }));
        assert_eq!(Reader::new(&[1, 2, 3]).take(usize::MAX, FIELD), Err(MessageError::Truncated { field: FIELD }));
    }

    #[test]
    fn a_claimed_length_is_not_believed() {
        assert_eq!(Reader::new(&[0, 2, 7, 8]).take_u16_prefixed(FIELD), Ok([7, 8].as_slice()));
        assert_eq!(
            Reader::new(&[0xFF, 0xFF, 7, 8]).take_u16_prefixed(FIELD),
            Err(MessageError::Truncated { field: FIELD })
        );
    }

    #[test]
    fn what_was_taken_is_one_slice() {
        let mut reader = Reader::new(&[1, 2, 3, 4, 5]);
        assert_eq!(reader.take_u8(FIELD), Ok(1));
        let start = reader.position();
        assert_eq!(reader.take_u16(FIELD), Ok(0x0203));
        assert_eq!(reader.take_u8(FIELD), Ok(4));
        assert_eq!(reader.since(start), [2, 3, 4]);
        assert!(!reader.is_at_end());
    }
}
