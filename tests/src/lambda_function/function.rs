//! A function: its warm sandboxes, and who gets which.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc};
use warmkeys::clock::{Clock, SystemClock};

use super::invocation::{Invocation, Outcome};
use super::output::{OutputLine, OutputLines};
use super::runtime_api::{Event, Headers};
use super::sandbox::Sandbox;
use super::settings::FunctionSettings;
use crate::unpoisoned::lock;

/// A function that can be invoked, several times at once.
#[derive(Debug)]
pub struct Function {
    settings: FunctionSettings,
    clock: Arc<dyn Clock>,
    /// Guards the sandboxes that wait for an invocation, the one used last at the end; never held across an await.
    warm: Mutex<Vec<Sandbox>>,
    free: Semaphore,
    invocations: AtomicU64,
    sandboxes: AtomicU64,
    /// Whether the sandbox that was to be lost is lost.
    killed: AtomicBool,
    lines: mpsc::UnboundedSender<OutputLine>,
}

impl Function {
    /// A function without a sandbox so far, and what its sandboxes will write.
    #[must_use]
    pub fn new(settings: FunctionSettings) -> (Self, OutputLines) {
        let (lines, output) = OutputLines::channel();
        let function = Self {
            free: Semaphore::new(settings.max_sandboxes.get()),
            settings,
            clock: Arc::new(SystemClock),
            warm: Mutex::new(Vec::new()),
            invocations: AtomicU64::new(0),
            sandboxes: AtomicU64::new(0),
            killed: AtomicBool::new(false),
            lines,
        };
        (function, output)
    }

    /// The ARN.
    #[must_use]
    pub fn arn(&self) -> String {
        self.settings.arn()
    }

    /// Invokes the function with its own time-out, in a warm sandbox if there is one, else in a new one.
    pub async fn invoke(&self, payload: impl Into<Bytes>) -> Invocation {
        self.invoke_within(payload, self.settings.timeout).await
    }

    /// Invokes the function with headers of the runtime API that another invoker causes, beside or instead of the usual ones.
    pub async fn invoke_with_headers(&self, payload: impl Into<Bytes>, headers: Headers) -> Invocation {
        self.invoke_as(payload.into(), headers, self.settings.timeout).await
    }

    /// Invokes the function with another time-out.
    pub async fn invoke_within(&self, payload: impl Into<Bytes>, timeout: Duration) -> Invocation {
        self.invoke_as(payload.into(), Headers::new(), timeout).await
    }

    async fn invoke_as(&self, payload: Bytes, headers: Headers, timeout: Duration) -> Invocation {
        // The semaphore is never closed; without a permit there would merely be one sandbox more.
        let _permit = self.free.acquire().await;
        let started = self.clock.now().monotonic;
        let number = self.invocations.fetch_add(1, Ordering::Relaxed) + 1;
        let request_id = format!("00000000-0000-4000-8000-{number:012}");
        let event = Event {
            request_id: request_id.clone(),
            deadline: self.clock.now().wall + timeout,
            function_arn: self.settings.arn(),
            payload,
            headers,
        };
        let (initialisation, outcome) = match self.take_warm().await {
            Some(sandbox) => (None, self.invoke_in(sandbox, number, event, timeout).await),
            None => self.invoke_cold(number, event, timeout).await,
        };
        let duration = self.clock.now().monotonic.saturating_duration_since(started);
        Invocation { request_id, initialisation, duration, outcome }
    }

    /// How many sandboxes were started so far.
    #[must_use]
    pub fn sandboxes_started(&self) -> u64 {
        self.sandboxes.load(Ordering::Relaxed)
    }

    /// The processes of the sandboxes that wait for an invocation.
    #[must_use]
    pub fn warm_processes(&self) -> Vec<u32> {
        lock(&self.warm).iter().filter_map(Sandbox::process_id).collect()
    }

    /// Ends every sandbox. Once this is done and every line is read, the output ends.
    pub async fn shut_down(self) {
        let warm = std::mem::take(&mut *lock(&self.warm));
        for sandbox in warm {
            sandbox.stop().await;
        }
    }

    async fn take_warm(&self) -> Option<Sandbox> {
        loop {
            let mut sandbox = lock(&self.warm).pop()?;
            if sandbox.is_alive() {
                return Some(sandbox);
            }
            sandbox.stop().await;
        }
    }

    async fn invoke_cold(&self, number: u64, mut event: Event, timeout: Duration) -> (Option<Duration>, Outcome) {
        let sandbox_number = self.sandboxes.fetch_add(1, Ordering::Relaxed) + 1;
        let starting = self.clock.now().monotonic;
        let started = Sandbox::start(&self.settings, sandbox_number, &self.lines).await;
        let initialisation = self.clock.now().monotonic.saturating_duration_since(starting);
        let outcome = match started {
            Ok(sandbox) => {
                // The time begins when the sandbox is there.
                event.deadline = self.clock.now().wall + timeout;
                self.invoke_in(sandbox, number, event, timeout).await
            }
            Err(failure) => Outcome::NotStarted(failure),
        };
        (Some(initialisation), outcome)
    }

    async fn invoke_in(&self, mut sandbox: Sandbox, number: u64, event: Event, timeout: Duration) -> Outcome {
        let outcome = sandbox.invoke(event, timeout, self.accident(number)).await;
        match outcome {
            Outcome::Responded(_) | Outcome::Failed(_) => lock(&self.warm).push(sandbox),
            Outcome::TimedOut | Outcome::Crashed(_) | Outcome::NotStarted(_) => drop(sandbox.stop().await),
        }
        outcome
    }
    /// Ends when this invocation's sandbox is to be lost; usually never.
    async fn accident(&self, number: u64) {
        if let Some(kill) = self.settings.kill.filter(|kill| number >= kill.from_invocation) {
            tokio::time::sleep(kill.after).await;
            if !self.killed.swap(true, Ordering::Relaxed) {
                return;
            }
        }
        std::future::pending().await
    }
}
