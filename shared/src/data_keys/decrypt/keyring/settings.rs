//! Which KMS keys may decrypt.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::data_keys::{GrantTokens, GrantTokensError, KeyArn};
use crate::retry::Hold;

/// What a keyring may do: the keys it may use, the Region it calls, the grants it presents, how long it holds what is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecryptionKeyringSettings {
    pub(super) allowed: AllowedKeys,
    pub(super) region: String,
    pub(super) grant_tokens: GrantTokens,
    pub(super) denied_key_hold: Duration,
}

/// Which wrapping keys a record may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedKeys {
    /// These, and the multi-Region keys related to them.
    Strict(Vec<KeyArn>),
    /// Every key that the filter lets through. Without one, whoever may write to the stream chooses which of the keys that
    /// the function's role may use is used.
    ///
    /// So a key that does not exist, or is not one to decrypt with, is the fault of the record that names it. One whose use is denied,
    /// or that is disabled, an operator may still fix: such records are held for a
    /// [bounded time](DecryptionKeyringSettings::with_denied_key_hold), and are then given up.
    Discovery(Option<DiscoveryFilter>),
}

/// The owners whose keys are accepted in discovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryFilter {
    /// The partition: `aws`, `aws-cn`, ...
    pub partition: String,
    /// The accounts' ids.
    pub accounts: BTreeSet<String>,
}

impl DecryptionKeyringSettings {
    /// The most keys of a strict keyring. A bound against a mistake in the configuration; each further key is compared with
    /// each encrypted data key.
    pub const MAX_KEYS: usize = 100;

    /// A keyring that may use `allowed`, through KMS in `region`, presenting `grant_tokens` with every request.
    ///
    /// # Errors
    /// [`DecryptionKeyringSettingsError`], by what is wrong. A key of another Region is refused even if it is a multi-Region key: it is
    /// the related key in `region` that has to be configured, and it opens what any of them wrapped.
    pub fn new(
        allowed: AllowedKeys,
        region: impl Into<String>,
        grant_tokens: Vec<String>,
    ) -> Result<Self, DecryptionKeyringSettingsError> {
        let region = region.into();
        if region.is_empty() {
            return Err(DecryptionKeyringSettingsError::NoRegion);
        }
        match &allowed {
            AllowedKeys::Strict(keys) => {
                if !(1..=Self::MAX_KEYS).contains(&keys.len()) {
                    return Err(DecryptionKeyringSettingsError::NumberOfKeys { number: keys.len() });
                }
                if let Some(key) = keys.iter().find(|key| key.region() != region) {
                    return Err(DecryptionKeyringSettingsError::OtherRegion { key: key.clone(), region });
                }
            }
            AllowedKeys::Discovery(Some(filter)) if filter.partition.is_empty() || filter.accounts.is_empty() => {
                return Err(DecryptionKeyringSettingsError::EmptyFilter);
            }
            AllowedKeys::Discovery(_) => {}
        }
        let grant_tokens = GrantTokens::new(grant_tokens)?;
        Ok(Self { allowed, region, grant_tokens, denied_key_hold: Hold::DEFAULT_LIMIT })
    }

    /// The same, but in discovery a record whose key KMS refuses is held for `denied_key_hold` before it is given up.
    #[must_use]
    pub fn with_denied_key_hold(self, denied_key_hold: Duration) -> Self {
        Self { denied_key_hold, ..self }
    }
}

/// Why keyring settings were refused. Grant tokens are not repeated in the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecryptionKeyringSettingsError {
    /// The Region is empty.
    #[error("the Region of KMS is empty")]
    NoRegion,
    /// No key, or too many.
    #[error("{number} key ARNs are given, and 1 to {} are allowed", DecryptionKeyringSettings::MAX_KEYS)]
    NumberOfKeys {
        /// How many there are.
        number: usize,
    },
    /// A key that KMS in this Region cannot use.
    #[error("{key} is not in {region}, whose KMS is called (of a multi-Region key, name the related key there)")]
    OtherRegion {
        /// The key.
        key: KeyArn,
        /// The Region whose KMS is called.
        region: String,
    },
    /// A discovery filter that lets nothing through.
    #[error("the discovery filter needs a partition and at least one account")]
    EmptyFilter,
    /// Grant tokens that KMS would not accept.
    #[error(transparent)]
    GrantTokens(#[from] GrantTokensError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(region: &str) -> KeyArn {
        format!("arn:aws:kms:{region}:111122223333:key/mrk-1").parse().unwrap()
    }

    fn strict(keys: Vec<KeyArn>) -> Result<DecryptionKeyringSettings, DecryptionKeyringSettingsError> {
        DecryptionKeyringSettings::new(AllowedKeys::Strict(keys), "eu-west-1", Vec::new())
    }

    #[test]
    fn a_strict_keyring_has_one_to_a_hundred_keys() {
        assert_eq!(strict(vec![]), Err(DecryptionKeyringSettingsError::NumberOfKeys { number: 0 }));
        assert!(strict(vec![key("eu-west-1")]).is_ok());
        assert!(strict(vec![key("eu-west-1"); 100]).is_ok());
        assert_eq!(
            strict(vec![key("eu-west-1"); 101]),
            Err(DecryptionKeyringSettingsError::NumberOfKeys { number: 101 })
        );
    }

    #[test]
    fn a_key_of_another_region_is_refused() {
        let region = "eu-west-1".to_owned();
        let refused = DecryptionKeyringSettingsError::OtherRegion { key: key("us-east-1"), region };
        assert_eq!(strict(vec![key("eu-west-1"), key("us-east-1")]), Err(refused));
    }

    #[test]
    fn a_filter_without_accounts_is_refused() {
        let filter = DiscoveryFilter { partition: "aws".into(), accounts: BTreeSet::new() };
        let allowed = AllowedKeys::Discovery(Some(filter));
        let settings = DecryptionKeyringSettings::new(allowed, "eu-west-1", Vec::new());
        assert_eq!(settings, Err(DecryptionKeyringSettingsError::EmptyFilter));
    }

    #[test]
    fn grant_tokens_are_checked_and_not_shown() {
        let with =
            |token: &str| DecryptionKeyringSettings::new(AllowedKeys::Discovery(None), "eu-west-1", vec![token.into()]);
        assert_eq!(with(""), Err(DecryptionKeyringSettingsError::GrantTokens(GrantTokensError)));
        assert!(!format!("{:?}", with("secret").unwrap()).contains("secret"));
    }
}
