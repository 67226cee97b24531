//! docs/metrics.md says what the code says, both ways.

use std::collections::BTreeSet;
use std::fs;

use local_stack::configuration::root;
use local_stack::metrics::{self, DOCUMENTATION};
use warmkeys::metrics::Document;

#[test]
fn the_documentation_is_what_cargo_configuration_writes() {
    let written = fs::read_to_string(root().join(DOCUMENTATION)).unwrap();
    let expected = metrics::documentation(&written).unwrap();
    assert!(written == expected, "run `cargo configuration`, and commit {DOCUMENTATION}");
}

/// The table's test shows that each metric has its row; this one, that whatever else the page names in its prose is one.
#[test]
fn the_documentations_prose_names_no_metric_that_is_none() {
    let written = fs::read_to_string(root().join(DOCUMENTATION)).unwrap();
    let known: BTreeSet<_> = metrics::all().into_iter().map(|metric| metric.name).collect();
    let quoted = written.split('`').skip(1).step_by(2);
    let looks_like_one =
        |word: &&str| word.contains('.') && word.chars().all(|character| matches!(character, 'a'..='z' | '_' | '.'));
    for name in quoted.filter(looks_like_one) {
        assert!(known.contains(name), "{name} is no metric");
    }
}

#[test]
fn no_document_can_have_more_metrics_than_cloudwatch_takes_and_each_name_is_there_once() {
    let all = metrics::all();
    assert!(all.len() <= Document::MAX_METRICS, "{}", all.len());
    let names: BTreeSet<_> = all.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names.len(), all.len());
    for name in names {
        assert!(name.chars().all(|character| matches!(character, 'a'..='z' | '_' | '.')), "{name}");
    }
}
