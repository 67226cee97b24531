//! The variables of the sink.

use super::{DeliveryStreamName, FirehoseSettings, SinkSettings, kinesis, s3, sqs};
use crate::aws::Arn;
use crate::config::{Environment, Group, Replaced, Text};
use crate::kinesis::StreamIdentifier;
use crate::s3::S3Settings;
use crate::sqs::QueueUrl;

/// Where opened records go. The kind of the sink is the kind of what the ARN names.
pub const VARIABLES: Group<SinkSettings> =
    Group { heading: "Sink", variables: &[&SINK_ARN, &sqs::variables::MESSAGE_LIMIT], replaced: REPLACED, read };

const REPLACED: &[Replaced] = &[
    Replaced { name: "SINK", by: "SINK_ARN: the ARN tells the kind, and stdout stays a word" },
    Replaced { name: "SINK_STREAM_NAME", by: "SINK_ARN with the stream's ARN" },
    Replaced { name: "SINK_DELIVERY_STREAM_NAME", by: "SINK_ARN with the Firehose stream's ARN" },
    Replaced { name: "SINK_QUEUE_URL", by: "SINK_ARN with the queue's ARN" },
];

fn read(environment: &mut Environment) -> Option<SinkSettings> {
    // Whatever the sink is: their mistakes are told, and the documentation has them.
    let writer = environment.group(&crate::kinesis::VARIABLES);
    let message_limit = sqs::variables::read_message_limit(environment);
    match environment.read(&SINK_ARN)? {
        SinkArn::Stdout => Some(SinkSettings::Stdout),
        SinkArn::Stream { stream, region } => {
            environment.require_same_region(SINK_ARN.name, &region, "KINESIS");
            Some(SinkSettings::Kinesis(kinesis::variables::settings(stream, writer?)))
        }
        SinkArn::DeliveryStream { name, region } => {
            environment.require_same_region(SINK_ARN.name, &region, "FIREHOSE");
            Some(SinkSettings::Firehose(FirehoseSettings::new(name)))
        }
        SinkArn::Bucket(settings) => Some(SinkSettings::S3(settings)),
        SinkArn::Queue { url, region } => {
            environment.require_same_region(SINK_ARN.name, &region, "SQS");
            Some(SinkSettings::Sqs(sqs::variables::settings(url, message_limit?)))
        }
    }
}

enum SinkArn {
    Stdout,
    Stream { stream: StreamIdentifier, region: String },
    DeliveryStream { name: DeliveryStreamName, region: String },
    Bucket(S3Settings),
    Queue { url: QueueUrl, region: String },
}

impl SinkArn {
    fn parse(text: &str) -> Option<Self> {
        if text == STDOUT {
            return Some(Self::Stdout);
        }
        let arn = Arn::parse(text)?;
        let region = arn.region.to_owned();
        match arn.service {
            "kinesis" => Some(Self::Stream { stream: StreamIdentifier::parse(text)?, region }),
            "firehose" => {
                let name = DeliveryStreamName::parse(arn.resource.strip_prefix("deliverystream/")?)?;
                Some(Self::DeliveryStream { name, region })
            }
            "s3" => s3::settings_of_arn(&arn).map(Self::Bucket),
            "sqs" => Some(Self::Queue { url: QueueUrl::of_arn(&arn)?, region }),
            _ => None,
        }
    }
}

const STDOUT: &str = "stdout";

const SINK_ARN: Text<SinkArn> = Text {
    name: "SINK_ARN",
    allowed: "stdout, or the ARN of a Kinesis stream, a Firehose stream or an SQS queue in the function's Region, or of an S3 bucket",
    default: Some(STDOUT),
    parse: SinkArn::parse,
    secret: false,
    meaning: "Where opened records go. stdout writes them in clear, which on Lambda means into the log. A Firehose stream must be of \
              the function's own account. A bucket's ARN may go on with / and what keys begin with. A queue is FIFO if its name ends with .fifo.",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, ConfigError};

    fn read(arn: &str) -> Result<SinkSettings, ConfigError> {
        let variables = [("AWS_REGION", "eu-west-1"), ("SINK_ARN", arn)];
        config::read(variables, |environment| environment.group(&VARIABLES)).map(|configured| configured.settings)
    }

    #[test]
    fn the_arn_tells_the_kind() {
        assert!(matches!(read(""), Ok(SinkSettings::Stdout)));
        assert!(matches!(read("stdout"), Ok(SinkSettings::Stdout)));
        let stream = read("arn:aws:kinesis:eu-west-1:111122223333:stream/orders");
        assert!(matches!(stream, Ok(SinkSettings::Kinesis(settings)) if settings.stream.name() == "orders"));
        let firehose = read("arn:aws:firehose:eu-west-1:111122223333:deliverystream/orders");
        assert!(matches!(firehose, Ok(SinkSettings::Firehose(settings)) if settings.stream_name.as_str() == "orders"));
        let Ok(SinkSettings::Sqs(queue)) = read("arn:aws:sqs:eu-west-1:111122223333:orders.fifo") else {
            panic!("not a queue")
        };
        assert_eq!(queue.queue_url.as_str(), "https://sqs.eu-west-1.amazonaws.com/111122223333/orders.fifo");
        assert!(queue.queue_url.is_fifo());
        let bucket = read("arn:aws:s3:::orders/clear");
        assert!(matches!(bucket, Ok(SinkSettings::S3(settings)) if settings.prefix.as_str() == "clear"));
    }

    #[test]
    fn what_is_no_arn_of_a_sink_is_refused_and_shown() {
        for wrong in [
            "orders",
            "stderr",
            "https://sqs.eu-west-1.amazonaws.com/111122223333/orders",
            "arn:aws:s3:::o",
            "arn:aws:s3:eu-west-1:111122223333:accesspoint/orders",
            "arn:aws:kinesis:eu-west-1:111122223333:stream/orders/consumer/c:1",
            "arn:aws:firehose:eu-west-1:111122223333:stream/orders",
            "arn:aws:sqs:eu-west-1::orders",
        ] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains(&format!("SINK_ARN is {wrong:?}; allowed: stdout, or the ARN")), "{error}");
        }
    }

    #[test]
    fn a_sink_in_another_region_is_refused() {
        for arn in [
            "arn:aws:kinesis:us-east-1:111122223333:stream/orders",
            "arn:aws:firehose:us-east-1:111122223333:deliverystream/orders",
            "arn:aws:sqs:us-east-1:111122223333:orders",
        ] {
            let error = read(arn).unwrap_err().to_string();
            assert!(error.contains("SINK_ARN is in us-east-1") && error.contains("eu-west-1"), "{error}");
        }
    }

    #[test]
    fn old_variables_are_refused_with_what_replaced_them() {
        for (name, by) in [("SINK", "SINK_ARN"), ("SINK_QUEUE_URL", "SINK_ARN with the queue's ARN")] {
            let error = config::read([(name, "sqs")], |environment| environment.group(&VARIABLES)).unwrap_err();
            assert!(error.to_string().contains(&format!("{name} is no longer a variable; use {by}")), "{error}");
        }
    }
}
