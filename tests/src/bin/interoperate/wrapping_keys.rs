//! Raw AES keys, and KMS.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use warmkeys::clock::{Clock, SystemClock};
use warmkeys::data_keys::{GenerateDataKey, GenerationKeyring, GenerationKeyringSettings, GenerationRequest, KeyArn};
use warmkeys::kms::{KmsClient, KmsSettings};
use warmkeys::message::{
    AlgorithmSuite, DataKey, EncryptionContext, PUBLIC_KEY_CONTEXT_KEY, RawAesKey, SealingMaterials, SigningKey,
};
use warmkeys::retry::Deadline;

use crate::request::WrappingKey;

/// KMS as the environment configures it, through the library.
pub(crate) struct Kms {
    pub(crate) client: Arc<KmsClient>,
    clock: SystemClock,
}

impl Kms {
    pub(crate) async fn connect() -> Self {
        let config = aws_config::load_from_env().await;
        Self { client: Arc::new(KmsClient::new(&config, &KmsSettings::default())), clock: SystemClock }
    }

    /// Materials for sealing under a new data key that each of `keys` wraps: the first one generates it.
    async fn generate(
        &self,
        keys: Vec<KeyArn>,
        suite: AlgorithmSuite,
        context: EncryptionContext,
    ) -> Result<Arc<SealingMaterials>, Box<dyn Error>> {
        let mut keys = keys.into_iter();
        let generator = keys.next().ok_or("no key to generate a data key with")?;
        let keyring = GenerationKeyring::new(
            KmsClient::clone(&self.client),
            GenerationKeyringSettings::new(generator, keys.collect(), Vec::new())?,
        );
        let deadline = Deadline::after(self.clock.now().monotonic, GENERATION_TIME);
        Ok(keyring.generate_data_key(&GenerationRequest::new(suite, context)?, None, deadline).await?)
    }
}

/// How long a data key may take: the embedded KMS answers at once.
const GENERATION_TIME: Duration = Duration::from_secs(20);

/// Materials for sealing under a new data key, wrapped by each of `keys`, which are all of KMS or all raw.
pub(crate) async fn new_materials(
    keys: &[WrappingKey],
    suite: AlgorithmSuite,
    mut context: EncryptionContext,
    kms: &Kms,
) -> Result<Arc<SealingMaterials>, Box<dyn Error>> {
    let (kms_keys, raw_keys) = (kms_keys(keys)?, raw_keys(keys)?);
    if raw_keys.is_empty() {
        return kms.generate(kms_keys, suite, context).await;
    }
    if !kms_keys.is_empty() {
        return Err("raw keys and keys of KMS do not wrap one data key here".into());
    }
    let signing_key = SigningKey::generate(suite)?;
    if let Some(key) = &signing_key {
        context.insert(PUBLIC_KEY_CONTEXT_KEY, key.public_key());
    }
    let data_key = random_data_key(suite)?;
    let encrypted = raw_keys.iter().map(|key| key.wrap(&data_key, &context)).collect::<Result<Vec<_>, _>>()?;
    let none = EncryptionContext::empty();
    Ok(Arc::new(SealingMaterials::new(suite, data_key, &encrypted, &context, &none, signing_key)?))
}

/// The raw AES keys among `keys`.
pub(crate) fn raw_keys(keys: &[WrappingKey]) -> Result<Vec<RawAesKey>, Box<dyn Error>> {
    let raw_keys = keys.iter().filter_map(|key| match key {
        WrappingKey::Raw { provider_id, name, key_base64 } => Some(raw(provider_id, name, key_base64)),
        WrappingKey::Kms(_) => None,
    });
    raw_keys.collect()
}

/// The KMS keys among `keys`.
pub(crate) fn kms_keys(keys: &[WrappingKey]) -> Result<Vec<KeyArn>, Box<dyn Error>> {
    let arns = keys.iter().filter_map(|key| match key {
        WrappingKey::Kms(arn) => Some(arn.parse::<KeyArn>()),
        WrappingKey::Raw { .. } => None,
    });
    Ok(arns.collect::<Result<_, _>>()?)
}

fn raw(provider_id: &str, name: &str, key_base64: &str) -> Result<RawAesKey, Box<dyn Error>> {
    let key = base64_simd::STANDARD.decode_to_vec(key_base64)?;
    Ok(RawAesKey::new(provider_id, name, &key)?)
}

fn random_data_key(suite: AlgorithmSuite) -> Result<DataKey, Box<dyn Error>> {
    let mut secret = vec![0; suite.data_key_len()];
    aws_lc_rs::rand::fill(&mut secret)?;
    Ok(DataKey::new(secret))
}
