//! A KMS in memory that really wraps keys, and misbehaves as told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use tokio::time::Instant;

use crate::clock::{Clock, SystemClock};
use crate::data_keys::{
    DataKeyError, DecryptedCiphertext, EncryptedPlaintext, GeneratedDataKey, GrantTokens, KeyArn, KmsDecrypt,
    KmsEncrypt, KmsGenerateDataKey,
};
use crate::message::{DataKey, EncryptionContext};
use crate::retry::{Call, Deadline, Request};
use crate::trace::trace_id;

/// Holds KMS keys; a ciphertext is bound to its key's id and to the encryption context, as with the real one.
#[derive(Clone, Default)]
pub struct FakeKms {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    script: VecDeque<(Duration, Answer)>,
    by_key: BTreeMap<KeyArn, (Duration, Answer)>,
    otherwise: (Duration, Answer),
    calls: Vec<RecordedCall>,
    under_way: usize,
    most_under_way: usize,
}

/// How a call ends.
#[derive(Clone, Debug, Default)]
pub enum Answer {
    /// As KMS would.
    #[default]
    Truthful,
    /// With throttling.
    Throttled,
    /// With a failure that passes.
    Transient,
    /// With denied access.
    AccessDenied,
    /// With a key that cannot be used.
    KeyUnavailable,
    /// With a key that does not exist.
    NoSuchKey,
    /// With a ciphertext that is not its own.
    Undecryptable,
    /// With an invalid request.
    InvalidRequest,
    /// With the right plaintext, but naming this key.
    Naming(KeyArn),
    /// Not at all.
    Never,
}

/// A request as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCall {
    /// When.
    pub at: Instant,
    /// The key that it named.
    pub key: Option<KeyArn>,
    /// What was asked for.
    pub asked: Asked,
    /// The whole context.
    pub encryption_context: EncryptionContext,
    /// The grant tokens.
    pub grant_tokens: Vec<String>,
    /// The trace id of the invocation that it was made for, which a client sends along.
    pub trace_id: Option<Arc<str>>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// `Decrypt`.
    Decrypt {
        /// The ciphertext.
        ciphertext: Vec<u8>,
    },
    /// `GenerateDataKey`.
    GenerateDataKey {
        /// The length asked for, in bytes.
        data_key_len: usize,
    },
    /// `Encrypt`.
    Encrypt {
        /// The plaintext.
        plaintext: Vec<u8>,
    },
}

impl FakeKms {
    /// Wraps `plaintext` with `key`: the key's ARN, a zero byte, the sealed plaintext.
    pub fn wrap(&self, key: &KeyArn, plaintext: &[u8], context: &EncryptionContext) -> Vec<u8> {
        let mut sealed = plaintext.to_vec();
        let nonce = sealing_key(key).seal_in_place_append_tag(Aad::from(aad(context)), &mut sealed).unwrap();
        [key.as_str().as_bytes(), &[0], nonce.as_ref(), &sealed].concat()
    }

    /// The next calls get these answers, each after its latency.
    pub fn script(&self, answers: impl IntoIterator<Item = (Duration, Answer)>) {
        self.state().script.extend(answers);
    }

    /// Calls beyond the script that name `key` get this answer.
    pub fn answer_for(&self, key: &KeyArn, latency: Duration, answer: Answer) {
        self.state().by_key.insert(key.clone(), (latency, answer));
    }

    /// All other calls beyond the script get this answer.
    pub fn always(&self, latency: Duration, answer: Answer) {
        self.state().otherwise = (latency, answer);
    }

    /// All calls, in order.
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.state().calls.clone()
    }

    /// The number of calls.
    pub fn call_count(&self) -> usize {
        self.state().calls.len()
    }

    /// How many calls are under way.
    pub fn under_way(&self) -> usize {
        self.state().under_way
    }

    /// The most calls that were ever under way at once.
    pub fn most_under_way(&self) -> usize {
        self.state().most_under_way
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the call, and says how it is to end and after what latency.
    fn begin(&self, call: RecordedCall) -> (Duration, Answer) {
        let mut state = self.state();
        let of_key = call.key.as_ref().and_then(|key| state.by_key.get(key)).cloned();
        state.calls.push(call);
        state.under_way += 1;
        state.most_under_way = state.most_under_way.max(state.under_way);
        let otherwise = of_key.unwrap_or_else(|| state.otherwise.clone());
        state.script.pop_front().unwrap_or(otherwise)
    }
}

/// A request of KMS, carried out as KMS would.
pub trait Truthful: Request<Error = DataKeyError> {
    /// What is noted of the request.
    fn note(&self) -> RecordedCall;

    /// What KMS would answer.
    fn carry_out(&self, kms: &FakeKms) -> Result<Self::Answer, DataKeyError>;

    /// The key that the answer names.
    fn key_of(answer: &mut Self::Answer) -> &mut KeyArn;
}

