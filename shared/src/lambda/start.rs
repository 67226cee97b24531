//! Reading the configuration and starting the logs.

use crate::config::{self, Environment};
use crate::logging::{self, Program};

/// Composes the configuration from the process's environment and starts logging: with a line that tells every setting that differs from
/// its default, or with everything that is wrong. `None` then: the process has to end.
pub fn configure<T>(program: &Program, compose: impl FnOnce(&mut Environment) -> Option<T>) -> Option<T> {
    // On its own and first: a refusal is logged in the form that was asked for.
    let logs = Environment::of_process().group(&logging::VARIABLES);
    logging::start(logs.unwrap_or_default(), program);
    match config::from_environment(compose) {
        Ok(configured) => {
            logging::started(program, &configured.changed);
            Some(configured.settings)
        }
        Err(error) => {
            logging::refuse_to_start(&error);
            None
        }
    }
}
