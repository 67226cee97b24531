//! What is configured of an SQS queue that messages are sent to.

use crate::aws::Arn;
use crate::config::{Environment, Integer};
use crate::delivery::{GroupOrder, RequestConcurrency, delivery_retry_policy};
use crate::retry::RetryPolicy;

/// What is configured of a queue that messages are sent to.
#[derive(Clone, Debug)]
pub struct SqsSettings {
    /// The queue.
    pub queue_url: QueueUrl,
    /// The largest message that the queue takes.
    pub message_limit: MessageLimit,
    /// How order is kept in a FIFO queue. Without effect on a standard queue.
    pub fifo_order: FifoOrder,
    /// How many requests are under way at once. Up to `10 * concurrency` messages can arrive beyond one that failed.
    pub concurrency: RequestConcurrency,
    /// How failed requests and messages are tried again.
    pub retry: RetryPolicy,
}

impl SqsSettings {
    /// The defaults for the queue at `queue_url`.
    #[must_use]
    pub fn new(queue_url: QueueUrl) -> Self {
        Self {
            queue_url,
            message_limit: MessageLimit::DEFAULT,
            fifo_order: FifoOrder::default(),
            concurrency: RequestConcurrency::DEFAULT,
            retry: delivery_retry_policy(),
        }
    }
}

/// A queue's URL. The queue is FIFO if it ends with `.fifo`, as the service demands of the names of FIFO queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueUrl(String);

impl QueueUrl {
    /// `None` if `url` is not `http://` or `https://`, a host and a path that ends with a queue's name: 1 to 80 letters, digits,
    /// `-` and `_`, with `.fifo` at its end for a FIFO queue.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        const MAX_NAME_LEN: usize = 80;
        let (host, name) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?.rsplit_once('/')?;
        let base = name.strip_suffix(FIFO_SUFFIX).unwrap_or(name);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let valid = !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_graphic())
            && !base.is_empty()
            && name.len() <= MAX_NAME_LEN
            && base.bytes().all(allowed);
        valid.then(|| Self(url.to_owned()))
    }

    /// The URL of the queue that `arn` names; `None` if it is not the ARN of a queue.
    ///
    /// "The queue's URL" is told by the service, but its form is fixed: the endpoint of the queue's Region, the account, the name. The SDK
    /// sends to its own endpoint (`AWS_ENDPOINT_URL_SQS`, if set) and gives the URL as a parameter, of which the service and LocalStack read
    /// account and name, whatever the host.
    pub(crate) fn of_arn(arn: &Arn<'_>) -> Option<Self> {
        if arn.service != "sqs" || !arn.is_regional() || arn.resource.contains('/') {
            return None;
        }
        let Arn { region, account, resource, .. } = arn;
        Self::parse(&format!("https://sqs.{region}.{}/{account}/{resource}", dns_suffix(arn.partition)))
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a FIFO queue.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(FIFO_SUFFIX)
    }
}

/// What the names of a partition's endpoints end with. A test compares it with the SDK's own table.
fn dns_suffix(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-eusc" => "amazonaws.eu",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        _ => "amazonaws.com", // aws, aws-us-gov
    }
}

const FIFO_SUFFIX: &str = ".fifo";

/// The largest message that a queue takes, attributes included: its `MaximumMessageSize`, from 1 KiB to 1 MiB.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageLimit(usize);

impl MessageLimit {
    /// The least, in bytes.
    pub const MIN_BYTES: usize = 1_024;
    /// The most, in bytes.
    pub const MAX_BYTES: usize = 1_048_576;
    /// What a new queue takes. Queues made before August 2025 still have 262,144 bytes unless they were changed.
    pub const DEFAULT: Self = Self(Self::MAX_BYTES);

    /// `None` outside [`MIN_BYTES`](Self::MIN_BYTES)..=[`MAX_BYTES`](Self::MAX_BYTES).
    #[must_use]
    pub fn from_bytes(bytes: usize) -> Option<Self> {
        (Self::MIN_BYTES..=Self::MAX_BYTES).contains(&bytes).then_some(Self(bytes))
    }

