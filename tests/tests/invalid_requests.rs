//! The built `stream-decryptor` when KMS finds requests invalid: decided by evidence, in a cold sandbox and in one that has decrypted.
#![cfg(test)]

mod support;

use std::num::NonZeroU32;

use local_stack::event_source_mapping::BatchResult;
use local_stack::kms::{Effect, EmbeddedKms, KmsSettings};
use local_stack::lambda_function::{Function, FunctionSettings};

use support::{delivered, event, numbers, records, result, settings, stream_of};

/// One request at a time, and records whose key is unavailable would be given up: nothing but the evidence protects them.
fn strictest(kms: &EmbeddedKms) -> FunctionSettings {
    settings(kms).with_environment([("KMS_MAX_CONCURRENCY", "1"), ("UNAVAILABLE_KEY", "quarantine")])
}

/// KMS finds so many requests invalid.
fn refuse(kms: &EmbeddedKms, times: u32) {
    let code = "ValidationException".to_owned();
    kms.disturb_decrypts(NonZeroU32::new(times).unwrap(), Effect::Fail { code });
}

#[tokio::test]
async fn in_a_cold_sandbox_a_record_to_blame_does_not_block_its_shard() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = stream_of(&kms, 3).await;
    let records = records(&stream);
    let (function, output) = Function::new(strictest(&kms));
    // Both requests for the first record; what is asked next, KMS understands.
    refuse(&kms, 2);
    let invocation = function.invoke(event(&stream, &records)).await;
    assert_eq!(result(&invocation, &records), BatchResult::Succeeded);
    function.shut_down().await;
    assert_eq!(delivered(&output.collect().await), numbers(&records[1..]));
}

#[tokio::test]
async fn while_kms_finds_everything_invalid_no_record_is_given_up() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = stream_of(&kms, 3).await;
    let records = records(&stream);
    let (function, output) = Function::new(strictest(&kms));
    for _redelivery in 0..2 {
        refuse(&kms, 1_000);
        let invocation = function.invoke(event(&stream, &records)).await;
        assert_eq!(result(&invocation, &records), BatchResult::FailedFrom(0));
        kms.clear_script();
    }
    // The first is decrypted, and then the same in the sandbox that has decrypted.
    let invocation = function.invoke(event(&stream, &records[..1])).await;
    assert_eq!(result(&invocation, &records[..1]), BatchResult::Succeeded);
    refuse(&kms, 1_000);
    let invocation = function.invoke(event(&stream, &records)).await;
    assert_eq!(result(&invocation, &records), BatchResult::FailedFrom(1));
    kms.clear_script();
    let invocation = function.invoke(event(&stream, &records[1..])).await;
    assert_eq!(result(&invocation, &records[1..]), BatchResult::Succeeded);
    function.shut_down().await;
    let twice = [numbers(&records[..1]), numbers(&records)].concat();
    assert_eq!(delivered(&output.collect().await), twice);
}

#[tokio::test]
async fn in_a_sandbox_that_has_decrypted_a_record_to_blame_is_given_up_and_a_good_one_is_not() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = stream_of(&kms, 4).await;
    let records = records(&stream);
    let (function, output) = Function::new(strictest(&kms));
    let invocation = function.invoke(event(&stream, &records[..1])).await;
    assert_eq!(result(&invocation, &records[..1]), BatchResult::Succeeded);
    // Once is not evidence.
    refuse(&kms, 1);
    let invocation = function.invoke(event(&stream, &records[1..2])).await;
    assert_eq!(result(&invocation, &records[1..2]), BatchResult::Succeeded);
    refuse(&kms, 2);
    let invocation = function.invoke(event(&stream, &records[2..])).await;
    assert_eq!(result(&invocation, &records[2..]), BatchResult::Succeeded);
    function.shut_down().await;
    let all_but_one = [numbers(&records[..2]), numbers(&records[3..])].concat();
    assert_eq!(delivered(&output.collect().await), all_but_one);
}
