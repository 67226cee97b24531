//! JSON lines to a local output, with a truthful account of how many arrived.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio::time::timeout_at;

use super::{Delivery, DeliveryError};
use crate::clock::Clock;
use crate::retry::Deadline;

/// An output that takes JSON lines, one batch at a time.
#[derive(Debug)]
pub(crate) struct JsonLines<W> {
    /// Guards the output, so that the lines of two batches never mix. Held while writing, on a thread that may block.
    output: Arc<Mutex<W>>,
    clock: Arc<dyn Clock>,
}

impl<W: Write + Send + 'static> JsonLines<W> {
    pub(crate) fn new(output: W, clock: Arc<dyn Clock>) -> Self {
        Self { output: Arc::new(Mutex::new(output)), clock }
    }

    /// Writes each of `values` as one line and flushes once.
    ///
    /// Only lines that were written in full and flushed count as delivered. A pipe that nobody reads blocks its writer, so that is done
    /// on a blocking thread and given up at `deadline`; lines may then still arrive later, that is, twice.
    pub(crate) async fn write<T: Serialize>(
        &self,
        values: impl ExactSizeIterator<Item = T>,
        deadline: Deadline,
    ) -> Delivery {
        if deadline.has_passed(self.clock.now().monotonic) {
            return match values.len() {
                0 => Delivery::complete(0),
                _ => Delivery::stopped_at(0, DeliveryError::DeadlinePassed),
            };
        }
        let (lines, unserialisable) = Lines::serialise(values);
        let output = Arc::clone(&self.output);
        let writing = tokio::task::spawn_blocking(move || {
            // A panic while the lock was held leaves at worst an unfinished line.
            lines.write_to(&mut *output.lock().unwrap_or_else(PoisonError::into_inner))
        });
        let (delivered, failure) = match timeout_at(deadline.instant(), writing).await {
            Err(_) => (0, Some(DeliveryError::DeadlinePassed)),
            // Without the panic's words, which may be a record's.
            Ok(Err(_panicked)) => (0, Some(output_failure(io::Error::other("writing panicked")))),
            Ok(Ok((delivered, failure))) => (delivered, failure.map(output_failure)),
        };
        match failure.or_else(|| unserialisable.map(output_failure)) {
            None => Delivery::complete(delivered),
            Some(failure) => Delivery::stopped_at(delivered, failure),
        }
    }
}

fn output_failure(error: io::Error) -> DeliveryError {
    DeliveryError::Output(Arc::new(error))
}

/// Lines in one buffer.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    /// Where each line ends, its newline included.
    ends: Vec<usize>,
}

impl Lines {
    /// The lines of `values`, up to the first that cannot be serialised.
    fn serialise<T: Serialize>(values: impl Iterator<Item = T>) -> (Self, Option<io::Error>) {
        let mut lines = Self::default();
        for value in values {
            if let Err(error) = serde_json::to_writer(&mut lines.bytes, &value) {
                lines.bytes.truncate(lines.ends.last().copied().unwrap_or(0));
                return (lines, Some(error.into()));
            }
            lines.bytes.push(b'\n');
            lines.ends.push(lines.bytes.len());
        }
        (lines, None)
    }

    /// Writes and flushes; tells how many lines have surely arrived, and what failed.
    fn write_to(&self, output: &mut impl Write) -> (usize, Option<io::Error>) {
        let (written, failure) = self.write_bytes(output);
        // Also after a failed write: what was accepted before it counts only once it is flushed.
        match output.flush() {
            Ok(()) => (self.ends.partition_point(|end| *end <= written), failure),
            Err(error) => (0, Some(failure.unwrap_or(error))),
        }
    }

    fn write_bytes(&self, output: &mut impl Write) -> (usize, Option<io::Error>) {
        let mut written = 0;
        while let Some(rest) = self.bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match output.write(rest) {
                Ok(0) => return (written, Some(io::ErrorKind::WriteZero.into())),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (written, Some(error)),
            }
        }
        (written, None)
    }
}

#[cfg(test)]
mod tests;
