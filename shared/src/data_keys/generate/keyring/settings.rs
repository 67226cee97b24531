//! Which KMS keys wrap new data keys.

use crate::data_keys::{GrantTokens, GrantTokensError, KeyArn};

/// The KMS keys that wrap each new data key, so that any one of them can open the messages. Each is called in its own Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerationKeyringSettings {
    pub(super) generator: KeyArn,
    pub(super) additional: Vec<KeyArn>,
    pub(super) grant_tokens: GrantTokens,
}

impl GenerationKeyringSettings {
    /// The most wrapping keys, the generator included: readers refuse messages with more encrypted data keys
    /// ([`DEFAULT_MAX_ENCRYPTED_DATA_KEYS`](crate::message::DEFAULT_MAX_ENCRYPTED_DATA_KEYS)).
    pub const MAX_KEYS: usize = 10;

    /// Data keys are generated under `generator` and wrapped by all of `additional` too; messages name the keys in this order,
    /// which is the order in which readers try them. `grant_tokens` are presented with every request.
    ///
    /// # Errors
    /// [`GenerationKeyringSettingsError`], by what is wrong.
    pub fn new(
        generator: KeyArn,
        additional: Vec<KeyArn>,
        grant_tokens: Vec<String>,
    ) -> Result<Self, GenerationKeyringSettingsError> {
        let number = additional.len().saturating_add(1);
        if number > Self::MAX_KEYS {
            return Err(GenerationKeyringSettingsError::NumberOfKeys { number });
        }
        let mut before = vec![&generator];
        for key in &additional {
            if before.contains(&key) {
                return Err(GenerationKeyringSettingsError::Twice { key: key.clone() });
            }
            before.push(key);
        }
        let grant_tokens = GrantTokens::new(grant_tokens)?;
        Ok(Self { generator, additional, grant_tokens })
    }
}

/// Why wrapping keys were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerationKeyringSettingsError {
    /// Too many.
    #[error("{number} wrapping keys are given, and 1 to {} are allowed", GenerationKeyringSettings::MAX_KEYS)]
    NumberOfKeys {
        /// How many there are, the generator included.
        number: usize,
    },
    /// A key that is given twice would cost a request and open nothing more.
    #[error("{key} is given twice")]
    Twice {
        /// The key.
        key: KeyArn,
    },
    /// Grant tokens that KMS would not accept.
    #[error(transparent)]
    GrantTokens(#[from] GrantTokensError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::requests::{key, key_in};

    fn with(additional: Vec<KeyArn>) -> Result<GenerationKeyringSettings, GenerationKeyringSettingsError> {
        GenerationKeyringSettings::new(key("mrk-0"), additional, Vec::new())
    }

    #[test]
    fn one_to_ten_keys_wrap() {
        let keys = |number: usize| (1..=number).map(|id| key(&id.to_string())).collect::<Vec<_>>();
        assert!(with(keys(0)).is_ok());
        assert!(with(keys(9)).is_ok());
        assert_eq!(with(keys(10)), Err(GenerationKeyringSettingsError::NumberOfKeys { number: 11 }));
    }

    #[test]
    fn a_key_wraps_once_but_a_replica_in_another_region_is_another_key() {
        assert_eq!(with(vec![key("1"), key("1")]), Err(GenerationKeyringSettingsError::Twice { key: key("1") }));
        assert_eq!(with(vec![key("mrk-0")]), Err(GenerationKeyringSettingsError::Twice { key: key("mrk-0") }));
        assert!(with(vec![key_in("us-east-1", "mrk-0")]).is_ok());
    }

    #[test]
    fn grant_tokens_are_checked() {
        let refused = GenerationKeyringSettings::new(key("1"), Vec::new(), vec![String::new()]);
        assert_eq!(refused, Err(GenerationKeyringSettingsError::GrantTokens(GrantTokensError)));
    }
}
