//! The embedded local stack: what the functions meet in production, small enough to run beside a test.
//!
//! - [`binaries`]: the functions, built.
//! - [`chaos`]: the whole function among failing services, judged by a model: `cargo chaos`.
//! - [`command_line`]: what the programs that are started by hand have in common.
//! - [`event_source_mapping`]: takes batches from the stream to the function, and obeys its responses.
//! - [`events`]: recorded scenarios, and what has to become of them.
//! - [`kinesis`]: a Kinesis endpoint of such a stream, which throttles and fails on demand.
//! - [`kms`]: a KMS that speaks the real protocol, throttles and fails on demand.
//! - [`lambda_function`]: the real function binaries in sandboxes, over the Lambda Runtime API.
//! - [`local_services`]: all of it at once, for invocations by hand: `cargo local`.
//! - [`metrics`]: the documentation of the functions' metrics.
//! - [`s3`]: buckets of objects.
//! - [`sealing`]: seals records as a producer does.
//! - [`sqs`]: queues that hide what was received.
//! - [`stream`]: a data stream in memory.
//!
//! Nothing here is linked into a function; the functions run as the binaries that are deployed.

pub mod binaries;
pub mod chaos;
pub mod command_line;
pub mod configuration;
pub mod event_source_mapping;
pub mod events;
mod json_protocol;
pub mod kinesis;
pub mod kms;
pub mod lambda_function;
pub mod local_services;
pub mod loopback_server;
pub mod metrics;
pub mod quota;
pub mod s3;
mod script;
pub mod sealing;
pub mod sqs;
pub mod stream;
pub mod template;
mod unpoisoned;
