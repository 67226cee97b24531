//! The built `stream-decryptor` after a deployment with a typo: the stream is not drained into the quarantine.
#![cfg(test)]

mod support;

use local_stack::event_source_mapping::BatchResult;
use local_stack::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms, KmsSettings};
use local_stack::lambda_function::{Function, OutputLine, Source};
use serde_json::Value;

use support::{delivered, event, numbers, records, result, settings, stream_of};

/// The development key's ARN with a typo.
const OTHER_KEY_ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000";

/// The sequence numbers of what was quarantined.
fn quarantined(lines: &[OutputLine]) -> Vec<String> {
    let of_record = |line: &OutputLine| {
        let line: Value = serde_json::from_str(&line.text).ok()?;
        line["failureClass"].as_str()?;
        Some(line["sequenceNumber"].as_str()?.to_owned())
    };
    lines.iter().filter(|line| line.source == Source::Stderr).filter_map(of_record).collect()
}

#[tokio::test]
async fn a_batch_of_which_no_record_can_be_read_is_held_and_shouted_about() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let region = DEVELOPMENT_KEY_ARN.split(':').nth(3).unwrap();
    let other_key = OTHER_KEY_ARN.replace("us-east-1", region);
    let stream = stream_of(&kms, 10).await;
    let records = records(&stream);
    let (function, output) = Function::new(settings(&kms).with_environment([("KMS_KEY_ARNS", other_key.as_str())]));
    for _redelivery in 0..3 {
        let invocation = function.invoke(event(&stream, &records)).await;
        assert_eq!(result(&invocation, &records), BatchResult::FailedFrom(0));
    }
    function.shut_down().await;
    let lines = output.collect().await;
    assert_eq!((delivered(&lines), quarantined(&lines)), (Vec::new(), Vec::new()));
    let shouted = lines.iter().filter(|line| {
        let said = ["ERROR", "KMS_KEY_ARNS", DEVELOPMENT_KEY_ARN, &other_key];
        said.iter().all(|said| line.text.contains(said))
    });
    assert_eq!(shouted.count(), 3, "{lines:?}");
}

#[tokio::test]
async fn it_goes_to_quarantine_when_the_time_is_over() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = stream_of(&kms, 10).await;
    let records = records(&stream);
    let wrong = [("RECORD_FORMAT", "kms-ciphertext"), ("SUSPICIOUS_BATCH_HOLD_SECONDS", "0")];
    let (function, output) = Function::new(settings(&kms).with_environment(wrong));
    let invocation = function.invoke(event(&stream, &records)).await;
    assert_eq!(result(&invocation, &records), BatchResult::Succeeded);
    function.shut_down().await;
    assert_eq!(quarantined(&output.collect().await), numbers(&records));
}
