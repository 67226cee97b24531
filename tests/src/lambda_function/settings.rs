//! How a function is run.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

/// How a function is run.
#[derive(Clone, Debug)]
pub struct FunctionSettings {
    /// The function's name, and the last part of its ARN.
    pub name: String,
    /// The binary: what is deployed as `bootstrap`.
    pub binary: PathBuf,
    /// The function's own environment. Nothing is inherited, so that no credential of this machine reaches a function.
    pub environment: BTreeMap<OsString, OsString>,
    /// How long an invocation may take before its sandbox is killed.
    pub timeout: Duration,
    /// How many sandboxes may exist at once; further invocations wait.
    pub max_sandboxes: NonZeroUsize,
    /// A sandbox to be killed in mid-invocation.
    pub kill: Option<Kill>,
}

/// A sandbox lost in mid-invocation, as when its machine dies.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    /// The number of the first invocation, from 1, that may be hit.
    pub from_invocation: u64,
    /// How long after its start: the first invocation is hit that lasts so long, and no further one.
    pub after: Duration,
}

impl FunctionSettings {
    /// The default of [`timeout`](Self::timeout): enough for any test's batch on a slow machine.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
    /// The default of [`max_sandboxes`](Self::max_sandboxes): more than a test has shards.
    pub const DEFAULT_MAX_SANDBOXES: NonZeroUsize = NonZeroUsize::new(16).unwrap();

    /// A function with an empty environment.
    #[must_use]
    pub fn new(name: impl Into<String>, binary: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            binary: binary.into(),
            environment: BTreeMap::new(),
            timeout: Self::DEFAULT_TIMEOUT,
            max_sandboxes: Self::DEFAULT_MAX_SANDBOXES,
            kill: None,
        }
    }

    /// Adds variables to the environment.
    #[must_use]
    pub fn with_environment<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        mut self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let owned = |(name, value): (K, V)| (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.environment.extend(variables.into_iter().map(owned));
        self
    }

    /// Replaces the time-out.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Replaces the number of sandboxes.
    #[must_use]
    pub fn with_max_sandboxes(mut self, max_sandboxes: NonZeroUsize) -> Self {
        self.max_sandboxes = max_sandboxes;
        self
    }

    /// Has a sandbox killed in mid-invocation.
    #[must_use]
    pub fn with_kill(mut self, kill: Kill) -> Self {
        self.kill = Some(kill);
        self
    }

    /// The function's ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:aws:lambda:us-east-1:000000000000:function:{}", self.name)
    }
}
