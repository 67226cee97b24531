use serde_json::{Value as Json, json};

use super::super::definitions::{
    BATCHES_HELD, COLD_STARTS, FUNCTION_NAME, INVOKE_DURATION, KMS_ATTEMPT_DURATION, KMS_ERRORS, PAYLOADS_SIZE,
};
use super::*;
use crate::clock::{Clock as _, SystemClock};
use crate::failure::{FailureClass, RequestError as _};
use crate::retry::{Call, ConcurrencyLimit, Deadline, Jitter, RetryPolicy, Retrying};

fn json(document: &Document) -> Json {
    let now = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_800_000_000_123_456_789);
    serde_json::from_str(&document.line("WARN", now).unwrap()).unwrap()
}

#[test]
fn a_document_is_of_the_form_that_cloudwatch_takes() {
    let mut document = Document::default();
    document.dimension(FUNCTION_NAME, "orders");
    document.property("requestId", "8476a536");
    document.count(&COLD_STARTS, 0);
    document.count(&BATCHES_HELD, 0);
    document.len(&PAYLOADS_SIZE, 7);
    document.duration(&INVOKE_DURATION, Duration::from_nanos(1_234_567_890));
    document.count_of(&KMS_ERRORS, FailureClass::Caller.name(), 2);
    document.count_of(&KMS_ERRORS, FailureClass::Transient.name(), 0);
    document.distribution(&KMS_ATTEMPT_DURATION, &DurationCounts::default());
    let expected = json!({
        "level": "WARN",
        "timestamp": "2027-01-15T08:00:00.123Z",
        "_aws": {
            "Timestamp": 1_800_000_000_123_u64,
            "CloudWatchMetrics": [{
                "Namespace": "Warmkeys",
                "Dimensions": [["FunctionName"]],
                "Metrics": [
                    {"Name": "faas.coldstarts", "Unit": "Count"},
                    {"Name": "payloads.size", "Unit": "Bytes"},
                    {"Name": "faas.invoke_duration", "Unit": "Seconds"},
                    {"Name": "kms.errors.caller", "Unit": "Count"},
                ],
            }],
        },
        "FunctionName": "orders",
        "requestId": "8476a536",
        "faas.coldstarts": 0,
        "payloads.size": 7,
        "faas.invoke_duration": 1.234_568,
        "kms.errors.caller": 2,
    });
    assert_eq!(json(&document), expected);
}

/// Fails once after 10 ms, and then takes 40.
#[derive(Default)]
struct Slow(std::sync::atomic::AtomicBool);

struct Ask;

impl crate::retry::Request for Ask {
    type Answer = ();
    type Error = crate::data_keys::DataKeyError;
}

impl Call<Ask> for Slow {
    async fn call(&self, _: &Ask, _: Deadline) -> Result<(), crate::data_keys::DataKeyError> {
        if self.0.swap(true, std::sync::atomic::Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(40)).await;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        Err(crate::data_keys::DataKeyError::attempt_timed_out(Duration::ZERO))
    }
}

#[tokio::test(start_paused = true)]
async fn a_distribution_has_values_and_how_often_each_occurred() {
    let policy = RetryPolicy { jitter: Jitter::seeded(7), ..RetryPolicy::default() };
    let limit = ConcurrencyLimit::new(ConcurrencyLimit::DEFAULT_MAX);
    let retrying = Retrying::new(Slow::default(), policy, limit, std::sync::Arc::new(SystemClock));
    let deadline = Deadline::after(SystemClock.now().monotonic, Duration::from_secs(9));
    for _ in 0..3 {
        retrying.call(&Ask, deadline).await.unwrap();
    }
    let mut document = Document::default();
    document.distribution(&KMS_ATTEMPT_DURATION, &retrying.statistics().attempt_durations);
    let distribution = json(&document)["kms.attempt.duration"].clone();
    assert_eq!(distribution["Counts"], json!([1, 3]));
    let values: Vec<f64> = serde_json::from_value(distribution["Values"].clone()).unwrap();
    assert!((0.009..0.0112).contains(&values[0]) && (0.036..0.045).contains(&values[1]), "{values:?}");
}
