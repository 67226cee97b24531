//! The message header, versions 1 and 2.

use std::num::NonZeroU32;

use super::{AlgorithmSuite, EncryptedDataKey, MessageError, MessageLimits};

use super::header_aad::HeaderAad;
use super::reader::Reader;

/// The length of an initialisation vector of every suite, in bytes, as a version 1 header has it.
pub(super) const IV_LEN_FIELD: u8 = 12;
/// The length of an initialisation vector of every suite, in bytes.
pub(super) const IV_LEN: usize = IV_LEN_FIELD as usize;
/// The length of an authentication tag of every suite, in bytes.
pub(super) const TAG_LEN: usize = 16;
/// The length of the commitment ("algorithm suite data") of the committing suites, in bytes.
pub(super) const COMMITMENT_LEN: usize = 32;
/// The length of the message id in a version 1 header, in bytes.
pub(super) const MESSAGE_ID_V1_LEN: usize = 16;
/// The length of the message id in a version 2 header, in bytes.
pub(super) const MESSAGE_ID_V2_LEN: usize = 32;

/// The first byte of a version 1 message.
pub(super) const VERSION_1: u8 = 0x01;
/// The first byte of a version 2 message.
pub(super) const VERSION_2: u8 = 0x02;
/// The second byte of a version 1 message: customer authenticated encrypted data.
pub(super) const TYPE_V1: u8 = 0x80;
/// The reserved bytes of a version 1 message.
pub(super) const RESERVED_V1: [u8; 4] = [0; 4];
/// The content type of a body in one block.
pub(super) const CONTENT_TYPE_NON_FRAMED: u8 = 1;
/// The content type of a body in frames.
pub(super) const CONTENT_TYPE_FRAMED: u8 = 2;

/// A parsed header. Borrows everything from the message.
#[derive(Clone, Debug)]
pub(super) struct Header<'a> {
    pub(super) suite: AlgorithmSuite,
    pub(super) message_id: &'a [u8],
    pub(super) aad: HeaderAad<'a>,
    pub(super) encrypted_data_keys: EncryptedDataKeys<'a>,
    /// The fields AAD and encrypted data keys as they stand in the header.
    pub(super) data_key_identity: &'a [u8],
    pub(super) content: Content,
    pub(super) commitment: Option<&'a [u8; COMMITMENT_LEN]>,
    /// Everything before the header's IV and tag: what the tag authenticates.
    pub(super) body: &'a [u8],
    pub(super) iv: [u8; IV_LEN],
    pub(super) tag: &'a [u8; TAG_LEN],
}

/// How the message body is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    NonFramed,
    Framed {
        /// The length of every frame but the last, in bytes.
        frame_len: NonZeroU32,
    },
}

impl<'a> Header<'a> {
    pub(super) fn read(reader: &mut Reader<'a>, limits: &MessageLimits) -> Result<Self, MessageError> {
        let start = reader.position();
        let version = reader.take_u8("version")?;
        let is_version_2 = match version {
            VERSION_1 => false,
            VERSION_2 => true,
            version => return Err(MessageError::UnsupportedVersion { version }),
        };
        if !is_version_2 && reader.take_u8("type")? != TYPE_V1 {
            return Err(MessageError::Malformed { field: "type" });
        }
        let suite = AlgorithmSuite::from_id(reader.take_u16("algorithm suite id")?)?;
        if suite.is_committing() != is_version_2 {
            return Err(MessageError::SuiteOfAnotherVersion { id: suite.id() });
        }
        let message_id_len = if is_version_2 { MESSAGE_ID_V2_LEN } else { MESSAGE_ID_V1_LEN };
        let message_id = reader.take(message_id_len, "message id")?;

        let identity_start = reader.position();
        let aad = HeaderAad::read(reader)?;
        let encrypted_data_keys = EncryptedDataKeys::read(reader, limits)?;
        let data_key_identity = reader.since(identity_start);

        let content_type = reader.take_u8("content type")?;
        if !is_version_2 {
            //= data-format/message-header.md#reserved
            //# A reserved sequence of 4 bytes that MUST have the value (hex) of `00 00 00 00`.
            if *reader.take_array("reserved bytes")? != RESERVED_V1 {
                return Err(MessageError::Malformed { field: "reserved bytes" });
            }
            //= data-format/message-header.md#iv-length
            //# This value MUST be equal to the IV length value of the algorithm suite.
            if reader.take_u8("IV length")? != IV_LEN_FIELD {
                return Err(MessageError::Malformed { field: "IV length" });
            }
        }
        let content = Content::from_fields(content_type, reader.take_u32("frame length")?)?;
        let commitment = if is_version_2 { Some(reader.take_array("algorithm suite data")?) } else { None };
        let body = reader.since(start);

        //= client-apis/decrypt.md#verify-the-header
        //# For message format version 1.0 the IV MUST be the value serialized in the message header's IV field.
        //# For message format version 2.0 the IV MUST be 0.
        let iv = if is_version_2 { [0; IV_LEN] } else { *reader.take_array("header IV")? };
        let tag = reader.take_array("header authentication tag")?;
        Ok(Self { suite, message_id, aad, encrypted_data_keys, data_key_identity, content, commitment, body, iv, tag })
    }
}

