//! Where the bucket keeps a rejected record.

use std::fmt::Write as _;

use super::S3Object;
use crate::records::{RejectedRecord, ShardOrigin};
use crate::s3::S3Settings;

/// Where the record is kept: `<prefix>/<stream>/<shard>/<id>.json`, where the
/// id is made of the record's place and content ([`ShardRecord::id`](crate::records::ShardRecord::id)).
///
/// The same record always has the same key, so that a redelivery overwrites its object and adds none.
pub(super) fn place(settings: &S3Settings, origin: &ShardOrigin, rejected: &RejectedRecord) -> S3Object {
    let mut key = String::new();
    if !settings.prefix.as_str().is_empty() {
        key.push_str(settings.prefix.as_str());
        key.push('/');
    }
    let stream = key_part(stream_name(&origin.stream_arn));
    let shard = key_part(&origin.shard_id);
    // Writing to a `String` cannot fail.
    let _ = write!(key, "{stream}/{shard}/{}.json", rejected.record.id());
    S3Object { bucket: settings.bucket.as_str().to_owned(), key }
}

/// `orders` of `arn:aws:kinesis:eu-west-1:123456789012:stream/orders`; the whole text if it is not such an ARN.
fn stream_name(stream_arn: &str) -> &str {
    stream_arn.split_once(":stream/").and_then(|(_, rest)| rest.split('/').next()).unwrap_or(stream_arn)
}

/// `text` in characters that are safe in a key, cut to the length that streams' and shards' names have at most.
fn key_part(text: &str) -> String {
    const MAX_LEN: usize = 128;
    let safe =
        |character: char| if character.is_ascii_alphanumeric() || "_.-".contains(character) { character } else { '_' };
    let part: String = text.chars().take(MAX_LEN).map(safe).collect();
    if part.is_empty() { "_".to_owned() } else { part }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quarantine::s3::tests::settings;
    use crate::quarantine::testing::{origin, rejected};

    #[test]
    fn the_key_is_made_of_the_records_place_and_content() {
        let key = |prefix: &str, sub_sequence_number| {
            let mut record = rejected("495", b"x");
            record.record.sub_sequence_number = sub_sequence_number;
            place(&settings(prefix), &origin(), &record).key
        };
        let id = rejected("495", b"x").record.id();
        assert_eq!(key("quarantine", None), format!("quarantine/orders/shardId-000000000001/{id}.json"));
        assert!(key("", Some(3)).starts_with("orders/shardId-000000000001/495.3-"));
    }

    #[test]
    fn a_key_stays_within_its_bounds_whatever_the_event_says() {
        let odd = ShardOrigin { stream_arn: "../../é\0".repeat(500), shard_id: String::new() };
        let key = place(&settings(&"p".repeat(256)), &odd, &rejected(&"9".repeat(128), b"x")).key;
        assert!(key.len() <= 1_024);
        assert!(key.bytes().all(|byte| byte.is_ascii_graphic()));
    }

    #[test]
    fn the_stream_of_a_consumer_is_the_stream() {
        assert_eq!(stream_name("arn:aws:kinesis:eu-west-1:1:stream/orders/consumer/c:1"), "orders");
        assert_eq!(stream_name("odd"), "odd");
    }
}
