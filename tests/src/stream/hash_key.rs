//! Which shard a partition key belongs to.

use md5::{Digest, Md5};

/// The hash key of a partition key.
///
/// > An MD5 hash function is used to map partition keys to 128-bit integer values
/// > <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html>
#[must_use]
pub fn hash_key(partition_key: &str) -> u128 {
    u128::from_be_bytes(Md5::digest(partition_key).into())
}

/// The hash keys of one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashKeyRange {
    /// The lowest, inclusive.
    pub starting: u128,
    /// The highest, inclusive.
    pub ending: u128,
}

impl HashKeyRange {
    /// Every hash key there is.
    pub const ALL: Self = Self { starting: 0, ending: u128::MAX };

    /// All hash keys in `count` ranges of one width, of which the last also takes the remainder; a `count` of zero counts as one.
    #[must_use]
    pub fn divide_evenly(count: u32) -> Vec<Self> {
        let count = u128::from(count.max(1));
        let width = u128::MAX / count;
        (0..count)
            .map(|index| {
                let ending = if index + 1 == count { u128::MAX } else { (index + 1) * width - 1 };
                Self { starting: index * width, ending }
            })
            .collect()
    }

    /// Whether the range holds `hash_key`.
    #[must_use]
    pub fn contains(self, hash_key: u128) -> bool {
        (self.starting..=self.ending).contains(&hash_key)
    }

    /// The parts below `at` and from `at` on; `None` if one of them would be empty.
    #[must_use]
    pub fn split(self, at: u128) -> Option<[Self; 2]> {
        (self.contains(at) && at > self.starting)
            .then(|| [Self { ending: at - 1, ..self }, Self { starting: at, ..self }])
    }

    /// The range of both; `None` unless `upper` begins where this one ends.
    #[must_use]
    pub fn join(self, upper: Self) -> Option<Self> {
        (self.ending.checked_add(1) == Some(upper.starting)).then_some(Self { ending: upper.ending, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_key_is_hashed_with_md5() {
        assert_eq!(hash_key("a"), 0x0cc1_75b9_c0f1_b6a8_31c3_99e2_6977_2661);
    }

    #[test]
    fn ranges_cover_every_hash_key_once() {
        for count in [1, 2, 3, 4, 7, 1_000] {
            let ranges = HashKeyRange::divide_evenly(count);
            assert_eq!(ranges.len(), count as usize);
            assert_eq!((ranges[0].starting, ranges[ranges.len() - 1].ending), (0, u128::MAX));
            assert!(ranges.windows(2).all(|pair| pair[0].ending + 1 == pair[1].starting), "{count}");
        }
    }

    #[test]
    fn a_split_leaves_no_part_empty() {
        let range = HashKeyRange { starting: 10, ending: 20 };
        assert_eq!(range.split(10), None);
        assert_eq!(range.split(21), None);
        let [low, high] = range.split(11).unwrap();
        assert_eq!((low, high.starting), (HashKeyRange { starting: 10, ending: 10 }, 11));
    }

    #[test]
    fn only_neighbours_join() {
        let [low, high] = HashKeyRange::ALL.split(100).unwrap();
        let [middle, _] = high.split(200).unwrap();
        assert_eq!(low.join(high), Some(HashKeyRange::ALL));
        assert_eq!(low.join(middle), Some(HashKeyRange { starting: 0, ending: 199 }));
        assert_eq!(high.join(low), None);
        assert_eq!(low.join(low), None);
    }
}
