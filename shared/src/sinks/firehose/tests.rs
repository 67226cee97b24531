use aws_sdk_firehose::operation::put_record_batch::PutRecordBatchOutput;
use aws_sdk_firehose::types::PutRecordBatchResponseEntry;
use aws_smithy_mocks::{Rule, mock};

use super::*;
use crate::aws::caller_fault::tests::CALLER_FAULTS;
use crate::delivery::DeliveryError;
use crate::delivery::testing::{clock, http_answer, mocked_client, opened, quick_retries, within};
use crate::failure::FailureClass;

fn sink(rules: &[&Rule], append_newline: bool) -> FirehoseSink {
    let name = DeliveryStreamName::parse("orders").unwrap();
    let settings = FirehoseSettings { append_newline, retry: quick_retries(), ..FirehoseSettings::new(name) };
    FirehoseSink { client: mocked_client!(aws_sdk_firehose, rules), settings, clock: clock() }
}

/// An answer with one entry a code; an empty code stands for success.
fn output(codes: &[&str]) -> PutRecordBatchOutput {
    let entries = codes.iter().map(|code| match *code {
        "" => PutRecordBatchResponseEntry::builder().record_id("id").build(),
        code => PutRecordBatchResponseEntry::builder().error_code(code).error_message("why").build(),
    });
    let failed = codes.iter().filter(|code| !code.is_empty()).count();
    PutRecordBatchOutput::builder()
        .failed_put_count(i32::try_from(failed).unwrap())
        .set_request_responses(Some(entries.collect()))
        .build()
        .unwrap()
}

/// Expects a request for exactly these records and answers with one code an entry.
fn expecting(records: &'static [&'static [u8]], codes: &'static [&'static str]) -> Rule {
    mock!(Client::put_record_batch)
        .match_requests(move |request| {
            request.delivery_stream_name() == Some("orders")
                && request.records().iter().map(|record| record.data().as_ref()).eq(records.iter().copied())
        })
        .then_output(|| output(codes))
}

#[tokio::test]
async fn records_are_plaintexts_with_a_newline_and_only_failed_ones_are_sent_again() {
    let first = expecting(&[b"a\n", b"b\n", b"c\n"], &["", "ServiceUnavailableException", "InternalFailure"]);
    let second = expecting(&[b"b\n", b"c\n"], &["", "InternalFailure"]);
    let third = expecting(&[b"c\n"], &[""]);
    let records = [opened("1", "k", b"a"), opened("2", "k", b"b"), opened("3", "k", b"c")];
    let delivery = sink(&[&first, &second, &third], true).deliver(&records, within(60)).await;
    assert!(delivery.failure.is_none(), "{delivery:?}");
    assert_eq!(delivery.delivered, 3);
    assert_eq!([&first, &second, &third].map(Rule::num_calls), [1, 1, 1]);
}

#[tokio::test]
async fn without_newline_records_are_the_bare_plaintexts() {
    let rule = expecting(&[b"a"], &[""]);
    let delivery = sink(&[&rule], false).deliver(&[opened("1", "k", b"a")], within(60)).await;
    assert_eq!(delivery.delivered, 1);
}

#[tokio::test]
async fn a_request_has_at_most_500_records() {
    let sized = |count: usize| {
        mock!(Client::put_record_batch)
            .match_requests(move |request| request.records().len() == count)
            .then_output(move || output(&vec![""; count]))
    };
    let (full, rest) = (sized(500), sized(1));
    let records: Vec<_> = (0..501).map(|number| opened(&number.to_string(), "k", b"a")).collect();
    let delivery = sink(&[&full, &rest], true).deliver(&records, within(60)).await;
    assert_eq!(delivery.delivered, 501);
    assert_eq!((full.num_calls(), rest.num_calls()), (1, 1));
}

#[tokio::test]
async fn the_newline_counts_towards_the_1000_kib_of_a_record() {
    for (len, fits) in [(1_023_998, true), (1_023_999, true), (1_024_000, false)] {
        let rule =
            mock!(Client::put_record_batch).then_compute_output(|request| output(&vec![""; request.records().len()]));
        let records = [opened("1", "k", b"a"), opened("2", "k", &vec![b'x'; len])];
        let sink = sink(&[&rule], true);
        assert_eq!(matches!(sink.refusal(&records[1]), Some(DeliveryError::TooLarge { limit: 1_024_000, .. })), !fits);
        let delivery = sink.deliver(&records, within(60)).await;
        assert_eq!(delivery.delivered, if fits { 2 } else { 1 });
        assert_eq!(matches!(delivery.failure, Some(DeliveryError::TooLarge { limit: 1_024_000, .. })), !fits);
    }
}

#[tokio::test]
async fn failures_of_the_request_are_told_apart() {
    let outcome = async |status: u16, code: &str| {
        let body = format!(r#"{{"__type":"{code}","message":"plaintext quoted"}}"#);
        let rule = mock!(Client::put_record_batch)
            .sequence()
            .http_response(move || http_answer(status, &body))
            .repeatedly()
            .build();
        let delivery = sink(&[&rule], true).deliver(&[opened("1", "k", b"a")], within(60)).await;
        (delivery.failure.unwrap(), rule.num_calls())
    };
    assert!(matches!(outcome(400, "ThrottlingException").await, (DeliveryError::Throttled(_), 10)));
    for (code, status) in CALLER_FAULTS {
        let (failure, calls) = outcome(status, code).await;
        assert!(matches!(failure, DeliveryError::Caller(_)), "{code} {status}: {failure:?}");
        assert_eq!((failure.class(), calls), (FailureClass::Caller, 10), "{code} {status}");
    }
    assert!(matches!(outcome(503, "ServiceUnavailableException").await, (DeliveryError::Throttled(_), 10)));
    assert!(matches!(outcome(500, "SomethingNew").await, (DeliveryError::Transient(_), 10)));
    for code in ["ResourceNotFoundException", "AccessDeniedException", "InvalidKMSResourceException", "SomethingNew"] {
        assert!(matches!(outcome(400, code).await, (DeliveryError::Refused(_), 1)), "{code}");
    }
}

#[tokio::test]
async fn a_validation_message_which_may_quote_the_record_is_not_kept() {
    let body = r#"{"__type":"ValidationException","message":"1 error: value 'plaintext' is not valid"}"#;
    let rule = mock!(Client::put_record_batch).then_http_response(move || http_answer(400, body));
    let delivery = sink(&[&rule], true).deliver(&[opened("1", "k", b"a")], within(60)).await;
    let text = format!("{:?}", delivery.failure.unwrap());
    assert!(text.contains("ValidationException") && !text.contains("plaintext"), "{text}");
}
