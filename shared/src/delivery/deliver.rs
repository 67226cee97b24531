//! The loop that sends, waits and tries again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::progress::Progress;
use super::{Delivery, DeliveryError, RequestEntry, RequestPlan, SendRequest};
use crate::clock::Clock;
use crate::retry::{Attempts, Deadline, RetryPolicy};

/// Delivers `entries` in as few requests as `plan` allows, and tells how long a prefix has arrived.
///
/// Works in rounds: up to `plan.concurrency` requests go out together and are all awaited. Only entries that failed are sent again,
/// and nothing new is begun before they have arrived. An entry that was acknowledged is never sent again. The first entry that
/// cannot be delivered ends the delivery, but those before it are still tried until they arrive or the trying ends.
///
/// Each entry is tried `retry.max_attempts` times at most, each time for `retry.attempt_timeout` at most; nothing waits past `deadline`.
pub(crate) async fn deliver_in_requests<E: RequestEntry, S: SendRequest<E>>(
    sender: &S,
    entries: &[E],
    plan: &RequestPlan,
    retry: &RetryPolicy,
    deadline: Deadline,
    clock: &dyn Clock,
) -> Delivery {
    let mut progress = Progress::new(entries, plan);
    let mut attempts = Attempts::new(retry, deadline, clock);
    loop {
        let round = progress.next_round(plan);
        if round.is_empty() {
            break;
        }
        let Ok(timeout) = attempts.next_timeout() else { break };
        let entries_sent: usize = round.iter().map(Vec::len).sum();
        tracing::debug!(
            requests = round.len(),
            entries = entries_sent,
            of = entries.len(),
            "packed entries into requests"
        );
        let answers = join_all(round.iter().map(|request| answer_within(timeout, sender, entries, request))).await;
        // An attempt that the deadline cut short says nothing about the service.
        let cut_short = deadline.has_passed(clock.now().monotonic);
        progress.record(round.iter().zip(answers).flat_map(|(request, answer)| by_entry(request, answer, cut_short)));
        match progress.failure_class() {
            None => attempts = Attempts::new(retry, deadline, clock),
            Some(class) => {
                if attempts.pause_after(class).await.is_err() {
                    break;
                }
            }
        }
    }
    progress.finish(DeliveryError::DeadlinePassed)
}

/// A request's answer: one result per entry, or what happened to the whole request.
type Answer = Result<Vec<Result<(), DeliveryError>>, RequestFailure>;

#[derive(Clone)]
enum RequestFailure {
    TimedOut(Duration),
    Failed(DeliveryError),
}

async fn answer_within<E: RequestEntry, S: SendRequest<E>>(
    timeout: Duration,
    sender: &S,
    entries: &[E],
    request: &[usize],
) -> Answer {
    let entries: Vec<&E> = request.iter().filter_map(|index| entries.get(*index)).collect();
    match tokio::time::timeout(timeout, sender.send(&entries)).await {
        Ok(answer) => answer.map_err(RequestFailure::Failed),
        Err(_) => Err(RequestFailure::TimedOut(timeout)),
    }
}

/// What became of each entry of a request.
fn by_entry(
    request: &[usize],
    answer: Answer,
    cut_short: bool,
) -> impl Iterator<Item = (usize, Result<(), DeliveryError>)> {
    let (results, rest) = match answer {
        Ok(results) => (results, DeliveryError::Transient(Arc::new(IncompleteAnswer))),
        Err(RequestFailure::Failed(error)) => (Vec::new(), error),
        Err(RequestFailure::TimedOut(_)) if cut_short => (Vec::new(), DeliveryError::DeadlinePassed),
        Err(RequestFailure::TimedOut(after)) => (Vec::new(), DeliveryError::Transient(Arc::new(NoAnswer { after }))),
    };
    let results = results.into_iter().chain(std::iter::repeat_with(move || Err(rest.clone())));
    request.iter().copied().zip(results)
}

/// The service did not answer in time. Whether the entries arrived is not known.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {} ms", after.as_millis())]
struct NoAnswer {
    after: Duration,
}

/// The service answered for fewer entries than it was sent.
#[derive(Debug, thiserror::Error)]
#[error("the answer does not say what became of the entry")]
struct IncompleteAnswer;

#[cfg(test)]
mod tests;
