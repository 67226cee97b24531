//! The message body: one block, or frames.

use super::MessageError;
use super::header::{Content, IV_LEN, TAG_LEN};
use super::reader::Reader;

/// The largest non-framed content, in bytes (inclusive): the most that AES-GCM encrypts under one IV.
const MAX_NON_FRAMED_LEN: u64 = (1 << 36) - 32;
/// What stands in place of the sequence number to mark the final frame.
pub(super) const SEQUENCE_NUMBER_END: u32 = u32::MAX;
/// The sequence number of the first frame, and of a body in one block.
pub(super) const FIRST_SEQUENCE_NUMBER: u32 = 1;

/// One encrypted piece of the body: a frame, or all of it.
#[derive(Clone, Debug)]
pub(super) struct Frame<'a> {
    pub(super) kind: FrameKind,
    pub(super) sequence_number: u32,
    pub(super) iv: &'a [u8; IV_LEN],
    pub(super) ciphertext: &'a [u8],
    pub(super) tag: &'a [u8; TAG_LEN],
}

/// What the piece is, which is authenticated with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    NonFramed,
    Regular,
    Final,
}

/// Takes the frames of a body, one after the other, in order.
#[derive(Clone, Debug)]
pub(super) struct Frames<'a> {
    reader: Reader<'a>,
    content: Content,
    /// The sequence number that is due; `None` after the last frame.
    next_sequence_number: Option<u32>,
}

impl<'a> Frames<'a> {
    /// `reader` stands at the first byte after the header.
    pub(super) fn new(reader: Reader<'a>, content: Content) -> Self {
        Self { reader, content, next_sequence_number: Some(FIRST_SEQUENCE_NUMBER) }
    }

    /// The next frame, or `None` after the last.
    pub(super) fn next_frame(&mut self) -> Result<Option<Frame<'a>>, MessageError> {
        let Some(expected) = self.next_sequence_number else { return Ok(None) };
        let frame = match self.content {
            Content::NonFramed => self.read_non_framed()?,
            Content::Framed { frame_len } => self.read_frame(expected, frame_len.get())?,
        };
        self.next_sequence_number = match frame.kind {
            // No overflow: a regular frame's sequence number is below the mark of the final frame, which is the maximum.
            FrameKind::Regular => expected.checked_add(1),
            FrameKind::NonFramed | FrameKind::Final => None,
        };
        Ok(Some(frame))
    }

    /// The reader, at the first byte after the last frame taken.
    pub(super) fn into_reader(self) -> Reader<'a> {
        self.reader
    }

    fn read_non_framed(&mut self) -> Result<Frame<'a>, MessageError> {
        let iv = self.reader.take_array("body IV")?;
        let len = self.reader.take_u64("encrypted content length")?;
        //= data-format/message-body.md#encrypted-content-length
        //# The length MUST NOT be greater than `2^36 - 32`.
        if len > MAX_NON_FRAMED_LEN {
            return Err(MessageError::Malformed { field: "encrypted content length" });
        }
        let len = usize::try_from(len).map_err(|_| MessageError::Truncated { field: "encrypted content" })?;
        let ciphertext = self.reader.take(len, "encrypted content")?;
        let tag = self.reader.take_array("body authentication tag")?;
        Ok(Frame { kind: FrameKind::NonFramed, sequence_number: FIRST_SEQUENCE_NUMBER, iv, ciphertext, tag })
    }

    fn read_frame(&mut self, expected: u32, frame_len: u32) -> Result<Frame<'a>, MessageError> {
        let mut sequence_number = self.reader.take_u32("sequence number")?;
        let kind = if sequence_number == SEQUENCE_NUMBER_END { FrameKind::Final } else { FrameKind::Regular };
        if kind == FrameKind::Final {
            sequence_number = self.reader.take_u32("final sequence number")?;
        }
        //= data-format/message-body.md#sequence-number
        //# Framed Data MUST start at Sequence Number 1. Subsequent frames MUST be in order and MUST contain an increment
        //# of 1 from the previous frame.
        if sequence_number != expected {
            return Err(MessageError::FrameOutOfSequence { expected });
        }
        let iv = self.reader.take_array("frame IV")?;
        let len = match kind {
            FrameKind::Final => {
                let len = self.reader.take_u32("final frame's encrypted content length")?;
                //= client-apis/decrypt.md#decrypt-the-message-body
                //# This operation MUST ensure that the length of the encrypted content field is less than or equal to
                //# the frame length deserialized in the message header.
                if len > frame_len {
                    return Err(MessageError::FinalFrameTooLong { frame_len });
                }
                len
            }
            FrameKind::Regular | FrameKind::NonFramed => frame_len,
        };
        let len = usize::try_from(len).map_err(|_| MessageError::Truncated { field: "encrypted content" })?;
        let ciphertext = self.reader.take(len, "encrypted content")?;
        let tag = self.reader.take_array("frame authentication tag")?;
        Ok(Frame { kind, sequence_number, iv, ciphertext, tag })
    }
}