impl Content {
    fn from_fields(content_type: u8, frame_len: u32) -> Result<Self, MessageError> {
        match (content_type, NonZeroU32::new(frame_len)) {
            //= data-format/message-header.md#frame-length
            //# When the content type is non-framed, the value of this field MUST be 0.
            (CONTENT_TYPE_NON_FRAMED, None) => Ok(Self::NonFramed),
            (CONTENT_TYPE_FRAMED, Some(frame_len)) => Ok(Self::Framed { frame_len }),
            (CONTENT_TYPE_NON_FRAMED | CONTENT_TYPE_FRAMED, _) => {
                Err(MessageError::Malformed { field: "frame length" })
            }
            _ => Err(MessageError::Malformed { field: "content type" }),
        }
    }
}

/// The header's encrypted data keys, checked but not copied.
#[derive(Clone, Copy, Debug)]
pub(super) struct EncryptedDataKeys<'a> {
    /// The entries, without their count.
    entries: &'a [u8],
}

impl<'a> EncryptedDataKeys<'a> {
    fn read(reader: &mut Reader<'a>, limits: &MessageLimits) -> Result<Self, MessageError> {
        let count = reader.take_u16("encrypted data key count")?;
        //= data-format/message-header.md#encrypted-data-key-count
        //# This value MUST be greater than 0.
        if count == 0 {
            return Err(MessageError::NoEncryptedDataKeys);
        }
        //= client-apis/decrypt.md#parse-the-header
        //# If the number of encrypted data keys deserialized from the message header is greater than the maximum number
        //# of encrypted data keys configured in the client, then as soon as that can be determined during deserializing
        //# decrypt MUST process no more bytes and yield an error.
        let max = limits.max_encrypted_data_keys.get();
        if count > max {
            return Err(MessageError::TooManyEncryptedDataKeys { count, max });
        }
        let start = reader.position();
        for _ in 0..count {
            read_encrypted_data_key(reader)?;
        }
        Ok(Self { entries: reader.since(start) })
    }

    /// Those that somebody may decrypt: all but those whose provider id is not UTF-8.
    ///
    /// Such an id is of no provider that this crate knows, so that another encrypted data key has to open the message. Versions of the SDK
    /// for Python have cut ids within a character.
    /// <https://github.com/aws/aws-encryption-sdk-python/pull/747>
    pub(super) fn to_vec(self) -> Vec<EncryptedDataKey> {
        let mut reader = Reader::new(self.entries);
        // `read` has been through all of them, so that the only error here is the end.
        std::iter::from_fn(|| read_encrypted_data_key(&mut reader).ok())
            .filter_map(|(provider_id, provider_info, ciphertext)| {
                Some(EncryptedDataKey {
                    provider_id: std::str::from_utf8(provider_id).ok()?.to_owned(),
                    provider_info: provider_info.to_vec(),
                    ciphertext: ciphertext.to_vec(),
                })
            })
            .collect()
    }
}

/// Provider id, provider information, ciphertext.
type Fields<'a> = (&'a [u8], &'a [u8], &'a [u8]);

fn read_encrypted_data_key<'a>(reader: &mut Reader<'a>) -> Result<Fields<'a>, MessageError> {
    let provider_id = reader.take_u16_prefixed("key provider id")?;
    let provider_info = reader.take_u16_prefixed("key provider information")?;
    let ciphertext = reader.take_u16_prefixed("encrypted data key")?;
    Ok((provider_id, provider_info, ciphertext))
}
