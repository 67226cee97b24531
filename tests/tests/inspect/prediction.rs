//! The prediction of KMS calls, against what is then measured: the same records through the built function, one sandbox per lane.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use local_stack::binaries;
use local_stack::event_source_mapping::{EventSourceMapping, MappingSettings};
use local_stack::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms, KmsSettings, Operation};
use local_stack::lambda_function::{Function, FunctionSettings};
use local_stack::sealing::Sealer;
use local_stack::stream::InMemoryStream;
use warmkeys::clock::{Clock, SystemClock};

use super::{get_records, report};

const SHARDS: u32 = 4;
const FACTOR: NonZeroU32 = NonZeroU32::new(2).unwrap();

/// A stream's records: partition key and payload.
type Records = Vec<(String, Bytes)>;

/// The prediction, the most that it says, and what was measured.
struct Calls {
    predicted: f64,
    at_most: f64,
    measured: f64,
}

/// Seals `count` records under the data keys that `data_key` says, of `data_keys` together.
async fn records(kms: &EmbeddedKms, data_keys: usize, count: usize, of: impl Fn(usize) -> (String, usize)) -> Records {
    let sealer = Sealer::new(kms, data_keys).await.unwrap();
    (0..count)
        .map(|number| {
            let (partition_key, data_key) = of(number);
            (partition_key, sealer.seal(format!("order {number}").as_bytes(), data_key).unwrap())
        })
        .collect()
}

async fn calls(kms: &EmbeddedKms, records: &Records) -> Calls {
    let document = get_records(records.iter().map(|(key, payload)| (key.as_str(), &**payload)), 200.0);
    let arguments = ["--shards", &SHARDS.to_string(), "--parallelization-factor", &FACTOR.to_string()];
    let predicted = report(&arguments, document.as_bytes())["kms"]["callsInSample"].clone();
    let predicted = |name: &str| predicted[name].as_f64().unwrap();
    Calls { predicted: predicted("with"), at_most: predicted("withAtMost"), measured: measured(kms, records).await }
}

async fn measured(kms: &EmbeddedKms, records: &Records) -> f64 {
    let settings = FunctionSettings::new("stream-decryptor", binaries::stream_decryptor().unwrap())
        .with_environment(kms.environment())
        .with_environment([("SINK_ARN", "stdout"), ("QUARANTINE_ARN", "stderr"), ("KMS_KEY_ARNS", DEVELOPMENT_KEY_ARN)])
        .with_timeout(Duration::from_secs(120));
    let (function, _output) = Function::new(settings);
    let function = Arc::new(function);
    let stream = InMemoryStream::new("orders", SHARDS);
    for (partition_key, payload) in records {
        stream.put(partition_key, None, payload.clone(), SystemClock.now().wall);
    }
    let settings = MappingSettings {
        batch_size: NonZeroUsize::new(500).unwrap(),
        parallelization_factor: FACTOR,
        ..MappingSettings::default()
    };
    let mapping = EventSourceMapping::start(Arc::new(stream), Arc::clone(&function), settings, Arc::new(SystemClock));
    mapping.settled(records.len() as u64).await;
    let report = mapping.stop().await;
    assert_eq!((report.records_finished, report.records_discarded), (records.len() as u64, 0), "{report:?}");
    assert_eq!(report.cold_starts, u64::from(SHARDS * FACTOR.get()), "a sandbox for each lane");
    Arc::into_inner(function).unwrap().shut_down().await;
    kms.calls().of(Operation::Decrypt).calls as f64
}

#[tokio::test]
async fn the_calls_for_a_hundred_thousand_records_are_predicted_within_a_tenth() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    // Producers that reuse their data keys, and one in a hundred records of a producer that does not.
    let records = records(&kms, 200 + 1_000, 100_000, |number| {
        let data_key = if number % 100 == 0 { 200 + number / 100 } else { number % 199 };
        (format!("customer-{}", number % 4_999), data_key)
    });
    let calls = calls(&kms, &records.await).await;
    println!("predicted {}, at most {}, measured {}", calls.predicted, calls.at_most, calls.measured);
    assert!((calls.measured / calls.predicted - 1.0).abs() < 0.1);
}

#[tokio::test]
async fn data_keys_that_stay_in_one_lane_cost_what_is_predicted_or_more_but_not_more_than_at_most() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    // A data key for each of 300 customers, which are their records' partition keys.
    let records = records(&kms, 300, 30_000, |number| (format!("customer-{}", number % 300), number % 300));
    let calls = calls(&kms, &records.await).await;
    println!("predicted {}, at most {}, measured {}", calls.predicted, calls.at_most, calls.measured);
    assert_eq!(calls.predicted, 300.0);
    assert!(calls.measured >= calls.predicted && calls.measured <= calls.at_most);
}

#[tokio::test]
async fn a_data_key_per_record_costs_one_call_each_as_predicted() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let records = records(&kms, 1_000, 1_000, |number| (number.to_string(), number)).await;
    let calls = calls(&kms, &records).await;
    assert_eq!((calls.predicted, calls.measured), (1_000.0, 1_000.0));
}
