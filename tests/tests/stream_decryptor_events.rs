//! Every event in `events/`, through the built `stream-decryptor`: the answer, what is delivered and what is quarantined.
#![cfg(test)]

use local_stack::binaries;
use local_stack::events::{DeliveredRecord, Scenario, scenarios};
use local_stack::kms::{EmbeddedKms, KmsSettings, Operation};
use local_stack::lambda_function::{Function, FunctionSettings, Invocation, OutputLine, Source};
use serde_json::{Value, json};

/// What became of an event.
struct Run {
    invocation: Invocation,
    lines: Vec<OutputLine>,
    kms_calls: u64,
}

async fn run(scenario: &Scenario) -> Run {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let settings = FunctionSettings::new("stream-decryptor", binaries::stream_decryptor().unwrap())
        .with_environment(kms.environment())
        .with_environment([("SINK_ARN", "stdout"), ("QUARANTINE_ARN", "stderr"), ("RECORD_FORMAT", "encryption-sdk")])
        .with_environment(&scenario.expected.environment);
    let (function, output) = Function::new(settings);
    let invocation = function.invoke(scenario.event.clone()).await;
    function.shut_down().await;
    Run { invocation, lines: output.collect().await, kms_calls: kms.calls().of(Operation::Decrypt).calls }
}

impl Run {
    fn objects(&self, source: Source) -> impl Iterator<Item = Value> {
        let of_source = self.lines.iter().filter(move |line| line.source == source);
        of_source.filter_map(|line| serde_json::from_str(&line.text).ok())
    }

    fn delivered(&self) -> Vec<DeliveredRecord> {
        let record = |line: Value| DeliveredRecord {
            sequence_number: line["sequenceNumber"].as_str().unwrap().to_owned(),
            sub_sequence_number: line["subSequenceNumber"].as_u64().map(|number| u32::try_from(number).unwrap()),
            partition_key: line["partitionKey"].as_str().unwrap().to_owned(),
            text: line["text"].as_str().unwrap().to_owned(),
        };
        self.objects(Source::Stdout).filter(|line| line.get("text").is_some()).map(record).collect()
    }

    fn quarantined(&self) -> Vec<String> {
        let is_record = |line: &Value| line.get("failureClass").is_some();
        let number = |line: Value| line["sequenceNumber"].as_str().unwrap().to_owned();
        self.objects(Source::Stderr).filter(is_record).map(number).collect()
    }
}

#[tokio::test]
async fn every_event_becomes_what_its_scenario_says() {
    for scenario in scenarios().unwrap() {
        let run = run(&scenario).await;
        let name = &scenario.name;
        assert_eq!(run.delivered(), scenario.expected.delivered, "{name}: {:?}", run.invocation);
        assert_eq!(run.quarantined(), scenario.expected.quarantined, "{name}");
        assert_eq!(run.invocation.outcome.is_function_error(), scenario.expected.function_error, "{name}");
        if let Some(response) = run.invocation.response() {
            let failures = scenario.expected.batch_item_failures.iter();
            let failures: Vec<_> = failures.map(|number| json!({"itemIdentifier": number})).collect();
            let response: Value = serde_json::from_slice(response).unwrap();
            assert_eq!(response["batchItemFailures"], json!(failures), "{name}");
        }
    }
}

#[tokio::test]
async fn one_kms_call_is_made_for_each_data_key() {
    for (name, calls) in [("all-decryptable", 1), ("two-data-keys", 2), ("signed-suite", 1)] {
        let scenario = scenarios().unwrap().into_iter().find(|scenario| scenario.name == name).unwrap();
        assert_eq!(run(&scenario).await.kms_calls, calls, "{name}");
    }
}
