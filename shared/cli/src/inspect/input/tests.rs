use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::inspect::testing::{get_records, lambda_event, message, sample};

/// Reads `input` as a file of the name `input`.
fn read_text(input: impl AsRef<[u8]>) -> Result<Sample, String> {
    let mut sample = sample(&[]);
    let input = Cursor::new(input.as_ref().to_vec());
    let read = read_one(input, &mut sample).map_err(|failure| failure.of("input", &sample));
    let read = read.and_then(|()| if sample.is_empty() { Err(InputError::no_records(&sample)) } else { Ok(()) });
    read.map(|()| sample).map_err(|error| error.to_string())
}

/// Records of the stream, and those that can be read.
fn counts(input: impl AsRef<[u8]>) -> (u64, u64) {
    let sample = read_text(input).unwrap();
    (sample.seen().kinesis_records, sample.seen().readable)
}

fn payloads() -> Vec<Vec<u8>> {
    vec![message(1), message(1), message(2)]
}

#[test]
fn documents_of_a_loop_over_shards_are_read_one_after_the_other() {
    let document = get_records(&payloads());
    assert_eq!(counts(&document), (3, 3));
    assert_eq!(counts([&*document, &*document, "\n", &*document].concat()), (9, 9));
    assert_eq!(counts(["\u{feff} ", &*document].concat()), (3, 3), "with a byte order mark");
    let empty = r#"{"Records": [], "NextShardIterator": "AAAA"}"#;
    assert_eq!(counts([empty, &*document, empty].concat()), (3, 3));
}

#[test]
fn times_shards_and_the_stream_are_taken_from_wherever_they_stand() {
    let sample = read_text(get_records(&payloads())).unwrap();
    assert_eq!(sample.arrivals.ends(), Some((1_795_860_000_250, 1_795_860_002_250)));
    assert!(!sample.lanes().are_known());
    let sample = read_text(lambda_event(&payloads())).unwrap();
    assert_eq!(sample.arrivals.ends(), Some((1_795_860_000_250, 1_795_860_002_250)));
    assert!(sample.lanes().are_known());
    assert_eq!(sample.stream_arns.sorted().len(), 1);
}

