//! Lambda function: decrypts Kinesis batches and delivers them to a sink.
//!
//! What it adds to the library's [`StreamDecryptor`](warmkeys::lambda::StreamDecryptor) is the sink that variables choose.

mod config;

pub use config::Config;
