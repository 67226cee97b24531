//! Decompression within a bound.

use std::io::Read;

use flate2::bufread::{MultiGzDecoder, ZlibDecoder};

/// Why bytes could not be decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// They begin neither as gzip nor as zlib.
    #[error("it is neither gzip nor zlib")]
    NotCompressed,
    /// They are damaged, end too early, or have something after their end.
    #[error("its compressed form is damaged or cut off")]
    Damaged,
    /// They hold more than is allowed.
    #[error("it is larger than {max} bytes once decompressed")]
    TooLarge {
        /// The most bytes allowed (inclusive).
        max: usize,
    },
}

/// What `compressed`, gzip (also several members) or zlib, holds. Never takes memory for more than `max` bytes of it.
pub(super) fn inflate(compressed: &[u8], max: usize) -> Result<Vec<u8>, InflateError> {
    match *compressed {
        // RFC 1952, 2.3.1: "ID1 = 31 (0x1f), ID2 = 139 (0x8b)"
        [0x1f, 0x8b, ..] => read_within(&mut MultiGzDecoder::new(compressed), compressed.len(), max),
        // RFC 1950, 2.2: "CM = 8", and CMF and FLG "viewed as a 16-bit unsigned integer … is a multiple of 31".
        [cmf, flg, ..] if cmf & 0x0f == 8 && u16::from_be_bytes([cmf, flg]) % 31 == 0 => {
            let mut decoder = ZlibDecoder::new(compressed);
            let content = read_within(&mut decoder, compressed.len(), max)?;
            if decoder.into_inner().is_empty() { Ok(content) } else { Err(InflateError::Damaged) }
        }
        _ => Err(InflateError::NotCompressed),
    }
}

/// Grows by doubling, but not beyond `max`: a vector's own doubling would take up to twice that.
fn read_within(decoder: &mut impl Read, compressed_len: usize, max: usize) -> Result<Vec<u8>, InflateError> {
    let mut content = Vec::new();
    let mut len = compressed_len.saturating_mul(USUAL_RATIO).clamp(LEAST_ROOM, LEAST_ROOM.max(max)).min(max);
    loop {
        content.reserve_exact(len.saturating_sub(content.len()));
        let room = len.saturating_sub(content.len());
        let room = u64::try_from(room).unwrap_or(u64::MAX);
        decoder.take(room).read_to_end(&mut content).map_err(|_| InflateError::Damaged)?;
        if content.len() < len {
            return Ok(content);
        }
        if len >= max {
            // All that is allowed is there: there must not be one byte more.
            return match decoder.read(&mut [0]) {
                Ok(0) => Ok(content),
                Ok(_) => Err(InflateError::TooLarge { max }),
                Err(_) => Err(InflateError::Damaged),
            };
        }
        len = len.saturating_mul(2).min(max);
    }
}

/// Activity records compress to about a fifth.
const USUAL_RATIO: usize = 6;
/// The least room to begin with, in bytes.
const LEAST_ROOM: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(content: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn both_forms_and_several_members_are_read() {
        assert_eq!(inflate(&gzip(b"content"), 100).unwrap(), b"content");
        assert_eq!(inflate(&zlib(b"content"), 100).unwrap(), b"content");
        assert_eq!(inflate(&[gzip(b"two "), gzip(b"members")].concat(), 100).unwrap(), b"two members");
        assert_eq!(inflate(&zlib(b""), 100).unwrap(), b"");
    }

    #[test]
    fn the_bound_is_inclusive_and_bounds_memory_too() {
        for (len, accepted) in
            [(4_095, true), (4_096, true), (4_097, false), (9_999, true), (10_000, true), (10_001, false)]
        {
            let max = if len < 5_000 { 4_096 } else { 10_000 };
            for compressed in [gzip(&vec![b'x'; len]), zlib(&vec![b'x'; len])] {
                match inflate(&compressed, max) {
                    Ok(content) => assert!(accepted && content.len() == len && content.capacity() <= max, "{len}"),
                    Err(error) => assert!(!accepted && error == InflateError::TooLarge { max }, "{len}: {error}"),
                }
            }
        }
    }

    #[test]
    fn what_is_not_compressed_or_not_whole_is_refused() {
        for plain in [&b""[..], b"x", b"{\"type\":1}"] {
            assert_eq!(inflate(plain, 100), Err(InflateError::NotCompressed));
        }
        for compressed in [gzip(b"content"), zlib(b"content")] {
            let cut = &compressed[..compressed.len() - 1];
            assert_eq!(inflate(cut, 100), Err(InflateError::Damaged));
            assert_eq!(inflate(&[&compressed, &b"more"[..]].concat(), 100), Err(InflateError::Damaged));
        }
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_back(content in prop::collection::vec(any::<u8>(), 0..20_000)) {
            prop_assert_eq!(&inflate(&gzip(&content), 20_000).unwrap(), &content);
            prop_assert_eq!(&inflate(&zlib(&content), 20_000).unwrap(), &content);
        }

        #[test]
        fn no_bytes_panic(mut bytes in prop::collection::vec(any::<u8>(), 2..200), is_gzip: bool) {
            bytes[0] = if is_gzip { 0x1f } else { 0x78 };
            bytes[1] = if is_gzip { 0x8b } else { 0x9c };
            let _ = inflate(&bytes, 1_000);
        }
    }
}
