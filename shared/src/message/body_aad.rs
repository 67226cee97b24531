//! What is authenticated with each frame.

use super::body::FrameKind;
use super::header::MESSAGE_ID_V2_LEN;
use super::short_bytes::ShortBytes;

/// The message id, the kind of the frame, its sequence number and its length: what keeps a frame in its place.
///
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/data-format/message-body-aad.md>
pub(super) type BodyAad = ShortBytes<MAX_LEN>;

/// The longest message id, the longest label, the sequence number and the content length, in bytes.
const MAX_LEN: usize = MESSAGE_ID_V2_LEN + NON_FRAMED_LABEL.len() + size_of::<u32>() + size_of::<u64>();

const NON_FRAMED_LABEL: &[u8] = b"AWSKMSEncryptionClient Single Block";
const REGULAR_LABEL: &[u8] = b"AWSKMSEncryptionClient Frame";
const FINAL_LABEL: &[u8] = b"AWSKMSEncryptionClient Final Frame";

/// `len` is the length of the plaintext in bytes.
pub(super) fn body_aad(message_id: &[u8], kind: FrameKind, sequence_number: u32, len: usize) -> BodyAad {
    let label = match kind {
        FrameKind::NonFramed => NON_FRAMED_LABEL,
        FrameKind::Regular => REGULAR_LABEL,
        FrameKind::Final => FINAL_LABEL,
    };
    ShortBytes::concat([message_id, label, &sequence_number.to_be_bytes(), &(len as u64).to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_stand_in_the_order_of_the_format() {
        let aad = body_aad(&[7; 16], FrameKind::Regular, 2, 300);
        let expected = [&[7; 16], REGULAR_LABEL, &[0, 0, 0, 2], &[0, 0, 0, 0, 0, 0, 1, 44]].concat();
        assert_eq!(aad.as_ref(), expected);
    }

    #[test]
    fn the_longest_aad_fits() {
        for kind in [FrameKind::NonFramed, FrameKind::Regular, FrameKind::Final] {
            let aad = body_aad(&[7; 32], kind, u32::MAX, usize::MAX);
            assert!(aad.as_ref().ends_with(&[0xFF; 12]), "{kind:?}");
        }
    }
}
