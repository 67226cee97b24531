use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;
use crate::quarantine::testing::{origin, rejected};

#[test]
fn the_schema_is_as_documented() {
    let mut record = rejected("495", b"\x01ciphertext");
    record.record.sub_sequence_number = Some(2);
    record.record.explicit_hash_key = Some("170".into());
    let json: serde_json::Value = serde_json::from_str(&QuarantineEnvelope::new(&origin(), &record).to_json()).unwrap();
    let expected = serde_json::json!({
        "version": "1.0",
        "streamArn": "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
        "shardId": "shardId-000000000001",
        "sequenceNumber": "495",
        "subSequenceNumber": 2,
        "partitionKey": "key",
        "explicitHashKey": "170",
        "approximateArrivalTimestamp": "2019-11-14T00:38:06.021Z",
        "failureClass": "permanent",
        "reasonCode": "not_authentic",
        "reason": "the tag is wrong",
        "data": "AWNpcGhlcnRleHQ=",
    });
    assert_eq!(json, expected);
}

#[test]
fn an_envelope_of_an_older_version_has_no_code_and_one_of_a_later_version_may_have_another() {
    for reason_code in [None, Some("later".to_owned())] {
        let envelope = QuarantineEnvelope { reason_code, ..QuarantineEnvelope::new(&origin(), &rejected("495", b"x")) };
        let parsed = QuarantineEnvelope::parse(envelope.to_json().as_bytes()).unwrap();
        assert_eq!(parsed.into_record().unwrap().1.code, RejectionCode::Unknown);
    }
}

#[test]
fn a_pointer_has_the_place_instead_of_the_data() {
    let object = S3Object { bucket: "bucket".into(), key: "key.json".into() };
    let pointer = QuarantineEnvelope::new(&origin(), &rejected("495", b"x")).pointing_to(object.clone());
    let json: serde_json::Value = serde_json::from_str(&pointer.to_json()).unwrap();
    assert_eq!(json["s3Object"], serde_json::json!({"bucket": "bucket", "key": "key.json"}));
    assert!(json.get("data").is_none());
    let parsed = QuarantineEnvelope::parse(pointer.to_json().as_bytes()).unwrap();
    assert!(matches!(parsed.into_record(), Err(EnvelopeError::StoredInS3(place)) if place == object));
}

#[test]
fn a_reason_is_cut_to_its_bound() {
    let mut record = rejected("495", b"x");
    record.reason = "é".repeat(1 << 20);
    assert!(QuarantineEnvelope::new(&origin(), &record).reason.len() <= QuarantineEnvelope::MAX_REASON_LEN);
}

#[test]
fn a_reader_refuses_other_versions_and_passes_over_unknown_fields() {
    let json = QuarantineEnvelope::new(&origin(), &rejected("495", b"x")).to_json();
    let with = |version: &str| json.replace("\"1.0\"", &format!("\"{version}\",\"more\":1"));
    assert!(QuarantineEnvelope::parse(with("1.7").as_bytes()).is_ok());
    assert!(matches!(QuarantineEnvelope::parse(with("2.0").as_bytes()), Err(EnvelopeError::UnknownVersion)));
    assert!(matches!(QuarantineEnvelope::parse(b"{}"), Err(EnvelopeError::Malformed(_))));
}

#[test]
fn a_field_that_is_not_what_it_must_be_is_named() {
    let envelope = || QuarantineEnvelope::new(&origin(), &rejected("495", b"x"));
    let field = |envelope: QuarantineEnvelope| match envelope.into_record() {
        Err(EnvelopeError::InvalidField { field }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(QuarantineEnvelope { sequence_number: String::new(), ..envelope() }), "sequenceNumber");
    assert_eq!(field(QuarantineEnvelope { failure_class: "odd".into(), ..envelope() }), "failureClass");
    let timestamp = QuarantineEnvelope { approximate_arrival_timestamp: Some("odd".into()), ..envelope() };
    assert_eq!(field(timestamp), "approximateArrivalTimestamp");
    assert_eq!(field(QuarantineEnvelope { payload: EnvelopePayload::Data("?".into()), ..envelope() }), "data");
}

proptest! {
    #[test]
    fn what_was_rejected_is_read_back(
        data: Vec<u8>,
        partition_key: String,
        reason in "\\PC{0,80}",
        sub_sequence_number: Option<u32>,
        explicit_hash_key in proptest::option::of("[0-9]{1,39}"),
        millis in proptest::option::of(0_u64..4_000_000_000_000),
        permanent: bool,
    ) {
        let mut before = rejected("49546986683135544286507457936321625675700192471156785154", &data);
        before.record.partition_key = partition_key.into();
        before.record.sub_sequence_number = sub_sequence_number;
        before.record.explicit_hash_key = explicit_hash_key.map(Into::into);
        before.record.approximate_arrival_timestamp =
            millis.map(|millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis));
        before.class = if permanent { FailureClass::Permanent } else { FailureClass::Unavailable };
        before.reason = reason;
        let json = QuarantineEnvelope::new(&origin(), &before).to_json();
        let (read_origin, after) = QuarantineEnvelope::parse(json.as_bytes()).unwrap().into_record().unwrap();
        prop_assert_eq!(read_origin, origin());
        prop_assert_eq!(format!("{after:?}"), format!("{before:?}"));
    }
}
