//! What is authenticated with each frame.

use super::body::FrameKind;
use super::header::MESSAGE_ID_V2_LEN;

/// The message id, the kind of the frame, its sequence number and its length: what keeps a frame in its place.
///
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/data-format/message-body-aad.md>
pub(super) struct BodyAad {
    bytes: [u8; MAX_LEN],
    len: usize,
}

/// The longest content type label, in bytes.
const MAX_LABEL_LEN: usize = NON_FRAMED_LABEL.len();
const MAX_LEN: usize = MESSAGE_ID_V2_LEN + MAX_LABEL_LEN + size_of::<u32>() + size_of::<u64>();

const NON_FRAMED_LABEL: &[u8] = b"AWSKMSEncryptionClient Single Block";
const REGULAR_LABEL: &[u8] = b"AWSKMSEncryptionClient Frame";
const FINAL_LABEL: &[u8] = b"AWSKMSEncryptionClient Final Frame";

impl BodyAad {
    /// `len` is the length of the plaintext in bytes.
    pub(super) fn new(message_id: &[u8], kind: FrameKind, sequence_number: u32, len: usize) -> Self {
        let label = match kind {
            FrameKind::NonFramed => NON_FRAMED_LABEL,
            FrameKind::Regular => REGULAR_LABEL,
            FrameKind::Final => FINAL_LABEL,
        };
        let mut aad = Self { bytes: [0; MAX_LEN], len: 0 };
        aad.push(message_id);
        aad.push(label);
        aad.push(&sequence_number.to_be_bytes());
        aad.push(&(len as u64).to_be_bytes());
        aad
    }

    fn push(&mut self, part: &[u8]) {
        let end = self.len + part.len();
        // Always there: the parts' greatest lengths add up to the buffer's. (If not, nothing would authenticate.)
        debug_assert!(end <= MAX_LEN);
        if let Some(space) = self.bytes.get_mut(self.len..end) {
            space.copy_from_slice(part);
            self.len = end;
        }
    }
}

impl AsRef<[u8]> for BodyAad {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_stand_in_the_order_of_the_format() {
        let aad = BodyAad::new(&[7; 16], FrameKind::Regular, 2, 300);
        let expected = [&[7; 16], REGULAR_LABEL, &[0, 0, 0, 2], &[0, 0, 0, 0, 0, 0, 1, 44]].concat();
        assert_eq!(aad.as_ref(), expected);
    }

    #[test]
    fn the_longest_aad_fits() {
        assert_eq!(BodyAad::new(&[7; 32], FrameKind::NonFramed, u32::MAX, usize::MAX).as_ref().len(), MAX_LEN);
        assert!(FINAL_LABEL.len() <= MAX_LABEL_LEN);
    }
}
