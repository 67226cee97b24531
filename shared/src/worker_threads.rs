//! CPU work on every core, off the async runtime, in order.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How many neighbouring pieces a thread takes at a time: enough to make taking them free, and few enough that the
/// threads end together and a deadline leaves no long gap.
const PIECES_AT_A_TIME: usize = 16;

/// Calls `work` with 0 to `count` - 1, on up to `max_threads` threads, this one included.
///
/// Returns the longest prefix of results, in order: it ends before the first `None`, after which no more work is begun by the
/// thread that met it. Blocks; a panic of `work` goes on in the caller.
pub(crate) fn longest_prefix<T: Send>(
    count: usize,
    max_threads: NonZeroUsize,
    work: impl Fn(usize) -> Option<T> + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work_off_chunks = || {
        let mut chunks = Vec::new();
        loop {
            let start = next.fetch_add(PIECES_AT_A_TIME, Ordering::Relaxed);
            if start >= count {
                return chunks;
            }
            let end = count.min(start.saturating_add(PIECES_AT_A_TIME));
            let chunk: Vec<T> = (start..end).map_while(&work).collect();
            let is_complete = chunk.len() == end - start;
            chunks.push((start, chunk));
            if !is_complete {
                return chunks;
            }
        }
    };
    let threads = max_threads.get().min(count.div_ceil(PIECES_AT_A_TIME));
    let mut chunks = thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            // Without a further thread, the ones there are do its part.
            .map_while(|_| thread::Builder::new().name("records".into()).spawn_scoped(scope, work_off_chunks).ok())
            .collect();
        let mut chunks = work_off_chunks();
        for other in others {
            match other.join() {
                Ok(done) => chunks.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        chunks
    });
    chunks.sort_unstable_by_key(|(start, _)| *start);
    let mut done = Vec::with_capacity(count);
    for (start, chunk) in chunks {
        if start != done.len() {
            break;
        }
        done.extend(chunk);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_up_to_the_first_that_is_missing() {
        let threads = NonZeroUsize::new(4).unwrap();
        for count in [0, 1, 15, 16, 17, 100] {
            assert_eq!(longest_prefix(count, threads, Some), (0..count).collect::<Vec<_>>());
            for missing in 0..count {
                let done = longest_prefix(count, threads, |piece| (piece != missing).then_some(piece));
                assert_eq!(done, (0..missing).collect::<Vec<_>>());
            }
        }
    }
}
