//! One running copy of the function.

use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::config::{Credentials, SharedCredentialsProvider};
use stream_decryptor::Config;
use warmkeys::clock::Clock;
use warmkeys::lambda::runtime_api::Invocation;
use warmkeys::lambda::{KmsDataKeys, StreamFunction};
use warmkeys::quarantine::{ConfiguredQuarantine, QuarantineSettings};
use warmkeys::retry::Jitter;
use warmkeys::sinks::{ConfiguredSink, SinkSettings};
use warmkeys::testing::ManualClock;

use super::network::Network;
use super::scenario::Scenario;
use crate::kms::REGION;

/// One running copy of the function, with clocks of its own.
pub(super) struct Sandbox {
    pub(super) number: usize,
    pub(super) clock: Arc<ManualClock>,
    function: StreamFunction<KmsDataKeys, ConfiguredSink, ConfiguredQuarantine>,
}

impl Sandbox {
    /// Starts the function as its `main` does, with its jitter from `rng`. Wall time is that of `true_time`.
    pub(super) fn start(
        number: usize,
        scenario: &Scenario,
        network: &Arc<Network>,
        true_time: &ManualClock,
        rng: &mut fastrand::Rng,
    ) -> Self {
        let clock = Arc::new(ManualClock::new());
        clock.advance_wall(true_time.now().wall.duration_since(clock.now().wall).unwrap_or_default());
        let config = warmkeys::config::read(scenario.variables.clone(), Config::read);
        let Config { mut decryptor, mut sink } = config.expect("a configuration").settings;
        let mut jitter = || Jitter::seeded(rng.u64(..));
        decryptor.kms.retry.jitter = jitter();
        match &mut decryptor.quarantine {
            QuarantineSettings::Sqs { queue, oversized } => {
                queue.retry.jitter = jitter();
                if let Some(oversized) = oversized {
                    oversized.retry.jitter = jitter();
                }
            }
            QuarantineSettings::S3(settings) => settings.retry.jitter = jitter(),
            _ => {}
        }
        match &mut sink {
            SinkSettings::Sqs(settings) => settings.retry.jitter = jitter(),
            SinkSettings::Firehose(settings) => settings.retry.jitter = jitter(),
            SinkSettings::S3(settings) => settings.retry.jitter = jitter(),
            SinkSettings::Kinesis(settings) => settings.writer.retry.jitter = jitter(),
            _ => {}
        }
        let credentials = Credentials::new("local", "local", None, None, "local-stack");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(network.http_client(number, &clock))
            .build();
        let function_timeout = decryptor.time.function_timeout;
        let its_clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let sink = ConfiguredSink::new(sink, &sdk, Arc::clone(&its_clock));
        let function = StreamFunction::new(decryptor.into_processor(sink, &sdk, its_clock), function_timeout);
        Self { number, clock, function }
    }

    /// Handles one invocation. The answer as Lambda gets it, or the function's error in words.
    pub(super) async fn invoke(&self, invocation: Invocation) -> Result<Vec<u8>, String> {
        match self.function.handle(invocation).await {
            Ok(response) => Ok(serde_json::to_vec(&response).expect("JSON")),
            Err(error) => Err(warmkeys::failure::describe(&error)),
        }
    }

    /// As while the sandbox is frozen: wall time moves, and is `behind` afterwards.
    pub(super) fn freeze(&self, by: Duration, behind: Duration) {
        self.clock.advance_wall(by.saturating_sub(behind));
    }
}
