use std::time::Duration;

use super::*;
use crate::delivery::testing::{clock, within};

/// An output that takes so many bytes and then fails, and whose flush may fail.
#[derive(Debug)]
struct Limited {
    taken: Arc<Mutex<Vec<u8>>>,
    room: usize,
    flushes: bool,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A byte fewer than asked for, where possible, so that writes are partial.
        let count = bytes.len().min(self.room).min(bytes.len().saturating_sub(1).max(1));
        if count == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.room -= count;
        self.taken.lock().unwrap().extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.flushes { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }
}

async fn write(room: usize, flushes: bool) -> (Delivery, String) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let lines = JsonLines::new(Limited { taken: Arc::clone(&taken), room, flushes }, clock());
    let delivery = lines.write([1, 22, 333].iter(), within(60)).await;
    let taken = String::from_utf8(taken.lock().unwrap().clone()).unwrap();
    (delivery, taken)
}

#[tokio::test]
async fn each_value_is_a_line() {
    let (delivery, text) = write(usize::MAX, true).await;
    assert!(delivery.failure.is_none() && delivery.delivered == 3);
    assert_eq!(text, "1\n22\n333\n");
}

#[tokio::test]
async fn only_lines_written_in_full_count() {
    for (room, delivered) in [(0, 0), (1, 0), (2, 1), (3, 1), (4, 1), (5, 2), (8, 2)] {
        let (delivery, _) = write(room, true).await;
        assert_eq!(delivery.delivered, delivered, "{room} bytes");
        assert!(matches!(delivery.failure, Some(DeliveryError::Output(_))));
    }
}

#[tokio::test]
async fn nothing_counts_that_was_not_flushed() {
    let (delivery, _) = write(usize::MAX, false).await;
    assert_eq!(delivery.delivered, 0);
    assert!(matches!(delivery.failure, Some(DeliveryError::Output(_))));
}

/// Blocks until its sender is dropped, as a pipe does that nobody reads.
struct Blocked(std::sync::mpsc::Receiver<()>);

impl Write for Blocked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn an_output_that_blocks_is_given_up_at_the_deadline() {
    let (reader, output) = std::sync::mpsc::channel();
    let lines = JsonLines::new(Blocked(output), clock());
    // A real, short wait: tokio does not advance paused time while a blocking thread is busy.
    let deadline = Deadline::after(clock().now().monotonic, Duration::from_millis(20));
    let delivery = lines.write([1].iter(), deadline).await;
    assert!(matches!(delivery.failure, Some(DeliveryError::DeadlinePassed)));
    drop(reader);
}

#[tokio::test]
async fn nothing_is_written_once_the_deadline_has_passed() {
    let lines = JsonLines::new(Vec::new(), clock());
    let delivery = lines.write([1].iter(), within(0)).await;
    assert!(matches!(delivery.failure, Some(DeliveryError::DeadlinePassed)));
    assert!(lines.output.lock().unwrap().is_empty());
}
