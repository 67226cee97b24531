//! A Lambda function of your own that works on values: each record is JSON of one type. As a package's program, `cargo lambda watch`
//! runs it. As the example that it is here:
//!
//! ```text
//! cargo lambda watch --only-lambda-apis --invoke-address 127.0.0.1 --invoke-port 9001
//! env $(cat tests/watch/local.env) AWS_LAMBDA_RUNTIME_API=http://127.0.0.1:9001/.rt/_ cargo run -p warmkeys --example typed_records
//! cargo lambda invoke --invoke-address 127.0.0.1 --invoke-port 9001 --data-file events/all-decryptable.json
//! ```
//!
//! A record that is no order goes to quarantine with the reason, and the shard moves on.

use warmkeys::lambda::{Error, StreamDecryptor};
use warmkeys::records::ShardRecord;
use warmkeys::sinks::{Fate, typed};

#[derive(serde::Deserialize)]
struct Order {
    order: u64,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    StreamDecryptor::from_environment().await?.deliver_to(typed(store)).run().await
}

async fn store(order: Order, record: ShardRecord) -> Fate {
    if order.order == 0 {
        return Fate::Never("orders are counted from 1".to_owned());
    }
    tracing::info!(sequence_number = record.sequence_number.as_str(), "an order was stored");
    Fate::Delivered // or `Fate::NotNow(why)`: then this record is the checkpoint, and comes again
}
