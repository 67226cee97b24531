//! Has batches of records encrypted and written by `record-encryptor`, as a caller that follows its answers.

use std::error::Error;

use local_stack::lambda_function::{Function, FunctionSettings, Invocation, Outcome, OutputLines};
use serde::Deserialize;
use serde_json::{Value, json};

/// A record to be encrypted and written.
#[derive(Clone, Debug)]
pub(crate) struct PlainRecord {
    pub(crate) partition_key: String,
    pub(crate) tenant: u32,
    /// JSON.
    pub(crate) plaintext: Value,
}

/// Writes through the function.
#[derive(Debug)]
pub(crate) struct Producer {
    function: Function,
}

/// What the function answers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    records: Vec<RecordAnswer>,
}

/// What became of one record.
#[derive(Deserialize)]
#[serde(untagged)]
enum RecordAnswer {
    #[serde(rename_all = "camelCase")]
    Written { sequence_number: String },
    #[serde(rename_all = "camelCase")]
    Failed { error_code: String, retryable: bool, outcome: WriteOutcome },
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum WriteOutcome {
    NotWritten,
    Unknown,
}

impl Producer {
    /// A producer whose function has no sandbox so far, and what the function will write to its log.
    pub(crate) fn new(settings: FunctionSettings) -> (Self, OutputLines) {
        let (function, log) = Function::new(settings);
        (Self { function }, log)
    }

    /// Writes `records`, and those again that were not written but may yet be, and tells the sequence number of each.
    ///
    /// # Errors
    /// If the function failed, or a record cannot be written, or nobody knows whether it was.
    pub(crate) async fn write(&self, records: &[PlainRecord]) -> Result<Vec<String>, Box<dyn Error>> {
        let mut sequence_numbers = vec![None; records.len()];
        let mut left: Vec<_> = sequence_numbers.iter_mut().zip(records).collect();
        while !left.is_empty() {
            let answers = self.invoke(left.iter().map(|(_, record)| *record)).await?;
            if answers.len() != left.len() {
                return Err(format!("{} answers for {} records", answers.len(), left.len()).into());
            }
            let mut failed = Vec::new();
            for ((place, record), answer) in left.into_iter().zip(answers) {
                match answer {
                    RecordAnswer::Written { sequence_number } => *place = Some(sequence_number),
                    RecordAnswer::Failed { retryable: true, outcome: WriteOutcome::NotWritten, .. } => {
                        failed.push((place, record));
                    }
                    RecordAnswer::Failed { error_code, .. } => return Err(error_code.into()),
                }
            }
            left = failed;
        }
        sequence_numbers.into_iter().collect::<Option<_>>().ok_or_else(|| "a record has no answer".into())
    }

    /// Ends the function's sandboxes.
    pub(crate) async fn shut_down(self) {
        self.function.shut_down().await;
    }

    async fn invoke(&self, records: impl Iterator<Item = &PlainRecord>) -> Result<Vec<RecordAnswer>, Box<dyn Error>> {
        let records: Vec<_> = records.map(record_request).collect();
        let Invocation { outcome, .. } = self.function.invoke(json!({"records": records}).to_string()).await;
        let Outcome::Responded(body) = outcome else { return Err(format!("record-encryptor: {outcome:?}").into()) };
        let response: Response = serde_json::from_slice(&body)?;
        Ok(response.records)
    }
}

fn record_request(record: &PlainRecord) -> Value {
    json!({
        "partitionKey": record.partition_key,
        "json": record.plaintext,
        "encryptionContext": {"tenant": record.tenant.to_string()},
    })
}
