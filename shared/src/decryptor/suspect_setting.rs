//! Which setting, if it were wrong, would be the reason why payloads are not opened.

use super::NotOpened;
use crate::data_keys::{DataKeyError, RecordFault};
use crate::message::{CommitmentPolicy, MessageError};
use crate::record_format::{ActivityStreamError, ContentError, RecordFormat, keys_of};

/// A setting that would be the reason, if it were wrong, why a payload was not opened. Neither text is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuspectSetting {
    /// The variable.
    pub name: &'static str,
    /// What it is set to.
    pub configured: String,
}

impl NotOpened {
    /// The setting to look at, if one wrong setting would reject every payload as this one was. `format` is the one it was read as.
    #[must_use]
    pub fn suspect_setting(&self, format: &RecordFormat) -> Option<SuspectSetting> {
        let suspect = |name, configured| Some(SuspectSetting { name, configured });
        match self {
            Self::Content(error) => of_content(error, format),
            Self::DataKey(DataKeyError::NoAllowedKey(refused)) => suspect(refused.setting, refused.allowed.clone()),
            Self::DataKey(DataKeyError::RecordFault(fault)) if !matches!(**fault, RecordFault::InvalidRequest(_)) => {
                None
            }
            Self::DataKey(DataKeyError::Undecryptable(_) | DataKeyError::RecordFault(_)) => {
                let (name, configured) = format.settings_told_to_kms()?;
                suspect(name, configured)
            }
            Self::DataKey(_) | Self::DeadlinePassed | Self::Skipped => None,
        }
    }
}

fn of_content(error: &ContentError, format: &RecordFormat) -> Option<SuspectSetting> {
    let (name, configured) = match (error, format) {
        (ContentError::Malformed(MessageError::TooManyEncryptedDataKeys { max, .. }), _) => {
            ("MAX_ENCRYPTED_DATA_KEYS", max.to_string())
        }
        (ContentError::Malformed(MessageError::PlaintextTooLarge { max }), _) => {
            ("MAX_PLAINTEXT_BYTES", max.to_string())
        }
        (ContentError::Malformed(_), _) => ("RECORD_FORMAT", "encryption-sdk".to_owned()),
        (ContentError::CiphertextLength { .. }, _) => ("RECORD_FORMAT", "kms-ciphertext".to_owned()),
        (ContentError::SuiteNotAllowed(_), RecordFormat::EncryptionSdk(messages)) => {
            ("COMMITMENT_POLICY", policy(messages.commitment_policy).to_owned())
        }
        (ContentError::ContextMismatch { .. }, RecordFormat::EncryptionSdk(messages)) => {
            ("REQUIRED_ENCRYPTION_CONTEXT", keys_of(&messages.required_encryption_context))
        }
        (ContentError::ActivityStream(ActivityStreamError::NotARecord | ActivityStreamError::OtherType), _) => {
            ("RECORD_FORMAT", "database-activity-stream".to_owned())
        }
        // The data key was the right one: KMS has checked key and context.
        (_, _) => return None,
    };
    Some(SuspectSetting { name, configured })
}

