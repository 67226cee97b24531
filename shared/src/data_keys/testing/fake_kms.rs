//! A KMS in memory that really wraps keys, and misbehaves as told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use tokio::time::Instant;

use crate::clock::{Clock, SystemClock};
use crate::data_key::DataKey;
use crate::data_keys::{CiphertextRequest, DataKeyError, DecryptCiphertext, DecryptedCiphertext, KeyArn};
use crate::encryption_context::EncryptionContext;
use crate::retry::Deadline;

/// Holds KMS keys; a ciphertext is bound to its key's id and to the encryption context, as with the real one.
#[derive(Clone, Default)]
pub(crate) struct FakeKms {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    script: VecDeque<(Duration, Answer)>,
    otherwise: (Duration, Answer),
    calls: Vec<RecordedCall>,
    under_way: usize,
    most_under_way: usize,
}

/// How a call ends.
#[derive(Clone, Debug, Default)]
pub(crate) enum Answer {
    /// As KMS would.
    #[default]
    Truthful,
    Throttled,
    Transient,
    AccessDenied,
    KeyUnavailable,
    Undecryptable,
    /// With the right plaintext, but naming this key.
    Naming(KeyArn),
    Never,
}

/// A request as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecordedCall {
    pub(crate) at: Instant,
    pub(crate) key: Option<KeyArn>,
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) encryption_context: EncryptionContext,
    pub(crate) grant_tokens: Vec<String>,
}

impl FakeKms {
    /// Wraps `plaintext` with `key`: the key's ARN, a zero byte, the sealed plaintext.
    pub(crate) fn wrap(&self, key: &KeyArn, plaintext: &[u8], context: &EncryptionContext) -> Vec<u8> {
        let mut sealed = plaintext.to_vec();
        let nonce = sealing_key(key).seal_in_place_append_tag(Aad::from(aad(context)), &mut sealed).unwrap();
        [key.as_str().as_bytes(), &[0], nonce.as_ref(), &sealed].concat()
    }

    /// The next calls get these answers, each after its latency.
    pub(crate) fn script(&self, answers: impl IntoIterator<Item = (Duration, Answer)>) {
        self.state().script.extend(answers);
    }

    /// Calls beyond the script get this answer.
    pub(crate) fn always(&self, latency: Duration, answer: Answer) {
        self.state().otherwise = (latency, answer);
    }

    pub(crate) fn calls(&self) -> Vec<RecordedCall> {
        self.state().calls.clone()
    }

    pub(crate) fn call_count(&self) -> usize {
        self.state().calls.len()
    }

    pub(crate) fn under_way(&self) -> usize {
        self.state().under_way
    }

    pub(crate) fn most_under_way(&self) -> usize {
        self.state().most_under_way
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DecryptCiphertext for FakeKms {
    async fn decrypt_ciphertext(
        &self,
        request: CiphertextRequest<'_>,
        _deadline: Deadline,
    ) -> Result<DecryptedCiphertext, DataKeyError> {
        let (latency, answer) = {
            let mut state = self.state();
            state.calls.push(RecordedCall {
                at: SystemClock.now().monotonic,
                key: request.key.cloned(),
                ciphertext: request.ciphertext.to_vec(),
                encryption_context: request.encryption_context.clone(),
                grant_tokens: request.grant_tokens.to_vec(),
            });
            state.under_way += 1;
            state.most_under_way = state.most_under_way.max(state.under_way);
            let otherwise = state.otherwise.clone();
            state.script.pop_front().unwrap_or(otherwise)
        };
        let _under_way = UnderWay(self);
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let source = || -> Arc<dyn std::error::Error + Send + Sync> { Arc::new(std::fmt::Error) };
        match answer {
            Answer::Truthful => unwrap(request),
            Answer::Naming(key) => unwrap(request).map(|decrypted| DecryptedCiphertext { key, ..decrypted }),
            Answer::Throttled => Err(DataKeyError::Throttled(source())),
            Answer::Transient => Err(DataKeyError::Transient(source())),
            Answer::AccessDenied => Err(DataKeyError::AccessDenied(source())),
            Answer::KeyUnavailable => Err(DataKeyError::KeyUnavailable(source())),
            Answer::Undecryptable => Err(DataKeyError::Undecryptable(source())),
            Answer::Never => std::future::pending().await,
        }
    }
}

struct UnderWay<'a>(&'a FakeKms);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.state().under_way -= 1;
    }
}

fn unwrap(request: CiphertextRequest<'_>) -> Result<DecryptedCiphertext, DataKeyError> {
    let undecryptable = || DataKeyError::Undecryptable(Arc::new(std::fmt::Error));
    let border = request.ciphertext.iter().position(|byte| *byte == 0).ok_or_else(undecryptable)?;
    let (arn, sealed) = request.ciphertext.split_at(border);
    let wrapping: KeyArn = std::str::from_utf8(arn).ok().and_then(|arn| arn.parse().ok()).ok_or_else(undecryptable)?;
    let key = request.key.cloned().unwrap_or_else(|| wrapping.clone());
    if !key.matches(&wrapping) {
        return Err(undecryptable());
    }
    let (nonce, sealed) = sealed[1..].split_at_checked(12).ok_or_else(undecryptable)?;
    let nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce).unwrap();
    let mut sealed = sealed.to_vec();
    let plaintext = sealing_key(&wrapping)
        .open_in_place(nonce, Aad::from(aad(request.encryption_context)), &mut sealed)
        .map_err(|_| undecryptable())?;
    Ok(DecryptedCiphertext { data_key: DataKey::new(plaintext.to_vec()), key })
}

/// Related multi-Region keys have the same key material, so it comes from the ARN without its Region.
fn sealing_key(key: &KeyArn) -> RandomizedNonceKey {
    let material = key.as_str().replace(if key.is_multi_region() { key.region() } else { "" }, "");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, material.as_bytes());
    RandomizedNonceKey::new(&AES_256_GCM, digest.as_ref()).unwrap()
}

fn aad(context: &EncryptionContext) -> Vec<u8> {
    let pairs: BTreeMap<_, _> = context.iter().collect();
    format!("{pairs:?}").into_bytes()
}
