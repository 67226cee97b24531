//! The metrics of the built `record-encryptor`.

use std::sync::Arc;

use local_stack::binaries;
use local_stack::kinesis::{EmbeddedKinesis, KinesisSettings};
use local_stack::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms, KmsSettings};
use local_stack::lambda_function::{Function, FunctionSettings};
use local_stack::stream::InMemoryStream;

use super::{KMS, counts, documents};

#[tokio::test]
async fn written_and_refused_records_are_counted_and_what_the_shared_data_key_saves() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = Arc::new(InMemoryStream::new("orders", 1));
    let kinesis = EmbeddedKinesis::start(Arc::clone(&stream), KinesisSettings::unlimited()).await.unwrap();
    let own = [
        ("STREAM_ARN", stream.arn().to_owned()),
        ("KMS_GENERATOR_KEY_ARN", DEVELOPMENT_KEY_ARN.to_owned()),
        kinesis.environment(),
    ];
    let settings = FunctionSettings::new("record-encryptor", binaries::record_encryptor().unwrap())
        .with_environment(kms.environment())
        .with_environment(own);
    let (function, output) = Function::new(settings);
    let good = r#"{"partitionKey": "customer", "data": "b3JkZXI="}"#;
    function.invoke(format!(r#"{{"records": [{good}, {good}, {{"partitionKey": 7}}, {good}]}}"#)).await;
    function.invoke(format!(r#"{{"records": [{good}]}}"#)).await;
    function.invoke(r#"{"unheard": "of"}"#).await;
    let documents = documents(function, output).await;
    let [cold, warm, failed] = documents.as_slice() else { panic!("{documents:?}") };
    let records = ["messaging.client.consumed.messages", "records.delivered", "records.failed.permanent"];
    assert_eq!((counts(cold, records), counts(warm, records)), ([4, 3, 1], [1, 1, 0]));
    assert_eq!((counts(cold, KMS), counts(warm, KMS)), ([1, 1, 0, 2], [0, 0, 0, 1]));
    let cache = ["cache.misses", "cache.hits", "cache.joins", "cache.entries"];
    assert_eq!(counts(cold, cache).iter().take(3).sum::<u64>(), 3);
    assert_eq!(counts(warm, cache), [0, 1, 0, 1]);
    assert_eq!((&cold["FunctionName"], &cold["StreamName"]), (&"record-encryptor".into(), &"orders".into()));
    assert_eq!(counts(failed, ["faas.errors", "kms.calls"]), [1, 0]);
}
