//! Where the chance in a pause comes from.

use std::sync::{Arc, Mutex, PoisonError};

/// Draws the jitter of pauses, so that callers who failed together do not come back together. Not for keys.
///
/// Clones draw from the same sequence.
#[derive(Clone, Debug, Default)]
pub struct Jitter {
    /// Guards the generator for one draw. Without one, every thread draws from its own, which the system's entropy seeds.
    seeded: Option<Arc<Mutex<fastrand::Rng>>>,
}

impl Jitter {
    /// The same draws for the same seed, so that a test of what is retried always takes the same course.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seeded: Some(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)))) }
    }

    /// The next number, from 0 (inclusive) to 1 (exclusive).
    #[must_use]
    pub fn draw(&self) -> f64 {
        match &self.seeded {
            // A draw is one step, so that a panic elsewhere leaves nothing half changed.
            Some(generator) => generator.lock().unwrap_or_else(PoisonError::into_inner).f64(),
            None => from_entropy(),
        }
    }
}

#[cfg(not(test))]
#[expect(clippy::disallowed_methods, reason = "the one place that draws from entropy")]
fn from_entropy() -> f64 {
    fastrand::f64()
}

/// What a test decides must not depend on chance.
#[cfg(test)]
fn from_entropy() -> f64 {
    panic!("a test that draws jitter gives its retry policy a seeded one")
}

/// Two are equal if they draw from the same sequence, or both from entropy.
impl PartialEq for Jitter {
    fn eq(&self, other: &Self) -> bool {
        match (&self.seeded, &other.seeded) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Eq for Jitter {}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(jitter: &Jitter) -> Vec<f64> {
        (0..100).map(|_| jitter.draw()).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_numbers_between_0_and_1() {
        let drawn = draws(&Jitter::seeded(1));
        assert_eq!(drawn, draws(&Jitter::seeded(1)));
        assert_ne!(drawn, draws(&Jitter::seeded(2)));
        assert!(drawn.iter().all(|number| (0.0..1.0).contains(number)));
    }

    #[test]
    fn clones_draw_from_one_sequence() {
        let (jitter, whole) = (Jitter::seeded(1), draws(&Jitter::seeded(1)));
        let clone = jitter.clone();
        assert_eq!([jitter.draw(), clone.draw(), jitter.draw()], whole[..3]);
        assert_eq!(jitter, clone);
        assert_ne!(jitter, Jitter::seeded(1));
    }
}
