//! Encrypts records in bulk under reused data keys and writes them to a Kinesis stream.

mod request;

pub use request::{EncryptRequest, InvalidRecord, RecordRequest};
