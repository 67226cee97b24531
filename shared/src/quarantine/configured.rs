//! The quarantine that the configuration chose.

use std::sync::Arc;

use aws_config::SdkConfig;

#[cfg(feature = "s3")]
use super::S3Quarantine;
#[cfg(all(feature = "s3", feature = "sqs"))]
use super::SqsQuarantine;
use super::{Quarantine, StderrQuarantine};
use crate::clock::Clock;
use crate::delivery::Delivery;
use crate::records::{RejectedRecord, ShardOrigin};
use crate::retry::Deadline;
#[cfg(feature = "s3")]
use crate::s3::S3Settings;
#[cfg(all(feature = "s3", feature = "sqs"))]
use crate::sqs::SqsSettings;

/// Which quarantine is configured, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum QuarantineSettings {
    /// JSON lines on standard error.
    Stderr,
    /// An SQS queue.
    #[cfg(all(feature = "s3", feature = "sqs"))]
    Sqs {
        /// The queue.
        queue: SqsSettings,
        /// Where records go that are too large for a message.
        oversized: Option<S3Settings>,
    },
    /// An S3 bucket.
    #[cfg(feature = "s3")]
    S3(S3Settings),
}

/// The quarantine that the configuration chose.
#[derive(Debug)]
pub enum ConfiguredQuarantine {
    /// JSON lines on standard error.
    Stderr(StderrQuarantine),
    /// An SQS queue.
    #[cfg(all(feature = "s3", feature = "sqs"))]
    Sqs(Box<SqsQuarantine>),
    /// An S3 bucket.
    #[cfg(feature = "s3")]
    S3(S3Quarantine),
}

impl ConfiguredQuarantine {
    /// The quarantine of `settings`; its clients, if it needs any, are made from `sdk`.
    #[must_use]
    #[cfg_attr(not(feature = "s3"), expect(unused_variables))]
    pub fn new(settings: QuarantineSettings, sdk: &SdkConfig, clock: Arc<dyn Clock>) -> Self {
        match settings {
            QuarantineSettings::Stderr => Self::Stderr(StderrQuarantine::new(clock)),
            #[cfg(all(feature = "s3", feature = "sqs"))]
            QuarantineSettings::Sqs { queue, oversized } => {
                Self::Sqs(Box::new(SqsQuarantine::new(sdk, queue, oversized, clock)))
            }
            #[cfg(feature = "s3")]
            QuarantineSettings::S3(settings) => Self::S3(S3Quarantine::new(sdk, settings, clock)),
        }
    }
}

impl Quarantine for ConfiguredQuarantine {
    fn destination(&self) -> String {
        match self {
            Self::Stderr(quarantine) => quarantine.destination(),
            #[cfg(all(feature = "s3", feature = "sqs"))]
            Self::Sqs(quarantine) => quarantine.destination(),
            #[cfg(feature = "s3")]
            Self::S3(quarantine) => quarantine.destination(),
        }
    }

    async fn quarantine(&self, origin: &ShardOrigin, records: &[RejectedRecord], deadline: Deadline) -> Delivery {
        match self {
            Self::Stderr(quarantine) => quarantine.quarantine(origin, records, deadline).await,
            #[cfg(all(feature = "s3", feature = "sqs"))]
            Self::Sqs(quarantine) => quarantine.quarantine(origin, records, deadline).await,
            #[cfg(feature = "s3")]
            Self::S3(quarantine) => quarantine.quarantine(origin, records, deadline).await,
        }
    }
}
