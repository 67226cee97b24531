//! Whether Warmkeys helps, and what to change at the producer.

use serde::Serialize;
use warmkeys::message::AlgorithmSuite;

use super::forecast::Forecast;
use super::numbers::{count, counted, number, percent};
use super::sample::{RecordFormatName, Sample};

/// Whether it helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Helps {
    /// It saves at least half of the calls.
    Yes,
    /// It saves something.
    Little,
    /// There is nothing to reuse.
    No,
    /// So few records tell nothing: each may be the first of many under its data key.
    TooFewRecords,
    /// Nothing is encrypted in a way that Warmkeys reads.
    NothingToDecrypt,
}

/// What comes of it for whoever asks.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verdict {
    pub(crate) helps: Helps,
    /// The part of the KMS calls that are saved, 0 to 1.
    pub(crate) saved: f64,
    /// In one sentence.
    pub(crate) summary: String,
    /// What to do, or to know, each in a sentence or two.
    pub(crate) advice: Vec<String>,
}

impl Verdict {
    pub(crate) fn new(sample: &Sample, forecast: &Forecast) -> Self {
        let Some((format, _)) = sample.formats.sorted().first().copied() else {
            return Self {
                helps: Helps::NothingToDecrypt,
                saved: 0.0,
                summary: "Nothing here is encrypted in a way that Warmkeys reads.".to_owned(),
                advice: unreadable(sample).into_iter().chain(server_side_only(sample)).collect(),
            };
        };
        let saved = saved(forecast);
        let helps = match saved {
            _ if saved >= 0.5 => Helps::Yes,
            _ if sample.seen().readable < LEAST_RECORDS => Helps::TooFewRecords,
            _ if saved >= NOTICEABLE => Helps::Little,
            _ => Helps::No,
        };
        let mut advice = Vec::new();
        if matches!(helps, Helps::Little | Helps::No) {
            advice.push(at_the_producer(sample, *format).to_owned());
        }
        advice.extend(about_the_sample(sample));
        advice.extend(about_the_records(sample));
        advice.extend(unreadable(sample));
        Self { helps, saved, summary: summary(helps, saved, *format, forecast), advice }
    }
}

/// Less than this is nothing, in a sample.
const NOTICEABLE: f64 = 0.1;
/// With less records it is chance if two share a data key.
const LEAST_RECORDS: u64 = 30;
/// Less records say little about a stream.
const SOUND_SAMPLE: u64 = 1_000;

/// What is saved once caches are warm, or in the sample if nothing is known about rates.
fn saved(forecast: &Forecast) -> f64 {
    let (without, with) = match forecast.per_second {
        Some(rates) => (rates.without, rates.with),
        None => (forecast.in_sample.without, forecast.in_sample.with),
    };
    if without > 0.0 { (1.0 - with / without).clamp(0.0, 1.0) } else { 0.0 }
}

fn summary(helps: Helps, saved: f64, format: RecordFormatName, forecast: &Forecast) -> String {
    let calls = match forecast.per_second {
        Some(rates) => format!("{} a second instead of {}", number(rates.with), number(rates.without)),
        None => format!(
            "{} for these records instead of {}",
            number(forecast.in_sample.with),
            number(forecast.in_sample.without)
        ),
    };
    match (helps, format) {
        (Helps::Yes, _) => format!("Warmkeys saves {} of the KMS calls: {calls}.", percent(saved)),
        (Helps::Little, _) => format!("Warmkeys saves only {} of the KMS calls: {calls}.", percent(saved)),
        (Helps::TooFewRecords, _) => format!("Too few records to tell whether Warmkeys helps: {calls}."),
        (_, RecordFormatName::KmsCiphertext) => {
            "Caching cannot help: each record is a KMS ciphertext of its own, and each takes a KMS call.".to_owned()
        }
        _ => {
            "Caching cannot help: nearly every record has a data key of its own, and each takes a KMS call.".to_owned()
        }
    }
}

