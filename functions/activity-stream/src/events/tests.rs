//! A sink that stops where it is told.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use warmkeys::clock::{Clock, SystemClock};
use warmkeys::message::EncryptionContext;
use warmkeys::records::{SequenceNumber, ShardRecord};

use super::*;

/// Takes events until there are `takes`, and refuses those that hold `refuses`.
struct FakeSink {
    takes: usize,
    refuses: &'static str,
    taken: Mutex<Vec<(String, Option<u32>, String)>>,
}

impl FakeSink {
    fn taking(takes: usize) -> Self {
        Self { takes, refuses: "too large", taken: Mutex::default() }
    }
}

impl RecordSink for FakeSink {
    fn refusal(&self, record: &OpenedRecord) -> Option<DeliveryError> {
        text(record).contains(self.refuses).then(|| DeliveryError::never("it is too large"))
    }

    async fn deliver(&self, records: &[OpenedRecord], _: Deadline) -> Delivery {
        let taken = records.iter().take(self.takes);
        let place = |record: &OpenedRecord| {
            (record.record.sequence_number.as_str().to_owned(), record.record.sub_sequence_number, text(record))
        };
        self.taken.lock().unwrap().extend(taken.map(place));
        match records.len() <= self.takes {
            true => Delivery::complete(records.len()),
            false => Delivery::stopped_at(self.takes, DeliveryError::not_now("it is full")),
        }
    }
}

fn text(record: &OpenedRecord) -> String {
    String::from_utf8(record.plaintext.clone()).unwrap()
}

fn document(sequence_number: &str, content: &str) -> OpenedRecord {
    let record = ShardRecord {
        sequence_number: SequenceNumber::parse(sequence_number).unwrap(),
        sub_sequence_number: None,
        partition_key: "key".into(),
        explicit_hash_key: None,
        approximate_arrival_timestamp: Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_225_600_250)),
        data: "ciphertext".into(),
    };
    OpenedRecord { record, encryption_context: Arc::new(EncryptionContext::empty()), plaintext: content.into() }
}

fn list(events: &str) -> String {
    format!(
        "{{\"type\":\"DatabaseActivityMonitoringRecord\",\"instanceId\":\"db-A\",\"databaseActivityEventList\":[{events}]}}"
    )
}

fn event(id: u32) -> String {
    format!("{{\"type\":\"record\",\"id\":{id}}}")
}

async fn deliver(
    sink: FakeSink,
    filter: EventFilter,
    documents: &[OpenedRecord],
) -> (Delivery, Vec<(String, Option<u32>, String)>) {
    let events = ActivityEvents::new(sink, filter);
    let deadline = Deadline::after(SystemClock.now().monotonic, Duration::from_secs(5));
    let delivery = events.deliver(documents, deadline).await;
    let taken = events.sink.taken.lock().unwrap().clone();
    (delivery, taken)
}

#[tokio::test]
async fn an_event_is_a_line_as_the_database_wrote_it_with_where_it_is_from() {
    let content = "{\"clusterId\": \"\",\n \"instanceId\": \"db-A\", \"databaseActivityEventList\":\n [{\"type\": \"record\",\r\n \"sessionId\": 07e1,\n\"text\": \"a\\nb\"}]}";
    let content = content.replace("07e1", "7e1");
    let (delivery, taken) = deliver(FakeSink::taking(9), EventFilter::default(), &[document("5", &content)]).await;
    assert!(delivery.failure.is_none() && delivery.delivered == 1);
    let line = "{\"clusterId\":\"\",\"instanceId\":\"db-A\",\"sequenceNumber\":\"5\",\"arrivalTime\":\"2026-01-01T00:00:00.250Z\",\"event\":{\"type\": \"record\",   \"sessionId\": 7e1, \"text\": \"a\\nb\"}}";
    assert_eq!(taken, [("5".to_owned(), Some(0), line.to_owned())]);
}

#[tokio::test]
async fn heartbeats_and_excluded_events_are_left_out_and_leave_the_others_their_places() {
    let filter = EventFilter { excluded_users: vec!["rdsadmin".to_owned()], ..EventFilter::default() };
    let events =
        ["{\"type\":\"heartbeat\"}", &event(1), "{\"type\":\"record\",\"dbUserName\":\"rdsadmin\"}", &event(3)]
            .join(",");
    let documents =
        [document("5", &list(&events)), document("6", &list("")), document("7", &list("{\"type\":\"heartbeat\"}"))];
    let (delivery, taken) = deliver(FakeSink::taking(9), filter, &documents).await;
    assert!(delivery.failure.is_none() && delivery.delivered == 3);
    assert_eq!(taken.iter().map(|(_, place, _)| *place).collect::<Vec<_>>(), [Some(1), Some(3)]);
}

#[tokio::test]
async fn a_document_is_delivered_when_its_last_event_is() {
    let documents = [
        document("5", &list(&[event(0), event(1)].join(","))),
        document("6", &list("{\"type\":\"heartbeat\"}")),
        document("7", &list(&[event(0), event(1)].join(","))),
        document("8", &list("")),
    ];
    // By how many events the sink takes.
    for (takes, delivered) in [(0, 0), (1, 0), (2, 2), (3, 2)] {
        let (delivery, _) = deliver(FakeSink::taking(takes), EventFilter::default(), &documents).await;
        assert_eq!(delivery.delivered, delivered, "{takes}");
        assert!(matches!(delivery.failure, Some(DeliveryError::NotNow { .. })));
    }
    let (delivery, _) = deliver(FakeSink::taking(4), EventFilter::default(), &documents).await;
    assert!(delivery.delivered == 4 && delivery.failure.is_none());
}

#[tokio::test]
async fn what_is_no_document_or_holds_an_event_that_never_fits_is_refused_without_being_quoted() {
    let events = ActivityEvents::new(FakeSink::taking(9), EventFilter::default());
    for (content, reason) in [
        ("patient 4711".to_owned(), "the activity document is not JSON (line 1, column 1)"),
        (
            "{\"patient\": 4711}".to_owned(),
            "the activity document has no databaseActivityEventList (line 1, column 17)",
        ),
        (
            "{\"databaseActivityEventList\": 4711}".to_owned(),
            "the activity document has no databaseActivityEventList (line 1, column 34)",
        ),
        (list("{\"text\":\"too large 4711\"}"), "it is too large"),
    ] {
        let refusal = events.refusal(&document("5", &content)).unwrap();
        assert!(matches!(&refusal, DeliveryError::Never { reason: told } if told == reason), "{refusal}");
    }
    assert!(events.refusal(&document("5", &list(&event(1)))).is_none());
}
