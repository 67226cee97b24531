//! Where a partition key lies among the shards.

use md5::{Digest as _, Md5};

/// A record's hash key: the 128-bit number whose place in the shards' hash-key ranges decides the shard.
/// <https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html#partition-key>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashKey(pub(crate) u128);

impl HashKey {
    /// "An MD5 hash function is used to map partition keys to 128-bit integer values" (big-endian).
    #[must_use]
    pub fn of_partition_key(partition_key: &str) -> Self {
        let digest: [u8; 16] = Md5::digest(partition_key.as_bytes()).into();
        Self(u128::from_be_bytes(digest))
    }

    /// The number.
    #[must_use]
    pub fn as_u128(self) -> u128 {
        self.0
    }

    /// Reads an explicit hash key; `None` unless it is a decimal number below 2^128 without sign or leading zeros:
    /// the service's pattern is `0|([1-9]\d{0,38})`.
    pub(crate) fn parse(decimal: &str) -> Option<Self> {
        let canonical =
            decimal == "0" || (decimal.bytes().all(|digit| digit.is_ascii_digit()) && !decimal.starts_with('0'));
        if !canonical {
            return None;
        }
        decimal.parse().ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_key_is_hashed_with_md5_read_big_endian() {
        // RFC 1321, A.5: MD5("abc") = 900150983cd24fb0d6963f7d28e17f72
        assert_eq!(HashKey::of_partition_key("abc").0, 0x9001_5098_3cd2_4fb0_d696_3f7d_28e1_7f72);
    }

    #[test]
    fn explicit_hash_keys_are_canonical_decimals_of_128_bits() {
        assert_eq!(HashKey::parse("0"), Some(HashKey(0)));
        assert_eq!(HashKey::parse("340282366920938463463374607431768211455"), Some(HashKey(u128::MAX)));
        for wrong in ["340282366920938463463374607431768211456", "", "01", "+1", "-1", "1 ", "0x1", "٣"] {
            assert_eq!(HashKey::parse(wrong), None, "{wrong:?}");
        }
    }
}
