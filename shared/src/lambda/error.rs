//! Why a function does not run.

use std::fmt;

use super::runtime_api::RuntimeApiError;

/// Why a function does not run.
#[derive(thiserror::Error)]
pub enum Error {
    /// The configuration was refused.
    #[error("the configuration was refused; the lines above say what is wrong with which variable")]
    Configuration,
    /// Lambda gives no invocations.
    #[error(transparent)]
    RuntimeApi(#[from] RuntimeApiError),
    /// What a function of one's own does before it runs has failed.
    #[error(transparent)]
    Start(#[from] Box<dyn std::error::Error + Send + Sync>),
}

/// What `main` prints of an error that it returns: the text, with its causes.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::failure::describe(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_main_returns_is_told_in_words() {
        assert!(format!("{:?}", Error::Configuration).starts_with("the configuration was refused"));
    }
}
