//! One side of the race: a function behind a mapping of its own, with a KMS of its own.

use std::collections::HashSet;
use std::sync::Arc;

use local_stack::event_source_mapping::{EventSourceMapping, MappingReport, MappingSettings};
use local_stack::kms::{CallCounts, EmbeddedKms, Operation};
use local_stack::lambda_function::{Function, FunctionSettings, OutputLine, OutputLines};
use local_stack::stream::InMemoryStream;
use warmkeys::clock::SystemClock;

use crate::ledger;
use crate::standing::Standing;

/// A running consumer. It stops when dropped.
#[derive(Debug)]
pub(crate) struct Consumer<'a> {
    kms: &'a EmbeddedKms,
    stream: Arc<InMemoryStream>,
    function: Arc<Function>,
    mapping: EventSourceMapping,
    output: OutputLines,
    /// What the function wrote so far.
    lines: Vec<OutputLine>,
    /// The records that it was about.
    records: HashSet<String>,
}

/// What a consumer has done.
#[derive(Debug)]
pub(crate) struct Consumed {
    pub(crate) mapping: MappingReport,
    /// The sequence numbers of the records that the mapping has gone past.
    pub(crate) settled: HashSet<String>,
    pub(crate) decrypted: CallCounts,
    pub(crate) lines: Vec<OutputLine>,
}

impl<'a> Consumer<'a> {
    /// Starts to take what is in `stream`, and what comes, to the function, which calls `kms`.
    pub(crate) fn start(stream: &Arc<InMemoryStream>, kms: &'a EmbeddedKms, settings: FunctionSettings) -> Self {
        let (function, output) = Function::new(settings);
        let function = Arc::new(function);
        let mapping = EventSourceMapping::start(
            Arc::clone(stream),
            Arc::clone(&function),
            MappingSettings::default(),
            Arc::new(SystemClock),
        );
        let (stream, lines, records) = (Arc::clone(stream), Vec::new(), HashSet::new());
        Self { kms, stream, function, mapping, output, lines, records }
    }

    /// How far it has come.
    pub(crate) fn standing(&mut self) -> Standing {
        while let Some(line) = self.output.try_next() {
            self.records.extend(ledger::sequence_number(&line));
            self.lines.push(line);
        }
        let CallCounts { calls, throttled, .. } = self.decrypted();
        Standing { records: self.records.len(), calls, throttled }
    }

    /// Whether the function fails at every invocation, `hopeless` times by now.
    pub(crate) fn is_hopeless(&self, hopeless: u64) -> bool {
        let report = self.mapping.report();
        report.records_finished == 0 && report.function_errors >= hopeless
    }

    /// Waits until so many records are done with, by the mapping's reckoning.
    pub(crate) async fn settled(&self, records: u64) {
        self.mapping.settled(records).await;
    }

    /// Stops it, cutting off what is in flight, and tells what it has done.
    pub(crate) async fn stop(mut self) -> Consumed {
        let decrypted = self.decrypted();
        let mapping = self.mapping.stop().await;
        // If an invocation that was cut off still holds the function, it ends with that.
        if let Some(function) = Arc::into_inner(self.function) {
            function.shut_down().await;
        }
        self.lines.extend(self.output.collect().await);
        Consumed { settled: settled(&self.stream, &mapping), mapping, decrypted, lines: self.lines }
    }

    fn decrypted(&self) -> CallCounts {
        self.kms.calls().of(Operation::Decrypt)
    }
}

/// With one lane per shard the mapping goes through a shard from its first record on.
fn settled(stream: &InMemoryStream, report: &MappingReport) -> HashSet<String> {
    let records =
        report.settled_by_shard.iter().flat_map(|(shard, count)| stream.read(shard, 0, *count).unwrap_or_default());
    records.map(|record| record.sequence_number.to_string()).collect()
}
