//! The function's configuration, composed of the library's groups of variables and its own: the stream, and how records are encrypted.

use std::num::NonZeroU32;

use warmkeys::config::{Choice, Environment, Group, Integer, Pairs, REGION, Replaced, Text};
use warmkeys::data_keys::{self, GenerationKeyringSettings, GenerationRequest, UsageLimits};
use warmkeys::encrypting_writer::EncryptingSettings;
use warmkeys::invocation;
use warmkeys::invocation::variables::InvocationTime;
use warmkeys::kinesis::{self, StreamIdentifier, WriterSettings};
use warmkeys::kms::{self, KmsRequestSettings};
use warmkeys::logging::{self, LogSettings};
use warmkeys::materials_cache::{self, CacheSettings};
use warmkeys::message::{AlgorithmSuite, DEFAULT_FRAME_LEN, EncryptionContext};
use warmkeys::metrics::{self, MetricsSettings};

/// The function's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where encrypted records go.
    pub stream: StreamIdentifier,
    /// Which keys wrap new data keys.
    pub keyring: GenerationKeyringSettings,
    /// How KMS is asked.
    pub kms: KmsRequestSettings,
    /// How long data keys are kept.
    pub cache: CacheSettings,
    /// How much is encrypted under one data key.
    pub usage_limits: UsageLimits,
    /// How records are encrypted.
    pub encrypting: EncryptingSettings,
    /// How they are written.
    pub writer: WriterSettings,
    /// How much time an invocation has.
    pub time: InvocationTime,
    /// What is logged.
    pub logs: LogSettings,
    /// Whether metrics are written.
    pub metrics: MetricsSettings,
}

impl Config {
    /// Reads all groups. `None` if a variable has a problem, which `environment` notes.
    pub fn read(environment: &mut Environment) -> Option<Self> {
        let stream = environment.group(&STREAM);
        let keyring = environment.group(&data_keys::variables::GENERATION);
        let encryption = environment.group(&ENCRYPTION);
        let usage_limits = environment.group(&data_keys::variables::USAGE_LIMITS);
        let cache = environment.group(&materials_cache::variables::GENERATION);
        let kms = environment.group(&kms::VARIABLES);
        let writer = environment.group(&kinesis::VARIABLES);
        let time = environment.group(&invocation::variables::VARIABLES);
        let logs = environment.group(&logging::VARIABLES);
        let metrics = environment.group(&metrics::VARIABLES);
        let (stream, time) = (stream?, time?);
        Some(Self {
            keyring: keyring?,
            kms: kms?,
            cache: cache?,
            usage_limits: usage_limits?,
            encrypting: EncryptingSettings { reserves: time.reserves, ..encryption?.of_stream(stream.name()) },
            writer: writer?,
            logs: logs?,
            metrics: metrics?,
            stream,
            time,
        })
    }
}

/// The stream that encrypted records are written to.
const STREAM: Group<StreamIdentifier> = Group {
    heading: "Stream",
    variables: &[&STREAM_ARN, &REGION],
    replaced: &[Replaced { name: "STREAM_NAME", by: "STREAM_ARN with the stream's ARN" }],
    read: |environment| {
        let stream = environment.require(&STREAM_ARN, "always");
        let _told = environment.require_region();
        let stream = stream?;
        environment.require_same_region(STREAM_ARN.name, stream.region()?, "KINESIS");
        Some(stream)
    },
};

/// How records are encrypted.
const ENCRYPTION: Group<Encryption> = Group {
    heading: "Encryption",
    variables: &[&ALGORITHM_SUITE, &ENCRYPTION_CONTEXT, &FRAME_LENGTH],
    replaced: &[],
    read: |environment| {
        let suite = environment.read(&ALGORITHM_SUITE);
        let frame_len = environment.read(&FRAME_LENGTH).and_then(|bytes| u32::try_from(bytes).ok());
        let context = environment.read(&ENCRYPTION_CONTEXT).map(EncryptionContext::from_iter);
        let suite = suite?;
        if let Some(context) = &context
            && let Err(error) = GenerationRequest::new(suite, context.clone())
        {
            environment.reject(ENCRYPTION_CONTEXT.name, format!("cannot be used: {error}"));
        }
        Some(Encryption { suite, frame_len: NonZeroU32::new(frame_len?)?, context })
    },
};

struct Encryption {
    suite: AlgorithmSuite,
    frame_len: NonZeroU32,
    context: Option<EncryptionContext>,
}

impl Encryption {
    /// Without a configured context, records are bound to the stream by its name.
    fn of_stream(self, stream_name: &str) -> EncryptingSettings {
        let encryption_context = self.context.unwrap_or_else(|| [("stream", stream_name)].into_iter().collect());
        let Self { suite, frame_len, .. } = self;
        EncryptingSettings { suite, frame_len, encryption_context, ..EncryptingSettings::default() }
    }
}

const STREAM_ARN: Text<StreamIdentifier> = Text {
    name: "STREAM_ARN",
    allowed: "the ARN of a Kinesis stream in the function's Region",
    default: None,
    parse: |text| StreamIdentifier::parse(text).filter(|stream| stream.region().is_some()),
    secret: false,
    meaning: "The stream that encrypted records are written to.",
};

const ALGORITHM_SUITE: Choice<AlgorithmSuite> = Choice {
    name: "ALGORITHM_SUITE",
    choices: &[
        ("AES_256_GCM_HKDF_SHA512_COMMIT_KEY", EncryptingSettings::DEFAULT_SUITE),
        ("AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384", AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384),
    ],
    meaning: "The algorithm suite of the messages (0478, 0578). Signatures are for readers who must not be able to write; they \
              cost most of the CPU time.",
};

const ENCRYPTION_CONTEXT: Pairs = Pairs {
    name: "ENCRYPTION_CONTEXT",
    meaning: "Pairs that every record is encrypted with, besides its own; they are not secret. Absent: \
              {\"stream\": <the stream's name>}. {} for none.",
};

const FRAME_LENGTH: Integer = Integer {
    name: "FRAME_LENGTH_BYTES",
    allowed: 1..=u32::MAX as u64,
    default: Some(DEFAULT_FRAME_LEN.get() as u64),
    unit: "bytes",
    meaning: "The plaintext of a message's frame. Each frame adds 32 bytes.",
};

#[cfg(test)]
mod tests;
