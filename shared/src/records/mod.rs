//! Records and their places: as a shard holds them, as they are opened, rejected, and written.

mod hash_key;
mod opened_record;
mod rejected_record;
mod rejection_code;
mod sequence_number;
mod shard_origin;
mod shard_record;
mod user_record;

pub use hash_key::HashKey;
pub use opened_record::OpenedRecord;
pub use rejected_record::RejectedRecord;
pub use rejection_code::RejectionCode;
pub use sequence_number::SequenceNumber;
pub use shard_origin::ShardOrigin;
pub use shard_record::ShardRecord;
pub use user_record::UserRecord;
