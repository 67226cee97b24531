use std::sync::Mutex;

use super::*;
use crate::delivery::testing::{clock, opened, within};

#[derive(Clone, Debug, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_line_has_the_place_the_context_and_the_plaintext() {
    let output = Shared::default();
    let mut records = [opened("495", "k", b"{\"a\":1}\n"), opened("496", "k", &[0xFF])];
    records[1].record.sub_sequence_number = Some(0);
    let delivery = StdoutSink::to(output.clone(), clock()).deliver(&records, within(60)).await;
    assert_eq!(delivery.delivered, 2);
    let written = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<serde_json::Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let text = serde_json::json!({
        "sequenceNumber": "495",
        "partitionKey": "k",
        "approximateArrivalTimestamp": "2019-11-14T00:38:06.021Z",
        "encryptionContext": {"tenant": "a"},
        "text": "{\"a\":1}\n",
    });
    let base64 = serde_json::json!({
        "sequenceNumber": "496",
        "subSequenceNumber": 0,
        "partitionKey": "k",
        "approximateArrivalTimestamp": "2019-11-14T00:38:06.021Z",
        "encryptionContext": {"tenant": "a"},
        "base64": "/w==",
    });
    assert_eq!(lines, [text, base64]);
}
