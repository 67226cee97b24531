//! Reads encrypted Kinesis records on AWS Lambda with cached data keys, deadline-aware retries and exact checkpoints. Writes them, too.
//!
//! # A function of your own
//!
//! Lambda invokes it with batches of a stream; `store` gets each record in clear, in the order of its shard:
//!
//! ```no_run
//! use warmkeys::lambda::{Error, StreamDecryptor};
//! use warmkeys::records::OpenedRecord;
//! use warmkeys::sinks::{Fate, each};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//!     StreamDecryptor::from_environment().await?.deliver_to(each(store)).run().await
//! }
//!
//! async fn store(record: OpenedRecord) -> Fate {
//!     match record.plaintext.is_empty() {
//!         true => Fate::Never("it is empty".to_owned()), // to quarantine, with this reason
//!         false => Fate::Delivered,                      // or `Fate::NotNow(why)`: this record is the checkpoint
//!     }
//! }
//! ```
//!
//! [`sinks::typed()`] gives values of a type of yours instead of bytes. [`sinks::RecordSink`] is the trait for a sink that takes many
//! records at once. [`config`] shows how to add variables of your own. Outside Lambda, a [`decryptor::Decryptor`] takes payloads and
//! returns plaintexts, and an [`encrypting_writer::EncryptingWriter`] encrypts records and puts them on a stream.
//!
//! # One record's journey
//!
//! Lambda invokes the function with a batch of one shard. [`batch::ShardBatch`] reads the event, checks it, takes KPL aggregates apart
//! ([`kpl`]) and holds [`records::ShardRecord`]s in shard order. [`batch::BatchProcessor`] does the rest, before a [`retry::Deadline`].
//! The first three steps are those of the [`decryptor`]:
//!
//! 1. **Read**: [`record_format::RecordFormat`] parses each payload's header, without any cryptography. What is malformed, or
//!    not allowed by the [commitment policy](message::CommitmentPolicy) or the required
//!    [encryption context](message::EncryptionContext), is rejected here and costs no KMS call.
//! 2. **Data keys**: each distinct one, in order of first use, is asked of a [`data_keys::DecryptDataKey`]:
//!    [`CachingDecryption`](data_keys::CachingDecryption) around a [`DecryptionKeyring`](data_keys::DecryptionKeyring) around
//!    [`Retrying`](retry::Retrying) around a [`KmsClient`](kms::KmsClient). A cached key costs nothing. A missing one costs one call,
//!    however many records want it.
//! 3. **Open**: [`message::SealedMessage::open`] authenticates and decrypts, on every core, off the async runtime.
//! 4. **Quarantine**: what can never be read goes to a [`quarantine::Quarantine`] as it came, with the reason.
//! 5. **Deliver**: the longest finished prefix goes to a [`sinks::RecordSink`], in shard order. [`delivery`] packs requests, sends
//!    again what failed, and says how far it came.
//! 6. **Answer**: nothing if all is done, else the checkpoint: the first record that is not finished. Lambda delivers again from there.
//!
//! Every failure has a [`failure::FailureClass`], decided where it enters. The class decides what follows: retry, checkpoint or
//! quarantine.
//!
//! In the other direction, [`data_keys`] generates and reuses data keys, [`message::seal()`] makes messages, and
//! [`kinesis::KinesisWriter`] puts them on a stream, within each shard's rate and in order for each partition key.
//!
//! # Features
//!
//! Without default features the crate is its pure core: the [`message`] format, [`record_format`], [`kpl`] and the policy of [`retry`],
//! with neither an AWS SDK nor an async runtime. `runtime` adds what runs on tokio. `kms`, `kinesis`, `firehose`, `sqs` and `s3` add one
//! service each, `lambda` what surrounds a function, and `test-util` the fakes of `testing`. All but the last are on by default.
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
pub mod aws;
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
#[cfg(feature = "lambda")]
pub mod metrics;
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
mod trace;
#[cfg(feature = "runtime")]
mod worker_threads;
