//! Variables that no group reads, but that look as if they were meant to be.

use std::collections::{BTreeMap, BTreeSet};

use super::kinds::shown;
use super::{DescribedGroup, Problem, further_settings};

/// The problems with the names of `variables`, of which those in `further` come from `WARMKEYS_SETTINGS`.
///
/// What begins like several of our own variables, or is almost the name of one, is a mistake: left alone, it would silently have no effect.
/// Others' variables are left alone, and so are those of AWS.
pub(super) fn problems(
    variables: &BTreeMap<String, String>,
    further: &BTreeSet<String>,
    groups: &[DescribedGroup],
) -> Vec<Problem> {
    let known: BTreeSet<&str> =
        groups.iter().flat_map(|group| &group.variables).map(|variable| variable.name).collect();
    let replaced = || groups.iter().flat_map(|group| group.replaced);
    let prefixes = prefixes(&known);
    let names: BTreeSet<&String> = variables.keys().chain(further).collect();
    let mut problems = Vec::new();
    for name in names {
        if known.contains(name.as_str()) {
            continue;
        }
        let is_further = further.contains(name);
        if !is_further && OF_OUR_FUNCTIONS.contains(&name.as_str()) {
            continue;
        }
        let what = if let Some(replaced) = replaced().find(|replaced| replaced.name == name) {
            format!("is no longer a variable; use {}", replaced.by)
        } else if is_further || (!name.starts_with(AWS_PREFIX) && looks_like_ours(name, &known, &prefixes)) {
            let place = if is_further { format!(", in {},", further_settings::NAME) } else { String::new() };
            let nearest = nearest(name, &known).map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
            problems
                .push(Problem { name: unquoted(name), what: format!("is not a variable of this function{nearest}") });
            if let Some(problem) = problems.last_mut() {
                problem.name.push_str(&place);
            }
            continue;
        } else {
            continue;
        };
        problems.push(Problem { name: unquoted(name), what });
    }
    problems
}

/// What our variables begin with: the words that all of several begin with that share their first one (`SINK_`, `DATA_KEY_`).
fn prefixes(known: &BTreeSet<&str>) -> Vec<String> {
    let mut by_first_word: BTreeMap<&str, Vec<Vec<&str>>> = BTreeMap::new();
    for name in known.iter().filter(|name| !name.starts_with(AWS_PREFIX)) {
        let words: Vec<_> = name.split('_').collect();
        if let Some(first) = words.first() {
            by_first_word.entry(first).or_default().push(words);
        }
    }
    by_first_word.retain(|first, names| names.len() > 1 && !GENERAL_WORDS.contains(first));
    let common = |names: &Vec<Vec<&str>>| {
        let shortest = names.iter().map(Vec::len).min().unwrap_or_default();
        let first = names.first().cloned().unwrap_or_default();
        let is_common = |place: &usize| names.iter().all(|words| words.get(*place) == first.get(*place));
        let shared = (0..shortest).take_while(is_common).count();
        first.iter().take(shared).map(|word| format!("{word}_")).collect()
    };
    by_first_word.values().map(common).chain([OWN_PREFIX.to_owned()]).collect()
}

/// The variables of this project's functions. One environment may serve several functions, as that of `cargo lambda watch` does: what another
/// one reads is no mistake.
const OF_OUR_FUNCTIONS: &[&str] = &[
    "ACTIVITY_EXCLUDED_CLASSES",
    "ACTIVITY_EXCLUDED_COMMANDS",
    "ACTIVITY_EXCLUDED_DATABASES",
    "ACTIVITY_EXCLUDED_USERS",
    "ACTIVITY_OUTPUT",
    "ACTIVITY_STREAM_RESOURCE_ID",
    "ALGORITHM_SUITE",
    "COMMITMENT_POLICY",
    "DATA_KEY_CACHE_CAPACITY",
    "DATA_KEY_CACHE_PARTITION",
    "DATA_KEY_MAX_AGE_SECONDS",
    "DATA_KEY_MAX_BYTES",
    "DATA_KEY_MAX_MESSAGES",
    "DATA_KEY_REFRESH_AFTER_SECONDS",
    "DELIVERY_RESERVE_MILLISECONDS",
    "ENCRYPTION_CONTEXT",
    "FRAME_LENGTH_BYTES",
    "FUNCTION_TIMEOUT_SECONDS",
    "KINESIS_AGGREGATION",
    "KINESIS_MAX_RECORD_BYTES",
    "KINESIS_RATE_LIMIT_PERCENT",
    "KMS_ADDITIONAL_KEY_ARNS",
    "KMS_ATTEMPT_TIMEOUT_MILLISECONDS",
    "KMS_BASE_DELAY_MILLISECONDS",
    "KMS_CIPHERTEXT_ENCRYPTION_CONTEXT",
    "KMS_DISCOVERY_ACCOUNT_IDS",
    "KMS_DISCOVERY_PARTITION",
    "KMS_GENERATOR_KEY_ARN",
    "KMS_GRANT_TOKENS",
    "KMS_KEY_ARNS",
    "KMS_KEY_STORE",
    "KMS_MAX_ATTEMPTS",
    "KMS_MAX_CONCURRENCY",
    "KMS_MAX_DELAY_MILLISECONDS",
    "MAX_ACTIVITY_DOCUMENT_BYTES",
    "MAX_ENCRYPTED_DATA_KEYS",
    "MAX_PLAINTEXT_BYTES",
    "PERMANENT_FAILURE_MAX_AGE_SECONDS",
    "QUARANTINE_ARN",
    "QUARANTINE_OVERSIZED_ARN",
    "QUARANTINE_PREFIX",
    "QUARANTINE_QUEUE_MESSAGE_LIMIT_BYTES",
    "RECORD_FORMAT",
    "REQUIRED_ENCRYPTION_CONTEXT",
    "RESPONSE_RESERVE_MILLISECONDS",
    "SINK_ARN",
    "SINK_QUEUE_MESSAGE_LIMIT_BYTES",
    "STREAM_ARN",
    "UNAVAILABLE_KEY",
];

