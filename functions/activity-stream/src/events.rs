//! From documents to events, between the decryptor and the sink.

use warmkeys::delivery::{Delivery, DeliveryError};
use warmkeys::records::OpenedRecord;
use warmkeys::retry::Deadline;
use warmkeys::sinks::RecordSink;

use crate::document::{Document, event_record};
use crate::filter::{EventFilter, Judgement};

/// Gives `sink` one record for each event of a document: a line of JSON, `{"clusterId", "instanceId", "sequenceNumber", "arrivalTime",
/// "event"}`, in which `event` is as the database wrote it and the ids are left out where the document has none.
///
/// Heartbeats and excluded events are left out, and counted in the log. A document counts as delivered when all its events are. If its sink
/// stops in the middle of a document, the document comes again, and with it the events that had arrived. An event's place in the list is
/// its sub-sequence number, whatever is left out, so that a FIFO queue de-duplicates them.
#[derive(Debug)]
pub struct ActivityEvents<S> {
    sink: S,
    filter: EventFilter,
}

/// The events of some documents, ready for the sink.
#[derive(Default)]
struct Events {
    records: Vec<OpenedRecord>,
    /// For each document, how many events there are up to its end.
    ends: Vec<usize>,
    heartbeats: usize,
    excluded: usize,
}

impl<S> ActivityEvents<S> {
    /// Delivers to `sink` what `filter` does not leave out.
    pub fn new(sink: S, filter: EventFilter) -> Self {
        Self { sink, filter }
    }
}

impl<S: RecordSink> RecordSink for ActivityEvents<S> {
    fn destination(&self) -> String {
        self.sink.destination()
    }

    fn writes_to(&self, stream_arn: &str) -> bool {
        self.sink.writes_to(stream_arn)
    }

    /// A document that cannot be read, or with an event that the sink can never take, goes to quarantine whole.
    fn refusal(&self, document: &OpenedRecord) -> Option<DeliveryError> {
        let mut events = Events::default();
        match events.add(document, &self.filter) {
            Err(refusal) => Some(refusal),
            Ok(()) => events.records.iter().find_map(|event| self.sink.refusal(event)),
        }
    }

    async fn deliver(&self, documents: &[OpenedRecord], deadline: Deadline) -> Delivery {
        let mut events = Events::default();
        // None is refused, but the count must be right whatever happens.
        let refusal = documents.iter().find_map(|document| events.add(document, &self.filter).err());
        let delivery = self.sink.deliver(&events.records, deadline).await;
        // The first document whose last event has not arrived.
        let delivered = events.ends.partition_point(|end| *end <= delivery.delivered);
        tracing::info!(
            documents = delivered,
            events = delivery.delivered,
            heartbeats = events.heartbeats,
            excluded = events.excluded,
            "{} events of {delivered} documents were delivered; {} heartbeats and {} excluded events were left out",
            delivery.delivered,
            events.heartbeats,
            events.excluded
        );
        match delivery.failure.or(refusal) {
            Some(failure) => Delivery::stopped_at(delivered, failure),
            None => Delivery::complete(documents.len()),
        }
    }
}

impl Events {
    fn add(&mut self, document: &OpenedRecord, filter: &EventFilter) -> Result<(), DeliveryError> {
        let content = Document::read(&document.plaintext)?;
        for (index, event) in content.events.iter().enumerate() {
            match filter.judge(event) {
                Judgement::Heartbeat => self.heartbeats += 1,
                Judgement::Excluded => self.excluded += 1,
                Judgement::Delivered => {
                    let line = content.line(event, &document.record);
                    self.records.push(event_record(document, index, line));
                }
            }
        }
        self.ends.push(self.records.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
