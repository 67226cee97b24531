//! The variables of keys: which may open what records carry, which wrap new data keys, and how long one of those is used.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{AllowedKeys, DecryptionKeyringSettings, DiscoveryFilter, GenerationKeyringSettings, KeyArn, UsageLimits};
use crate::config::{Environment, Group, Integer, REGION, Text, TextList};
use crate::retry::Hold;

/// Which keys may wrap the data keys of records.
pub const DECRYPTION: Group<DecryptionKeyringSettings> = Group {
    heading: "Keys",
    variables: &[&REGION, &KEY_ARNS, &DISCOVERY_ACCOUNT_IDS, &DISCOVERY_PARTITION, &DENIED_KEY_HOLD, &GRANT_TOKENS],
    replaced: &[],
    read: read_decryption,
};

/// Which keys wrap new data keys.
pub const GENERATION: Group<GenerationKeyringSettings> = Group {
    heading: "Keys",
    variables: &[&GENERATOR_KEY_ARN, &ADDITIONAL_KEY_ARNS, &GRANT_TOKENS],
    replaced: &[],
    read: read_generation,
};

/// How much is encrypted under one data key.
pub const USAGE_LIMITS: Group<UsageLimits> = Group {
    heading: "Use of one data key",
    variables: &[&MAX_MESSAGES, &MAX_BYTES],
    replaced: &[],
    read: read_usage_limits,
};

fn read_decryption(environment: &mut Environment) -> Option<DecryptionKeyringSettings> {
    let region = environment.require_region();
    let keys = environment.read(&KEY_ARNS)?;
    let accounts: BTreeSet<_> = environment.read(&DISCOVERY_ACCOUNT_IDS)?.into_iter().collect();
    let partition = environment.read(&DISCOVERY_PARTITION)?;
    let denied_key_hold = environment.read(&DENIED_KEY_HOLD).map(Duration::from_secs);
    let grant_tokens = environment.read(&GRANT_TOKENS)?;
    let allowed = match (keys.is_empty(), accounts.is_empty()) {
        (false, true) => AllowedKeys::Strict(keys),
        (true, false) => AllowedKeys::Discovery(Some(DiscoveryFilter { partition, accounts })),
        // A list that is there but wrong has been reported as such.
        (true, true)
            if [KEY_ARNS.name, DISCOVERY_ACCOUNT_IDS.name].iter().any(|name| environment.has_rejected(name)) =>
        {
            return None;
        }
        (true, true) => {
            environment
                .reject(KEY_ARNS.name, "is not set, and neither is KMS_DISCOVERY_ACCOUNT_IDS; one of them is needed");
            return None;
        }
        (false, false) => {
            environment
                .reject(KEY_ARNS.name, "is set together with KMS_DISCOVERY_ACCOUNT_IDS; only one of them may be");
            return None;
        }
    };
    let settings = DecryptionKeyringSettings::new(allowed, region?, grant_tokens);
    let settings = settings.map_err(|error| environment.reject(KEY_ARNS.name, format!("cannot be used: {error}"))).ok();
    Some(settings?.with_denied_key_hold(denied_key_hold?))
}

fn read_generation(environment: &mut Environment) -> Option<GenerationKeyringSettings> {
    let generator = environment.require(&GENERATOR_KEY_ARN, "always");
    let additional = environment.read(&ADDITIONAL_KEY_ARNS);
    let grant_tokens = environment.read(&GRANT_TOKENS);
    GenerationKeyringSettings::new(generator?, additional?, grant_tokens?)
        .map_err(|error| environment.reject(ADDITIONAL_KEY_ARNS.name, format!("cannot be used: {error}")))
        .ok()
}

fn read_usage_limits(environment: &mut Environment) -> Option<UsageLimits> {
    let max_messages = environment.read(&MAX_MESSAGES);
    let max_bytes = environment.read(&MAX_BYTES);
    UsageLimits::new(max_messages?, max_bytes?)
        .map_err(|error| environment.reject(MAX_MESSAGES.name, format!("cannot be used: {error}")))
        .ok()
}