impl<R: Truthful> Call<R> for FakeKms {
    async fn call(&self, request: &R, _: Deadline) -> Result<R::Answer, DataKeyError> {
        let (latency, answer) = self.begin(request.note());
        let _under_way = UnderWay(self);
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let source = || -> Arc<dyn std::error::Error + Send + Sync> { Arc::new(std::fmt::Error) };
        match answer {
            Answer::Truthful => request.carry_out(self),
            Answer::Naming(key) => {
                let mut answer = request.carry_out(self)?;
                *R::key_of(&mut answer) = key;
                Ok(answer)
            }
            Answer::Throttled => Err(DataKeyError::Throttled(source())),
            Answer::Transient => Err(DataKeyError::Transient(source())),
            Answer::AccessDenied => Err(DataKeyError::AccessDenied(source())),
            Answer::KeyUnavailable => Err(DataKeyError::KeyUnavailable(source())),
            Answer::NoSuchKey => Err(DataKeyError::NoSuchKey(source())),
            Answer::Undecryptable => Err(DataKeyError::Undecryptable(source())),
            Answer::InvalidRequest => Err(DataKeyError::InvalidRequest(source())),
            Answer::Never => std::future::pending().await,
        }
    }
}

impl RecordedCall {
    fn new(key: Option<&KeyArn>, asked: Asked, context: &EncryptionContext, grant_tokens: &GrantTokens) -> Self {
        let (encryption_context, grant_tokens) = (context.clone(), grant_tokens.as_slice().to_vec());
        Self {
            at: SystemClock.now().monotonic,
            key: key.cloned(),
            asked,
            encryption_context,
            grant_tokens,
            trace_id: trace_id(),
        }
    }
}

impl Truthful for KmsDecrypt {
    fn note(&self) -> RecordedCall {
        let asked = Asked::Decrypt { ciphertext: self.ciphertext.to_vec() };
        RecordedCall::new(self.key.as_ref(), asked, &self.encryption_context, &self.grant_tokens)
    }

    fn carry_out(&self, _: &FakeKms) -> Result<DecryptedCiphertext, DataKeyError> {
        let (data_key, key) = unwrap(self)?;
        Ok(DecryptedCiphertext { data_key, key })
    }

    fn key_of(answer: &mut DecryptedCiphertext) -> &mut KeyArn {
        &mut answer.key
    }
}

impl Truthful for KmsGenerateDataKey {
    fn note(&self) -> RecordedCall {
        let asked = Asked::GenerateDataKey { data_key_len: self.data_key_len };
        RecordedCall::new(Some(&self.key), asked, &self.encryption_context, &self.grant_tokens)
    }

    fn carry_out(&self, kms: &FakeKms) -> Result<GeneratedDataKey, DataKeyError> {
        let mut plaintext = vec![0; self.data_key_len];
        aws_lc_rs::rand::fill(&mut plaintext).unwrap();
        let ciphertext = kms.wrap(&self.key, &plaintext, &self.encryption_context);
        Ok(GeneratedDataKey { data_key: DataKey::new(plaintext), ciphertext, key: self.key.clone() })
    }

    fn key_of(answer: &mut GeneratedDataKey) -> &mut KeyArn {
        &mut answer.key
    }
}

impl Truthful for KmsEncrypt {
    fn note(&self) -> RecordedCall {
        let asked = Asked::Encrypt { plaintext: self.plaintext.expose().to_vec() };
        RecordedCall::new(Some(&self.key), asked, &self.encryption_context, &self.grant_tokens)
    }

    fn carry_out(&self, kms: &FakeKms) -> Result<EncryptedPlaintext, DataKeyError> {
        let ciphertext = kms.wrap(&self.key, self.plaintext.expose(), &self.encryption_context);
        Ok(EncryptedPlaintext { ciphertext, key: self.key.clone() })
    }

    fn key_of(answer: &mut EncryptedPlaintext) -> &mut KeyArn {
        &mut answer.key
    }
}

struct UnderWay<'a>(&'a FakeKms);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.state().under_way -= 1;
    }
}

fn unwrap(request: &KmsDecrypt) -> Result<(DataKey, KeyArn), DataKeyError> {
    let undecryptable = || DataKeyError::Undecryptable(Arc::new(std::fmt::Error));
    let border = request.ciphertext.iter().position(|byte| *byte == 0).ok_or_else(undecryptable)?;
    let (arn, sealed) = request.ciphertext.split_at(border);
    let wrapping: KeyArn = std::str::from_utf8(arn).ok().and_then(|arn| arn.parse().ok()).ok_or_else(undecryptable)?;
    let key = request.key.clone().unwrap_or_else(|| wrapping.clone());
    if !key.matches(&wrapping) {
        return Err(undecryptable());
    }
    let (nonce, sealed) = sealed[1..].split_at_checked(12).ok_or_else(undecryptable)?;
    let nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce).unwrap();
    let mut sealed = sealed.to_vec();
    let plaintext = sealing_key(&wrapping)
        .open_in_place(nonce, Aad::from(aad(&request.encryption_context)), &mut sealed)
        .map_err(|_| undecryptable())?;
    Ok((DataKey::new(plaintext.to_vec()), key))
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
