//! What KMS said about data keys: how old they are, and which are denied.

use std::collections::HashMap;
use std::time::Duration;

use warmkeys::clock::Now;
use warmkeys::materials_cache::CacheSettings;

/// What KMS said about data keys, by sandbox. They are named by their ciphertexts.
#[derive(Debug)]
pub(super) struct DataKeys {
    refresh_after: Duration,
    /// In the order in which they were first asked for: the trace names them by their places.
    known: Vec<String>,
    /// When the request was sent that was answered last. The data key is as old as that: nobody knows when KMS answered.
    obtained: HashMap<(usize, String), Now>,
    /// When the first request was answered that was denied.
    first_denied: HashMap<usize, Now>,
    /// The sandbox that has an invocation, and the data keys of which it may quarantine the records, each with when that was last asked for.
    sandbox: usize,
    given_up: HashMap<(usize, String), Now>,
}

impl DataKeys {
    pub(super) fn new(refresh_after: Duration) -> Self {
        Self {
            refresh_after,
            known: Vec::new(),
            obtained: HashMap::new(),
            first_denied: HashMap::new(),
            sandbox: 0,
            given_up: HashMap::new(),
        }
    }

    /// The name of a data key.
    pub(super) fn number(&mut self, ciphertext: &str) -> usize {
        let place = self.known.iter().position(|known| known == ciphertext);
        place.unwrap_or_else(|| {
            self.known.push(ciphertext.to_owned());
            self.known.len() - 1
        })
    }

    /// A request that was sent at `asked` was answered with the data key. Says what is wrong with that, if anything.
    ///
    /// A data key is obtained again when it has reached its refresh age by one of the sandbox's clocks, or when wall time has moved back to
    /// before it was asked for.
    pub(super) fn obtained(&mut self, sandbox: usize, ciphertext: &str, asked: Now) -> Option<String> {
        let before = self.obtained.insert((sandbox, ciphertext.to_owned()), asked)?;
        let by_monotonic = asked.monotonic.saturating_duration_since(before.monotonic);
        let by_wall = asked.wall.duration_since(before.wall).ok()?;
        (by_monotonic.max(by_wall) < self.refresh_after).then(|| {
            let number = self.number(ciphertext);
            format!(
                "data key {number} was obtained again in sandbox {sandbox} at the age of {by_monotonic:?} by the monotonic clock, {by_wall:?} by wall time"
            )
        })
    }

    /// A request that was sent at `asked` was answered at `now` with a denial. Records with the data key may go to quarantine if the first
    /// denial is as long ago as `until`.
    pub(super) fn denied(&mut self, sandbox: usize, ciphertext: &str, asked: Now, now: Now, until: Option<Duration>) {
        let first = *self.first_denied.entry(sandbox).or_insert(now);
        if until.is_some_and(|until| since(first, now) >= until) {
            self.given_up.insert((sandbox, ciphertext.to_owned()), asked);
        }
    }

    /// An invocation of `sandbox` begins. It may rely on what it was told a short while ago.
    pub(super) fn invocation_begins(&mut self, sandbox: usize, now: Now) {
        self.sandbox = sandbox;
        let is_remembered = |asked: &Now| since(*asked, now) < CacheSettings::DEFAULT_FAILURE_MAX_AGE;
        self.given_up.retain(|(of, _), asked| *of != sandbox || is_remembered(asked));
    }

    /// Whether records with this data key may go to quarantine.
    pub(super) fn is_given_up(&self, ciphertext: &str) -> bool {
        self.given_up.contains_key(&(self.sandbox, ciphertext.to_owned()))
    }

    /// The sandbox's wall clock was set back from `before` to `now`: data keys from later are not used again, nor need those be that
    /// had reached their age before.
    pub(super) fn clock_set_back(&mut self, sandbox: usize, before: Now, now: Now) {
        let is_usable = |asked: Now| asked.wall <= now.wall && since(asked, before) < self.refresh_after;
        self.obtained.retain(|(of, _), asked| *of != sandbox || is_usable(*asked));
    }
}

/// The longer of what the clocks say.
fn since(earlier: Now, now: Now) -> Duration {
    let by_wall = now.wall.duration_since(earlier.wall).unwrap_or_default();
    by_wall.max(now.monotonic.saturating_duration_since(earlier.monotonic))
}
