//! Writing messages.

use std::num::NonZeroU32;

use super::body::{FIRST_SEQUENCE_NUMBER, FrameKind, SEQUENCE_NUMBER_END};
use super::body_aad::body_aad;
use super::derived_key::DerivedKey;
use super::header::{
    CONTENT_TYPE_FRAMED, IV_LEN, IV_LEN_FIELD, MESSAGE_ID_V1_LEN, MESSAGE_ID_V2_LEN, RESERVED_V1, TAG_LEN, TYPE_V1,
    VERSION_1, VERSION_2,
};
use super::sealing_materials::SealingMaterials;
use super::{MessageError, SigningKey};

/// The frame length that all implementations of the format default to, in bytes.
pub const DEFAULT_FRAME_LEN: NonZeroU32 = NonZeroU32::new(4096).unwrap();

/// More than the fields of fixed length before the body take, in either version.
const MAX_HEADER_OVERHEAD: usize = 128;
/// What a regular frame adds to its content: sequence number, IV, tag.
const FRAME_OVERHEAD: usize = size_of::<u32>() + IV_LEN + TAG_LEN;
/// What the final frame adds to its content: the mark and the content length besides.
const FINAL_FRAME_OVERHEAD: usize = FRAME_OVERHEAD + 2 * size_of::<u32>();
/// The longest footer: the length and a DER signature of P-384.
const MAX_FOOTER_LEN: usize = 2 + 104;

/// Encrypts `plaintext` into a message of its own: new message id, derived key, frames of `frame_len` bytes, signature.
///
/// The version of the format follows from the suite.
///
/// # Errors
/// [`MessageError::TooManyFrames`] if `frame_len` cuts the plaintext into more than 2^32 - 2 frames,
/// [`MessageError::DataKeyUsedBefore`] at the second message with a suite without key derivation,
/// [`MessageError::Cryptography`] if the random number generator fails.
pub fn seal(plaintext: &[u8], materials: &SealingMaterials, frame_len: NonZeroU32) -> Result<Vec<u8>, MessageError> {
    let plan = FramePlan::new(plaintext, frame_len)?;
    materials.claim()?;
    if materials.suite.is_committing() {
        Sealing::<MESSAGE_ID_V2_LEN>::begin(materials, &plan)?.finish(materials, &plan)
    } else {
        Sealing::<MESSAGE_ID_V1_LEN>::begin(materials, &plan)?.finish(materials, &plan)
    }
}

/// How the plaintext is cut.
struct FramePlan<'a> {
    frame_len: NonZeroU32,
    /// All of the same length, all but the last.
    regular: std::slice::ChunksExact<'a, u8>,
    /// At most the frame length; empty only if the plaintext is.
    last: &'a [u8],
}

impl<'a> FramePlan<'a> {
    fn new(plaintext: &'a [u8], frame_len: NonZeroU32) -> Result<Self, MessageError> {
        let len = usize::try_from(frame_len.get()).map_err(|_| MessageError::TooManyFrames)?;
        //= data-format/message-body.md#final-frame
        //# When the length of the Plaintext is an exact multiple of the Frame Length (including if it is equal to the
        //# frame length), the Final Frame encrypted content length SHOULD be equal to the frame length but MAY be 0.
        let regular_frames = plaintext.len().saturating_sub(1) / len;
        // The highest number is the mark of the final frame.
        if u32::try_from(regular_frames + 1).is_ok_and(|frames| frames < SEQUENCE_NUMBER_END) {
            let (regular, last) = plaintext.split_at(regular_frames * len);
            Ok(Self { frame_len, regular: regular.chunks_exact(len), last })
        } else {
            Err(MessageError::TooManyFrames)
        }
    }

    /// The length of the body, in bytes.
    fn body_len(&self) -> usize {
        self.regular.clone().map(|frame| frame.len() + FRAME_OVERHEAD).sum::<usize>()
            + self.last.len()
            + FINAL_FRAME_OVERHEAD
    }
}

/// A message up to the end of its header.
struct Sealing<const MESSAGE_ID_LEN: usize> {
    message: Vec<u8>,
    message_id: [u8; MESSAGE_ID_LEN],
    key: DerivedKey,
}

