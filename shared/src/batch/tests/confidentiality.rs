//! What is logged: plaintext never, and what an operator must see at every level that shows warnings.

use tracing_subscriber::filter::LevelFilter;

use super::fakes::{DestinationFault, KeyFault, processor};
use super::fixtures::{batch, damaged, data_key, message, record};
use crate::batch::{BatchReport, Checkpoint};
use crate::failure::FailureClass;
use crate::testing::Log;

const SECRET: &str = "patient 4711 has a secret";

#[tokio::test(start_paused = true)]
async fn neither_logs_nor_the_report_show_plaintext_or_keys() {
    let log = Log::default();
    let _logging = log.at(LevelFilter::TRACE);

    let processor = processor()
        .with_key_fault(9, KeyFault::Undecryptable)
        .with_key_fault(8, KeyFault::Throttled)
        .with_sink_fault(DestinationFault::FailsAfter(1));
    let sealed = |key_id| message(key_id, SECRET.as_bytes());
    let records =
        vec![record(0, sealed(0x61)), record(1, damaged(sealed(0x61))), record(2, sealed(9)), record(3, sealed(8))];
    let report = processor.run(batch(records)).await;
    report.log();

    assert_eq!(processor.sink.arrived(), [SECRET]);
    let logged = log.text();
    assert!(logged.contains("\"received\":4"), "{logged}");
    assert_eq!(logged.lines().filter(|line| line.contains("\"message\":\"of 4 records 1 was delivered")).count(), 1);
    let key = String::from_utf8(data_key(0x61)).expect("letters");
    for shown in [logged, format!("{report:?}"), format!("{processor:?}").replace(SECRET, "")] {
        assert!(!shown.contains("4711") && !shown.contains(&key), "{shown}");
    }
}

#[test]
fn a_report_with_a_checkpoint_or_a_quarantined_record_is_a_warning_and_no_other() {
    let is_warning = |report: &BatchReport| {
        let log = Log::default();
        let logging = log.at(LevelFilter::WARN);
        report.log();
        drop(logging);
        !log.text().is_empty()
    };
    let record = record(0, "x");
    let checkpoint = Checkpoint::new(&[record], 0, FailureClass::Throttled, "why".into());
    assert!(!is_warning(&BatchReport { delivered: 1, ..BatchReport::default() }));
    assert!(is_warning(&BatchReport { quarantined: 1, ..BatchReport::default() }));
    assert!(is_warning(&BatchReport { checkpoint, ..BatchReport::default() }));
}
