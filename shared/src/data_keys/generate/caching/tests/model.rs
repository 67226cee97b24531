//! The cache against a naive model of it.

use proptest::prelude::*;

use super::*;
use crate::clock::Now;

const CONTEXTS: usize = 4;
const MAX_AGE: Duration = Duration::from_secs(100);

/// What the cache promises, done slowly: entries in order of use, the least recently used first.
struct Model {
    capacity: usize,
    max_messages: u64,
    max_bytes: u64,
    entries: Vec<Entry>,
    generations: usize,
}

struct Entry {
    context: usize,
    generation: usize,
    messages: u64,
    bytes: u64,
    created: Now,
}

impl Entry {
    fn is_live(&self, now: Now) -> bool {
        let wall = now.wall.duration_since(self.created.wall);
        wall.is_ok_and(|age| age < MAX_AGE) && now.monotonic - self.created.monotonic < MAX_AGE
    }
}

impl Model {
    /// Which generation serves a message.
    fn serve(&mut self, context: usize, bytes: Option<u64>, now: Now) -> usize {
        let Some(bytes) = bytes.filter(|bytes| *bytes <= self.max_bytes) else {
            self.generations += 1;
            return self.generations;
        };
        let found = self.entries.iter().position(|entry| entry.context == context);
        let found = found.map(|at| self.entries.remove(at)).filter(|entry| {
            entry.is_live(now) && entry.messages < self.max_messages && entry.bytes + bytes <= self.max_bytes
        });
        let mut entry = found.unwrap_or_else(|| {
            self.generations += 1;
            Entry { context, generation: self.generations, messages: 0, bytes: 0, created: now }
        });
        if self.entries.len() == self.capacity {
            self.entries.remove(0);
        }
        entry.messages += 1;
        entry.bytes += bytes;
        let generation = entry.generation;
        self.entries.push(entry);
        generation
    }
}

#[derive(Clone, Debug)]
enum Step {
    Message { context: usize, bytes: Option<u64> },
    Pass(u32),
    Freeze(u32),
}

fn message() -> impl Strategy<Value = Step> {
    let known = (0..CONTEXTS, 0_u64..25).prop_map(|(context, bytes)| Step::Message { context, bytes: Some(bytes) });
    let unknown = (0..CONTEXTS).prop_map(|context| Step::Message { context, bytes: None });
    prop_oneof![9 => known, 1 => unknown]
}

/// Wall time is not set back here: when it catches up, whether an entry is still there depends on whether the store happened to look
/// at it meanwhile. The tests of the ages set it back.
fn message_or_time() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => message(),
        2 => (0_u32..150).prop_map(Step::Pass),
        1 => (0_u32..150).prop_map(Step::Freeze),
    ]
}

/// Takes `steps` with the cache and with the model, and compares.
fn check(capacity: usize, max_messages: u64, max_bytes: u64, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let settings = CacheSettings::new(MAX_AGE, None, capacity).unwrap();
        let stack = stack_with(&settings, UsageLimits::new(max_messages, max_bytes).unwrap());
        stack.kms.always(Duration::ZERO, Answer::Truthful);
        let mut model = Model { capacity, max_messages, max_bytes, entries: Vec::new(), generations: 0 };
        // Kept, so that no two materials ever have one address.
        let mut materials: Vec<Arc<SealingMaterials>> = Vec::new();
        for step in steps {
            match step {
                Step::Message { context, bytes } => {
                    let pairs = [("context", context.to_string())].into_iter().collect();
                    let request = GenerationRequest::new(SUITE, pairs).unwrap();
                    let served = stack.generate_for(&request, bytes).await.unwrap();
                    let expected = model.serve(context, bytes, stack.clock.now());
                    let known = materials.iter().position(|known| Arc::ptr_eq(known, &served));
                    let generation = known.unwrap_or_else(|| {
                        materials.push(served);
                        materials.len() - 1
                    });
                    prop_assert_eq!(generation + 1, expected);
                }
                Step::Pass(seconds) => stack.clock.advance(seconds * SECOND),
                Step::Freeze(seconds) => stack.clock.advance_wall(seconds * SECOND),
            }
            prop_assert_eq!(stack.kms.call_count(), model.generations);
        }
        Ok(())
    })
}

proptest! {
    #[test]
    fn ages_messages_and_bytes_are_those_of_a_naive_cache(
        max_messages in 1_u64..6,
        max_bytes in 1_u64..40,
        steps in prop::collection::vec(message_or_time(), 0..80),
    ) {
        check(CONTEXTS, max_messages, max_bytes, steps)?;
    }

    /// Without time: what has expired may make room before or after what is live, as the store pleases.
    #[test]
    fn who_makes_room_is_whom_a_naive_cache_would_drop(
        capacity in 1..CONTEXTS,
        max_messages in 1_u64..6,
        max_bytes in 1_u64..40,
        steps in prop::collection::vec(message(), 0..80),
    ) {
        check(capacity, max_messages, max_bytes, steps)?;
    }
}
