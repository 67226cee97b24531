//! What is configured of a bucket that objects are written to.

use crate::aws::Arn;
use crate::delivery::{RequestConcurrency, delivery_retry_policy};
use crate::retry::RetryPolicy;

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

    /// The bucket that `arn` names; `None` if it is not the ARN of a bucket.
    pub(crate) fn of_arn(arn: &Arn<'_>) -> Option<Self> {
        // "arn:aws:s3:::bucket": buckets' ARNs have neither Region nor account. What has is an access point.
        let is_bucket = arn.service == "s3" && arn.region.is_empty() && arn.account.is_empty();
        is_bucket.then_some(arn.resource).and_then(Self::parse)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_named_by_its_arn() {
        let bucket = |arn| BucketName::of_arn(&Arn::parse(arn).unwrap());
        assert_eq!(bucket("arn:aws-cn:s3:::rejected"), BucketName::parse("rejected"));
        for wrong in
            ["arn:aws:s3:::rejected/key", "arn:aws:s3:eu-west-1:111122223333:accesspoint/a", "arn:aws:sqs:::rejected"]
        {
            assert_eq!(bucket(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn bucket_names_and_prefixes_are_validated() {
        assert!(BucketName::parse("ab").is_none() && BucketName::parse("abc").is_some());
        assert!(BucketName::parse(&"a".repeat(63)).is_some() && BucketName::parse(&"a".repeat(64)).is_none());
        assert!(BucketName::parse("Upper").is_none());
        assert!(KeyPrefix::parse("").is_some() && KeyPrefix::parse("a/b").is_some());
        assert!(
            KeyPrefix::parse("/a").is_none() && KeyPrefix::parse("a/").is_none() && KeyPrefix::parse("a b").is_none()
        );
        assert!(KeyPrefix::parse(&"a".repeat(256)).is_some() && KeyPrefix::parse(&"a".repeat(257)).is_none());
    }
}
