//! What `cargo local` is asked for.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::Parser;
use local_stack::local_services::LocalSettings;

/// Runs both functions on this machine, with an embedded KMS and an embedded Kinesis, to be invoked by hand.
///
/// Builds everything once, serves the functions where `cargo lambda invoke` and curl reach them, and prints what to try. Shows what
/// the functions write: records in clear on standard output, logs and quarantined records on standard error. Runs until Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "local", bin_name = "cargo local")]
pub(crate) struct CommandLine {
    /// The functions' port on 127.0.0.1 (0: any free one)
    #[arg(long, value_name = "PORT", default_value_t = LocalSettings::DEFAULT_PORT, value_parser = port)]
    port: u16,
    /// The port of KMS (0: any free one)
    #[arg(long, value_name = "PORT", default_value_t = LocalSettings::DEFAULT_KMS_PORT, value_parser = port)]
    kms_port: u16,
    /// The port of Kinesis (0: any free one)
    #[arg(long, value_name = "PORT", default_value_t = LocalSettings::DEFAULT_KINESIS_PORT, value_parser = port)]
    kinesis_port: u16,
    /// How many requests KMS allows in a second (0: any number)
    #[arg(long, value_name = "N", default_value_t = LocalSettings::DEFAULT_KMS_QUOTA.get(), value_parser = quota)]
    kms_quota: u32,
    /// The functions' time-out in seconds
    #[arg(long, value_name = "N", default_value_t = default_timeout_seconds(), value_parser = timeout_seconds)]
    timeout_seconds: u16,
    /// Set a variable of stream-decryptor, such as RECORD_FORMAT=kms-ciphertext; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    decryptor_env: Vec<(String, String)>,
    /// Set a variable of record-encryptor; may be repeated. CONFIGURATION.md has them all
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    encryptor_env: Vec<(String, String)>,
}

impl From<CommandLine> for LocalSettings {
    fn from(given: CommandLine) -> Self {
        Self {
            port: given.port,
            kms_port: given.kms_port,
            kinesis_port: given.kinesis_port,
            kms_quota: NonZeroU32::new(given.kms_quota),
            timeout: Duration::from_secs(given.timeout_seconds.into()),
            decryptor_environment: given.decryptor_env.into_iter().collect(),
            encryptor_environment: given.encryptor_env.into_iter().collect(),
        }
    }
}

/// The most that Lambda allows.
const MAX_TIMEOUT_SECONDS: u16 = 900;

fn default_timeout_seconds() -> u16 {
    u16::try_from(LocalSettings::DEFAULT_TIMEOUT.as_secs()).unwrap_or(MAX_TIMEOUT_SECONDS)
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "a port is expected, from 0 to 65535".to_owned())
}

fn quota(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "a whole number is expected (0: no quota)".to_owned())
}

fn timeout_seconds(text: &str) -> Result<u16, String> {
    let seconds = text.parse().ok().filter(|seconds| (1..=MAX_TIMEOUT_SECONDS).contains(seconds));
    seconds.ok_or_else(|| format!("whole seconds from 1 to {MAX_TIMEOUT_SECONDS} are expected"))
}

fn variable(text: &str) -> Result<(String, String), String> {
    let variable = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = variable.ok_or_else(|| "a variable is expected, as NAME=VALUE".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(line: &[&str]) -> Result<LocalSettings, clap::Error> {
        CommandLine::try_parse_from([&["local"], line].concat()).map(Into::into)
    }

    #[test]
    fn without_options_everything_is_as_by_default() {
        assert_eq!(format!("{:?}", settings(&[]).unwrap()), format!("{:?}", LocalSettings::default()));
    }

    #[test]
    fn a_quota_of_zero_is_none() {
        assert_eq!(settings(&["--kms-quota", "0"]).unwrap().kms_quota, None);
    }

    #[test]
    fn a_variables_value_may_contain_equals_signs_and_be_empty() {
        let line = ["--decryptor-env", "A=b=c", "--decryptor-env", "D=", "--encryptor-env", "E=f"];
        let settings = settings(&line).unwrap();
        assert_eq!(settings.decryptor_environment, [("A", "b=c"), ("D", "")].map(owned).into());
        assert_eq!(settings.encryptor_environment, [("E", "f")].map(owned).into());
    }

    #[test]
    fn a_time_out_is_what_lambda_allows() {
        for (given, is_allowed) in [("0", false), ("1", true), ("900", true), ("901", false), ("1.5", false)] {
            assert_eq!(settings(&["--timeout-seconds", given]).is_ok(), is_allowed, "{given}");
        }
    }

    fn owned((name, value): (&str, &str)) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }
}
