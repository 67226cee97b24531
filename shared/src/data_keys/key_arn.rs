//! The ARN of a KMS key, parsed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The ARN of a KMS key: `arn:<partition>:kms:<region>:<account>:key/<key id>`. Cheap to clone.
///
/// Aliases are refused: messages and KMS's answers always name the key itself, so an alias could never match one.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-ARN>
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyArn {
    partition: Arc<str>,
    region: Arc<str>,
    account: Arc<str>,
    key_id: Arc<str>,
    text: Arc<str>,
}

impl KeyArn {
    /// The most bytes that KMS accepts as a `KeyId`.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#KMS-Decrypt-request-KeyId>
    pub const MAX_BYTES: usize = 2_048;

    /// The partition: `aws`, `aws-cn`, ...
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The Region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The account that owns the key.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the key is a multi-Region key: its related keys in other Regions have the same key material.
    #[must_use]
    pub fn is_multi_region(&self) -> bool {
        self.key_id.starts_with("mrk-")
    }

    /// Whether what `other` wrapped, this key can unwrap: they are the same key, or related multi-Region keys.
    ///
    /// > If both identifiers are \[multi-Region\] this function MUST return the result of comparing the `partition`,
    /// > `service`, `accountId`, `resourceType`, and `resource` parts of both ARN inputs.
    ///
    /// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/aws-kms/aws-kms-mrk-match-for-decrypt.md>
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        if !self.is_multi_region() {
            return self == other;
        }
        self.partition == other.partition && self.account == other.account && self.key_id == other.key_id
    }

    /// The related key in `region` of a multi-Region key; any other key as it is.
    #[must_use]
    pub fn related_in(&self, region: &str) -> Self {
        if !self.is_multi_region() || *self.region == *region {
            return self.clone();
        }
        let text = format!("arn:{}:kms:{region}:{}:key/{}", self.partition, self.account, self.key_id);
        Self { region: region.into(), text: text.into(), ..self.clone() }
    }
}

impl FromStr for KeyArn {
    type Err = InvalidKeyArn;

    fn from_str(text: &str) -> Result<Self, InvalidKeyArn> {
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidKeyArn::TooLong { bytes: text.len() });
        }
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next().unwrap_or_default();
        let (arn, partition, service, region, account, resource) = (part(), part(), part(), part(), part(), part());
        if arn != "arn" || service != "kms" {
            return Err(InvalidKeyArn::NotKms);
        }
        let (kind, key_id) = resource.split_once('/').ok_or(InvalidKeyArn::NotAKey)?;
        match kind {
            "key" => {}
            "alias" => return Err(InvalidKeyArn::Alias),
            _ => return Err(InvalidKeyArn::NotAKey),
        }
        for (part, name) in [(partition, "partition"), (region, "Region"), (account, "account"), (key_id, "key id")] {
            // KMS would refuse anything else with an error that looks like a fault of the configuration.
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                return Err(InvalidKeyArn::Part { part: name });
            }
        }
        Ok(Self {
            partition: partition.into(),
            region: region.into(),
            account: account.into(),
            key_id: key_id.into(),
            text: text.into(),
        })
    }
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyArn({})", self.text)
    }
}

