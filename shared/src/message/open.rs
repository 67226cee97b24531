//! Opening a message: everything authenticates, or nothing comes out.

use std::borrow::Cow;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::Zeroizing;

use super::{DataKey, EncryptionContext, MessageError, VerificationKey};

use super::body::Frame;
use super::body_aad::body_aad;
use super::derived_key::DerivedKey;
use super::sealed_message::SealedMessage;

impl SealedMessage<'_> {
    /// Decrypts the message after everything in it is authenticated: the commitment, the header, every frame, the signature.
    ///
    /// `verification_key` is the one from the whole encryption context ([`VerificationKey::from_encryption_context`]); suites
    /// that do not sign ignore it. `reproduced_context` holds pairs that the reader knows: those that the header does
    /// not carry are authenticated with it, those that it carries must have the same values.
    ///
    /// If opening fails, what was decrypted so far is wiped.
    ///
    /// # Errors
    /// [`MessageError::DataKeyLength`], [`MessageError::MissingPublicKey`], [`MessageError::InvalidPublicKey`] (of another
    /// curve) or [`MessageError::ReproducedContextMismatch`] if what is given does not fit the message;
    /// [`MessageError::CommitmentMismatch`], [`MessageError::HeaderAuthentication`], [`MessageError::BodyAuthentication`] or
    /// [`MessageError::SignatureInvalid`] if the message is not authentic.
    pub fn open(
        &self,
        data_key: &DataKey,
        verification_key: Option<&VerificationKey>,
        reproduced_context: &EncryptionContext,
    ) -> Result<Vec<u8>, MessageError> {
        let header_aad = self.header_aad(reproduced_context)?;
        let key = DerivedKey::derive(self.header.suite, data_key, self.header.message_id)?;
        self.verify_commitment(&key)?;
        key.open(&self.header.iv, &header_aad, &[], self.header.tag, &mut [])
            .ok_or(MessageError::HeaderAuthentication)?;
        //= client-apis/decrypt.md#behavior
        //# If the input encrypted message is not being streamed to this operation, all output MUST NOT be released until
        //# after these steps complete successfully.
        let mut plaintext = self.open_body(&key)?;
        self.verify_signature(verification_key)?;
        Ok(std::mem::take(&mut *plaintext))
    }

    /// What the header's tag authenticates: the header, and the reproduced pairs that it does not carry.
    fn header_aad(&self, reproduced_context: &EncryptionContext) -> Result<Cow<'_, [u8]>, MessageError> {
        if reproduced_context.is_empty() {
            return Ok(Cow::Borrowed(self.header.body));
        }
        let mut not_carried = reproduced_context.clone();
        for (key, value) in self.header.aad.pairs() {
            //= framework/cmm-interface.md#decrypt-materials
            //# For every key that exists in both Reproduced Encryption Context and Encryption Context, the values MUST be
            //# equal or the operation MUST fail.
            if not_carried.remove(key).is_some_and(|reproduced| reproduced != value) {
                return Err(MessageError::ReproducedContextMismatch);
            }
        }
        //= client-apis/decrypt.md#verify-the-header
        //# The AAD MUST be the concatenation of the serialized message header body and the serialization of encryption
        //# context to only authenticate.
        Ok(Cow::Owned([self.header.body, &not_carried.serialise()?].concat()))
    }

    fn verify_commitment(&self, key: &DerivedKey) -> Result<(), MessageError> {
        //= client-apis/decrypt.md#get-the-decryption-materials
        //# The derived commit key MUST equal the commit key stored in the message header.
        match (&key.commitment, self.header.commitment) {
            (Some(derived), Some(stored)) => {
                verify_slices_are_equal(derived, stored).map_err(|_| MessageError::CommitmentMismatch)
            }
            (None, None) => Ok(()),
            // Both follow from the suite.
            _ => Err(MessageError::CommitmentMismatch),
        }
    }

    fn open_body(&self, key: &DerivedKey) -> Result<Zeroizing<Vec<u8>>, MessageError> {
        // Never grown beyond this, so that nothing is left behind in an outgrown allocation.
        let mut plaintext = Zeroizing::new(Vec::with_capacity(self.plaintext_len));
        let mut frames = self.frames.clone();
        while let Some(Frame { kind, sequence_number, iv, ciphertext, tag }) = frames.next_frame()? {
            let start = plaintext.len();
            // A frame at a time, so that the zeros are still in the nearest cache when the plaintext replaces them.
            plaintext.resize(start + ciphertext.len(), 0);
            let (_, opened) = plaintext.split_at_mut(start);
            let aad = body_aad(self.header.message_id, kind, sequence_number, ciphertext.len());
            key.open(iv, aad.as_ref(), ciphertext, tag, opened)
                .ok_or(MessageError::BodyAuthentication { frame: sequence_number })?;
        }
        Ok(plaintext)
    }

    fn verify_signature(&self, verification_key: Option<&VerificationKey>) -> Result<(), MessageError> {
        let (Some(algorithm), Some(signature)) = (self.header.suite.signature(), self.signature) else {
            //= client-apis/decrypt.md#behavior
            //# Otherwise this operation MUST NOT perform this step.
            return Ok(());
        };
        let key = verification_key.ok_or(MessageError::MissingPublicKey)?;
        //= client-apis/decrypt.md#verify-the-signature
        //# The input to verify is the concatenation of the serialization of the message header and message body.
        key.verify(algorithm, self.signed, signature)
    }
}
