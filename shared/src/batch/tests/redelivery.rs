//! Random streams, faults and redeliveries, as an event source mapping does them: nothing lost, order kept, few duplicates.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::fakes::{DestinationFault, FakeProcessor, KeyFault, processor};
use super::fixtures::{batch, damaged, message, record};
use crate::batch::SuspiciousBatches;
use crate::records::ShardRecord;

/// A record of the model: what it is, and whether it belongs to the aggregate of the one before it.
#[derive(Clone, Debug)]
struct ModelRecord {
    kind: Kind,
    continues_unit: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Good { key_id: u8 },
    Damaged { key_id: u8 },
    Garbage,
    TooLargeForTheSink { key_id: u8 },
}

/// The faults of one invocation.
#[derive(Clone, Debug)]
struct Faults {
    keys: Vec<Option<KeyFault>>,
    quarantine: Option<DestinationFault>,
    sink: Option<DestinationFault>,
}

const KEYS: u8 = 4;

fn model_record() -> impl Strategy<Value = ModelRecord> {
    let kind = prop_oneof![
        8 => (0..KEYS).prop_map(|key_id| Kind::Good { key_id }),
        1 => (0..KEYS).prop_map(|key_id| Kind::Damaged { key_id }),
        1 => Just(Kind::Garbage),
        1 => (0..KEYS).prop_map(|key_id| Kind::TooLargeForTheSink { key_id }),
    ];
    (kind, prop::bool::weighted(0.3)).prop_map(|(kind, continues_unit)| ModelRecord { kind, continues_unit })
}

fn faults() -> impl Strategy<Value = Faults> {
    let key_fault = prop_oneof![
        Just(KeyFault::Throttled),
        (1..500_u64).prop_map(KeyFault::ThrottledAfter),
        Just(KeyFault::Transient),
        Just(KeyFault::Unavailable),
        Just(KeyFault::Hangs),
    ];
    let destination_fault = || {
        option::weighted(
            0.4,
            prop_oneof![
                (0..6_usize).prop_map(DestinationFault::FailsAfter),
                (0..6_usize).prop_map(DestinationFault::HangsAfter),
            ],
        )
    };
    (vec(option::weighted(0.3, key_fault), usize::from(KEYS)), destination_fault(), destination_fault())
        .prop_map(|(keys, quarantine, sink)| Faults { keys, quarantine, sink })
}

fn records_of(model: &[ModelRecord]) -> Vec<ShardRecord> {
    let mut sequence_number = 0;
    let records = model.iter().enumerate().map(|(number, model)| {
        if number > 0 && !model.continues_unit {
            sequence_number += 1;
        }
        let text = number.to_string();
        let data = match model.kind {
            Kind::Good { key_id } | Kind::TooLargeForTheSink { key_id } => message(key_id, text.as_bytes()),
            Kind::Damaged { key_id } => damaged(message(key_id, text.as_bytes())),
            Kind::Garbage => b"garbage".to_vec(),
        };
        record(sequence_number, data)
    });
    records.collect()
}

fn apply(faults: &Faults, processor: &FakeProcessor) {
    processor.repair();
    let key_faults = (0..).zip(&faults.keys).filter_map(|(key_id, fault)| Some((key_id, (*fault)?)));
    processor.decryptor.data_keys.faults.lock().unwrap().extend(key_faults);
    *processor.quarantine.fault.lock().unwrap() = faults.quarantine;
    *processor.sink.fault.lock().unwrap() = faults.sink;
}

/// Delivers the stream as a mapping does, one invocation after the other, until it is through. Faults end at some time.
async fn run_through(model: &[ModelRecord], faults: &[Faults], processor: &FakeProcessor) {
    let records = records_of(model);
    let mut position = 0;
    let mut faults = faults.iter();
    while position < records.len() {
        let fault = faults.next();
        fault.map_or_else(|| processor.repair(), |fault| apply(fault, processor));
        let arrived_before = processor.sink.arrived().len();
        let report = processor.run(batch(records[position..].to_vec())).await;

        let next = report.checkpoint.as_ref().map_or(records.len(), |checkpoint| {
            let named = |record: &ShardRecord| record.sequence_number == checkpoint.sequence_number;
            records.iter().position(named).expect("a record of the batch")
        });
        assert!(next >= position, "a checkpoint before the batch");
        assert!(fault.is_some() || report.checkpoint.is_none(), "a checkpoint without a fault: {report:?}");
        let sink_failed = fault.is_some_and(|fault| fault.sink.is_some());
        for number in &processor.sink.arrived()[arrived_before..] {
            let number: usize = number.parse().expect("a number");
            let in_checkpoint_s_unit =
                records.get(next).is_some_and(|first| records[number].sequence_number == first.sequence_number);
            // Only a sink that failed (or hung, so that nothing is known) has taken more.
            let explained = matches!(fault.and_then(|fault| fault.sink), Some(DestinationFault::HangsAfter(_)))
                || (in_checkpoint_s_unit && sink_failed);
            assert!(number < next || explained, "{number} was delivered beyond the checkpoint {next}");
        }
        position = next;
    }
}

proptest! {
    #[test]
    fn every_good_record_is_delivered_in_order_and_every_poison_record_quarantined(
        model in vec(model_record(), 0..14),
        faults in vec(faults(), 0..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let mut processor = processor();
        // Faults of the model end, and time stands still: a hold would not.
        processor.suspicious_batches = SuspiciousBatches::held_for(Duration::ZERO);
        for (number, record) in model.iter().enumerate() {
            if matches!(record.kind, Kind::TooLargeForTheSink { .. }) {
                processor.sink.too_large.lock().unwrap().push(number.to_string());
            }
        }
        runtime.block_on(run_through(&model, &faults, &processor));

        let arrived: Vec<usize> = processor.sink.arrived().iter().map(|text| text.parse().expect("a number")).collect();
        let mut first_arrivals: Vec<usize> = Vec::new();
        for number in &arrived {
            if !first_arrivals.contains(number) {
                first_arrivals.push(*number);
            }
        }
        let good: Vec<usize> = (0..model.len()).filter(|number| matches!(model[*number].kind, Kind::Good { .. })).collect();
        prop_assert_eq!(&first_arrivals, &good, "each good record, in order, and no other");

        let sink_hung = faults.iter().any(|faults| matches!(faults.sink, Some(DestinationFault::HangsAfter(_))));
        if !sink_hung {
            let of_its_own = |number: usize| !model[number].continues_unit && model.get(number + 1).is_none_or(|next| !next.continues_unit);
            for number in good.iter().filter(|number| of_its_own(**number)) {
                prop_assert_eq!(arrived.iter().filter(|arrived| *arrived == number).count(), 1, "record {} once", number);
            }
        }

        let records = records_of(&model);
        let mut rejected: Vec<String> = (0..model.len())
            .filter(|number| !matches!(model[*number].kind, Kind::Good { .. }))
            .map(|number| records[number].sequence_number.to_string())
            .collect();
        let mut quarantined = processor.quarantine.arrived();
        rejected.sort();
        rejected.dedup();
        quarantined.sort();
        quarantined.dedup();
        prop_assert_eq!(quarantined, rejected, "each poison record, and no other");
    }
}
