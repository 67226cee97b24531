//! A short byte string on the stack.

/// Up to `CAPACITY` bytes, put together from parts without allocating.
pub(super) struct ShortBytes<const CAPACITY: usize> {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl<const CAPACITY: usize> ShortBytes<CAPACITY> {
    /// The parts one after the other. Parts that exceed the capacity are left out, which a debug build refuses: the callers'
    /// parts have fixed greatest lengths, and what is left out authenticates nothing.
    #[inline]
    pub(super) fn concat<const N: usize>(parts: [&[u8]; N]) -> Self {
        let mut bytes = [0; CAPACITY];
        let mut len = 0;
        for part in parts {
            let end = len + part.len();
            debug_assert!(end <= CAPACITY);
            if let Some(space) = bytes.get_mut(len..end) {
                space.copy_from_slice(part);
                len = end;
            }
        }
        Self { bytes, len }
    }
}

impl<const CAPACITY: usize> AsRef<[u8]> for ShortBytes<CAPACITY> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