/// What variables of Lambda and the AWS SDK begin with.
pub(super) const AWS_PREFIX: &str = "AWS_";

/// What names of [`WARMKEYS_SETTINGS`](further_settings) and its like begin with.
const OWN_PREFIX: &str = "WARMKEYS_";

/// First words that say nothing of whose variable it is.
const GENERAL_WORDS: [&str; 2] = ["MAX", "MIN"];

fn looks_like_ours(name: &str, known: &BTreeSet<&str>, prefixes: &[String]) -> bool {
    let name = name.to_ascii_uppercase();
    prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
        || known.iter().any(|known| known.len() >= LEAST_LEN && distance(&name, known) <= MOST_MISTAKES)
}

/// Two mistakes in less than eight characters make another word.
const LEAST_LEN: usize = 8;

/// How many characters may be wrong in a misspelt name.
const MOST_MISTAKES: usize = 2;

/// The known name that is most like `name`, if half of it is the same.
fn nearest<'k>(name: &str, known: &BTreeSet<&'k str>) -> Option<&'k str> {
    let name = name.to_ascii_uppercase();
    // A name that was cut short is nearer to what it begins than to a shorter one.
    let distance = |known: &str| if known.starts_with(&name) { 1 } else { distance(&name, known) };
    let nearest = *known.iter().min_by_key(|known| distance(known))?;
    (distance(nearest) <= name.len().max(nearest.len()) / 2).then_some(nearest)
}

/// How many characters have to be added, left out, replaced or swapped. A name that is far too long to be meant is not compared.
fn distance(name: &str, known: &str) -> usize {
    if name.len() > known.len() * 2 { usize::MAX } else { strsim::damerau_levenshtein(name, known) }
}

fn unquoted(name: &str) -> String {
    shown(name).trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::{Description, Replaced};
    use super::*;

    const REPLACED: &[Replaced] = &[Replaced { name: "SINK", by: "SINK_ARN=stdout" }];

    fn told(names: &[&str]) -> Vec<String> {
        let names_known = [
            "SINK_ARN",
            "SINK_LIMIT_BYTES",
            "DATA_KEY_MAX_AGE",
            "DATA_KEY_CAPACITY",
            "RECORD_FORMAT",
            "MAX_A",
            "MAX_B",
            "AWS_REGION",
            "AWS_LOG",
        ];
        let describe = |name| Description { name, allowed: String::new(), default: None, secret: false, meaning: "" };
        let group = DescribedGroup { heading: "", variables: names_known.map(describe).into(), replaced: REPLACED };
        let variables = names.iter().map(|name| ((*name).to_owned(), "1".to_owned())).collect();
        problems(&variables, &BTreeSet::new(), &[group]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_misspelt_variable_is_refused_with_the_nearest_name() {
        for (wrong, nearest) in [
            ("SINK_ANR", "SINK_ARN"),
            ("SINK_LIMIT", "SINK_LIMIT_BYTES"),
            ("sink_arn", "SINK_ARN"),
            ("DATA_KEY_MAXAGE", "DATA_KEY_MAX_AGE"),
            ("RECORD_FORMTA", "RECORD_FORMAT"),
            ("RECORDFORMAT", "RECORD_FORMAT"),
        ] {
            assert_eq!(
                told(&[wrong]),
                [format!("{wrong} is not a variable of this function; did you mean {nearest}?")]
            );
        }
        assert_eq!(told(&["WARMKEYS_X"]), ["WARMKEYS_X is not a variable of this function"]);
    }

    #[test]
    fn others_variables_are_left_alone() {
        let others = ["PATH", "DATA_BUCKET", "MAX_RETRIES", "RECORD", "AWS_REGIO", "AWS_LOGS", "SINKHOLE", "TZ"];
        assert_eq!(told(&others), Vec::<String>::new());
    }

    #[test]
    fn an_old_name_is_refused_with_what_replaced_it() {
        assert_eq!(told(&["SINK"]), ["SINK is no longer a variable; use SINK_ARN=stdout"]);
    }

    #[test]
    fn a_long_name_is_cut() {
        let told = told(&[&format!("SINK_{}", "X".repeat(100_000))]);
        assert!(told[0].len() < 300, "{}", told[0].len());
    }
}
