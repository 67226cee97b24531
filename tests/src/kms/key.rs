//! A key of the embedded KMS, and the published development keys.

use std::fmt;

/// The account that every embedded key belongs to; no real account has this number.
pub const ACCOUNT: &str = "000000000000";

/// The Region of every embedded key that is not a multi-Region one.
pub const REGION: &str = "us-east-1";

/// A key whose material is published: events sealed under it decrypt in every process, today's and later ones. It protects nothing.
pub const DEVELOPMENT_KEY_ARN: &str = "arn:aws:kms:us-east-1:000000000000:key/de7e1097-0000-4000-8000-000000000001";

/// A second published key: for a record under a key that the configuration does not allow.
pub const SECOND_DEVELOPMENT_KEY_ARN: &str =
    "arn:aws:kms:us-east-1:000000000000:key/de7e1097-0000-4000-8000-000000000002";

/// A published multi-Region key; it can be used in every Region.
pub const MULTI_REGION_DEVELOPMENT_KEY_ARN: &str =
    "arn:aws:kms:us-east-1:000000000000:key/mrk-de7e1097000040008000000000000003";

/// What wraps and unwraps: the bytes of an AES-256 key. `Debug` does not show them, as a habit: the published ones are no secret.
#[derive(Clone)]
pub(super) struct KeyMaterial(pub(super) [u8; 32]);

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyMaterial(redacted)")
    }
}

/// Whether a key can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyState {
    Enabled,
    Disabled,
    PendingDeletion,
}

impl KeyState {
    /// The name in `KeyMetadata`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion => "PendingDeletion",
        }
    }
}

/// One symmetric encryption key.
#[derive(Clone, Debug)]
pub(super) struct KmsKey {
    /// The last part of the ARN: a UUID, or `mrk-` and 32 hexadecimal digits.
    pub(super) id: String,
    pub(super) material: KeyMaterial,
    pub(super) state: KeyState,
}

impl KmsKey {
    /// A usable key.
    pub(super) fn new(id: impl Into<String>, material: [u8; 32]) -> Self {
        Self { id: id.into(), material: KeyMaterial(material), state: KeyState::Enabled }
    }

    /// The three keys that every embedded KMS has.
    pub(super) fn development_keys() -> [Self; 3] {
        [
            Self::new("de7e1097-0000-4000-8000-000000000001", *b"warmkeys development key, public"),
            Self::new("de7e1097-0000-4000-8000-000000000002", *b"warmkeys second key, also public"),
            Self::new("mrk-de7e1097000040008000000000000003", *b"warmkeys multi-Region key public"),
        ]
    }

    /// Whether the key is replicated to every Region.
    pub(super) fn is_multi_region(&self) -> bool {
        self.id.starts_with("mrk-")
    }

    /// The ARN by which a request in `region` knows the key.
    pub(super) fn arn(&self, region: &str) -> String {
        let region = if self.is_multi_region() { region } else { REGION };
        format!("arn:aws:kms:{region}:{ACCOUNT}:key/{}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_arns_are_those_of_the_built_in_keys() {
        let arns = KmsKey::development_keys().map(|key| key.arn(REGION));
        assert_eq!(arns, [DEVELOPMENT_KEY_ARN, SECOND_DEVELOPMENT_KEY_ARN, MULTI_REGION_DEVELOPMENT_KEY_ARN]);
    }

    #[test]
    fn a_multi_region_key_has_an_arn_in_every_region() {
        let [single, _, multi] = KmsKey::development_keys();
        assert_eq!(multi.arn("eu-west-1"), MULTI_REGION_DEVELOPMENT_KEY_ARN.replace("us-east-1", "eu-west-1"));
        assert_eq!(single.arn("eu-west-1"), DEVELOPMENT_KEY_ARN);
    }
}