#[test]
fn every_shape_of_records_is_read() {
    let payloads = payloads();
    let event = lambda_event(&payloads);
    let [one, two, three] = [0, 1, 2].map(|at| base64_simd::STANDARD.encode_to_string(&payloads[at]));
    let escaped = serde_json::to_string(&event).unwrap();
    let lines = payloads.iter().map(|payload| get_records([payload])).collect::<Vec<_>>().join("\n");
    for (shape, input) in [
        ("a Lambda event", event.clone()),
        (
            "an on-failure object",
            format!(r#"{{"requestContext": {{}}, "KinesisBatchInfo": {{"shardId": "s"}}, "payload": {escaped}}}"#),
        ),
        ("an edited on-failure object", format!(r#"{{"payload": {event}, "KinesisBatchInfo": {{}}}}"#)),
        ("documents, a line each", lines),
        (
            "an array, as EventBridge Pipes sends",
            format!(r#"[{{"data": "{one}"}}, {{"data": "{two}"}}, {{"data": "{three}"}}]"#),
        ),
        ("texts of --query", format!(r#"["{one}", "{two}", "{three}"]"#)),
        ("base64 of --output text", format!("{one}\t{two}\n{three}\n")),
    ] {
        assert_eq!(counts(input), (3, 3), "{shape}");
    }
    let envelope = format!(
        r#"{{"version": "1.0", "streamArn": "arn:aws:kinesis:eu-west-3:1:stream/s", "shardId": "shardId-1", "sequenceNumber": "1",
            "partitionKey": "k", "failureClass": "permanent", "reason": "…", "data": "{one}"}}"#
    );
    assert_eq!(counts(envelope), (1, 1), "a quarantine message");
    assert_eq!(counts(&payloads[0]), (1, 1), "a raw payload");
}

#[test]
fn records_of_an_activity_stream_are_payloads_and_not_documents() {
    let ciphertext = base64_simd::STANDARD.encode_to_string([1; 200]);
    let record = format!(
        r#"{{"type":"DatabaseActivityMonitoringRecords","version":"1.1","databaseActivityEvents":"AAAA","key":"{ciphertext}"}}"#
    );
    assert_eq!(counts(&record), (1, 1));
    assert_eq!(counts([&*record, "\n", &*record].concat()), (2, 2));
}

#[test]
fn what_decrypting_does_not_need_may_be_absent_null_or_odd() {
    let data = base64_simd::STANDARD.encode_to_string(message(1));
    for record in [
        format!(r#"{{"Data": "{data}"}}"#),
        format!(
            r#"{{"Data": "{data}", "PartitionKey": null, "ApproximateArrivalTimestamp": {{"a": [1]}}, "EncryptionType": 7}}"#
        ),
        format!(r#"{{"kinesis": [1], "data": "{data}", "eventID": false, "eventSourceARN": []}}"#),
        format!(r#"{{"kinesis": {{"kinesis": {{}}, "data": "{data}", "partitionKey": "\ud83d\ude00"}}}}"#),
    ] {
        assert_eq!(counts(format!(r#"{{"Records": [{record}]}}"#)), (1, 1), "{record}");
    }
}

#[test]
fn data_that_cannot_be_decoded_is_counted_and_ends_nothing() {
    let good = base64_simd::STANDARD.encode_to_string(message(1));
    let input = format!(r#"{{"Records": [{{"Data": "not base64"}}, {{"Data": ""}}, {{"Data": "{good}"}}]}}"#);
    assert_eq!(counts(input), (3, 1));
}

#[test]
fn an_input_without_records_is_an_error_that_says_what_to_do() {
    for (input, said) in [
        ("", "is empty"),
        (" \n\t", "is empty"),
        (r#"{"Records": []}"#, "TRIM_HORIZON"),
        (r#"{"KinesisBatchInfo": {"batchSize": 3}, "requestContext": {}}"#, "KinesisBatchInfo says"),
        (r#"{"Records": [{"eventSource": "aws:sqs", "body": "secret 4711"}]}"#, "another service"),
        ("{}", "there is no record"),
        ("[]", "TRIM_HORIZON"),
        (r#"{"payload": "{}"}"#, "there is no record"),
    ] {
        let error = read_text(input).unwrap_err();
        assert!(error.contains(said) && !error.contains("4711"), "{input}: {error}");
    }
}

#[test]
fn an_input_that_ends_too_early_or_is_no_json_is_an_error_with_its_place() {
    let whole = get_records(&payloads());
    for len in [1, 30, whole.len() / 2, whole.len() - 1] {
        let error = read_text(&whole.as_bytes()[..len]).unwrap_err();
        assert!(error.contains("it was cut off"), "{len}: {error}");
    }
    let error = read_text([&*whole, "secret 4711"].concat()).unwrap_err();
    assert!(error.contains("not valid JSON at line ") && error.contains("after 3 records"), "{error}");
    assert!(!error.contains("4711"), "{error}");
    let error = read_text(r#"{"payload": "secret 4711"}"#).unwrap_err();
    assert!(
        error.contains("the payload of an on-failure object in input is not valid JSON at its column 1"),
        "{error}"
    );
}

#[test]
fn json_that_asks_for_memory_is_an_error_and_takes_none() {
    for (json, said) in [
        (r#"{"Records": "#.to_owned() + &"[".repeat(200_000), "more than 100 levels"),
        ("[".repeat(200_000), "more than 100 levels"),
        (r#"{"a":"#.repeat(200_000), "more than 100 levels"),
        (r#"{"Records": [{"ApproximateArrivalTimestamp": "#.to_owned() + &"9".repeat(200_000), "a number of more than"),
    ] {
        let error = read_text(json).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
    let nested = serde_json::to_string(&"[".repeat(200_000)).unwrap();
    let error = read_text(format!(r#"{{"payload": {nested}}}"#)).unwrap_err();
    assert!(error.contains("is not valid JSON"), "{error}");
}

#[test]
fn what_is_no_record_for_its_size_is_an_error() {
    let whole = vec![0_u8; MAX_PAYLOAD_BYTES];
    assert_eq!(counts(&whole), (1, 0));
    let error = read_text([whole, vec![0]].concat()).unwrap_err();
    assert!(error.contains("more than 16 MiB"), "{error}");
}

#[test]
fn a_file_that_is_not_there_and_a_directory_are_errors_with_their_names() {
    for path in ["/nonexistent/records.json", "/"] {
        let error = read(&[path.into()], &mut sample(&[])).unwrap_err();
        assert!(error.to_string().starts_with(path), "{error}");
        assert!(matches!(error, InputError::Unreadable { .. }));
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_text(bytes);
    }

    #[test]
    fn no_json_panics(json in r#"[\[\]{}",:0-9a\\ ]{0,60}"#) {
        let _ = read_text(json);
    }

    #[test]
    fn a_damaged_document_is_read_or_refused(at in 0_usize..2_000, byte: u8) {
        let mut document = get_records(&payloads()).into_bytes();
        let at = at % document.len();
        document[at] = byte;
        let _ = read_text(document);
    }
}