const KEY_ARNS: TextList<KeyArn> = TextList {
    name: "KMS_KEY_ARNS",
    allowed: "ARNs of KMS keys (not of aliases), at most 100",
    parse: |text| text.parse().ok(),
    secret: false,
    meaning: "The keys that may wrap data keys. A record wrapped by another key goes to quarantine. A multi-Region key stands \
              for its replicas in all Regions.",
};

const DISCOVERY_ACCOUNT_IDS: TextList<String> = TextList {
    name: "KMS_DISCOVERY_ACCOUNT_IDS",
    allowed: "account ids of 12 digits",
    parse: |text| (text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned()),
    secret: false,
    meaning: "In place of KMS_KEY_ARNS: any key of these accounts may wrap data keys (discovery).",
};

const DISCOVERY_PARTITION: Text<String> = Text {
    name: "KMS_DISCOVERY_PARTITION",
    allowed: "a partition: aws, aws-cn, aws-us-gov",
    default: Some("aws"),
    parse: |text| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-').then(|| text.to_owned()),
    secret: false,
    meaning: "The partition of the accounts of KMS_DISCOVERY_ACCOUNT_IDS.",
};

const DENIED_KEY_HOLD: Integer = Integer {
    name: "DENIED_KEY_HOLD_SECONDS",
    allowed: 0..=Hold::MAX_LIMIT.as_secs(),
    default: Some(Hold::DEFAULT_LIMIT.as_secs()),
    unit: "seconds",
    meaning: "How long a record waits, and the shard with it, whose key KMS_DISCOVERY_ACCOUNT_IDS allows and KMS refuses. Then such \
              records go to quarantine, until none has come for 24 times as long. The same for a record of which nobody can tell why KMS \
              finds its request invalid. 0: at once. A key of KMS_KEY_ARNS waits until it can be used.",
};

const GRANT_TOKENS: TextList<String> = TextList {
    name: "KMS_GRANT_TOKENS",
    allowed: "grant tokens, at most 10",
    parse: |text| Some(text.to_owned()),
    secret: true,
    meaning: "Presented with every KMS request, until a grant made minutes ago is known everywhere.",
};

const GENERATOR_KEY_ARN: Text<KeyArn> = Text {
    name: "KMS_GENERATOR_KEY_ARN",
    allowed: "the ARN of a KMS key (not of an alias)",
    default: None,
    parse: |text| text.parse().ok(),
    secret: false,
    meaning: "The key that data keys are generated under. Readers try it first.",
};

const ADDITIONAL_KEY_ARNS: TextList<KeyArn> = TextList {
    name: "KMS_ADDITIONAL_KEY_ARNS",
    allowed: "ARNs of KMS keys (not of aliases), at most 9",
    parse: |text| text.parse().ok(),
    secret: false,
    meaning: "Further keys that each data key is wrapped by, so that any one of all can open the records: replicas in other \
              Regions, another account's key. Each costs a request for each data key.",
};

const MAX_MESSAGES: Integer = Integer {
    name: "DATA_KEY_MAX_MESSAGES",
    allowed: 1..=UsageLimits::DEFAULT_MAX_MESSAGES.get(),
    default: Some(UsageLimits::DEFAULT_MAX_MESSAGES.get()),
    unit: "messages",
    meaning: "The most records encrypted under one data key.",
};

const MAX_BYTES: Integer = Integer {
    name: "DATA_KEY_MAX_BYTES",
    allowed: 1..=UsageLimits::DEFAULT_MAX_BYTES,
    default: Some(UsageLimits::DEFAULT_MAX_BYTES),
    unit: "bytes",
    meaning: "The most plaintext encrypted under one data key. A record that is larger gets a data key of its own.",
};
