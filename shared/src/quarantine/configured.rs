//! The quarantine that the configuration chose.

use std::sync::Arc;

use aws_config::SdkConfig;

use super::{Quarantine, S3Quarantine, SqsQuarantine, StderrQuarantine};
use crate::clock::Clock;
use crate::delivery::Delivery;
use crate::records::{RejectedRecord, ShardOrigin};
use crate::retry::Deadline;
use crate::s3::S3Settings;
use crate::sqs::SqsSettings;

/// Which quarantine is configured, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum QuarantineSettings {
    /// JSON lines on standard error.
    Stderr,
    /// An SQS queue.
    Sqs {
        /// The queue.
        queue: SqsSettings,
        /// Where records go that are too large for a message.
        oversized: Option<S3Settings>,
    },
    /// An S3 bucket.
    S3(S3Settings),
}

/// The quarantine that the configuration chose.
#[derive(Debug)]
pub enum ConfiguredQuarantine {
    /// JSON lines on standard error.
    Stderr(StderrQuarantine),
    /// An SQS queue.
    Sqs(Box<SqsQuarantine>),
    /// An S3 bucket.
    S3(S3Quarantine),
}

impl ConfiguredQuarantine {
    /// The quarantine of `settings`; its clients, if it needs any, are made from `sdk`.
    #[must_use]
    pub fn new(settings: QuarantineSettings, sdk: &SdkConfig, clock: Arc<dyn Clock>) -> Self {
        match settings {
            QuarantineSettings::Stderr => Self::Stderr(StderrQuarantine::new(clock)),
            QuarantineSettings::Sqs { queue, oversized } => {
                Self::Sqs(Box::new(SqsQuarantine::new(sdk, queue, oversized, clock)))
            }
            QuarantineSettings::S3(settings) => Self::S3(S3Quarantine::new(sdk, settings, clock)),
        }
    }
}

impl Quarantine for ConfiguredQuarantine {
    fn destination(&self) -> String {
        match self {
            Self::Stderr(quarantine) => quarantine.destination(),
            Self::Sqs(quarantine) => quarantine.destination(),
            Self::S3(quarantine) => quarantine.destination(),
        }
    }

    async fn quarantine(&self, origin: &ShardOrigin, records: &[RejectedRecord], deadline: Deadline) -> Delivery {
        match self {
            Self::Stderr(quarantine) => quarantine.quarantine(origin, records, deadline).await,
            Self::Sqs(quarantine) => quarantine.quarantine(origin, records, deadline).await,
            Self::S3(quarantine) => quarantine.quarantine(origin, records, deadline).await,
        }
    }
}