    /// The variable of a queue's limit.
    pub(crate) const fn variable(name: &'static str, meaning: &'static str) -> Integer {
        let allowed = Self::MIN_BYTES as u64..=Self::MAX_BYTES as u64;
        Integer { name, allowed, default: Some(Self::MAX_BYTES as u64), unit: "bytes", meaning }
    }

    /// Reads such a variable.
    pub(crate) fn read(environment: &mut Environment, variable: &Integer) -> Option<Self> {
        environment.read(variable).and_then(|bytes| usize::try_from(bytes).ok()).and_then(Self::from_bytes)
    }

    /// The limit in bytes, inclusive.
    #[must_use]
    pub fn get(self) -> usize {
        self.0
    }
}

/// How the order within a message group is kept when one message of a request fails and a later one does not.
///
/// SQS stores the messages of a request in their order, but answers for each on its own and does not promise to refuse those that
/// follow a failed one in its group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FifoOrder {
    /// One message of a group is under way at a time: order is kept whatever fails. A group (a partition key) then gets through one
    /// message per round trip, some 100 a second; all groups together as many as the requests hold. An aggregate that has more
    /// records of one partition key than fit into an invocation at that rate never gets through.
    #[default]
    Strict,
    /// Messages of a group share requests: up to ten per round trip. After a partial failure within a request, a message that failed
    /// is stored behind those of its group that did not.
    WithinRequests,
}

impl FifoOrder {
    pub(super) fn group_order(self) -> GroupOrder {
        match self {
            Self::Strict => GroupOrder::OneUnderWay,
            Self::WithinRequests => GroupOrder::OneRequest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_url_ends_with_a_queue_name() {
        let parsed = |url| QueueUrl::parse(url).map(|url| url.is_fifo());
        assert_eq!(parsed("https://sqs.eu-west-1.amazonaws.com/123456789012/orders"), Some(false));
        assert_eq!(parsed("http://127.0.0.1:4566/000000000000/orders.fifo"), Some(true));
        for wrong in ["", "orders", "arn:aws:sqs:eu-west-1:1:orders", "https://host", "https://host/", "https:///q"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
        assert_eq!(parsed("https://host/.fifo"), None);
        assert_eq!(parsed("https://host/or ders"), None);
    }

    #[tokio::test]
    async fn the_url_of_a_queue_is_made_of_its_arn() {
        use aws_sdk_sqs::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
        for (partition, region) in [
            ("aws", "eu-west-1"),
            ("aws", "us-east-1"),
            ("aws-cn", "cn-north-1"),
            ("aws-us-gov", "us-gov-west-1"),
            ("aws-iso", "us-iso-east-1"),
            ("aws-iso-b", "us-isob-east-1"),
            ("aws-iso-e", "eu-isoe-west-1"),
            ("aws-iso-f", "us-isof-south-1"),
            ("aws-eusc", "eusc-de-east-1"),
        ] {
            let params = Params::builder().region(region).build().unwrap();
            let endpoint = DefaultResolver::new().resolve_endpoint(&params).await.unwrap();
            let arn = format!("arn:{partition}:sqs:{region}:111122223333:orders.fifo");
            let url = QueueUrl::of_arn(&Arn::parse(&arn).unwrap()).unwrap();
            assert_eq!(url.as_str(), format!("{}/111122223333/orders.fifo", endpoint.url()), "{partition}");
        }
    }

    #[test]
    fn what_is_no_queues_arn_has_no_url() {
        for arn in [
            "arn:aws:sns:eu-west-1:111122223333:a",
            "arn:aws:sqs::111122223333:a",
            "arn:aws:sqs:eu-west-1:1:a",
            "arn:aws:sqs:eu-west-1:111122223333:a/b",
        ] {
            assert_eq!(QueueUrl::of_arn(&Arn::parse(arn).unwrap()), None, "{arn}");
        }
    }

    #[test]
    fn a_message_limit_is_from_1_kib_to_1_mib() {
        let limits = [1_023, 1_024, 1_048_576, 1_048_577];
        assert_eq!(limits.map(|bytes| MessageLimit::from_bytes(bytes).is_some()), [false, true, true, false]);
    }
}
