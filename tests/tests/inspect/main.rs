//! `warmkeys inspect`, as built: exact counts of the project's own events and of planted records, its prediction against what the local event
//! source mapping with the built function then measures, and what it says to bad input.
#![cfg(test)]

mod bad_input;
mod counts;
mod prediction;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use local_stack::binaries;
use serde_json::Value;

/// Runs it with `input` as its standard input.
fn run(arguments: &[&str], input: &[u8]) -> Output {
    let program = binaries::warmkeys().unwrap();
    let mut child = Command::new(program)
        .arg("inspect")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// The report as JSON, of an input that has one.
fn report(arguments: &[&str], input: &[u8]) -> Value {
    let output = run(&[arguments, &["--format", "json"]].concat(), input);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What `aws kinesis get-records` prints for payloads with their partition keys, evenly over `seconds`.
fn get_records<'a>(records: impl ExactSizeIterator<Item = (&'a str, &'a [u8])>, seconds: f64) -> String {
    let step = seconds / records.len() as f64;
    let mut json = r#"{"Records": ["#.to_owned();
    for (number, (partition_key, payload)) in records.enumerate() {
        let separator = if number == 0 { "" } else { "," };
        let data = base64_simd::STANDARD.encode_to_string(payload);
        let arrived = 1_795_860_000.0 + number as f64 * step;
        json += &format!(
            r#"{separator}{{"SequenceNumber": "{number}", "ApproximateArrivalTimestamp": {arrived:.3}, "Data": "{data}", "PartitionKey": "{partition_key}"}}"#
        );
    }
    json + r#"], "NextShardIterator": "AAAA", "MillisBehindLatest": 0}"#
}
