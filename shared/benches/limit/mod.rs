//! What no implementation can leave out, and nothing else: everything about the message is known beforehand.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1, ParsedPublicKey};
use warmkeys::message::{MessageLimits, PUBLIC_KEY_CONTEXT_KEY, SealedMessage};

const FRAME_LEN: usize = 4096;
const TAG_LEN: usize = 16;
/// Version and suite id; after them comes the message id.
const MESSAGE_ID_START: usize = 3;
const MESSAGE_ID_END: usize = MESSAGE_ID_START + 32;

/// Where everything is in a message of a committing suite, and what is authenticated with each frame.
pub(crate) struct Parts {
    message_id: [u8; 32],
    suite_id: [u8; 2],
    header: Vec<u8>,
    header_tag: [u8; TAG_LEN],
    commitment: [u8; 32],
    frames: Vec<Frame>,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

struct Frame {
    nonce: [u8; 12],
    aad: Vec<u8>,
    ciphertext: Vec<u8>,
    tag: [u8; TAG_LEN],
}

impl Parts {
    pub(crate) fn of(message: &[u8], plaintext_len: usize) -> Self {
        let identity = SealedMessage::read(message, &MessageLimits::default()).unwrap().data_key_identity();
        // Content type, frame length, commitment.
        let header_end = MESSAGE_ID_END + identity.len() + 1 + 4 + 32;
        let message_id: [u8; 32] = message[MESSAGE_ID_START..MESSAGE_ID_END].try_into().unwrap();
        let mut at = header_end + TAG_LEN;
        let count = plaintext_len.div_ceil(FRAME_LEN);
        let frames = (1..=count)
            .map(|number| {
                let is_final = number == count;
                let len = if is_final { plaintext_len - (count - 1) * FRAME_LEN } else { FRAME_LEN };
                // Before the IV: the sequence number, in the final frame after its mark. After it: the final frame's length.
                let iv_start = at + if is_final { 8 } else { 4 };
                let start = iv_start + 12 + if is_final { 4 } else { 0 };
                let end = start + len;
                at = end + TAG_LEN;
                let label: &[u8] =
                    if is_final { b"AWSKMSEncryptionClient Final Frame" } else { b"AWSKMSEncryptionClient Frame" };
                let number = u32::try_from(number).unwrap().to_be_bytes();
                Frame {
                    nonce: message[iv_start..iv_start + 12].try_into().unwrap(),
                    aad: [&message_id, label, &number, &(len as u64).to_be_bytes()].concat(),
                    ciphertext: message[start..end].to_vec(),
                    tag: message[end..at].try_into().unwrap(),
                }
            })
            .collect();
        Self {
            message_id,
            suite_id: message[1..3].try_into().unwrap(),
            header: message[..header_end].to_vec(),
            header_tag: message[header_end..header_end + TAG_LEN].try_into().unwrap(),
            commitment: message[header_end - 32..header_end].try_into().unwrap(),
            frames,
            signed: message[..at].to_vec(),
            signature: message.get(at + 2..).unwrap_or_default().to_vec(),
        }
    }

    pub(crate) fn open(&self, secret: &[u8], public_key: Option<&ParsedPublicKey>, plaintext: &mut [u8]) {
        let (key, commitment) = self.derive(&self.message_id, secret);
        assert_eq!(commitment, self.commitment);
        key.open_separate_gather(nonce([0; 12]), Aad::from(&self.header), &[], &self.header_tag, &mut []).unwrap();
        for (frame, out) in self.frames.iter().zip(plaintext.chunks_mut(FRAME_LEN)) {
            key.open_separate_gather(nonce(frame.nonce), Aad::from(&frame.aad), &frame.ciphertext, &frame.tag, out)
                .unwrap();
        }
        if let Some(public_key) = public_key {
            public_key.verify_sig(&self.signed, &self.signature).unwrap();
        }
    }

    pub(crate) fn seal(&self, secret: &[u8], plaintext: &[u8], ciphertext: &mut [u8]) -> [u8; TAG_LEN] {
        let mut message_id = [0; 32];
        aws_lc_rs::rand::fill(&mut message_id).unwrap();
        let (key, _) = self.derive(&message_id, secret);
        let mut tag = [0; TAG_LEN];
        key.seal_out_of_place_scatter(nonce([0; 12]), Aad::from(&self.header), &[], &mut [], &[], &mut tag).unwrap();
        let chunks = plaintext.chunks(FRAME_LEN).zip(ciphertext.chunks_mut(FRAME_LEN));
        for (frame, (content, out)) in self.frames.iter().zip(chunks) {
            key.seal_out_of_place_scatter(nonce(frame.nonce), Aad::from(&frame.aad), content, out, &[], &mut tag)
                .unwrap();
        }
        tag
    }

    /// HKDF as cheap as it can be: `aws_lc_rs::hkdf` would take half as long again, because it extracts for each key.
    fn derive(&self, message_id: &[u8], secret: &[u8]) -> (LessSafeKey, [u8; 32]) {
        let pseudorandom_key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, message_id), secret);
        let pseudorandom_key = hmac::Key::new(hmac::HMAC_SHA512, pseudorandom_key.as_ref());
        let [high, low] = self.suite_id;
        let info = [high, low, b'D', b'E', b'R', b'I', b'V', b'E', b'K', b'E', b'Y', 1];
        let key = hmac::sign(&pseudorandom_key, &info);
        let commitment = hmac::sign(&pseudorandom_key, b"COMMITKEY\x01");
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key.as_ref()[..32]).unwrap());
        (key, commitment.as_ref()[..32].try_into().unwrap())
    }
}

pub(crate) fn public_key(message: &[u8]) -> ParsedPublicKey {
    let context = SealedMessage::read(message, &MessageLimits::default()).unwrap().encryption_context();
    let point = base64_simd::STANDARD.decode_to_vec(context.get(PUBLIC_KEY_CONTEXT_KEY).unwrap()).unwrap();
    ParsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, point).unwrap()
}

fn nonce(bytes: [u8; 12]) -> Nonce {
    Nonce::assume_unique_for_key(bytes)
}
