//! Where records are brought back from.

mod bucket;
mod queue;
mod stream;

pub(crate) use bucket::{Bucket, ObjectPlace};
pub(crate) use queue::Queue;
pub(crate) use stream::{StreamError, StreamReader};

/// Where records are, as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SourceName {
    /// The objects of a bucket whose keys begin so.
    Bucket { bucket: String, prefix: String },
    /// The messages of a queue.
    Queue(QueueName),
}

/// A queue, as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum QueueName {
    Url(String),
    Arn { region: String, account: String, name: String },
}

impl SourceName {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "s3://BUCKET/PREFIX, or the ARN or URL of an SQS queue is expected".to_owned();
        if let Some(place) = text.strip_prefix("s3://") {
            let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
            let is_bucket = is_bucket_name(bucket);
            return is_bucket
                .then(|| Self::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
                .ok_or_else(wrong);
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            return Ok(Self::Queue(QueueName::Url(text.to_owned())));
        }
        match text.split(':').collect::<Vec<_>>().as_slice() {
            ["arn", _, "sqs", region, account, name] if !name.is_empty() => Ok(Self::Queue(QueueName::Arn {
                region: (*region).to_owned(),
                account: (*account).to_owned(),
                name: (*name).to_owned(),
            })),
            ["arn", _, "s3", "", "", bucket] => Self::parse(&format!("s3://{bucket}")),
            _ => Err(wrong()),
        }
    }
}

impl QueueName {
    /// "The name of a FIFO queue must end with the .fifo suffix."
    pub(crate) fn is_fifo(&self) -> bool {
        match self {
            Self::Url(name) | Self::Arn { name, .. } => name.ends_with(".fifo"),
        }
    }
}

fn is_bucket_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    (3..=63).contains(&name.len()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(bucket: &str, prefix: &str) -> Result<SourceName, String> {
        Ok(SourceName::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }

    #[test]
    fn a_source_is_a_bucket_or_a_queue() {
        assert_eq!(SourceName::parse("s3://failed-records"), bucket("failed-records", ""));
        assert_eq!(SourceName::parse("s3://failed-records/aws/lambda/"), bucket("failed-records", "aws/lambda/"));
        assert_eq!(SourceName::parse("arn:aws:s3:::failed-records"), bucket("failed-records", ""));
        let queue = SourceName::parse("arn:aws:sqs:eu-west-1:111122223333:q.fifo").unwrap();
        assert!(matches!(&queue, SourceName::Queue(name) if name.is_fifo()));
        let queue = SourceName::parse("https://sqs.eu-west-1.amazonaws.com/111122223333/q").unwrap();
        assert!(matches!(&queue, SourceName::Queue(name) if !name.is_fifo()));
        for wrong in ["", "bucket", "s3://", "s3://No", "arn:aws:sns:eu-west-1:1:q", "arn:aws:sqs:eu-west-1:1:"] {
            assert!(SourceName::parse(wrong).is_err(), "{wrong}");
        }
    }
}
