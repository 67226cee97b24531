//! Encryption contexts that KMS may refuse.

use crate::message::EncryptionContext;

/// The most bytes of a serialised encryption context that is above suspicion for its size. Names and ids take a few hundred.
const MAX_USUAL_BYTES: usize = 2_048;

/// Whether KMS may have found a request invalid because of `context`: it is large, or has an empty key or value.
///
/// KMS refuses contexts above a size that its API reference does not tell, and is reported to refuse empty keys and values. It does
/// so with the same error as for mistakes of ours. The message format allows both, so they are sent all the same, and
/// suspected only when a request is found invalid.
pub(crate) fn kms_may_refuse(context: &EncryptionContext) -> bool {
    let has_empty_text = context.iter().any(|(key, value)| key.is_empty() || value.is_empty());
    has_empty_text || context.serialise().map_or(true, |serialised| serialised.len() > MAX_USUAL_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_refuse_with(key: &str, value: &str) -> bool {
        kms_may_refuse(&[("tenant", "blue"), (key, value)].into_iter().collect())
    }

    #[test]
    fn an_empty_key_or_value_kms_may_refuse() {
        assert!(may_refuse_with("", "v") && may_refuse_with("k", "") && may_refuse_with("", ""));
        assert!(!may_refuse_with("k", "v") && !kms_may_refuse(&EncryptionContext::empty()));
    }

    #[test]
    fn a_context_is_large_from_2049_bytes_on() {
        // Two bytes for the count, two for each of the lengths, one for the key; and the pair that is always there.
        let usual = MAX_USUAL_BYTES - 7 - 14;
        assert!(!may_refuse_with("k", &"v".repeat(usual - 1)) && !may_refuse_with("k", &"v".repeat(usual)));
        assert!(may_refuse_with("k", &"v".repeat(usual + 1)) && may_refuse_with("k", &"v".repeat(65_536)));
    }
}
