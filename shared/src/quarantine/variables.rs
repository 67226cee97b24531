//! The variables of the quarantine.

use super::QuarantineSettings;
use crate::aws::Arn;
use crate::config::{Environment, Group, Integer, Replaced, Text};
use crate::s3::{BucketName, KeyPrefix, S3Settings};
use crate::sqs::{MessageLimit, QueueUrl, SqsSettings};

/// Where records go that can never be read. The kind of the quarantine is the kind of what the ARN names.
pub const VARIABLES: Group<QuarantineSettings> = Group {
    heading: "Quarantine",
    variables: &[&QUARANTINE_ARN, &OVERSIZED_ARN, &MESSAGE_LIMIT, &PREFIX],
    replaced: REPLACED,
    read,
};

const REPLACED: &[Replaced] = &[
    Replaced { name: "QUARANTINE", by: "QUARANTINE_ARN: the ARN tells the kind, and stderr stays a word" },
    Replaced { name: "QUARANTINE_QUEUE_URL", by: "QUARANTINE_ARN with the queue's ARN" },
    Replaced {
        name: "QUARANTINE_BUCKET",
        by: "QUARANTINE_ARN with the bucket's ARN, or beside a queue QUARANTINE_OVERSIZED_ARN",
    },
];

fn read(environment: &mut Environment) -> Option<QuarantineSettings> {
    let oversized = environment.read(&OVERSIZED_ARN);
    let limit = MessageLimit::read(environment, &MESSAGE_LIMIT);
    let prefix = environment.read(&PREFIX);
    let destination = environment.read(&QUARANTINE_ARN)?;
    let is_refused = environment.has_rejected(QUARANTINE_ARN.name);
    if oversized.is_some() && !is_refused && !matches!(destination, QuarantineArn::Queue { .. }) {
        environment
            .reject(OVERSIZED_ARN.name, "is set, but QUARANTINE_ARN is not a queue; no record is too large for it");
    }
    let in_bucket = |bucket, prefix| S3Settings { prefix, ..S3Settings::new(bucket) };
    match destination {
        QuarantineArn::Stderr => Some(QuarantineSettings::Stderr),
        QuarantineArn::Queue { url, region } => {
            environment.require_same_region(QUARANTINE_ARN.name, &region, "SQS");
            let queue = SqsSettings { message_limit: limit?, ..SqsSettings::new(url) };
            let prefix = prefix?;
            Some(QuarantineSettings::Sqs { queue, oversized: oversized.map(|bucket| in_bucket(bucket, prefix)) })
        }
        QuarantineArn::Bucket(bucket) => Some(QuarantineSettings::S3(in_bucket(bucket, prefix?))),
    }
}

enum QuarantineArn {
    Stderr,
    Queue { url: QueueUrl, region: String },
    Bucket(BucketName),
}

impl QuarantineArn {
    fn parse(text: &str) -> Option<Self> {
        if text == STDERR {
            return Some(Self::Stderr);
        }
        let arn = Arn::parse(text)?;
        match arn.service {
            "sqs" => Some(Self::Queue { url: QueueUrl::of_arn(&arn)?, region: arn.region.to_owned() }),
            _ => BucketName::of_arn(&arn).map(Self::Bucket),
        }
    }
}

const STDERR: &str = "stderr";

const QUARANTINE_ARN: Text<QuarantineArn> = Text {
    name: "QUARANTINE_ARN",
    allowed: "stderr, or the ARN of an SQS queue in the function's Region or of an S3 bucket",
    default: Some(STDERR),
    parse: QuarantineArn::parse,
    secret: false,
    meaning: "Where records go that can never be decrypted, still encrypted, with the reason.",
};

const OVERSIZED_ARN: Text<BucketName> = Text {
    name: "QUARANTINE_OVERSIZED_ARN",
    allowed: "the ARN of an S3 bucket, and only if QUARANTINE_ARN is a queue",
    default: None,
    parse: |text| BucketName::of_arn(&Arn::parse(text)?),
    secret: false,
    meaning: "Where records go that are too large for a message of the quarantine's queue.",
};

const MESSAGE_LIMIT: Integer = MessageLimit::variable(
    "QUARANTINE_QUEUE_MESSAGE_LIMIT_BYTES",
    "The MaximumMessageSize of a queue as quarantine. A larger record goes to QUARANTINE_OVERSIZED_ARN, or else is the checkpoint.",
);

const PREFIX: Text<KeyPrefix> = Text {
    name: "QUARANTINE_PREFIX",
    allowed: "up to 256 letters, digits and /!_.*'()-, neither beginning nor ending with /",
    default: Some(KeyPrefix::DEFAULT),
    parse: KeyPrefix::parse,
    secret: false,
    meaning: "What the keys of quarantined objects begin with.",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, ConfigError};

    const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:rejected";
    const BUCKET: &str = "arn:aws:s3:::rejected";

    fn read(variables: &[(&str, &str)]) -> Result<QuarantineSettings, ConfigError> {
        let variables = variables.iter().chain(&[("AWS_REGION", "eu-west-1")]).copied();
        config::read(variables, |environment| environment.group(&VARIABLES)).map(|configured| configured.settings)
    }

    #[test]
    fn the_arn_tells_the_kind() {
        assert!(matches!(read(&[]), Ok(QuarantineSettings::Stderr)));
        assert!(matches!(read(&[("QUARANTINE_ARN", QUEUE)]), Ok(QuarantineSettings::Sqs { oversized: None, .. })));
        let bucket = read(&[("QUARANTINE_ARN", BUCKET)]);
        assert!(matches!(bucket, Ok(QuarantineSettings::S3(settings)) if settings.bucket.as_str() == "rejected"));
        let error = read(&[("QUARANTINE_ARN", "arn:aws:sns:eu-west-1:111122223333:rejected")]).unwrap_err().to_string();
        assert!(error.contains("QUARANTINE_ARN is \"arn:aws:sns:"), "{error}");
    }

    #[test]
    fn a_bucket_for_oversized_records_is_for_queues_only() {
        let with =
            |arn| read(&[("QUARANTINE_ARN", arn), ("QUARANTINE_OVERSIZED_ARN", BUCKET), ("QUARANTINE_PREFIX", "p")]);
        let Ok(QuarantineSettings::Sqs { oversized: Some(bucket), .. }) = with(QUEUE) else { panic!("not a queue") };
        assert_eq!((bucket.bucket.as_str(), bucket.prefix.as_str()), ("rejected", "p"));
        for other in ["", "stderr", BUCKET] {
            let error = with(other).unwrap_err();
            assert_eq!(error.problems.len(), 1);
            assert!(
                error.to_string().contains("QUARANTINE_OVERSIZED_ARN is set, but QUARANTINE_ARN is not a queue"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_queue_in_another_region_is_refused() {
        let error = read(&[("QUARANTINE_ARN", "arn:aws:sqs:us-east-1:111122223333:q")]).unwrap_err().to_string();
        assert!(error.contains("QUARANTINE_ARN is in us-east-1") && error.contains("eu-west-1"), "{error}");
    }
}
