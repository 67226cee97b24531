use super::*;

/// A ledger with three records of one partition key, of which the last is poison, and their sequence numbers.
fn ledger() -> (Ledger, [String; 3]) {
    let mut ledger = Ledger::default();
    let numbers = [0, 1, 2].map(|number| {
        let sequence_number = format!("10{number}");
        ledger.expect(&sequence_number, "key", format!("order {number}"), number == 2);
        sequence_number
    });
    (ledger, numbers)
}

fn deliver(ledger: &mut Ledger, sequence_number: &str, text: &str) {
    let text = format!(r#"{{"sequenceNumber": "{sequence_number}", "partitionKey": "key", "text": "{text}"}}"#);
    ledger.observe(&OutputLine { sandbox: 1, source: Source::Stdout, text });
}

fn quarantine(ledger: &mut Ledger, sequence_number: &str) {
    let text = format!(r#"{{"sequenceNumber": "{sequence_number}", "failureClass": "permanent", "data": ""}}"#);
    ledger.observe(&OutputLine { sandbox: 1, source: Source::Stderr, text });
}

/// The account of a consumer whose mapping has gone past all three records.
fn account(ledger: &Ledger) -> Tally {
    ledger.tally(&["100", "101", "102"].map(str::to_owned).into())
}

#[test]
fn a_clean_run_has_nothing_lost_doubled_or_wrong() {
    let (mut ledger, [first, second, poison]) = ledger();
    deliver(&mut ledger, &first, "order 0");
    deliver(&mut ledger, &second, "order 1");
    quarantine(&mut ledger, &poison);
    let expected = Tally { put: 3, poison: 1, delivered: 2, quarantined: 1, ..Tally::default() };
    assert_eq!(account(&ledger), expected);
}

#[test]
fn a_record_that_the_mapping_has_gone_past_is_lost_and_one_before_it_is_left() {
    let (mut ledger, [first, second, poison]) = ledger();
    deliver(&mut ledger, &first, "order 0");
    for (settled, lost, left) in
        [(vec![&first], 0, 2), (vec![&first, &second], 1, 1), (vec![&first, &second, &poison], 2, 0)]
    {
        let tally = ledger.tally(&settled.into_iter().cloned().collect());
        assert_eq!((tally.lost, tally.left, tally.finished()), (lost, left, 1));
    }
}

#[test]
fn what_is_delivered_before_the_mapping_knows_is_finished_and_not_left() {
    let (mut ledger, [first, second, poison]) = ledger();
    deliver(&mut ledger, &first, "order 0");
    deliver(&mut ledger, &second, "order 1");
    quarantine(&mut ledger, &poison);
    let tally = ledger.tally(&HashSet::new());
    assert_eq!((tally.lost, tally.left, tally.finished()), (0, 0, 3));
}

#[test]
fn each_consumer_has_an_account_of_its_own() {
    let (produced, [first, second, poison]) = ledger();
    let (mut fast, mut slow) = (produced.clone(), produced);
    deliver(&mut fast, &first, "order 0");
    deliver(&mut fast, &second, "order 1");
    quarantine(&mut fast, &poison);
    deliver(&mut slow, &first, "order 0");
    deliver(&mut slow, &first, "order 0");
    let (fast, slow) = (account(&fast), slow.tally(&HashSet::from([first])));
    assert_eq!((fast.finished(), fast.duplicated, fast.left), (3, 0, 0));
    assert_eq!((slow.finished(), slow.duplicated, slow.left, slow.lost), (1, 1, 2, 0));
}

#[test]
fn a_line_about_a_record_tells_which() {
    let line = |source, text: &str| OutputLine { sandbox: 1, source, text: text.to_owned() };
    let delivered = line(Source::Stdout, r#"{"sequenceNumber": "7", "text": "order 0"}"#);
    let quarantined = line(Source::Stderr, r#"{"sequenceNumber": "8", "failureClass": "permanent"}"#);
    let checkpoint = line(Source::Stderr, r#"{"checkpoint": "9", "reason": "throttled"}"#);
    assert_eq!(sequence_number(&delivered).as_deref(), Some("7"));
    assert_eq!(sequence_number(&quarantined).as_deref(), Some("8"));
    assert_eq!(sequence_number(&checkpoint), None);
}

#[test]
fn a_record_behind_a_later_one_is_out_of_order() {
    let (mut ledger, [first, second, _]) = ledger();
    deliver(&mut ledger, &second, "order 1");
    deliver(&mut ledger, &first, "order 0");
    assert_eq!(account(&ledger).out_of_order, 1);
}

#[test]
fn other_partition_keys_have_an_order_of_their_own() {
    let (mut ledger, [first, second, _]) = ledger();
    ledger.expect("200", "other", "order 3".to_owned(), false);
    for (sequence_number, text) in [("200", "order 3"), (&first, "order 0"), (&second, "order 1")] {
        deliver(&mut ledger, sequence_number, text);
    }
    assert_eq!(account(&ledger).out_of_order, 0);
}

#[test]
fn a_record_that_comes_again_is_doubled_and_not_out_of_order() {
    let (mut ledger, [first, second, _]) = ledger();
    deliver(&mut ledger, &first, "order 0");
    deliver(&mut ledger, &second, "order 1");
    deliver(&mut ledger, &first, "order 0");
    let tally = account(&ledger);
    assert_eq!((tally.duplicated, tally.out_of_order, tally.delivered), (1, 0, 2));
}

#[test]
fn changed_plaintexts_and_exchanged_fates_are_wrong() {
    let (mut ledger, [first, second, poison]) = ledger();
    deliver(&mut ledger, &first, "order 7");
    quarantine(&mut ledger, &second);
    deliver(&mut ledger, &poison, "order 2");
    deliver(&mut ledger, "999", "order 3");
    assert_eq!(account(&ledger).wrong, 4);
}

#[test]
fn the_functions_log_is_no_record() {
    let (mut ledger, _) = ledger();
    for text in ["INIT", r#"{"level": "INFO", "fields": {"records": 100}}"#, ""] {
        for source in [Source::Stdout, Source::Stderr] {
            ledger.observe(&OutputLine { sandbox: 1, source, text: text.to_owned() });
        }
    }
    assert_eq!(account(&ledger), Tally { put: 3, poison: 1, lost: 3, ..Tally::default() });
    assert_eq!(ledger.last_log_lines().next(), Some("INIT"));
}
