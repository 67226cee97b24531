//! Reads encrypted Kinesis records on AWS Lambda with cached data keys, deadline-aware retries and exact checkpoints; and writes
//! them, the same way round.
//!
//! # One record's journey
//!
//! Lambda invokes the function with a batch of one shard. [`batch::ShardBatch`] validates it, takes KPL aggregates apart ([`kpl`])
//! and has [`batch::ShardRecord`]s in shard order. [`batch::BatchProcessor`] does the rest, before a [`retry::Deadline`]:
//!
//! 1. **Read**: [`record_format::RecordFormat`] parses each payload's header, without any cryptography. What is malformed, or
//!    not allowed by the [commitment policy](message::CommitmentPolicy) or the required
//!    [encryption context](encryption_context::EncryptionContext), is rejected here and costs no KMS call.
//! 2. **Data keys**: the distinct ones, in order of first use, are asked of a [`data_keys::DecryptDataKey`]:
//!    [`CachingDecryption`](data_keys::CachingDecryption) around a [`DecryptionKeyring`](data_keys::DecryptionKeyring) around [`Retrying`](retry::Retrying) around a
//!    [`KmsClient`](kms::KmsClient). A cached key costs nothing; a missing one costs one call, however many want it.
//! 3. **Open**: [`message::SealedMessage::open`] authenticates and decrypts, on every core, off the async runtime.
//! 4. **Quarantine**: what can never be read goes to a [`quarantine::Quarantine`] as it came, with the reason.
//! 5. **Deliver**: the longest finished prefix goes to a [`sinks::RecordSink`], in shard order.
//! 6. **Answer**: nothing if all is done, else the one checkpoint: the first record that is not. Lambda delivers again from there.
//!
//! Every failure has a [`failure::FailureClass`], decided where it enters, and the class decides: retry, checkpoint or quarantine.
//!
//! The other way round, [`data_keys`] generates and reuses data keys, [`message::seal`] makes messages, and
//! [`producer::KinesisWriter`] puts them, within each shard's rate and in order for each partition key.
//!
//! # The message format alone
//!
//! [`message`] is pure: bytes in, bytes out, given a data key.
//!
//! ```
//! use warmkeys::message::{DataKey, EncryptedDataKey};
//! use warmkeys::message::EncryptionContext;
//! use warmkeys::message::{AlgorithmSuite, DEFAULT_FRAME_LEN, MessageLimits, SealedMessage, SealingMaterials, seal};
//!
//! let suite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;
//! let data_key = DataKey::new(vec![7; 32]); // of KMS, usually
//! let encrypted =
//!     EncryptedDataKey { provider_id: "aws-kms".into(), provider_info: b"arn".to_vec(), ciphertext: b"wrapped".to_vec() };
//! let context = EncryptionContext::from_iter([("tenant", "acme")]);
//! let none = EncryptionContext::empty();
//!
//! let materials = SealingMaterials::new(suite, data_key.clone(), &[encrypted], &context, &none, None)?;
//! let message = seal(b"an order", &materials, DEFAULT_FRAME_LEN)?;
//!
//! let sealed = SealedMessage::read(&message, &MessageLimits::default())?;
//! assert_eq!(sealed.encryption_context(), context);
//! assert_eq!(sealed.open(&data_key, None, &none)?, b"an order");
//! # Ok::<(), warmkeys::message::MessageError>(())
//! ```

#![cfg_attr(
    not(all(
        feature = "firehose",
        feature = "kinesis",
        feature = "kms",
        feature = "lambda",
        feature = "s3",
        feature = "sqs"
    )),
    allow(dead_code, unused_imports, reason = "what one feature leaves out, another's helpers were for")
)]

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "runtime")]
pub mod batch;
pub mod clock;
pub mod config;
pub mod data_keys;
#[cfg(feature = "runtime")]
pub mod decryptor;
#[cfg(feature = "runtime")]
pub mod delivery;
#[cfg(feature = "kinesis")]
pub mod encrypting_writer;
pub mod failure;
#[cfg(feature = "runtime")]
pub mod invocation;
#[cfg(feature = "kinesis")]
pub mod kinesis;
#[cfg(feature = "kms")]
pub mod kms;
pub mod kpl;
#[cfg(feature = "lambda")]
pub mod lambda;
#[cfg(feature = "lambda")]
pub mod logging;
#[cfg(feature = "runtime")]
pub mod materials_cache;
pub mod message;
#[cfg(feature = "runtime")]
pub mod quarantine;
pub mod record_format;
pub mod records;
pub mod retry;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(feature = "runtime")]
pub mod sinks;
#[cfg(feature = "sqs")]
pub mod sqs;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
mod text;
#[cfg(feature = "runtime")]
mod worker_threads;
