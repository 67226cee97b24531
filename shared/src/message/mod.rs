//! The AWS Encryption SDK message format: bytes in, bytes out, given a data key. No I/O, no clock, no AWS.

mod algorithm_suite;
mod error;
mod signature;

pub use algorithm_suite::{AlgorithmSuite, CommitmentPolicy};
pub use error::MessageError;
pub use signature::VerificationKey;
