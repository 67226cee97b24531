//! A local event source mapping: takes batches from a stream to a function as Lambda does, and obeys its responses.
//!
//! [`Lane`] decides (pure, told the time), [`EventSourceMapping`] acts. The rules and where they come from:
//! - <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>
//! - <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>
//! - <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html>
//!
//! Where the service's behaviour is not documented, this mapping does what costs a function most, and reports a
//! [`Violation`] for what no function should do.

mod batch;
mod batch_response;
mod discard;
mod kinesis_event;
mod lane;
mod mapping;
mod settings;

pub use batch::Batch;
pub use batch_response::{BatchResult, Violation, read_batch_response};
pub use discard::{Condition, Discard, OnFailureRecord};
pub use kinesis_event::kinesis_event;
pub use lane::{Lane, Step};
pub use mapping::{EventSourceMapping, MappingReport};
pub use settings::MappingSettings;
