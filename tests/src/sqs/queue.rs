//! One queue: what is visible, what is hidden, and whose receipt counts.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

/// A queue.
#[derive(Debug, Default)]
pub(super) struct Queue {
    messages: Vec<Message>,
    receipts: u64,
    sent: u64,
    pub(super) renewals: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) body: String,
    /// Of a FIFO queue.
    group: Option<String>,
    /// The receipt of the last time that it was received.
    pub(super) receipt: String,
    /// Until when it is hidden.
    hidden_until: Option<Instant>,
}

impl Message {
    fn is_hidden(&self, now: Instant) -> bool {
        self.hidden_until.is_some_and(|until| until > now)
    }
}

impl Queue {
    pub(super) fn send(&mut self, body: String, group: Option<String>) -> String {
        self.sent += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", self.sent);
        self.messages.push(Message { id: id.clone(), body, group, receipt: String::new(), hidden_until: None });
        id
    }

    /// Up to `most` visible messages, hidden from now on. Of a FIFO queue's group the first ones, and none while one of it is hidden;
    /// of a standard queue in no order that anybody could rely on.
    pub(super) fn receive(&mut self, most: usize, hidden_for: Duration, now: Instant) -> Vec<Message> {
        let held: BTreeSet<String> = self
            .messages
            .iter()
            .filter(|message| message.is_hidden(now))
            .filter_map(|message| message.group.clone())
            .collect();
        let mut places: Vec<usize> = (0..self.messages.len()).collect();
        if self.messages.iter().all(|message| message.group.is_none()) {
            places.reverse();
            places.rotate_left(self.messages.len() / 3);
        }
        let mut received = Vec::new();
        for place in places {
            let Some(message) = self.messages.get_mut(place) else { continue };
            let is_held = message.group.as_ref().is_some_and(|group| held.contains(group));
            if received.len() < most && !message.is_hidden(now) && !is_held {
                self.receipts += 1;
                message.receipt = format!("receipt-{}", self.receipts);
                message.hidden_until = Some(now + hidden_for);
                received.push(message.clone());
            }
        }
        received
    }

    /// Whether there was such a message.
    pub(super) fn delete(&mut self, receipt: &str) -> bool {
        let before = self.messages.len();
        self.messages.retain(|message| message.receipt != receipt || receipt.is_empty());
        self.messages.len() < before
    }

    /// Whether there is such a message that is hidden: "MessageNotInflight" is the service's word for the opposite.
    pub(super) fn change_visibility(&mut self, receipt: &str, hidden_for: Duration, now: Instant) -> bool {
        let hidden = self.messages.iter_mut().find(|message| message.receipt == receipt && message.is_hidden(now));
        let Some(message) = hidden else { return false };
        self.renewals += u64::from(!hidden_for.is_zero());
        message.hidden_until = (!hidden_for.is_zero()).then(|| now + hidden_for);
        true
    }

    pub(super) fn bodies(&self) -> Vec<String> {
        self.messages.iter().map(|message| message.body.clone()).collect()
    }

    pub(super) fn hidden(&self, now: Instant) -> usize {
        self.messages.iter().filter(|message| message.is_hidden(now)).count()
    }

    pub(super) fn end_visibility_timeouts(&mut self) {
        for message in &mut self.messages {
            message.hidden_until = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use warmkeys::clock::Clock;
    use warmkeys::testing::ManualClock;

    use super::*;

    const HIDDEN_FOR: Duration = Duration::from_secs(30);

    fn bodies(messages: &[Message]) -> Vec<&str> {
        messages.iter().map(|message| message.body.as_str()).collect()
    }

    #[test]
    fn a_received_message_is_hidden_until_its_time_is_up_and_then_has_a_new_receipt() {
        let now = ManualClock::new().now().monotonic;
        let mut queue = Queue::default();
        queue.send("a".to_owned(), None);
        let first = queue.receive(10, HIDDEN_FOR, now);
        assert_eq!(bodies(&first), ["a"]);
        assert!(queue.receive(10, HIDDEN_FOR, now).is_empty());
        let second = queue.receive(10, HIDDEN_FOR, now + HIDDEN_FOR);
        assert_eq!(bodies(&second), ["a"]);
        assert!(!queue.delete(&first[0].receipt), "the old receipt counts no more");
        assert!(queue.delete(&second[0].receipt));
        assert!(queue.bodies().is_empty());
    }

    #[test]
    fn only_a_hidden_messages_visibility_can_be_changed() {
        let now = ManualClock::new().now().monotonic;
        let mut queue = Queue::default();
        queue.send("a".to_owned(), None);
        let receipt = queue.receive(1, HIDDEN_FOR, now)[0].receipt.clone();
        assert!(queue.change_visibility(&receipt, HIDDEN_FOR, now + HIDDEN_FOR / 2));
        assert_eq!(queue.hidden(now + HIDDEN_FOR), 1);
        assert!(queue.change_visibility(&receipt, Duration::ZERO, now + HIDDEN_FOR));
        assert!(!queue.change_visibility(&receipt, HIDDEN_FOR, now + HIDDEN_FOR));
    }

    #[test]
    fn a_group_of_a_fifo_queue_waits_for_its_hidden_messages() {
        let now = ManualClock::new().now().monotonic;
        let mut queue = Queue::default();
        for (body, group) in [("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a")] {
            queue.send(body.to_owned(), Some(group.to_owned()));
        }
        let first = queue.receive(2, HIDDEN_FOR, now);
        assert_eq!(bodies(&first), ["a1", "a2"]);
        assert_eq!(bodies(&queue.receive(10, HIDDEN_FOR, now)), ["b1"]);
        for message in &first {
            assert!(queue.delete(&message.receipt));
        }
        assert_eq!(bodies(&queue.receive(10, HIDDEN_FOR, now)), ["a3"]);
    }
}
