//! The embedded local stack: what the functions meet in production, small enough to run beside a test.
//!
//! - [`kms`]: a KMS that speaks the real protocol, throttles and fails on demand.
//!
//! Nothing here is linked into a function; the functions run as the binaries that are deployed.

pub mod arguments;
pub mod kms;
pub mod loopback_server;
pub mod request_quota;
mod unpoisoned;
