//! From an aggregate to its user records.

use bytes::Bytes;
use md5::{Digest, Md5};

use super::keys::Keys;
use super::wire::{NotProtobuf, Value, fields};
use super::{DIGEST_LEN, MAGIC, field};
use crate::records::UserRecord;

/// The least bytes that an encrypted record has.
///
/// The header of a message alone has more, and a KMS ciphertext of one byte more than twice as many. A user record that is shorter can
/// never be opened, whatever it is: a heartbeat, or what a producer wrote in clear.
pub const MIN_ENCRYPTED_LEN: usize = 64;

/// What an aggregate holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// The user records in order, each with its 0-based place in the aggregate.
    pub user_records: Vec<(u32, UserRecord)>,
    /// How many of them are shorter than [`MIN_ENCRYPTED_LEN`].
    pub short: usize,
    /// How many more such there are in the aggregate, which were left out.
    pub left_out: usize,
}

/// Takes an aggregate apart, in order. The user records' payloads share `payload`'s buffer.
///
/// `None` if `payload` is not an aggregate: another beginning, a wrong digest, nothing between them, or not the protobuf. As the Kinesis
/// Client Library has it, such bytes are plain data.
///
/// Only the payloads count, since nothing else is needed to open them. What AWS's readers for Java, Python and JavaScript read or
/// refuse differs; a user record that one of them reads is read here:
/// - A partition key that is empty, not UTF-8 or too long (then cut to 256 characters), and one outside its table (then empty).
/// - An explicit hash key that is no number of the hash-key space, or is outside its table: then there is none.
/// - Entries of the tables that no user record names.
/// - An absent index is 0, and an absent payload is empty, as protobuf has it.
///
/// Kept on its own, a user record takes many times the bytes of a short payload. So of those that are shorter than
/// [`MIN_ENCRYPTED_LEN`] only the first `max_short` are taken; the others are counted.
#[must_use]
pub fn deaggregate(payload: &Bytes, max_short: usize) -> Option<Members> {
    let protobuf = protobuf_of(payload)?;
    let mut found = Vec::new();
    let mut keys = Keys::default();
    let (mut short, mut left_out) = (0, 0);
    let mut places = 0..u32::MAX;
    for field in fields(protobuf) {
        let (field::RECORD, Value::Bytes(record)) = field.ok()? else { continue };
        let record = Record::read(record).ok()?;
        let place = places.next()?;
        if record.data.len() < MIN_ENCRYPTED_LEN {
            if short == max_short {
                left_out += 1;
                continue;
            }
            short += 1;
        }
        keys.want(record.partition_key_index, record.explicit_hash_key_index);
        found.push((place, record));
    }
    keys.look_up(protobuf);
    let user_record = |(place, record): (u32, Record<'_>)| {
        let user_record = UserRecord {
            partition_key: keys.partition_key(record.partition_key_index),
            explicit_hash_key: record.explicit_hash_key_index.and_then(|place| keys.explicit_hash_key(place)),
            data: payload.slice_ref(record.data),
        };
        (place, user_record)
    };
    Some(Members { user_records: found.into_iter().map(user_record).collect(), short, left_out })
}

/// Takes an aggregate apart however short its payloads are, as a reader of what a producer writes unencrypted does.
#[cfg(test)]
pub(crate) fn deaggregate_unencrypted(payload: &Bytes) -> Option<Vec<UserRecord>> {
    let members = deaggregate(payload, usize::MAX)?;
    Some(members.user_records.into_iter().map(|(_, user_record)| user_record).collect())
}

/// What stands between the beginning and the digest of an aggregate.
fn protobuf_of(payload: &[u8]) -> Option<&[u8]> {
    let after_magic = payload.strip_prefix(&MAGIC)?;
    let (protobuf, digest) = after_magic.split_at_checked(after_magic.len().checked_sub(DIGEST_LEN)?)?;
    let is_aggregate = !protobuf.is_empty() && Md5::digest(protobuf).as_slice() == digest;
    is_aggregate.then_some(protobuf)
}

/// A user record as it is written, with what protobuf takes for what is absent.
#[derive(Default)]
struct Record<'a> {
    partition_key_index: u64,
    explicit_hash_key_index: Option<u64>,
    data: &'a [u8],
}

impl<'a> Record<'a> {
    fn read(encoded: &'a [u8]) -> Result<Self, NotProtobuf> {
        let mut record = Self::default();
        for field in fields(encoded) {
            match field? {
                (1, Value::Varint(index)) => record.partition_key_index = index,
                (2, Value::Varint(index)) => record.explicit_hash_key_index = Some(index),
                (3, Value::Bytes(data)) => record.data = data,
                _ => {}
            }
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests;
