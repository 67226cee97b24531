//! The variables of metrics.

use crate::config::{Choice, Group, Text};

/// Whether metrics are written, and under which function's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsSettings {
    /// Whether, and in which form.
    pub output: MetricsOutput,
    /// The function's name.
    pub function_name: String,
}

/// Whether metrics are written, and in which form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricsOutput {
    /// In the embedded metric format.
    #[default]
    Emf,
    /// Not at all.
    Off,
}

impl Default for MetricsSettings {
    fn default() -> Self {
        Self { output: MetricsOutput::default(), function_name: LOCAL_NAME.to_owned() }
    }
}

/// The function's name where Lambda does not say it.
const LOCAL_NAME: &str = "local";

/// Whether metrics are written, and under which function's name.
pub const VARIABLES: Group<MetricsSettings> = Group {
    heading: "Metrics",
    variables: &[&METRICS, &FUNCTION],
    replaced: &[],
    read: |environment| {
        let output = environment.read(&METRICS);
        let function_name = environment.read(&FUNCTION);
        Some(MetricsSettings { output: output?, function_name: function_name? })
    },
};

const METRICS: Choice<MetricsOutput> = Choice {
    name: "METRICS",
    choices: &[("emf", MetricsOutput::Emf), ("off", MetricsOutput::Off)],
    meaning: "emf: each invocation writes its metrics to the log as one line, in CloudWatch's embedded metric format (docs/metrics.md lists \
              them). off: it writes none.",
};

const FUNCTION: Text<String> = Text {
    name: "AWS_LAMBDA_FUNCTION_NAME",
    allowed: "a function's name",
    default: Some(LOCAL_NAME),
    parse: |text| (1..=MAX_NAME_LEN).contains(&text.len()).then(|| text.to_owned()),
    secret: false,
    meaning: "The function's name, which is a dimension of all metrics. Lambda sets it.",
};

/// As long as the value of a dimension may be.
const MAX_NAME_LEN: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn metrics_are_on_unless_they_are_switched_off() {
        let read = |variables: &[(&str, &str)]| {
            config::read(variables.iter().copied(), |environment| environment.group(&VARIABLES))
                .map(|read| read.settings)
        };
        assert_eq!(read(&[]), Ok(MetricsSettings::default()));
        let name = ("AWS_LAMBDA_FUNCTION_NAME", "orders");
        let off = MetricsSettings { output: MetricsOutput::Off, function_name: "orders".to_owned() };
        assert_eq!(read(&[("METRICS", "off"), name]), Ok(off));
        assert!(read(&[("METRICS", "prometheus")]).is_err());
    }
}
