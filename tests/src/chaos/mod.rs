//! Chaos: the real stream-decryptor among services that fail in every way, judged by a model. One seed is one run.
//!
//! - `Scenario`: what a seed draws beforehand: the destinations, the keys, the record format, the limits; `ShardRecords`, sealed by a
//!   `Producer`: the records.
//! - `Weather`: what happens to each request.
//! - `Network`: stands where the SDK's connections would be. The services answer in process, so time can be simulated:
//!   a run of many minutes takes milliseconds.
//! - `Sandbox`: the function as its `main` composes it, with two clocks of its own.
//! - [`run()`]: the event source mapping, which takes the shards and their lanes in turn, and its invocations in one of several sandboxes;
//!   beside them freezes, dead connections, clocks that jump, cold starts. One invocation at a time, so that a seed always takes the same
//!   course: what sandboxes do to each other at one moment is left to the demo.
//! - `Model`: what has to become of every record, and what did.
//!
//! Everything of the function is real but for the sockets: configuration, SDK clients with their signing, serialising and time-outs, the
//! policy about connections, caches, retries, pace, delivery, quarantine, checkpoint. Of the services, KMS and Kinesis are the embedded ones.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a mistake in the chaos itself has to stop it"
)]

mod lanes;
mod materials;
mod model;
mod network;
mod producer;
mod run;
mod sandbox;
mod scenario;
mod services;
mod shard;
mod trouble;
mod weather;

pub use run::{Outcome, run};