/// Why a text is not the ARN of a KMS key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeyArn {
    /// Longer than any KMS key identifier.
    #[error("it has {bytes} bytes, and a KMS key ARN has at most {}", KeyArn::MAX_BYTES)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It does not begin with `arn:<partition>:kms:`.
    #[error("it is not an ARN of KMS: arn:<partition>:kms:<region>:<account>:key/<key id>")]
    NotKms,
    /// An alias ARN.
    #[error("it is an alias; messages name the key itself, so the key's own ARN is needed")]
    Alias,
    /// Its resource is not `key/<key id>`.
    #[error("its resource is not key/<key id>")]
    NotAKey,
    /// One part is empty, or holds something else than ASCII letters, digits and hyphens.
    #[error("its {part} is empty or holds something else than letters, digits and hyphens")]
    Part {
        /// The part's name.
        part: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINGLE: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const MULTI: &str = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";

    fn arn(text: &str) -> KeyArn {
        text.parse().unwrap()
    }

    #[test]
    fn a_key_arn_is_taken_apart() {
        let key = arn("arn:aws-cn:kms:cn-north-1:444455556666:key/mrk-12");
        assert_eq!((key.partition(), key.region(), key.account()), ("aws-cn", "cn-north-1", "444455556666"));
        assert!(key.is_multi_region());
        assert_eq!(key.to_string(), "arn:aws-cn:kms:cn-north-1:444455556666:key/mrk-12");
    }

    #[test]
    fn what_is_no_key_arn_is_refused_with_the_reason() {
        let error = |text: &str| text.parse::<KeyArn>().unwrap_err();
        assert_eq!(error(""), InvalidKeyArn::NotKms);
        assert_eq!(error("1234abcd-12ab-34cd-56ef-1234567890ab"), InvalidKeyArn::NotKms);
        assert_eq!(error("arn:aws:s3:eu-west-1:111122223333:key/1"), InvalidKeyArn::NotKms);
        assert_eq!(error("arn:aws:kms:eu-west-1:111122223333"), InvalidKeyArn::NotAKey);
        assert_eq!(error("arn:aws:kms:eu-west-1:111122223333:grant/1"), InvalidKeyArn::NotAKey);
        assert_eq!(error("arn:aws:kms:eu-west-1:111122223333:alias/a"), InvalidKeyArn::Alias);
        assert_eq!(error("arn::kms:eu-west-1:111122223333:key/1"), InvalidKeyArn::Part { part: "partition" });
        assert_eq!(error("arn:aws:kms::111122223333:key/1"), InvalidKeyArn::Part { part: "Region" });
        assert_eq!(error("arn:aws:kms:eu-west-1::key/1"), InvalidKeyArn::Part { part: "account" });
        assert_eq!(error("arn:aws:kms:eu-west-1:111122223333:key/"), InvalidKeyArn::Part { part: "key id" });
        assert_eq!(error("arn:aws:kms:eu-west-1:111122223333:key/1/2"), InvalidKeyArn::Part { part: "key id" });
    }

    #[test]
    fn the_longest_arn_has_2048_bytes() {
        let of_length = |bytes: usize| {
            let prefix = "arn:aws:kms:eu-west-1:111122223333:key/";
            format!("{prefix}{}", "a".repeat(bytes - prefix.len())).parse::<KeyArn>()
        };
        assert!(of_length(2_047).is_ok());
        assert!(of_length(2_048).is_ok());
        assert_eq!(of_length(2_049), Err(InvalidKeyArn::TooLong { bytes: 2_049 }));
    }

    #[test]
    fn multi_region_keys_match_across_regions_and_nothing_else_does() {
        let elsewhere = |text: &str| arn(&text.replace("eu-west-1", "us-east-1"));
        assert!(arn(MULTI).matches(&elsewhere(MULTI)));
        assert!(arn(SINGLE).matches(&arn(SINGLE)));
        assert!(!arn(SINGLE).matches(&elsewhere(SINGLE)));
        assert!(!arn(MULTI).matches(&arn(SINGLE)));
        assert!(!arn(MULTI).matches(&arn(&MULTI.replace("111122223333", "444455556666"))));
        assert!(!arn(MULTI).matches(&arn(&MULTI.replace("arn:aws:", "arn:aws-cn:"))));
    }

    #[test]
    fn only_a_multi_region_key_has_a_related_key_elsewhere() {
        assert_eq!(arn(MULTI).related_in("us-east-1"), arn(&MULTI.replace("eu-west-1", "us-east-1")));
        assert_eq!(arn(SINGLE).related_in("us-east-1"), arn(SINGLE));
    }
}
