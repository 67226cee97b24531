use clap::Parser;
use local_stack::event_source_mapping::MappingReport;

use super::*;
use crate::options::CommandLine;
use crate::standing::Standing;

fn moment(seconds: u64, call_per_record: usize, warmkeys: usize) -> Moment {
    let standing = |records| Standing { records, ..Standing::default() };
    Moment {
        elapsed: Duration::from_secs(seconds),
        standings: Sides { call_per_record: standing(call_per_record), warmkeys: standing(warmkeys) },
    }
}

fn consumed(calls: u64) -> Consumed {
    Consumed {
        mapping: MappingReport::default(),
        settled: std::collections::HashSet::new(),
        decrypted: CallCounts { calls, ..CallCounts::default() },
        lines: Vec::new(),
    }
}

fn tallies() -> Sides<Tally> {
    let put = Tally { put: 600, poison: 10, ..Tally::default() };
    Sides {
        call_per_record: Tally { delivered: 59, quarantined: 1, left: 540, duplicated: 7, ..put },
        warmkeys: Tally { delivered: 590, quarantined: 10, ..put },
    }
}

/// Gives a summary of these tallies to `check`.
fn with_summary(tallies: Sides<Tally>, check: impl FnOnce(&Summary<'_>)) {
    let options = CommandLine::parse_from(["demo", "--records", "600"]).into();
    let consumed = Sides { call_per_record: consumed(90), warmkeys: consumed(25) };
    let times = times(&[moment(0, 0, 0), moment(12, 60, 600)], 600);
    let generated = CallCounts { calls: 9, ..CallCounts::default() };
    check(&Summary {
        options: &options,
        tallies,
        consumed: &consumed,
        times,
        generated,
        entries: EntryCounts::default(),
    });
}

#[test]
fn whoever_is_done_has_the_time_at_which_it_was_and_whoever_is_not_the_last_one() {
    let moments = [moment(0, 0, 0), moment(1, 10, 99), moment(2, 20, 100), moment(3, 30, 100)];
    let expected =
        Sides { call_per_record: Time::Stopped(Duration::from_secs(3)), warmkeys: Time::Done(Duration::from_secs(2)) };
    assert_eq!(times(&moments, 100), expected);
}

#[test]
fn who_was_stopped_is_told_how_far_it_came_and_what_all_would_take() {
    with_summary(tallies(), |summary| {
        let cell = |name| {
            let row = summary.result().into_iter().find(|row| row.name == name).unwrap();
            row.cells.both()
        };
        assert_eq!(cell("records done"), ["60 of 600", "600 of 600"]);
        assert_eq!(cell("time"), ["stopped after 12.0 s", "12.0 s"]);
        assert_eq!(cell("time for all of them"), ["120 s at this pace", "12.0 s"]);
        assert_eq!(cell("KMS calls"), ["90", "25"]);
        assert_eq!(cell("duplicates"), ["7", "0"]);
        assert_eq!(cell("lost"), ["0", "0"]);
    });
}

#[test]
fn nothing_done_has_no_pace() {
    assert_eq!(Time::Stopped(Duration::from_secs(5)).for_all(0, 600), "never at this pace");
}

#[test]
fn a_call_saved_is_a_record_without_one_and_retries_count_against_warmkeys() {
    with_summary(tallies(), |summary| {
        assert_eq!(summary.saved(), "KMS calls saved: 575 of 600 to decrypt, 581 of 590 to encrypt");
    });
}

#[test]
fn being_stopped_and_delivering_twice_is_no_failure() {
    with_summary(tallies(), |summary| assert!(summary.is_success()));
}

#[test]
fn what_is_lost_out_of_order_wrong_or_left_fails_the_demo() {
    let fail = |change: fn(&mut Sides<Tally>)| {
        let mut tallies = tallies();
        change(&mut tallies);
        with_summary(tallies, |summary| assert!(!summary.is_success(), "{summary:?}"));
    };
    fail(|sides| sides.warmkeys.lost = 1);
    fail(|sides| sides.warmkeys.out_of_order = 1);
    fail(|sides| sides.warmkeys.wrong = 1);
    fail(|sides| sides.warmkeys.left = 1);
    fail(|sides| sides.call_per_record.lost = 1);
    fail(|sides| sides.call_per_record.out_of_order = 1);
    fail(|sides| sides.call_per_record.wrong = 1);
    fail(|sides| sides.call_per_record = Tally { put: 600, left: 600, ..Tally::default() });
}

#[test]
fn the_cells_fit_into_their_columns() {
    let large = 100_000;
    let time = Time::Stopped(Duration::from_secs(100_000));
    let cells = [time.in_words(), time.for_all(1, 1_000), format!("{} of {}", grouped(large), grouped(large))];
    for cell in cells {
        assert!(cell.len() < 26, "{cell}");
    }
}
