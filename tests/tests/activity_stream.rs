//! The built `activity-stream`, with the record that Python's libraries made as a database does.
#![cfg(test)]

use local_stack::binaries;
use local_stack::events::{Scenario, scenarios};
use local_stack::kms::{EmbeddedKms, KmsSettings, Operation};
use local_stack::lambda_function::{Function, FunctionSettings, Invocation, OutputLine, Source};
use serde_json::{Value, json};

fn activity_records() -> Scenario {
    scenarios().unwrap().into_iter().find(|scenario| scenario.name == "database-activity-stream").unwrap()
}

/// Invokes the function with the scenario's event so many times, in one sandbox.
async fn invoke(times: usize, variables: &[(&str, &str)]) -> (Vec<Invocation>, Vec<OutputLine>, u64) {
    let scenario = activity_records();
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let mut environment = scenario.expected.environment.clone();
    environment.remove("RECORD_FORMAT");
    let settings = FunctionSettings::new("activity-stream", binaries::activity_stream().unwrap())
        .with_environment(kms.environment())
        .with_environment([("SINK_ARN", "stdout"), ("QUARANTINE_ARN", "stderr")])
        .with_environment(&environment)
        .with_environment(variables.iter().copied());
    let (function, output) = Function::new(settings);
    let mut invocations = Vec::new();
    for _ in 0..times {
        invocations.push(function.invoke(scenario.event.clone()).await);
    }
    function.shut_down().await;
    (invocations, output.collect().await, kms.calls().of(Operation::Decrypt).calls)
}

fn answer(invocation: &Invocation) -> Value {
    serde_json::from_slice(invocation.response().unwrap()).unwrap()
}

/// The texts that reached the sink.
fn delivered(lines: &[OutputLine]) -> Vec<String> {
    let stdout = lines.iter().filter(|line| line.source == Source::Stdout);
    let objects = stdout.filter_map(|line| serde_json::from_str::<Value>(&line.text).ok());
    objects.filter_map(|line| line.get("text")?.as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn events_come_one_by_one_without_heartbeats_and_one_kms_call_opens_all() {
    let (invocations, lines, kms_calls) = invoke(3, &[]).await;
    for invocation in &invocations {
        assert_eq!(answer(invocation), json!({"batchItemFailures": []}));
    }
    let event = "{\"clusterId\":\"cluster-WARMKEYSDEVELOPMENT\",\"instanceId\":\"db-WARMKEYSDEVELOPMENT\",\
                 \"sequenceNumber\":\"49590338271490256608559692538361570000000000000000000001\",\
                 \"arrivalTime\":\"2026-01-01T00:00:00.250Z\",\"event\":{\"type\": \"record\", \"command\": \"SELECT\"}}";
    assert_eq!(delivered(&lines), [event; 3]);
    assert_eq!(kms_calls, 1);
}

#[tokio::test]
async fn documents_come_as_the_database_wrote_them() {
    let (_, lines, _) = invoke(1, &[("ACTIVITY_OUTPUT", "documents")]).await;
    let expected: Vec<_> = activity_records().expected.delivered.into_iter().map(|record| record.text).collect();
    assert_eq!(delivered(&lines), expected);
}

#[tokio::test]
async fn excluded_events_are_counted() {
    let (_, lines, _) = invoke(1, &[("ACTIVITY_EXCLUDED_COMMANDS", "SELECT")]).await;
    assert_eq!(delivered(&lines), Vec::<String>::new());
    assert!(lines.iter().any(|line| line.text.contains("\"excluded\":1") && line.text.contains("\"heartbeats\":1")));
}

#[tokio::test]
async fn a_wrong_database_opens_nothing_and_keeps_the_record() {
    let (invocations, lines, _) = invoke(1, &[("ACTIVITY_STREAM_RESOURCE_ID", "db-ANOTHER")]).await;
    assert_eq!(answer(&invocations[0]), json!({"batchItemFailures": []}));
    assert_eq!(delivered(&lines), Vec::<String>::new());
    assert!(lines.iter().any(|line| line.source == Source::Stderr && line.text.contains("failureClass")));
}
