use std::time::SystemTime;

use super::*;

const REFRESH_AFTER: Duration = Duration::from_secs(240);

/// What the model says of what happens to records of these partition keys.
fn violations(sink: SinkKind, partition_keys: &[&str], happen: impl FnOnce(&mut Model)) -> Vec<String> {
    let mut model = Model::new(sink, ShardRecords::unsealed(partition_keys), REFRESH_AFTER);
    model.invocation_begins();
    happen(&mut model);
    model.take_findings().0
}

fn arrive(model: &mut Model, records: &[(usize, &str)]) {
    for (record, key) in records {
        let stored = model.arrived(&format!("record {record} of {key}"));
        model.acknowledged(&stored.into_iter().collect::<Vec<_>>());
    }
}

/// Asserts that the only violation has these words.
fn assert_only(found: &[String], words: &str) {
    assert!(found.len() == 1 && found[0].contains(words), "{found:?} instead of one with {words:?}");
}

#[test]
fn all_delivered_and_quarantined_in_order_is_what_is_promised() {
    let found = violations(SinkKind::FifoQueue, &["a", "!b", "a"], |model| {
        arrive(model, &[(0, "a")]);
        model.quarantined("1", None, "damaged");
        arrive(model, &[(2, "a")]);
        model.answered(0..3, 3);
        model.ended();
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn what_is_before_the_checkpoint_and_nowhere_is_lost() {
    let found = violations(SinkKind::Queue, &["a", "b"], |model| {
        arrive(model, &[(1, "b")]);
        model.answered(0..2, 2);
    });
    assert_only(&found, "LOST: record 0 (good)");
    assert_only(&violations(SinkKind::Queue, &["!a", "b"], |model| model.answered(0..2, 1)), "LOST: record 0 (poison)");
    assert_only(&violations(SinkKind::Queue, &["a"], Model::ended), "LOST: record 0");
}

#[test]
fn a_first_arrival_before_an_earlier_record_of_its_key_is_out_of_order() {
    let found = |sink, keys: [&str; 2]| violations(sink, &keys, |model| arrive(model, &[(1, keys[1])]));
    for sink in [SinkKind::FifoQueue, SinkKind::Stream("off")] {
        assert_only(&found(sink, ["a", "a"]), "arrived before [0]");
        assert_eq!(found(sink, ["a", "b"]), Vec::<String>::new());
    }
    assert_eq!(found(SinkKind::Queue, ["a", "a"]), Vec::<String>::new(), "within its reach");
}

#[test]
fn the_reach_beyond_a_missing_record_is_counted() {
    let keys = vec!["a"; 90];
    for (last, is_violated) in [(78, false), (79, false), (80, true)] {
        let found = violations(SinkKind::Queue, &keys, |model| {
            for record in 1..=last {
                arrive(model, &[(record, "a")]);
            }
        });
        assert_eq!(!found.is_empty(), is_violated, "{last}: {found:?}");
    }
}

#[test]
fn delivery_beyond_the_checkpoint_needs_a_cause() {
    let found = |is_disturbed| {
        violations(SinkKind::Queue, &["a", "b", "c"], |model| {
            arrive(model, &[(0, "a"), (2, "c")]);
            if is_disturbed {
                model.happened_to(Service::Sqs);
            }
            model.answered(0..3, 1);
        })
    };
    assert_eq!(found(true), Vec::<String>::new());
    assert_only(&found(false), "1 records were delivered beyond the checkpoint 1; 0 may be");
}

#[test]
fn what_nobody_acknowledged_may_arrive_beyond_the_checkpoint() {
    let found = violations(SinkKind::Queue, &["a"], |model| {
        model.arrived("record 0 of a");
        model.answered(0..1, 0);
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn exchanged_fates_and_changed_records_are_violations() {
    let good_in_quarantine = violations(SinkKind::Queue, &["a"], |model| model.quarantined("0", None, "why"));
    assert_only(&good_in_quarantine, "record 0 is good, and was quarantined: why");
    assert_only(&violations(SinkKind::Queue, &["!a"], |model| arrive(model, &[(0, "a")])), "poison, and was delivered");
    assert_only(&violations(SinkKind::Queue, &["a"], |model| arrive(model, &[(0, "b")])), "was changed to");
    assert_only(&violations(SinkKind::Queue, &["a"], |model| arrive(model, &[(7, "a")])), "which no producer put");
}

#[test]
fn what_was_acknowledged_is_not_sent_again_within_the_invocation() {
    let twice = |sink| violations(sink, &["a"], |model| arrive(model, &[(0, "a"), (0, "a")]));
    assert_only(&twice(SinkKind::Firehose), "sent again after it had been acknowledged");
    assert_eq!(twice(SinkKind::Stream("same-shard")), Vec::<String>::new());
}

#[test]
fn a_record_whose_object_was_replaced_is_lost_unless_another_one_has_it() {
    let line = |record: usize| format!("record {record} of a");
    let found = violations(SinkKind::Bucket, &["a", "a"], |model| {
        model.object_stored("0", &[line(0), line(1)]);
        model.object_stored("0", &[line(0)]);
        model.object_stored("1", &[line(1)]);
        model.answered(0..2, 2);
    });
    assert_eq!(found, Vec::<String>::new());
    let found = violations(SinkKind::Bucket, &["a", "a"], |model| {
        model.object_stored("0", &[line(0), line(1)]);
        model.object_stored("0", &[line(0)]);
        model.answered(0..2, 2);
    });
    assert!(found.iter().any(|found| found.contains("LOST: record 1")), "{found:?}");
}

#[test]
fn a_data_key_is_obtained_again_at_its_refresh_age_or_after_wall_time_moved_back() {
    let found = |monotonic: u64, wall: i64| {
        violations(SinkKind::Queue, &[], |model| {
            let first = Now { wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000), ..SystemClock.now() };
            let later = Duration::from_secs(wall.unsigned_abs());
            let wall = if wall < 0 { first.wall - later } else { first.wall + later };
            model.decrypted(0, "key", first);
            model.decrypted(1, "key", first);
            model.decrypted(0, "key", Now { monotonic: first.monotonic + Duration::from_secs(monotonic), wall });
        })
    };
    for (monotonic, wall) in [(240, 0), (0, 240), (0, -1)] {
        assert_eq!(found(monotonic, wall), Vec::<String>::new());
    }
    assert_only(&found(239, 239), "data key 0 was obtained again in sandbox 0");
}
