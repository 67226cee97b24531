//! One payload, read as far as its header.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU16;

use warmkeys::data_keys::{DecryptionRequest, KeyArn, WrappedDataKey};
use warmkeys::failure::describe;
use warmkeys::kpl::MIN_ENCRYPTED_LEN;
use warmkeys::message::{AlgorithmSuite, CommitmentPolicy, EncryptedDataKey, MessageLimits};
use warmkeys::record_format::{
    ActivityStreamFormat, DatabaseResource, EncryptionSdkFormat, KmsCiphertextFormat, Look, RecordFormat,
};

use crate::inspect::options::Unknown;

/// A record format, by the name that `RECORD_FORMAT` and the template's `RecordFormat` have for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RecordFormatName {
    EncryptionSdk,
    KmsCiphertext,
    ActivityStream,
}

impl RecordFormatName {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::EncryptionSdk => "encryption-sdk",
            Self::KmsCiphertext => "kms-ciphertext",
            Self::ActivityStream => "database-activity-stream",
        }
    }
}

/// What a payload's header tells.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) format: RecordFormatName,
    /// Only of messages.
    pub(super) suite: Option<AlgorithmSuite>,
    /// How many there are; 1 if the payload is no message.
    pub(super) encrypted_data_keys: usize,
    /// The KMS keys that the message names, each once. A bare ciphertext names none.
    pub(super) kms_keys: Vec<KeyArn>,
    pub(super) context_keys: Vec<String>,
    /// Equal for records with one data key.
    pub(super) data_key: u64,
    pub(super) is_cacheable: bool,
}

/// Reads payloads of all record formats.
#[derive(Debug)]
pub(super) struct PayloadReader {
    message: RecordFormat,
    kms_ciphertext: RecordFormat,
    activity_stream: Option<RecordFormat>,
    unknown: Unknown,
}

impl PayloadReader {
    /// `unknown` is what payloads are taken for that look like nothing known.
    pub(super) fn new(unknown: Unknown) -> Self {
        // Everything that can be read at all: what of it a function is to refuse is said in the parameters.
        let limits = MessageLimits { max_encrypted_data_keys: NonZeroU16::MAX, ..MessageLimits::default() };
        let message = EncryptionSdkFormat {
            commitment_policy: CommitmentPolicy::ForbidEncryptAllowDecrypt,
            limits,
            ..EncryptionSdkFormat::default()
        };
        // The headers of activity records are the same whatever database they are of.
        let activity_stream = |database| {
            let max_document_len = ActivityStreamFormat::DEFAULT_MAX_DOCUMENT_LEN;
            RecordFormat::ActivityStream(ActivityStreamFormat { database, max_document_len })
        };
        Self {
            message: RecordFormat::EncryptionSdk(message),
            kms_ciphertext: RecordFormat::KmsCiphertext(KmsCiphertextFormat::default()),
            activity_stream: DatabaseResource::parse("cluster-ANY").map(activity_stream),
            unknown,
        }
    }

    /// Reads a payload as what it looks like.
    ///
    /// # Errors
    /// Why it will go to quarantine, without anything of it.
    pub(super) fn read(&self, payload: &[u8]) -> Result<Sealed, Cow<'static, str>> {
        let unreadable = |what: &'static str| Err(Cow::Borrowed(what));
        let (name, format) = match Look::of(payload) {
            Some(Look::Message) => (RecordFormatName::EncryptionSdk, Some(&self.message)),
            Some(Look::KmsCiphertext) => (RecordFormatName::KmsCiphertext, Some(&self.kms_ciphertext)),
            Some(Look::ActivityRecord) => (RecordFormatName::ActivityStream, self.activity_stream.as_ref()),
            Some(look @ (Look::Aggregate | Look::Gzip | Look::Base64 | Look::Json)) => return unreadable(look.hint()),
            None if payload.len() < MIN_ENCRYPTED_LEN => return unreadable(TOO_SHORT),
            None if self.unknown == Unknown::KmsCiphertext => {
                (RecordFormatName::KmsCiphertext, Some(&self.kms_ciphertext))
            }
            None => return unreadable(UNKNOWN),
        };
        let Some(format) = format else { return unreadable(UNKNOWN) };
        let read = format.read(payload).and_then(|sealed| sealed.required_data_key());
        let request = read.map_err(|error| Cow::Owned(describe(&error)))?.request;
        Sealed::of(name, request)
    }
}

impl Sealed {
    fn of(format: RecordFormatName, mut request: DecryptionRequest) -> Result<Self, Cow<'static, str>> {
        let (suite, encrypted_data_keys, kms_keys) = match &mut request.wrapped {
            WrappedDataKey::Message { suite, encrypted_data_keys } => {
                // Any one of them will do, so that their order tells no data keys apart: as in the functions' caches.
                encrypted_data_keys.sort_unstable();
                let kms_keys = kms_keys(encrypted_data_keys);
                if kms_keys.is_empty() {
                    return Err(Cow::Borrowed(not_of_kms(encrypted_data_keys)));
                }
                (Some(*suite), encrypted_data_keys.len(), kms_keys)
            }
            WrappedDataKey::KmsCiphertext(_) => (None, 1, Vec::new()),
        };
        let mut hasher = DefaultHasher::new();
        request.hash(&mut hasher);
        // What a context is of that the record does not carry says nothing about it.
        let carried = suite.is_some().then(|| request.encryption_context.iter());
        Ok(Self {
            format,
            suite,
            encrypted_data_keys,
            kms_keys,
            context_keys: carried.into_iter().flatten().map(|(key, _)| key.to_owned()).collect(),
            data_key: hasher.finish(),
            is_cacheable: suite.is_none_or(AlgorithmSuite::is_cacheable),
        })
    }
}

fn kms_keys(encrypted_data_keys: &[EncryptedDataKey]) -> Vec<KeyArn> {
    let of_kms = encrypted_data_keys.iter().filter(|encrypted| encrypted.provider_id == "aws-kms");
    let named = of_kms.filter_map(|encrypted| std::str::from_utf8(&encrypted.provider_info).ok()?.parse().ok());
    named.collect::<BTreeSet<KeyArn>>().into_iter().collect()
}

fn not_of_kms(encrypted_data_keys: &[EncryptedDataKey]) -> &'static str {
    match encrypted_data_keys.iter().any(|encrypted| encrypted.provider_id == "aws-kms-hierarchy") {
        true => {
            "a message whose data key is wrapped by a branch key (AWS KMS Hierarchical keyring), which Warmkeys does not read"
        }
        false => {
            "a message that names no KMS key (provider aws-kms), so that Warmkeys has nobody to ask for its data key"
        }
    }
}

/// Why a payload that is too short goes to quarantine.
pub(super) const TOO_SHORT: &str = "too short to be encrypted: empty, a heartbeat, or in clear";
const UNKNOWN: &str = "nothing that is known; if it is what kms:Encrypt returned, say --record-format kms-ciphertext";
