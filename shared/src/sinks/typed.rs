//! A sink of values: each plaintext is JSON of one type.

use std::future::Future;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::RecordSink;
use super::each::{Fate, one_after_the_other};
use crate::delivery::{Delivery, DeliveryError};
use crate::records::{OpenedRecord, ShardRecord};
use crate::retry::Deadline;

/// A sink that reads each plaintext as JSON of type `V` and calls `take` with the value and the record it is from, one after the other,
/// in shard order.
///
/// A plaintext that is not JSON of the type goes to quarantine, still encrypted, with what kind of mistake it is and where, and
/// without quoting it.
///
/// ```
/// use warmkeys::sinks::{Fate, typed};
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     total: f64,
/// }
///
/// let sink = typed(|order: Order, record| async move {
///     if order.total < 0.0 { Fate::Never(format!("a negative total in {}", record.sequence_number)) } else { Fate::Delivered }
/// });
/// # let _ = sink;
/// ```
#[must_use]
pub fn typed<V, F, T>(take: F) -> Typed<V, F>
where
    V: DeserializeOwned,
    F: Fn(V, ShardRecord) -> T + Send + Sync,
    T: Future<Output = Fate> + Send,
{
    Typed { take, values: PhantomData }
}

/// The sink that [`typed`] makes of a closure.
pub struct Typed<V, F> {
    take: F,
    values: PhantomData<fn() -> V>,
}

impl<V, F> std::fmt::Debug for Typed<V, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Typed")
    }
}

impl<V, F, T> RecordSink for Typed<V, F>
where
    V: DeserializeOwned,
    F: Fn(V, ShardRecord) -> T + Send + Sync,
    T: Future<Output = Fate> + Send,
{
    /// Reads the plaintext for the first time: all that is not of the type is quarantined in one go.
    fn refusal(&self, record: &OpenedRecord) -> Option<DeliveryError> {
        read::<V>(record).err()
    }

    async fn deliver(&self, records: &[OpenedRecord], deadline: Deadline) -> Delivery {
        one_after_the_other(records, deadline, |record| {
            // Read once more: to keep what was read from asking to delivering, it would have to be held for all records at once.
            let taken = read(record).map(|value| (self.take)(value, record.record.clone()));
            async {
                match taken {
                    Ok(taken) => taken.await,
                    Err(refusal) => Fate::Never(refusal.to_string()),
                }
            }
        })
        .await
    }
}

/// The value of a record. The library's own text of a failure is left out, for it may quote the plaintext.
fn read<V: DeserializeOwned>(record: &OpenedRecord) -> Result<V, DeliveryError> {
    serde_json::from_slice(&record.plaintext).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Syntax => "it is not JSON",
            serde_json::error::Category::Eof => "its JSON ends too early",
            serde_json::error::Category::Data | serde_json::error::Category::Io => {
                "its JSON is not of the expected type"
            }
        };
        DeliveryError::never(&format!("{what} (line {}, column {})", error.line(), error.column()))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::delivery::testing::{opened, within};

    #[derive(serde::Deserialize)]
    struct Order {
        id: u32,
    }

    #[tokio::test(start_paused = true)]
    async fn values_are_taken_with_their_records() {
        let taken = Mutex::new(Vec::new());
        let sink = typed(|order: Order, record| {
            taken.lock().unwrap().push((order.id, record.sequence_number.to_string()));
            std::future::ready(Fate::Delivered)
        });
        let records = [("7", "{\"id\": 1}"), ("8", "{\"id\": 2}")].map(|(at, json)| opened(at, "key", json.as_bytes()));
        assert!(records.iter().all(|record| sink.refusal(record).is_none()));
        assert_eq!(sink.deliver(&records, within(5)).await.delivered, 2);
        assert_eq!(*taken.lock().unwrap(), [(1, "7".to_owned()), (2, "8".to_owned())]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_of_the_type_is_refused_for_good_without_being_quoted() {
        let sink = typed(|_: Order, _| std::future::ready(Fate::Delivered));
        for (plaintext, reason) in [
            ("patient 4711", "it is not JSON (line 1, column 1)"),
            ("{\"id\": ", "its JSON ends too early (line 1, column 7)"),
            ("{\"id\": \"4711\"}", "its JSON is not of the expected type (line 1, column 13)"),
        ] {
            let record = opened("1", "key", plaintext.as_bytes());
            let refusal = sink.refusal(&record).unwrap();
            assert!(matches!(&refusal, DeliveryError::Never { reason: told } if told == reason), "{refusal}");
            let delivery = sink.deliver(&[record], within(5)).await;
            assert!(matches!(delivery.failure, Some(DeliveryError::Never { reason }) if !reason.contains("4711")));
        }
    }
}