fn at_the_producer(sample: &Sample, format: RecordFormatName) -> &'static str {
    let data_keys = sample.data_keys.by_data_key();
    let uses: usize = data_keys.iter().map(Vec::len).sum();
    match format {
        RecordFormatName::KmsCiphertext => {
            "At the producer: encrypt with the AWS Encryption SDK and data key caching instead of kms:Encrypt, or send records through \
             record-encryptor. Then many records share a data key, and one KMS call."
        }
        RecordFormatName::ActivityStream => {
            "The database decides how long it uses a data key: nothing to be changed at the producer. Ask for a higher KMS quota."
        }
        RecordFormatName::EncryptionSdk if sample.suites.sorted().iter().any(|(id, _)| !is_cacheable(**id)) => {
            "At the producer: choose a suite with key derivation and commitment (0478, or 0578 with signatures). Data keys of the suites \
             0014, 0046 and 0078 must not be reused, nor cached."
        }
        RecordFormatName::EncryptionSdk if uses >= data_keys.len().saturating_mul(2) => {
            "Data keys are used for several records, but in many lanes for few. Every shard, times ParallelizationFactor, needs them for \
             itself: lower ParallelizationFactor, or let producers use a data key for longer."
        }
        RecordFormatName::EncryptionSdk => {
            "At the producer: turn on data key caching (a CachingCryptoMaterialsManager with maximum age 300 s, in Java, Python, JavaScript \
             or C), with one encryption context for as many records as may share a data key; or send records through record-encryptor."
        }
    }
}

fn about_the_sample(sample: &Sample) -> Vec<String> {
    let mut advice = Vec::new();
    let records = sample.seen().user_records;
    if records < SOUND_SAMPLE {
        advice.push(format!(
            "{} in a sample say little about a stream: read {} or more, over some minutes, of every shard.",
            counted(records, "record"),
            count(SOUND_SAMPLE)
        ));
    }
    if !sample.lanes().are_known() {
        advice.push(
            "One shard is assumed: give the number with --shards, since each shard needs every data key once."
                .to_owned(),
        );
    }
    if !sample.data_keys.are_exact() {
        advice.push(format!(
            "There are too many data keys to keep: one of {} was counted and stands for all.",
            number(sample.data_keys.weight())
        ));
    }
    advice
}

fn about_the_records(sample: &Sample) -> Vec<String> {
    let mut advice = Vec::new();
    if sample.formats.sorted().len() > 1 {
        advice.push("Records have several formats, and a function reads one: all others go to quarantine. Give each its own stream.".to_owned());
    }
    if sample.kms_keys.rest() > 0 {
        advice.push("Records name more KMS keys than are listed here.".to_owned());
    }
    if sample.formats.sorted().iter().any(|(format, _)| **format == RecordFormatName::KmsCiphertext) {
        advice.push(
            "A KMS ciphertext carries neither its KMS key nor its encryption context: set KmsKeyArns, and, if producers give a context, \
             EncryptionContextKey and EncryptionContextValue (several pairs: KMS_CIPHERTEXT_ENCRYPTION_CONTEXT in StreamDecryptorSettings)."
                .to_owned(),
        );
    }
    let suites: Vec<_> =
        sample.suites.sorted().into_iter().filter_map(|(id, _)| AlgorithmSuite::from_id(*id).ok()).collect();
    if suites.iter().any(|suite| !suite.is_committing()) {
        advice.push(
            "Some messages lack key commitment: the parameters allow that. When no producer writes them any more, take \
             COMMITMENT_POLICY out."
                .to_owned(),
        );
    }
    if suites.iter().any(|suite| suite.is_signing()) {
        advice.push(
            "Messages are signed, which costs the function about 60 times the processor time for records of 1 KiB. If all who may write \
             to the stream are trusted alike, let producers take suite 0478."
                .to_owned(),
        );
    }
    if sample.seen().server_side_encrypted > 0 {
        advice.push(
            "The stream also has Kinesis's server-side encryption. Its KMS requests are Kinesis's, and Warmkeys neither makes nor saves any; \
             if its key is a customer managed one, set StreamServerSideEncryptionKeyArn."
                .to_owned(),
        );
    }
    advice
}

fn unreadable(sample: &Sample) -> Option<String> {
    let (unreadable, all) = (sample.seen().user_records - sample.seen().readable, sample.seen().user_records);
    (unreadable > 0).then(|| {
        format!(
            "{} of {} cannot be read, for the reasons above: they would go to quarantine.",
            count(unreadable),
            counted(all, "record")
        )
    })
}

fn server_side_only(sample: &Sample) -> Option<String> {
    (sample.seen().server_side_encrypted > 0).then(|| {
        "The stream has Kinesis's server-side encryption, which Kinesis undoes before anybody reads a record: there is nothing to decrypt, \
         and for its KMSThrottlingException see docs/inspect.md."
            .to_owned()
    })
}

fn is_cacheable(id: u16) -> bool {
    AlgorithmSuite::from_id(id).is_ok_and(AlgorithmSuite::is_cacheable)
}
