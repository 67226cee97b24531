//! What the tests of several modules share: planted records, and inputs made of them.

use base64_simd::STANDARD as BASE64;
use clap::Parser;
use warmkeys::message::{
    AlgorithmSuite, DEFAULT_FRAME_LEN, DataKey, EncryptedDataKey, EncryptionContext, SealingMaterials, seal,
};

use super::options::Options;
use super::sample::Sample;

/// The plaintext of all planted records: nothing that is told may have it.
pub(crate) const SECRET: &str = "patient 4711";
/// The value of the encryption context of all planted records: the same holds.
pub(crate) const CONTEXT_VALUE: &str = "blue-tenant";
pub(crate) const SUITE: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;

/// The command line after `inspect`.
pub(crate) fn options(arguments: &[&str]) -> Options {
    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        options: Options,
    }
    CommandLine::try_parse_from([&["inspect"], arguments].concat()).unwrap().options
}

pub(crate) fn sample(arguments: &[&str]) -> Sample {
    Sample::new(&options(arguments))
}

pub(crate) fn kms_key(number: usize) -> String {
    format!("arn:aws:kms:eu-west-3:111122223333:key/{number:08}-0000-4000-8000-000000000000")
}

/// A data key that these KMS keys wrapped.
pub(crate) fn wrapped(data_key: usize, kms_keys: &[usize]) -> Vec<EncryptedDataKey> {
    let by = |number: &usize| EncryptedDataKey {
        provider_id: "aws-kms".to_owned(),
        provider_info: kms_key(*number).into_bytes(),
        ciphertext: format!("data key {data_key} by {number}").into_bytes(),
    };
    kms_keys.iter().map(by).collect()
}

/// Messages are sealed with these.
pub(crate) fn materials(suite: AlgorithmSuite, encrypted: &[EncryptedDataKey]) -> SealingMaterials {
    let context = EncryptionContext::from_iter([("tenant", CONTEXT_VALUE)]);
    let data_key = DataKey::new(vec![7; suite.data_key_len()]);
    SealingMaterials::new(suite, data_key, encrypted, &context, &EncryptionContext::empty(), None).unwrap()
}

/// A message under the data key with this number.
pub(crate) fn message(data_key: usize) -> Vec<u8> {
    seal(SECRET.as_bytes(), &materials(SUITE, &wrapped(data_key, &[1])), DEFAULT_FRAME_LEN).unwrap()
}

/// What `aws kinesis get-records` prints for these payloads, one a second.
pub(crate) fn get_records<'a>(payloads: impl IntoIterator<Item = &'a Vec<u8>>) -> String {
    let record = |(number, payload): (usize, &Vec<u8>)| {
        let (data, second) = (BASE64.encode_to_string(payload), number % 60);
        format!(
            r#"{{"SequenceNumber": "{number}", "ApproximateArrivalTimestamp": "2026-11-28T11:{:02}:{second:02}.250000+01:00",
                "Data": "{data}", "PartitionKey": "{number}"}}"#,
            number / 60 % 60
        )
    };
    let records: Vec<_> = payloads.into_iter().enumerate().map(record).collect();
    format!(r#"{{"Records": [{}], "NextShardIterator": "AAAA", "MillisBehindLatest": 0}}"#, records.join(","))
}

/// The same as a Lambda event of one shard.
pub(crate) fn lambda_event<'a>(payloads: impl IntoIterator<Item = &'a Vec<u8>>) -> String {
    let record = |(number, payload): (usize, &Vec<u8>)| {
        let data = BASE64.encode_to_string(payload);
        format!(
            r#"{{"kinesis": {{"partitionKey": "{number}", "sequenceNumber": "{number}", "data": "{data}",
                "approximateArrivalTimestamp": {}.25}}, "eventSource": "aws:kinesis", "eventID": "shardId-000000000003:{number}",
                "eventSourceARN": "arn:aws:kinesis:eu-west-3:111122223333:stream/orders"}}"#,
            1_795_860_000 + number
        )
    };
    let records: Vec<_> = payloads.into_iter().enumerate().map(record).collect();
    format!(r#"{{"Records": [{}]}}"#, records.join(","))
}