impl<const MESSAGE_ID_LEN: usize> Sealing<MESSAGE_ID_LEN> {
    fn begin(materials: &SealingMaterials, plan: &FramePlan<'_>) -> Result<Self, MessageError> {
        let mut message_id = [0; MESSAGE_ID_LEN];
        //= data-format/message-header.md#message-id
        //# Implementations MUST use a good source of randomness when generating messages IDs.
        aws_lc_rs::rand::fill(&mut message_id)
            .map_err(|_| MessageError::Cryptography { operation: "generate a message id" })?;
        let key = DerivedKey::derive(materials.suite, &materials.data_key, &message_id)?;

        let mut message = Vec::with_capacity(
            MAX_HEADER_OVERHEAD
                + materials.data_key_identity.len()
                + materials.required_context.len()
                + plan.body_len()
                + MAX_FOOTER_LEN,
        );
        match key.commitment {
            Some(_) => message.push(VERSION_2),
            None => message.extend_from_slice(&[VERSION_1, TYPE_V1]),
        }
        message.extend_from_slice(&materials.suite.id().to_be_bytes());
        message.extend_from_slice(&message_id);
        message.extend_from_slice(&materials.data_key_identity);
        //= client-apis/encrypt.md#construct-the-header
        //# Content Type: MUST be 02
        message.push(CONTENT_TYPE_FRAMED);
        if key.commitment.is_none() {
            message.extend_from_slice(&RESERVED_V1);
            message.push(IV_LEN_FIELD);
        }
        message.extend_from_slice(&plan.frame_len.get().to_be_bytes());
        if let Some(commitment) = &key.commitment {
            message.extend_from_slice(commitment);
        }
        let mut sealing = Self { message, message_id, key };
        sealing.authenticate_header(materials)?;
        Ok(sealing)
    }

    fn authenticate_header(&mut self, materials: &SealingMaterials) -> Result<(), MessageError> {
        //= client-apis/encrypt.md#construct-the-header
        //# The IV has a value of 0.
        let iv = [0; IV_LEN];
        let mut tag = [0; TAG_LEN];
        let header_len = self.message.len();
        //= client-apis/encrypt.md#construct-the-header
        //# The AAD MUST be the concatenation of the serialized message header body and the serialization of encryption
        //# context to only authenticate.
        self.message.extend_from_slice(&materials.required_context);
        self.key.seal(iv, &self.message, &[], &mut [], &mut tag)?;
        self.message.truncate(header_len);
        if self.key.commitment.is_none() {
            self.message.extend_from_slice(&iv);
        }
        self.message.extend_from_slice(&tag);
        Ok(())
    }

    fn finish(mut self, materials: &SealingMaterials, plan: &FramePlan<'_>) -> Result<Vec<u8>, MessageError> {
        let mut sequence_number = FIRST_SEQUENCE_NUMBER;
        for frame in plan.regular.clone() {
            self.message.extend_from_slice(&sequence_number.to_be_bytes());
            self.push_frame(FrameKind::Regular, sequence_number, frame)?;
            // No overflow: `plan` counted the frames.
            sequence_number += 1;
        }
        self.message.extend_from_slice(&SEQUENCE_NUMBER_END.to_be_bytes());
        self.message.extend_from_slice(&sequence_number.to_be_bytes());
        self.push_frame(FrameKind::Final, sequence_number, plan.last)?;
        if let Some(key) = &materials.signing_key {
            push_footer(&mut self.message, key)?;
        }
        Ok(self.message)
    }

    /// The frame from its IV on.
    fn push_frame(&mut self, kind: FrameKind, sequence_number: u32, content: &[u8]) -> Result<(), MessageError> {
        //= client-apis/encrypt.md#construct-a-frame
        //# The IV is the sequence number used in the message body AAD above, padded to the IV length.
        let mut iv = [0; IV_LEN];
        if let Some(end) = iv.last_chunk_mut() {
            *end = sequence_number.to_be_bytes();
        }
        self.message.extend_from_slice(&iv);
        if kind == FrameKind::Final {
            // No truncation: the content is not longer than the frame length.
            let len = u32::try_from(content.len()).map_err(|_| MessageError::TooManyFrames)?;
            self.message.extend_from_slice(&len.to_be_bytes());
        }
        let aad = body_aad(&self.message_id, kind, sequence_number, content.len());
        let start = self.message.len();
        self.message.resize(start + content.len() + TAG_LEN, 0);
        let (_, sealed) = self.message.split_at_mut(start);
        let (ciphertext, tag) = sealed.split_at_mut(content.len());
        self.key.seal(iv, aad.as_ref(), content, ciphertext, tag)
    }
}

fn push_footer(message: &mut Vec<u8>, key: &SigningKey) -> Result<(), MessageError> {
    let signature = key.sign(message)?;
    let signature = signature.as_ref();
    // No truncation: a signature of P-384 has at most 104 bytes.
    let len =
        u16::try_from(signature.len()).map_err(|_| MessageError::Cryptography { operation: "sign the message" })?;
    message.extend_from_slice(&len.to_be_bytes());
    message.extend_from_slice(signature);
    Ok(())
}
