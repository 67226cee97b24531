//! What came instead of a Kinesis event, in words.

use std::fmt;

/// What came instead of a Kinesis event. Displays as what it is and what to do; never with anything from the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignEvent {
    /// `{}`.
    EmptyObject,
    /// An array, as EventBridge Pipes sends, or somebody who left out the object around `Records`.
    Array,
    /// A string, perhaps an event that was escaped once too often.
    Text,
    /// `null`, a number or a boolean.
    Scalar,
    /// What an SQS or SNS on-failure destination gets: where the records are, without them.
    OnFailureWithoutPayload,
    /// What an on-failure destination got, with a payload that is not a Kinesis event.
    OnFailureOfAnother,
    /// A quarantine message that says in which object its record is.
    QuarantineReference,
    /// Something like a quarantine message, which cannot be read.
    UnreadableQuarantine,
    /// A redrive without records, or with something else.
    UnreadableRedrive,
    /// `Records` is there, but is not an array.
    RecordsNotAnArray,
    /// `records` instead of `Records`.
    LowerCaseRecords,
    /// Of Amazon SQS, which also carries what a quarantine queue holds.
    Sqs,
    /// Of Amazon SNS.
    Sns,
    /// Of Amazon S3.
    S3,
    /// Of a DynamoDB stream.
    DynamoDb,
    /// Of Firehose, which wants its records transformed.
    Firehose,
    /// Of Kafka.
    Kafka,
    /// Of CloudWatch Logs.
    Logs,
    /// Of API Gateway, a function URL or a load balancer.
    Http,
    /// Of EventBridge, a schedule for instance.
    EventBridge,
    /// An object of which nothing is known.
    UnknownObject,
}

impl fmt::Display for ForeignEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let another_trigger = "remove that trigger: this function reads Kinesis data streams";
        let (what, advice) = match self {
            Self::EmptyObject => ("an empty object", "send an event with Records"),
            Self::Array => {
                ("an array", "send the object {\"Records\": [...]} that Lambda's event source mapping sends")
            }
            Self::Text => ("a JSON string", "send the event itself, not its text inside a string"),
            Self::Scalar => ("not an object", "send an event with Records"),
            Self::OnFailureWithoutPayload => (
                "a message of an on-failure destination without the records",
                "read them from the stream again: KinesisBatchInfo says where they begin and end",
            ),
            Self::OnFailureOfAnother => (
                "an object of an on-failure destination whose payload is not a Kinesis event",
                "send it to the function that it came from",
            ),
            Self::QuarantineReference => {
                ("a quarantine message without its data", "send the content of the object that its s3Object names")
            }
            Self::UnreadableQuarantine => {
                ("a quarantine message that cannot be read", "send it as it was written, by a version 1.x")
            }
            Self::UnreadableRedrive => (
                "a redrive without a Kinesis event or quarantine messages",
                "send the object with Records, or an array of quarantine messages of one shard",
            ),
            Self::RecordsNotAnArray => ("an object whose Records is not an array", "send an event with an array"),
            Self::LowerCaseRecords => ("an object with records in lower case", "name them Records, as Lambda does"),
            Self::Sqs => (
                "an event of Amazon SQS",
                "send a quarantined record as the message's body alone, and remove the trigger if there is one",
            ),
            Self::Sns => ("an event of Amazon SNS", another_trigger),
            Self::S3 => {
                ("an event of Amazon S3", "send the content of the object, and remove the trigger if there is one")
            }
            Self::DynamoDb => ("an event of a DynamoDB stream", another_trigger),
            Self::Firehose => ("an event of Amazon Data Firehose", another_trigger),
            Self::Kafka => ("an event of Kafka", another_trigger),
            Self::Logs => ("an event of CloudWatch Logs", another_trigger),
            Self::Http => ("an HTTP request", another_trigger),
            Self::EventBridge => ("an event of EventBridge", another_trigger),
            Self::UnknownObject => {
                ("an object without Records", "send the event that Lambda's event source mapping sends")
            }
        };
        write!(f, "it is {what}; {advice}")
    }
}

impl ForeignEvent {
    /// The foreign event whose entries or whose self have this `eventSource`; `None` for Kinesis and for those unknown.
    pub(super) fn of_source(event_source: &[u8]) -> Option<Self> {
        Some(match event_source {
            b"aws:sqs" => Self::Sqs,
            b"aws:sns" => Self::Sns,
            b"aws:s3" => Self::S3,
            b"aws:dynamodb" => Self::DynamoDb,
            b"aws:kafka" | b"SelfManagedKafka" => Self::Kafka,
            _ => return None,
        })
    }
}
