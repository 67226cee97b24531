//! Composing a configuration: from the process's environment, from given variables, or from nothing, to describe it.

use super::further_settings::FurtherSettings;
use super::{ConfigError, Configured, DescribedGroup, Environment, Group};

/// Composes a configuration from the process's environment.
///
/// # Errors
/// All problems at once.
pub fn from_environment<T>(compose: impl FnOnce(&mut Environment) -> Option<T>) -> Result<Configured<T>, ConfigError> {
    compose_from(Environment::of_process(), compose)
}

/// Composes a configuration from these variables, as they would be in the environment.
///
/// # Errors
/// All problems at once.
pub fn read<T, K: Into<String>, V: Into<String>>(
    variables: impl IntoIterator<Item = (K, V)>,
    compose: impl FnOnce(&mut Environment) -> Option<T>,
) -> Result<Configured<T>, ConfigError> {
    let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
    compose_from(Environment::new(variables), compose)
}

/// The groups of a composition, in the order in which they are read. The last are the variables of every composition.
#[must_use]
pub fn describe<T>(compose: impl FnOnce(&mut Environment) -> Option<T>) -> Vec<DescribedGroup> {
    let mut environment = Environment::new([]);
    let _nothing = compose(&mut environment);
    environment.group(&FURTHER_SETTINGS);
    environment.into_groups()
}

fn compose_from<T>(
    mut environment: Environment,
    compose: impl FnOnce(&mut Environment) -> Option<T>,
) -> Result<Configured<T>, ConfigError> {
    let settings = compose(&mut environment);
    environment.group(&FURTHER_SETTINGS);
    environment.finish(settings)
}

/// Variables in one JSON object, for templates that would otherwise need a parameter for each. The environment has taken it apart.
const FURTHER_SETTINGS: Group<()> =
    Group { heading: "Further variables", variables: &[&FurtherSettings], replaced: &[], read: |_| Some(()) };
