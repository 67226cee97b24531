//! The embedded Kinesis: what a producer calls and a simple consumer, as the JSON 1.1 protocol of Kinesis on loopback, over an
//! [`InMemoryStream`](crate::stream::InMemoryStream) that the local event source mapping reads too.
//!
//! It checks what the service checks, throttles entry by entry by the limits of each shard, fails on demand and counts
//! calls and entries. Unlike the service's, its reshardings are done when they are answered, and signatures are not checked.
//!
//! Not there: CBOR (which only some SDKs speak, and the one for Rust does not), and enhanced fan-out.

mod answer;
mod call_log;
mod effect;
mod embedded_kinesis;
mod error;
mod operation;
mod put_records;
mod reading;
mod request;
mod service;
mod shard_limits;

pub use call_log::{CallLog, EntryCounts};
pub use effect::{Effect, ScriptedFault};
pub use embedded_kinesis::{EmbeddedKinesis, KinesisSettings};
pub use error::KinesisError;
pub use operation::Operation;
pub(crate) use service::KinesisService;
pub use shard_limits::ShardLimits;
