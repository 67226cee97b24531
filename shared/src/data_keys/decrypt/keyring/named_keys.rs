//! The keys that are allowed and those that a record names, in words.

use super::{AllowedKeys, DecryptionKeyringSettings};
use crate::data_keys::{KMS_PROVIDER_ID, KeyArn, KeyNotAllowed, WrappedDataKey};
use crate::text::bounded;

/// What `settings` allow, beside what a record names.
pub(super) fn not_allowed(settings: &DecryptionKeyringSettings, named: String) -> KeyNotAllowed {
    let (setting, allowed) = match &settings.allowed {
        AllowedKeys::Strict(keys) => ("KMS_KEY_ARNS", listed(keys.iter().map(KeyArn::as_str))),
        AllowedKeys::Discovery(None) => ("AWS_REGION", settings.region.clone()),
        AllowedKeys::Discovery(Some(filter)) => {
            let accounts = listed(filter.accounts.iter().map(String::as_str));
            let allowed = format!("{accounts} (partition {}, Region {})", filter.partition, settings.region);
            ("KMS_DISCOVERY_ACCOUNT_IDS", allowed)
        }
    };
    KeyNotAllowed { setting, allowed, named }
}

/// The keys that `wrapped` names, shortened. They are not secret.
pub(super) fn keys_named_by(wrapped: &WrappedDataKey) -> String {
    match wrapped {
        WrappedDataKey::Message { encrypted_data_keys, .. } => {
            let of_kms = encrypted_data_keys.iter().filter(|key| key.provider_id == KMS_PROVIDER_ID);
            let arns: Vec<_> = of_kms.map(|key| String::from_utf8_lossy(&key.provider_info)).collect();
            if arns.is_empty() { "no KMS key".to_owned() } else { listed(arns.iter().map(|arn| &**arn)) }
        }
        WrappedDataKey::KmsCiphertext(_) => "one that only KMS knows".to_owned(),
    }
}

/// The first few of `texts`, shortened: they come from records, and end in logs and quarantine messages.
fn listed<'a>(texts: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 3;
    const MAX_LEN: usize = 200;
    let more = texts.len().saturating_sub(SHOWN);
    // Nothing that could be taken for another line of a log.
    let shown = texts.take(SHOWN).map(|text| bounded(text, MAX_LEN).replace(char::is_control, "?"));
    let shown = shown.collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::EncryptedDataKey;
    use crate::testing::requests::{self, key};

    fn named(infos: &[&[u8]]) -> String {
        let keys = infos.iter().map(|info| EncryptedDataKey {
            provider_id: KMS_PROVIDER_ID.to_owned(),
            provider_info: info.to_vec(),
            ciphertext: Vec::new(),
        });
        keys_named_by(&requests::of_suite(requests::SUITE, keys.collect()).wrapped)
    }

    #[test]
    fn the_first_three_keys_are_named() {
        assert_eq!(named(&[]), "no KMS key");
        assert_eq!(named(&[b"a", b"b", b"c"]), "a, b, c");
        assert_eq!(named(&[b"a", b"b", b"c", b"d"]), "a, b, c and 1 more");
    }

    #[test]
    fn what_a_record_names_is_bounded_and_stays_on_its_line() {
        assert_eq!(named(&[b"a\nERROR"]), "a?ERROR");
        assert!(named(&[&[b'a'; 60_000]]).len() <= 200);
        assert!(named(&[b"\xFF"]).contains('\u{FFFD}'));
    }

    #[test]
    fn the_setting_and_both_values_are_shown() {
        let settings =
            DecryptionKeyringSettings::new(AllowedKeys::Strict(vec![key("1")]), requests::REGION, Vec::new()).unwrap();
        let shown = not_allowed(&settings, key("2").to_string()).to_string();
        assert_eq!(shown, format!("KMS_KEY_ARNS allows {}, and the record names {}", key("1"), key("2")));
    }
}
