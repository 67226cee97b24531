//! A Lambda function of your own that works on values: each record is JSON of one type. `cargo lambda watch --example typed_records`
//!
//! A record that is no reading goes to quarantine with the reason, and the shard moves on.

use warmkeys::lambda::{Error, StreamDecryptor};
use warmkeys::records::ShardRecord;
use warmkeys::sinks::{Fate, typed};

#[derive(serde::Deserialize)]
struct Reading {
    celsius: f64,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    StreamDecryptor::from_environment().await?.deliver_to(typed(store)).run().await
}

async fn store(reading: Reading, record: ShardRecord) -> Fate {
    if reading.celsius < -273.15 {
        return Fate::Never("it is below absolute zero".to_owned());
    }
    tracing::info!(sequence_number = record.sequence_number.as_str(), "a reading was stored");
    Fate::Delivered // or `Fate::NotNow(why)`: then this record is the checkpoint, and comes again
}
