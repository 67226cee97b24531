//! What a payload that cannot be opened looks like: what an operator would find out by looking at its first bytes.

use super::RecordFormat;
use crate::kpl;

impl RecordFormat {
    /// What `payload` looks like, and what to do about it, for the end of a sentence about why it cannot be opened. `None` if it
    /// looks like what the format reads, or like nothing that is known. Tells only by the first bytes, and shows none.
    #[must_use]
    pub fn hint(&self, payload: &[u8]) -> Option<&'static str> {
        let is_message_expected = matches!(self, Self::EncryptionSdk(_));
        if payload.starts_with(&kpl::MAGIC) {
            return Some(
                "a KPL aggregate that was not taken apart: it is damaged, or has too many user records that are too short to be encrypted",
            );
        }
        if payload.starts_with(&GZIP) {
            return Some("gzip: encrypt after compressing, not before");
        }
        if looks_like_message(payload) {
            return (!is_message_expected)
                .then_some("a message of the AWS Encryption SDK: set RECORD_FORMAT to encryption-sdk");
        }
        if looks_like_kms_ciphertext(payload) {
            return is_message_expected.then_some("a bare KMS ciphertext: set RECORD_FORMAT to kms-ciphertext");
        }
        if let Some(decoded) = decoded_beginning(payload)
            && (looks_like_message(&decoded) || looks_like_kms_ciphertext(&decoded))
        {
            return Some("the base64 text of a ciphertext: let the producer send the bytes");
        }
        match payload.trim_ascii_start().first() {
            Some(b'{' | b'[') => Some("JSON in clear: its producer does not encrypt"),
            _ => None,
        }
    }
}

/// RFC 1952.
const GZIP: [u8; 2] = [0x1F, 0x8B];

/// A version, and a suite or the type that only version 1 has.
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/data-format/message-header.md>
fn looks_like_message(payload: &[u8]) -> bool {
    matches!(payload, [0x01, 0x80, ..] | [0x02, 0x04 | 0x05, 0x78, ..])
}

/// AWS does not document what a `CiphertextBlob` looks like. Those under symmetric keys of KMS begin like this, and have for years.
fn looks_like_kms_ciphertext(payload: &[u8]) -> bool {
    matches!(payload, [0x01, 0x02, 0x02 | 0x03, 0x00, 0x78, ..])
}

/// The first bytes of what base64 text stands for.
fn decoded_beginning(payload: &[u8]) -> Option<Vec<u8>> {
    const CHARACTERS: usize = 8;
    base64_simd::STANDARD.decode_to_vec(payload.get(..CHARACTERS)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record_format::{EncryptionSdkFormat, KmsCiphertextFormat};

    const MESSAGE_1: &[u8] = &[0x01, 0x80, 0x03, 0x78, 0xAA, 0xAA];
    const MESSAGE_2: &[u8] = &[0x02, 0x05, 0x78, 0xAA, 0xAA, 0xAA];
    const KMS_CIPHERTEXT: &[u8] = &[0x01, 0x02, 0x02, 0x00, 0x78, 0xAA];

    fn hints(payload: &[u8]) -> [&'static str; 2] {
        let formats = [
            RecordFormat::EncryptionSdk(EncryptionSdkFormat::default()),
            RecordFormat::KmsCiphertext(KmsCiphertextFormat::default()),
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
    fn the_other_format_s_payloads_are_told_and_the_format_s_own_are_not() {
        for message in [MESSAGE_1, MESSAGE_2] {
            assert_eq!(
                hints(message),
                ["", "a message of the AWS Encryption SDK: set RECORD_FORMAT to encryption-sdk"]
            );
        }
        assert_eq!(hints(KMS_CIPHERTEXT), ["a bare KMS ciphertext: set RECORD_FORMAT to kms-ciphertext", ""]);
    }

    #[test]
    fn of_anything_else_nothing_is_said() {
        for unknown in [&b""[..], b"A", b"AYADeA", b"AAAAAAAAAAAA", b"plain text", &[0x01], &[0x02, 0x04], &[0x1F]] {
            assert_eq!(hints(unknown), ["", ""], "{unknown:?}");
        }
    }
}
