//! When the request was sent that brought an answer, however long it had waited for its turn.

#[cfg(feature = "runtime")]
use std::cell::Cell;
#[cfg(feature = "runtime")]
use std::future::Future;
#[cfg(feature = "runtime")]
use std::sync::Arc;

use crate::clock::Now;

#[cfg(feature = "runtime")]
use crate::clock::Clock;

#[cfg(feature = "runtime")]
tokio::task_local! {
    /// Who wants to know it of the work at hand.
    static WATCH: Watch;
}

#[cfg(feature = "runtime")]
struct Watch {
    clock: Arc<dyn Clock>,
    /// When the request was sent, and whether it was answered as it was meant to be.
    sent: Cell<Option<(Now, bool)>>,
}

/// Does `work`, and tells by `clock` when the request was sent that its outcome is from: the first one with an answer, since what several
/// requests made together is as old as the first of them, else the last one that failed. `None` if no retry loop sent any.
#[cfg(feature = "runtime")]
pub(crate) async fn with_time_asked<T>(clock: Arc<dyn Clock>, work: impl Future<Output = T>) -> (T, Option<Now>) {
    let watch = Watch { clock, sent: Cell::new(None) };
    let watched = async {
        let outcome = work.await;
        (outcome, WATCH.with(|watch| watch.sent.get()).map(|(asked, _)| asked))
    };
    WATCH.scope(watch, watched).await
}

/// A request that is being sent.
pub(super) struct Sending {
    asked: Option<Now>,
}

impl Sending {
    /// It is sent now. Costs a reading of the clock where somebody wants to know.
    pub(super) fn begin() -> Self {
        #[cfg(feature = "runtime")]
        let asked = WATCH.try_with(|watch| watch.clock.now()).ok();
        // Nothing that asks for it is compiled in.
        #[cfg(not(feature = "runtime"))]
        let asked = None;
        Self { asked }
    }

    /// It has ended.
    pub(super) fn end(self, is_answered: bool) {
        #[cfg(feature = "runtime")]
        if let Some(asked) = self.asked {
            let note = |watch: &Watch| {
                if watch.sent.get().is_none_or(|(_, was_answered)| !was_answered) {
                    watch.sent.set(Some((asked, is_answered)));
                }
            };
            // The watch that told the time is still there: it surrounds the whole request.
            let _always_noted = WATCH.try_with(note);
        }
        #[cfg(not(feature = "runtime"))]
        let _nobody_asks = (self.asked, is_answered);
    }
}
