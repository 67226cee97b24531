//! A data stream in memory: shards, their hash-key ranges and their records.

mod hash_key;
mod in_memory;
mod shard;

pub use hash_key::{HashKeyRange, hash_key};
pub use in_memory::{InMemoryStream, PutReceipt, StreamError};
pub use shard::{ShardDescription, ShardId, StreamRecord};
