use warmkeys::kpl::aggregate;
use warmkeys::message::{AlgorithmSuite, DEFAULT_FRAME_LEN, EncryptedDataKey, seal};
use warmkeys::records::UserRecord;

use super::*;
use crate::inspect::testing::{materials, message, sample, wrapped};

fn sample_of(payloads: impl IntoIterator<Item = Vec<u8>>) -> Sample {
    let mut sample = sample(&[]);
    payloads.into_iter().for_each(|payload| sample.add(&Record::of_payload(Some(payload.into()))));
    sample
}

fn sealed_as(suite: AlgorithmSuite, encrypted: &[EncryptedDataKey]) -> Vec<u8> {
    seal(b"", &materials(suite, encrypted), DEFAULT_FRAME_LEN).unwrap()
}

#[test]
fn aggregates_are_taken_apart_and_what_is_too_short_is_counted() {
    let user_record =
        |data: Vec<u8>| UserRecord { partition_key: "k".into(), explicit_hash_key: None, data: data.into() };
    let members = [message(1), b"heartbeat".to_vec(), message(2), Vec::new()].map(user_record);
    let sample = sample_of([message(1), aggregate(&members).to_vec()]);
    let seen = sample.seen();
    assert_eq!((seen.kinesis_records, seen.aggregates, seen.user_records, seen.readable), (2, 1, 5, 3));
    assert_eq!(sample.unreadable.sorted(), [(&payload::TOO_SHORT.to_owned(), 2)]);
    assert_eq!(sample.data_keys.by_data_key().len(), 2);
}

#[test]
fn reordered_encrypted_data_keys_are_one_data_key_and_each_kms_key_counts_once() {
    let mut two = wrapped(1, &[1, 2]);
    let one_way = sealed_as(SUITE, &two);
    two.reverse();
    let sample = sample_of([one_way, sealed_as(SUITE, &two), message(3)]);
    assert_eq!(sample.data_keys.by_data_key().len(), 2);
    assert_eq!(sample.encrypted_data_keys, Some((1, 2)));
    let keys: Vec<_> = sample.kms_keys.sorted().into_iter().map(|(_, uses)| (uses.records, uses.only)).collect();
    assert_eq!(keys, [(3, 1), (2, 0)]);
}

#[test]
fn suites_and_context_keys_are_counted_and_values_are_kept_nowhere() {
    let old = AlgorithmSuite::Aes256GcmIv12Tag16HkdfSha256;
    let sample = sample_of([message(1), sealed_as(old, &wrapped(2, &[1])), sealed_as(old, &wrapped(2, &[1]))]);
    assert_eq!(sample.suites.sorted(), [(&0x0178, 2), (&0x0478, 1)]);
    assert_eq!(sample.context_keys.sorted(), [(&"tenant".to_owned(), 3)]);
    assert!(!format!("{sample:?}").contains(crate::inspect::testing::CONTEXT_VALUE));
}

#[test]
fn data_keys_without_key_derivation_are_not_cached() {
    let suite = AlgorithmSuite::Aes256GcmIv12Tag16NoKdf;
    let sample = sample_of([sealed_as(suite, &wrapped(1, &[1])), message(2)]);
    let mut cacheable: Vec<_> = sample.data_keys.by_data_key().concat().iter().map(|uses| uses.is_cacheable).collect();
    cacheable.sort_unstable();
    assert_eq!(cacheable, [false, true]);
}

#[test]
fn what_kms_cannot_be_asked_for_cannot_be_read() {
    let of = |provider: &str, info: &str| EncryptedDataKey {
        provider_id: provider.to_owned(),
        provider_info: info.as_bytes().to_vec(),
        ciphertext: vec![7],
    };
    let sample = sample_of([
        sealed_as(SUITE, &[of("aws-kms-hierarchy", "branch")]),
        sealed_as(SUITE, &[of("aws-kms", "arn:aws:kms:eu-west-3:111122223333:alias/secret-4711")]),
        sealed_as(SUITE, &[of("own", "secret 4711")]),
    ]);
    assert_eq!(sample.seen().readable, 0);
    let reasons: Vec<_> =
        sample.unreadable.sorted().into_iter().map(|(reason, count)| (reason.as_str(), count)).collect();
    assert!(
        matches!(reasons[..], [(none, 2), (branch, 1)] if none.contains("no KMS key") && branch.contains("branch key"))
    );
    assert!(!format!("{sample:?}").contains("4711"));
}

#[test]
fn ciphertexts_of_kms_are_recognised_by_what_they_begin_with_or_by_the_option() {
    let like_aws = [&[1, 2, 2, 0, 0x78][..], &[7; 100]].concat();
    let unlike = vec![0xEE; 200];
    assert_eq!(sample_of([like_aws.clone(), unlike.clone()]).seen().readable, 1);
    let mut sample = sample(&["--record-format", "kms-ciphertext"]);
    for payload in [like_aws, unlike, vec![0xEE; 63], vec![0xEE; 6_145], message(1)] {
        sample.add(&Record::of_payload(Some(payload.into())));
    }
    let formats = sample.formats.sorted();
    assert_eq!(formats, [(&RecordFormatName::KmsCiphertext, 2), (&RecordFormatName::EncryptionSdk, 1)]);
}

#[test]
fn each_shard_has_lanes_of_its_own_that_keep_partition_keys_together() {
    let mut lanes = sample(&["--shards", "3", "--parallelization-factor", "4"]).lanes;
    let keys: Vec<_> = (0..1_000).map(|number| number.to_string()).collect();
    let used: std::collections::BTreeSet<_> = keys.iter().map(|key| lanes.of(Some(key), None, 0)).collect();
    assert_eq!(used, (0..12).collect());
    assert!(keys.iter().all(|key| lanes.of(Some(key), None, 1) == lanes.of(Some(key), Some("shardId-9"), 2)));
    assert_eq!(lanes.count(), 12);
    // Named shards count if nobody says how many there are.
    let mut lanes = sample(&[]).lanes;
    assert_eq!(["b", "a", "b", "c"].map(|shard| lanes.of(Some("k"), Some(shard), 0)), [0, 1, 0, 2]);
    assert_eq!((lanes.count(), lanes.are_known()), (3, true));
}

#[test]
fn too_many_data_keys_are_halved_and_counts_stay_about_right() {
    let mut data_keys = DataKeys::of_at_most(1_000);
    // Mixed as the hash of a request is: the golden ratio's multiples.
    let id = |number: u64| number.wrapping_mul(0x9E37_79B9_7F4A_7C15).swap_bytes();
    for number in 0..100_000 {
        data_keys.add(DataKey { id: id(number), is_cacheable: true }, 0, None);
        data_keys.add(DataKey { id: id(number), is_cacheable: true }, 0, None);
    }
    let kept = data_keys.by_data_key();
    assert!(kept.len() <= 1_000 && !data_keys.are_exact());
    assert!(kept.iter().flatten().all(|uses| uses.records == 2), "those that are kept were kept from the beginning");
    let estimated = kept.len() as f64 * data_keys.weight();
    assert!((80_000.0..120_000.0).contains(&estimated), "{estimated}");
}

#[test]
fn names_that_nobody_has_checked_are_bounded() {
    let mut counts = Counts::<String>::default();
    (0..1_000).for_each(|number| counts.add(number.to_string().as_str()));
    assert_eq!((counts.sorted().len(), counts.rest()), (100, 900));
}

const SUITE: AlgorithmSuite = crate::inspect::testing::SUITE;
