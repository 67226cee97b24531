//! What a payload that cannot be opened looks like: what an operator would find out by looking at its first bytes.

use memchr::memmem;

use super::RecordFormat;
use crate::kpl;

impl RecordFormat {
    /// What `payload` looks like, and what to do about it, for the end of a sentence about why it cannot be opened. `None` if it
    /// looks like what the format reads, or like nothing that is known. Tells only by the first bytes, and shows none.
    #[must_use]
    pub fn hint(&self, payload: &[u8]) -> Option<&'static str> {
        let look = Look::of(payload)?;
        let expected = match self {
            Self::EncryptionSdk(_) => Look::Message,
            Self::KmsCiphertext(_) => Look::KmsCiphertext,
            Self::ActivityStream(_) => Look::ActivityRecord,
        };
        (look != expected).then(|| look.hint())
    }
}

/// What payloads are told apart as, by their first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A KPL aggregate that was not taken apart.
    Aggregate,
    /// Something compressed.
    Gzip,
    /// A message of the AWS Encryption SDK.
    Message,
    /// What KMS `Encrypt` returned.
    KmsCiphertext,
    /// A record of a database activity stream.
    ActivityRecord,
    /// The base64 text of a message or of a KMS ciphertext.
    Base64,
    /// JSON in clear.
    Json,
}

impl Look {
    /// What `payload` looks like; `None` if it is like nothing that is known. It may be damaged all the same further on.
    #[must_use]
    pub fn of(payload: &[u8]) -> Option<Self> {
        if payload.starts_with(&kpl::MAGIC) {
            return Some(Self::Aggregate);
        }
        if let Some(ciphertext) = Self::of_ciphertext(payload) {
            return Some(ciphertext);
        }
        if decoded_beginning(payload).is_some_and(|decoded| Self::of_ciphertext(&decoded).is_some()) {
            return Some(Self::Base64);
        }
        match payload.trim_ascii_start() {
            [0x1F, 0x8B, ..] => Some(Self::Gzip), // RFC 1952
            [b'{', ..] if is_of_activity_stream(payload) => Some(Self::ActivityRecord),
            [b'{' | b'[', ..] => Some(Self::Json),
            _ => None,
        }
    }

    /// What it is and what to do about it where something else was expected. Of the three that a record format reads, the format.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Aggregate => {
                "a KPL aggregate that was not taken apart: it is damaged, or has too many user records that are too short to be encrypted"
            }
            Self::Gzip => "gzip: encrypt after compressing, not before",
            Self::Message => "a message of the AWS Encryption SDK, which RECORD_FORMAT=encryption-sdk reads",
            Self::KmsCiphertext => "a bare KMS ciphertext, which RECORD_FORMAT=kms-ciphertext reads",
            Self::ActivityRecord => {
                "a record of a database activity stream, which RECORD_FORMAT=database-activity-stream reads"
            }
            Self::Base64 => "the base64 text of a ciphertext: let the producer send the bytes",
            Self::Json => "JSON in clear: its producer does not encrypt",
        }
    }

    fn of_ciphertext(payload: &[u8]) -> Option<Self> {
        match payload {
            // A version, and the type that only version 1 has, or a suite.
            // <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/data-format/message-header.md>
            [0x01, 0x80, ..] | [0x02, 0x04 | 0x05, 0x78, ..] => Some(Self::Message),
            // AWS does not document what a `CiphertextBlob` looks like. Those under symmetric keys of KMS have begun like this for years.
            [0x01, 0x02, 0x02 | 0x03, 0x00, 0x78, ..] => Some(Self::KmsCiphertext),
            _ => None,
        }
    }
}

/// Databases write the type first.
fn is_of_activity_stream(json: &[u8]) -> bool {
    const BEGINNING: usize = 100;
    memmem::find(json.get(..BEGINNING).unwrap_or(json), b"DatabaseActivityMonitoringRecords").is_some()
}

/// The first bytes of what base64 text stands for.
fn decoded_beginning(payload: &[u8]) -> Option<Vec<u8>> {
    const CHARACTERS: usize = 8;
    base64_simd::STANDARD.decode_to_vec(payload.get(..CHARACTERS)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record_format::{ActivityStreamFormat, DatabaseResource, EncryptionSdkFormat, KmsCiphertextFormat};

    const MESSAGE_1: &[u8] = &[0x01, 0x80, 0x03, 0x78, 0xAA, 0xAA];
    const MESSAGE_2: &[u8] = &[0x02, 0x05, 0x78, 0xAA, 0xAA, 0xAA];
    const KMS_CIPHERTEXT: &[u8] = &[0x01, 0x02, 0x02, 0x00, 0x78, 0xAA];
    const ACTIVITY: &[u8] = br#"{ "type": "DatabaseActivityMonitoringRecords", "version": "1.1" }"#;

    /// The hints of all formats.
    fn hints(payload: &[u8]) -> [&'static str; 3] {
        let database = DatabaseResource::parse("cluster-A").expect("an id");
        let formats = [
            RecordFormat::EncryptionSdk(EncryptionSdkFormat::default()),
            RecordFormat::KmsCiphertext(KmsCiphertextFormat::default()),
            RecordFormat::ActivityStream(ActivityStreamFormat { database, max_document_len: 1 }),
        ];
        formats.map(|format| format.hint(payload).unwrap_or_default())
    }

    #[test]
    fn what_a_payload_looks_like_is_told_whatever_the_format() {
        let base64 = |bytes: &[u8]| base64_simd::STANDARD.encode_to_string(bytes).into_bytes();
        for (payload, beginning) in [
            (&[0xF3, 0x89, 0x9A, 0xC2, 0x0A][..], "a KPL aggregate"),
            (&[0x1F, 0x8B, 0x08], "gzip"),
            (br#"{"patient":4711}"#, "JSON"),
            (b"\n [7]", "JSON"),
            (&base64(MESSAGE_1), "the base64 text"),
            (&base64(MESSAGE_2), "the base64 text"),
            (&base64(KMS_CIPHERTEXT), "the base64 text"),
        ] {
            for hint in hints(payload) {
                assert!(hint.starts_with(beginning) && !hint.contains("4711"), "{payload:?}: {hint}");
            }
        }
    }

    #[test]
    fn another_format_s_payloads_are_told_and_the_format_s_own_are_not() {
        let message = "a message of the AWS Encryption SDK, which RECORD_FORMAT=encryption-sdk reads";
        let kms_ciphertext = "a bare KMS ciphertext, which RECORD_FORMAT=kms-ciphertext reads";
        let activity = "a record of a database activity stream, which RECORD_FORMAT=database-activity-stream reads";
        for payload in [MESSAGE_1, MESSAGE_2] {
            assert_eq!(hints(payload), ["", message, message]);
        }
        assert_eq!(hints(KMS_CIPHERTEXT), [kms_ciphertext, "", kms_ciphertext]);
        assert_eq!(hints(ACTIVITY), [activity, activity, ""]);
    }

    #[test]
    fn of_anything_else_nothing_is_said() {
        for unknown in [&b""[..], b"A", b"AYADeA", b"AAAAAAAAAAAA", b"plain text", &[0x01], &[0x02, 0x04], &[0x1F]] {
            assert_eq!(hints(unknown), ["", "", ""], "{unknown:?}");
        }
    }
}