/// As the variable has it.
fn policy(policy: CommitmentPolicy) -> &'static str {
    match policy {
        CommitmentPolicy::ForbidEncryptAllowDecrypt => "forbid-encrypt-allow-decrypt",
        CommitmentPolicy::RequireEncryptAllowDecrypt => "require-encrypt-allow-decrypt",
        CommitmentPolicy::RequireEncryptRequireDecrypt => "require-encrypt-require-decrypt",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data_keys::KeyNotAllowed;
    use crate::message::AlgorithmSuite;
    use crate::record_format::{ActivityStreamFormat, DatabaseResource, EncryptionSdkFormat, KmsCiphertextFormat};

    fn messages(required: &[(&str, &str)]) -> RecordFormat {
        let required_encryption_context = required.iter().copied().collect();
        RecordFormat::EncryptionSdk(EncryptionSdkFormat {
            required_encryption_context,
            ..EncryptionSdkFormat::default()
        })
    }

    fn suspect(error: impl Into<NotOpened>, format: &RecordFormat) -> Option<(&'static str, String)> {
        error.into().suspect_setting(format).map(|suspect| (suspect.name, suspect.configured))
    }

    #[test]
    fn each_reason_that_one_wrong_setting_gives_names_it_and_its_value() {
        let version = ContentError::Malformed(MessageError::UnsupportedVersion { version: 0x7B });
        assert_eq!(suspect(version, &messages(&[])), Some(("RECORD_FORMAT", "encryption-sdk".into())));
        let bare = RecordFormat::KmsCiphertext(KmsCiphertextFormat::default());
        let length = ContentError::CiphertextLength { len: 7_000 };
        assert_eq!(suspect(length, &bare), Some(("RECORD_FORMAT", "kms-ciphertext".into())));
        let too_many = MessageError::TooManyEncryptedDataKeys { count: 3, max: 2 };
        let too_many = suspect(ContentError::Malformed(too_many), &messages(&[]));
        assert_eq!(too_many, Some(("MAX_ENCRYPTED_DATA_KEYS", "2".into())));
        let too_large = ContentError::Malformed(MessageError::PlaintextTooLarge { max: 9 });
        assert_eq!(suspect(too_large, &messages(&[])), Some(("MAX_PLAINTEXT_BYTES", "9".into())));
        let suite = ContentError::SuiteNotAllowed(AlgorithmSuite::Aes256GcmIv12Tag16HkdfSha256);
        let policy = suspect(suite, &messages(&[]));
        assert_eq!(policy, Some(("COMMITMENT_POLICY", "require-encrypt-require-decrypt".into())));
        let refused = KeyNotAllowed { setting: "KMS_KEY_ARNS", allowed: "arn:one".into(), named: "arn:two".into() };
        let refused = suspect(DataKeyError::NoAllowedKey(Arc::new(refused)), &messages(&[]));
        assert_eq!(refused, Some(("KMS_KEY_ARNS", "arn:one".into())));
    }

    #[test]
    fn a_context_is_named_by_its_keys_only() {
        let with = messages(&[("stage", "prod"), ("tenant", "patient 4711")]);
        let keys = Some(("REQUIRED_ENCRYPTION_CONTEXT", "values for \"stage\", \"tenant\"".to_owned()));
        let mismatch = ContentError::ContextMismatch { key: "tenant".into() };
        assert_eq!(suspect(mismatch, &with), keys);
        // A key that no record carries is taken as reproduced, and KMS refuses it.
        assert_eq!(suspect(DataKeyError::Undecryptable(Arc::new(std::fmt::Error)), &with), keys);
        assert_eq!(suspect(RecordFault::InvalidRequest(Arc::new(std::fmt::Error)), &with), keys);
    }

    #[test]
    fn an_activity_stream_of_another_database_is_suspected() {
        let database = DatabaseResource::parse("cluster-A").unwrap();
        let format = RecordFormat::ActivityStream(ActivityStreamFormat { database, max_document_len: 1 });
        let undecryptable = suspect(DataKeyError::Undecryptable(Arc::new(std::fmt::Error)), &format);
        assert_eq!(undecryptable, Some(("ACTIVITY_STREAM_RESOURCE_ID or KMS_KEY_ARNS", "cluster-A".into())));
        let other = suspect(ContentError::ActivityStream(ActivityStreamError::NotARecord), &format);
        assert_eq!(other, Some(("RECORD_FORMAT", "database-activity-stream".into())));
        assert_eq!(
            suspect(ContentError::ActivityStream(ActivityStreamError::OuterKeyLength { len: 1 }), &format),
            None
        );
    }

    #[test]
    fn what_no_setting_explains_is_not_suspected() {
        let undecryptable = || DataKeyError::Undecryptable(Arc::new(std::fmt::Error));
        assert_eq!(suspect(undecryptable(), &messages(&[])), None);
        let bare = RecordFormat::KmsCiphertext(KmsCiphertextFormat::default());
        assert!(suspect(undecryptable(), &bare).is_some());
        let with = messages(&[("stage", "prod")]);
        assert_eq!(suspect(ContentError::NotAuthentic(MessageError::CommitmentMismatch), &with), None);
        assert_eq!(suspect(RecordFault::NoSuchKey(Arc::new(std::fmt::Error)), &with), None);
        assert_eq!(suspect(DataKeyError::AccessDenied(Arc::new(std::fmt::Error)), &with), None);
        assert_eq!(suspect(DataKeyError::DeadlinePassed, &with), None);
    }

    impl From<RecordFault> for NotOpened {
        fn from(fault: RecordFault) -> Self {
            Self::DataKey(fault.into())
        }
    }
}
