//! The keys of an embedded KMS, and who may use them when.

use aws_lc_rs::rand;

use super::error::KmsError;
use super::key::{ACCOUNT, KeyState, KmsKey, REGION};

/// All keys: the development keys and those that were created.
#[derive(Debug)]
pub(super) struct KeyStore {
    keys: Vec<KmsKey>,
}

impl KeyStore {
    pub(super) fn with_development_keys() -> Self {
        Self { keys: KmsKey::development_keys().into() }
    }

    /// Makes a key with random material.
    pub(super) fn create(&mut self, multi_region: bool) -> Result<KmsKey, KmsError> {
        let internal = |_| KmsError::Scripted { code: "KMSInternalException".to_owned() };
        let mut material = [0; 32];
        rand::fill(&mut material).map_err(internal)?;
        let mut number = [0; 16];
        rand::fill(&mut number).map_err(internal)?;
        let hex = format!("{:032x}", u128::from_be_bytes(number));
        let id = if multi_region { format!("mrk-{hex}") } else { uuid(&hex) };
        let key = KmsKey::new(id, material);
        self.keys.push(key.clone());
        Ok(key)
    }

    /// The key that a request in `region` means by `key_id`: a key id or a key ARN.
    pub(super) fn find(&self, key_id: &str, region: &str) -> Result<&KmsKey, KmsError> {
        self.keys
            .iter()
            .find(|key| is_named(key, key_id, region))
            .ok_or_else(|| KmsError::NotFound(absolute(key_id, region)))
    }

    /// The key with the id that a ciphertext blob carries.
    pub(super) fn find_by_blob(&self, id: &str, region: &str) -> Result<&KmsKey, KmsError> {
        self.find(id, region).map_err(|_| KmsError::InvalidCiphertext)
    }

    /// Changes the state of a key. A key that is pending deletion can be neither enabled nor disabled.
    pub(super) fn change_state(&mut self, key_id: &str, region: &str, state: KeyState) -> Result<&KmsKey, KmsError> {
        let key = self
            .keys
            .iter_mut()
            .find(|key| is_named(key, key_id, region))
            .ok_or_else(|| KmsError::NotFound(absolute(key_id, region)))?;
        if key.state == KeyState::PendingDeletion {
            return Err(KmsError::InvalidState(key.arn(region)));
        }
        key.state = state;
        Ok(key)
    }
}

/// Whether the key may be used at all.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
pub(super) fn usable<'a>(key: &'a KmsKey, region: &str) -> Result<&'a KmsKey, KmsError> {
    match key.state {
        KeyState::Enabled => Ok(key),
        KeyState::Disabled => Err(KmsError::Disabled(key.arn(region))),
        KeyState::PendingDeletion => Err(KmsError::InvalidState(key.arn(region))),
    }
}

fn is_named(key: &KmsKey, key_id: &str, region: &str) -> bool {
    let in_region = key.is_multi_region() || region == REGION;
    in_region && (key_id == key.id || key_id == key.arn(region))
}

/// An unknown key as KMS's error text shows it.
fn absolute(key_id: &str, region: &str) -> String {
    if key_id.starts_with("arn:") { key_id.to_owned() } else { format!("arn:aws:kms:{region}:{ACCOUNT}:key/{key_id}") }
}

/// 32 hexadecimal digits with the hyphens of a UUID.
fn uuid(hex: &str) -> String {
    let mut id = String::with_capacity(36);
    for (position, digit) in hex.chars().enumerate() {
        if matches!(position, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        id.push(digit);
    }
    id
}

#[cfg(test)]
mod tests {
    use super::super::key::{DEVELOPMENT_KEY_ARN, MULTI_REGION_DEVELOPMENT_KEY_ARN};
    use super::*;

    #[test]
    fn a_key_is_found_by_id_and_by_arn() {
        let keys = KeyStore::with_development_keys();
        let id = DEVELOPMENT_KEY_ARN.rsplit('/').next().unwrap();
        assert_eq!(keys.find(id, REGION).unwrap().id, keys.find(DEVELOPMENT_KEY_ARN, REGION).unwrap().id);
    }

    #[test]
    fn only_a_multi_region_key_is_found_in_another_region() {
        let keys = KeyStore::with_development_keys();
        let replica = MULTI_REGION_DEVELOPMENT_KEY_ARN.replace("us-east-1", "eu-west-1");
        assert!(keys.find(&replica, "eu-west-1").is_ok());
        assert!(matches!(keys.find(MULTI_REGION_DEVELOPMENT_KEY_ARN, "eu-west-1"), Err(KmsError::NotFound(_))));
        assert!(matches!(keys.find(DEVELOPMENT_KEY_ARN, "eu-west-1"), Err(KmsError::NotFound(_))));
    }

    #[test]
    fn created_keys_have_ids_of_the_real_shape() {
        let mut keys = KeyStore::with_development_keys();
        let id = keys.create(false).unwrap().id.clone();
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        let id = keys.create(true).unwrap().id.clone();
        assert_eq!((id.starts_with("mrk-"), id.len()), (true, 36));
    }

    #[test]
    fn deletion_is_final() {
        let mut keys = KeyStore::with_development_keys();
        keys.change_state(DEVELOPMENT_KEY_ARN, REGION, KeyState::PendingDeletion).unwrap();
        let enabled = keys.change_state(DEVELOPMENT_KEY_ARN, REGION, KeyState::Enabled).unwrap_err();
        assert_eq!(enabled.code(), "KMSInvalidStateException");
    }
}
