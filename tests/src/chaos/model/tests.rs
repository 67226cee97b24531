use std::time::{Duration, SystemTime};

use super::super::scenario::SinkKind;
use super::*;

fn rules(sink: SinkKind) -> Rules {
    Rules { sink, refresh_after: Duration::from_secs(240), denied_until_quarantine: None }
}

/// What the model says of what happens to records of these partition keys.
fn violations(sink: SinkKind, partition_keys: &[&str], happen: impl FnOnce(&mut Model)) -> Vec<String> {
    violations_of(rules(sink), partition_keys, happen)
}

fn violations_of(rules: Rules, partition_keys: &[&str], happen: impl FnOnce(&mut Model)) -> Vec<String> {
    let mut model = Model::new(rules, ShardRecords::unsealed(partition_keys));
    model.invocation_begins(0, moment(0, 0));
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

/// A moment by the clocks of a sandbox, so many seconds after its start.
fn moment(monotonic: u64, wall: i64) -> Now {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let by = Duration::from_secs(wall.unsigned_abs());
    let wall = if wall < 0 { start - by } else { start + by };
    Now { monotonic: SystemClock.now().monotonic + Duration::from_secs(monotonic), wall }
}

#[tokio::test(start_paused = true)]
async fn a_data_key_is_obtained_again_at_its_refresh_age_by_its_request_or_after_wall_time_moved_back() {
    let found = |monotonic, wall| {
        violations(SinkKind::Queue, &[], |model| {
            model.decrypted(0, "key", moment(0, 0));
            model.decrypted(1, "key", moment(0, 0));
            model.decrypted(0, "key", moment(monotonic, wall));
        })
    };
    for (monotonic, wall) in [(240, 0), (0, 240), (0, -1)] {
        assert_eq!(found(monotonic, wall), Vec::<String>::new());
    }
    assert_only(&found(239, 239), "data key 0 was obtained again in sandbox 0");
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_excuses_what_is_from_later_than_it_shows_or_had_reached_its_age() {
    let found = |from, back_to| {
        violations(SinkKind::Queue, &[], |model| {
            model.decrypted(0, "key", moment(0, 100));
            model.clock_set_back(0, moment(0, from), moment(0, back_to));
            model.decrypted(0, "key", moment(0, 150));
        })
    };
    assert_eq!(found(200, 99), Vec::<String>::new());
    assert_eq!(found(340, 100), Vec::<String>::new(), "it had reached its refresh age");
    assert_only(&found(339, 100), "obtained again");
}

#[tokio::test(start_paused = true)]
async fn a_good_record_may_be_quarantined_only_while_its_key_is_denied_for_long_enough() {
    let found = |until: Option<u64>, denied: &[(&str, i64)]| {
        let rules = Rules { denied_until_quarantine: until.map(Duration::from_secs), ..rules(SinkKind::Queue) };
        violations_of(rules, &["a"], |model| {
            for (key, at) in denied {
                model.denied(0, &format!("data key of {key}"), moment(0, *at), moment(0, *at));
            }
            model.quarantined("0", None, "denied");
            model.answered(0..1, 1);
            model.ended();
        })
    };
    assert_eq!(found(Some(0), &[("a", 0)]), Vec::<String>::new());
    assert_eq!(found(Some(60), &[("b", 0), ("a", 60)]), Vec::<String>::new());
    for (until, denied) in [
        (None, &[("a", 0), ("a", 900)][..]),
        (Some(60), &[("a", 0), ("a", 59)]),
        (Some(0), &[("b", 0)]),
        (Some(0), &[]),
    ] {
        assert_only(&found(until, denied), "record 0 is good, and was quarantined");
    }
    // A denial is remembered for 10 s, in its sandbox.
    let found_in = |sandbox, later| {
        let rules = Rules { denied_until_quarantine: Some(Duration::ZERO), ..rules(SinkKind::Queue) };
        violations_of(rules, &["a"], |model| {
            model.denied(0, "data key of a", moment(0, 0), moment(0, 0));
            model.invocation_begins(sandbox, moment(0, later));
            model.quarantined("0", None, "denied");
        })
    };
    assert_eq!(found_in(0, 9), Vec::<String>::new());
    for (sandbox, later) in [(0, 10), (1, 9)] {
        assert_only(&found_in(sandbox, later), "record 0 is good, and was quarantined");
    }
}

#[test]
fn a_message_in_the_quarantine_names_an_object_that_is_there() {
    let found = violations(SinkKind::Queue, &["!a"], |model| {
        model.put_aside("there");
        model.pointed_to("there");
    });
    assert_eq!(found, Vec::<String>::new());
    let found = violations(SinkKind::Queue, &["!a"], |model| model.pointed_to("gone"));
    assert_only(&found, "names gone, and there is no such object");
}
