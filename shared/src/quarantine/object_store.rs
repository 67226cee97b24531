//! Objects in S3: settings, keys and the request.

use std::fmt::Write as _;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use super::{RejectedRecord, S3Object, ShardOrigin};
use crate::clock::Clock;
use crate::retry::{Deadline, RetryPolicy};
use crate::sinks::batching::{RequestEntry, SendRequest, deliver_one_by_one};
use crate::sinks::service_failure::request_failure;
use crate::sinks::{Delivery, RequestConcurrency, SinkError, client, delivery_retry_policy};

/// What is configured of a bucket that keeps rejected records. Encryption and retention are the bucket's own.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// The bucket.
    pub bucket: BucketName,
    /// What every key begins with. Streams of the same name in several accounts or Regions need a prefix each.
    pub prefix: KeyPrefix,
    /// How many objects are written at once.
    pub concurrency: RequestConcurrency,
    /// How failed requests are tried again.
    pub retry: RetryPolicy,
}

impl S3Settings {
    /// The default of [`concurrency`](Self::concurrency): an aggregate's records, up to some 15,000 of 64 bytes in 1 MiB, must all be
    /// stored within one invocation, or its shard does not get on. At 30 ms an object that takes 14 s with 32 at a time. More would
    /// cost a small function's CPU too many TLS handshakes at once. An object beyond one that failed is overwritten
    /// when it comes again, so that many at once make no duplicates.
    pub const DEFAULT_CONCURRENCY: RequestConcurrency = RequestConcurrency::new(32).unwrap();

    /// The defaults for `bucket`: keys begin with [`KeyPrefix::DEFAULT`].
    #[must_use]
    pub fn new(bucket: BucketName) -> Self {
        Self {
            bucket,
            prefix: KeyPrefix::default(),
            concurrency: Self::DEFAULT_CONCURRENCY,
            retry: delivery_retry_policy(),
        }
    }
}

/// A bucket's name: 3 to 63 lower-case letters, digits, `.` and `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketName(String);

impl BucketName {
    /// `None` if `name` is not a bucket's name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        ((3..=63).contains(&name.len()) && name.bytes().all(allowed)).then(|| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What keys begin with: 0 to 256 letters, digits and `/!_.*'()-`, neither beginning nor ending with `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPrefix(String);

impl KeyPrefix {
    /// The most characters of a prefix. A key has at most 1,024 bytes, and the rest of ours at most 420.
    pub const MAX_LEN: usize = 256;
    /// The default prefix.
    pub const DEFAULT: &'static str = "quarantine";

    /// `None` if `prefix` is not as described above.
    #[must_use]
    pub fn parse(prefix: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/!_.*'()-".contains(&byte);
        let valid = prefix.len() <= Self::MAX_LEN
            && prefix.bytes().all(allowed)
            && !prefix.starts_with('/')
            && !prefix.ends_with('/');
        valid.then(|| Self(prefix.to_owned()))
    }

    /// The prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for KeyPrefix {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

/// A bucket, and how objects are written to it.
#[derive(Debug)]
pub(super) struct ObjectStore {
    client: Client,
    settings: S3Settings,
    clock: Arc<dyn Clock>,
}

impl ObjectStore {
    pub(super) fn new(sdk: &SdkConfig, settings: S3Settings, clock: Arc<dyn Clock>) -> Self {
        let config = aws_sdk_s3::config::Builder::from(sdk)
            .retry_config(client::no_retries())
            .timeout_config(client::timeouts(&settings.retry))
            // Local stacks have no wildcard DNS for buckets, and the service takes both.
            .force_path_style(true)
            .build();
        Self { client: Client::from_conf(config), settings, clock }
    }

    #[cfg(test)]
    pub(super) fn with_client(client: Client, settings: S3Settings, clock: Arc<dyn Clock>) -> Self {
        Self { client, settings, clock }
    }

    /// Where the record is kept: `<prefix>/<stream>/<shard>/<id>.json`, where the
    /// id is made of the record's place and content ([`ShardRecord::id`](crate::batch::ShardRecord::id)).
    ///
    /// The same record always has the same key, so that a redelivery overwrites its object and adds none.
    pub(super) fn place(&self, origin: &ShardOrigin, rejected: &RejectedRecord) -> S3Object {
        let mut key = String::new();
        if !self.settings.prefix.as_str().is_empty() {
            key.push_str(self.settings.prefix.as_str());
            key.push('/');
        }
        let stream = key_part(stream_name(&origin.stream_arn));
        let shard = key_part(&origin.shard_id);
        // Writing to a `String` cannot fail.
        let _ = write!(key, "{stream}/{shard}/{}.json", rejected.record.id());
        S3Object { bucket: self.settings.bucket.as_str().to_owned(), key }
    }

    /// Writes `objects`, each made when its turn comes, and tells how long a prefix is stored.
    pub(super) async fn put(&self, objects: impl Iterator<Item = NewObject> + Send, deadline: Deadline) -> Delivery {
        let S3Settings { concurrency, retry, .. } = &self.settings;
        deliver_one_by_one(self, objects, *concurrency, retry, deadline, &*self.clock).await
    }
}

/// An object that is to be written.
pub(super) struct NewObject {
    pub(super) place: S3Object,
    pub(super) content: Bytes,
}

impl RequestEntry for NewObject {
    fn len(&self) -> usize {
        self.content.len()
    }
}

impl SendRequest<NewObject> for ObjectStore {
    async fn send(&self, objects: &[&NewObject]) -> Result<Vec<Result<(), SinkError>>, SinkError> {
        // There is one, because a request of S3 takes one; more would each be answered for by itself.
        let mut results = Vec::with_capacity(objects.len());
        for object in objects {
            let answer = self
                .client
                .put_object()
                .bucket(&object.place.bucket)
                .key(&object.place.key)
                .content_type("application/json")
                .body(ByteStream::from(object.content.clone()))
                .send()
                .await;
            results.push(answer.map(drop).map_err(|error| request_failure("S3", &error)));
        }
        Ok(results)
    }
}

/// `orders` of `arn:aws:kinesis:eu-west-1:123456789012:stream/orders`; the whole text if it is not such an ARN.
fn stream_name(stream_arn: &str) -> &str {
    stream_arn.split_once(":stream/").and_then(|(_, rest)| rest.split('/').next()).unwrap_or(stream_arn)
}

/// `text` in characters that are safe in a key, cut to the length that streams' and shards' names have at most.
fn key_part(text: &str) -> String {
    const MAX_LEN: usize = 128;
    let safe =
        |character: char| if character.is_ascii_alphanumeric() || "_.-".contains(character) { character } else { '_' };
    let part: String = text.chars().take(MAX_LEN).map(safe).collect();
    if part.is_empty() { "_".to_owned() } else { part }
}

#[cfg(test)]
pub(super) mod tests;
