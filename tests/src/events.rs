//! The events in `events/`, and what `stream-decryptor` has to do with each. Both are written by `tests/events/generate.py`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Deserialize;

/// One scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The event's name: `events/<name>.json`.
    pub name: String,
    /// The event, as JSON.
    pub event: Bytes,
    /// What has to become of it.
    pub expected: Expected,
}

/// What has to become of an event's records.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expected {
    /// The scenario in a sentence.
    pub description: String,
    /// The configuration that the scenario is about; everything else as by default.
    pub environment: BTreeMap<String, String>,
    /// Whether the invocation fails altogether.
    pub function_error: bool,
    /// The sequence numbers in the response.
    pub batch_item_failures: Vec<String>,
    /// What reaches the sink, in this order.
    pub delivered: Vec<DeliveredRecord>,
    /// The sequence numbers of what reaches the quarantine, in this order.
    pub quarantined: Vec<String>,
}

/// A record in clear.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliveredRecord {
    /// The place in the shard.
    pub sequence_number: String,
    /// The place in an aggregate.
    pub sub_sequence_number: Option<u32>,
    /// The user record's partition key.
    pub partition_key: String,
    /// The plaintext.
    pub text: String,
}

/// All scenarios, by name.
///
/// # Errors
/// What reading the files says; `InvalidData` if the expectations do not parse.
pub fn scenarios() -> io::Result<Vec<Scenario>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let expected = std::fs::read(package.join("events/expected.json"))?;
    let expected: BTreeMap<String, Expected> = serde_json::from_slice(&expected)?;
    expected
        .into_iter()
        .map(|(name, expected)| {
            let event = std::fs::read(directory().join(format!("{name}.json")))?.into();
            Ok(Scenario { name, event, expected })
        })
        .collect()
}

/// Where the events are.
#[must_use]
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}
