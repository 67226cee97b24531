//! Records through the function that they were meant for.

use std::sync::Arc;

use aws_config::SdkConfig;
use serde::Deserialize;
use serde_json::Value;
use warmkeys::batch::RedriveAnswer;

use super::lambda::{Answer, LambdaClient};
use super::{DestinationError, Fate, Outcome, Sent};
use crate::redrive::aws_failure::one_line;
use crate::redrive::content::event_of;
use crate::redrive::record::Kind;

/// Invokes a function with batches.
#[derive(Debug)]
pub(crate) struct ThroughFunction {
    lambda: LambdaClient,
}

impl ThroughFunction {
    pub(super) fn new(sdk: &SdkConfig, function: &str) -> Result<Self, DestinationError> {
        Ok(Self { lambda: LambdaClient::new(sdk, function)? })
    }

    pub(super) async fn send(&self, kind: Kind, batch: &[Sent]) -> Result<Outcome, DestinationError> {
        let texts: Vec<_> = batch.iter().map(|sent| Arc::clone(&sent.text)).collect();
        match self.lambda.invoke(event_of(kind, &texts)).await {
            Ok(Answer::Responded(body)) => outcome(batch, &body),
            Ok(Answer::Failed(error)) => failed(batch.len(), &error),
            Ok(Answer::TooLarge) => Ok(too_large(batch.len())),
            Err(failure) if failure.fault.may_pass() => Ok(Outcome::nothing(batch.len(), failure.to_string())),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// A batch of several is kept below the limit, so that this is about a single record: larger as a quarantine message than it was in
/// its event.
fn too_large(len: usize) -> Outcome {
    let why = "it is too large for an invocation; send it with --onto".to_owned();
    match len {
        1 => Outcome { fates: vec![Fate::Refused(why)], why: None, is_final: false },
        _ => Outcome::nothing(len, "the batch is too large for an invocation; lower --batch-records".to_owned()),
    }
}

/// The answer of a function that knows what a redrive is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(default)]
    batch_item_failures: Vec<BatchItemFailure>,
    redrive: Option<RedriveAnswer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: Option<String>,
}

fn outcome(batch: &[Sent], body: &[u8]) -> Result<Outcome, DestinationError> {
    let unfit = || {
        DestinationError::Unfit(
            "the function answers, but not as to a redrive: name a Warmkeys function, of this version or a newer one"
                .to_owned(),
        )
    };
    let response: Response = serde_json::from_slice(body).map_err(|_| unfit())?;
    let answer = response.redrive.ok_or_else(unfit)?;
    let Some(checkpoint) = checkpoint(batch, &response.batch_item_failures) else {
        return Ok(Outcome::nothing(
            batch.len(),
            "the function's answer names a record that it was not sent".to_owned(),
        ));
    };
    let fates = batch.iter().enumerate().map(|(index, sent)| {
        let quarantined = answer.quarantined.iter().find(|record| record.id == sent.record.id);
        match quarantined {
            _ if index >= checkpoint => Fate::NotYet,
            Some(record) => Fate::Quarantined(one_line(&record.reason)),
            None => Fate::Delivered,
        }
    });
    let fates = fates.collect();
    let why = (checkpoint < batch.len()).then(|| match answer.checkpoint {
        Some(checkpoint) => format!("{}: {}", checkpoint.failure_class, one_line(&checkpoint.reason)),
        None => "the function did not finish, and does not say why".to_owned(),
    });
    Ok(Outcome { fates, why, is_final: false })
}

/// The place of the first record that is to be sent again; behind the last if none is. `None` if the answer makes no sense: then
/// nothing of it is believed.
fn checkpoint(batch: &[Sent], failures: &[BatchItemFailure]) -> Option<usize> {
    let place = |failure: &BatchItemFailure| {
        let number = failure.item_identifier.as_deref()?;
        batch.iter().position(|sent| sent.record.sequence_number == number)
    };
    let places: Option<Vec<usize>> = failures.iter().map(place).collect();
    Some(places?.into_iter().min().unwrap_or(batch.len()))
}

/// What a failed invocation means: it may go better, unless the function says that it does not read such events.
fn failed(len: usize, error: &[u8]) -> Result<Outcome, DestinationError> {
    let report: Value = serde_json::from_slice(error).unwrap_or_default();
    let text = |name: &str| report.get(name).and_then(Value::as_str).unwrap_or_default();
    let (kind, message) = (text("errorType"), one_line(text("errorMessage")));
    if kind == "Event.Foreign" {
        let unfit = format!("the function cannot read what a redrive sends; update it to this version ({message})");
        return Err(DestinationError::Unfit(unfit));
    }
    Ok(Outcome::nothing(len, format!("the invocation failed: {} {message}", one_line(kind))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::redrive::record::testing::record;

    fn batch() -> Vec<Sent> {
        ["1", "2", "2", "3"]
            .map(|number| Sent { record: Arc::new(record(number)), key: number.to_owned(), text: "{}".into() })
            .into()
    }

    fn fates(body: Value) -> Outcome {
        outcome(&batch(), body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn everything_before_the_checkpoint_is_done() {
        let whole = fates(json!({"batchItemFailures": [], "redrive": {"delivered": 4, "quarantined": []}}));
        assert_eq!(whole, Outcome { fates: vec![Fate::Delivered; 4], why: None, is_final: false });
        let part = fates(json!({
            "batchItemFailures": [{"itemIdentifier": "3"}, {"itemIdentifier": "2"}],
            "redrive": {"delivered": 1, "quarantined": [],
                "checkpoint": {"failureClass": "throttled", "reason": "KMS throttled"}},
        }));
        let expected = [Fate::Delivered, Fate::NotYet, Fate::NotYet, Fate::NotYet];
        assert_eq!((part.fates.as_slice(), part.why.as_deref()), (&expected[..], Some("throttled: KMS throttled")));
    }

    #[test]
    fn a_record_in_quarantine_is_not_delivered() {
        let quarantined = json!([{"id": "1-0", "failureClass": "permanent", "reason": "wrong key"}]);
        let outcome = fates(json!({"batchItemFailures": [], "redrive": {"delivered": 3, "quarantined": quarantined}}));
        assert_eq!(outcome.fates[..2], [Fate::Quarantined("wrong key".to_owned()), Fate::Delivered]);
    }

    #[test]
    fn of_an_answer_that_makes_no_sense_nothing_is_believed() {
        for failure in [json!({"itemIdentifier": ""}), json!({"itemIdentifier": "4"}), json!({})] {
            let answer = json!({"batchItemFailures": [failure], "redrive": {"delivered": 0, "quarantined": []}});
            assert_eq!(fates(answer).fates, vec![Fate::NotYet; 4]);
        }
        for body in ["{}", "null", r#"{"batchItemFailures":[]}"#, "\"ok\""] {
            assert!(outcome(&batch(), body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_function_that_does_not_know_redrives_is_not_asked_again() {
        let error = |kind: &str| json!({"errorType": kind, "errorMessage": "why"}).to_string();
        assert!(failed(4, error("Event.Foreign").as_bytes()).is_err());
        let outcome = failed(4, error("Sandbox.Timedout").as_bytes()).unwrap();
        assert_eq!(outcome.why.as_deref(), Some("the invocation failed: Sandbox.Timedout why"));
        assert!(failed(4, b"not JSON").is_ok());
    }
}
