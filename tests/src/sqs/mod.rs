//! An embedded SQS: queues that hide what was received until it is deleted or its time is up.
//!
//! As a standard queue of the service it does not give messages in their order. A long poll is cut short, so that tests do not wait.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html>

mod queue;
mod request;
mod service;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use warmkeys::clock::{Clock, SystemClock};

use crate::loopback_server::LoopbackServer;
use service::SqsService;

/// A running embedded SQS. It stops when dropped.
#[derive(Debug)]
pub struct EmbeddedSqs {
    server: LoopbackServer,
    service: Arc<SqsService>,
}

impl EmbeddedSqs {
    /// Starts it with these queues, on a free port, within the current tokio runtime. A name that ends with `.fifo` makes a FIFO queue.
    ///
    /// # Errors
    /// What [`LoopbackServer::start`] says.
    pub async fn start(queues: &[&str]) -> io::Result<Self> {
        Self::start_with_clock(queues, Arc::new(SystemClock)).await
    }

    /// The same, with visibility measured by `clock`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with_clock(queues: &[&str], clock: Arc<dyn Clock>) -> io::Result<Self> {
        let service = Arc::new(SqsService::new(queues, clock));
        let server = LoopbackServer::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Arc::clone(&service)).await?;
        service.serve_at(server.address());
        Ok(Self { server, service })
    }

    /// The variable that sends an AWS SDK's SQS requests here. Region and credentials come with those of the embedded KMS.
    #[must_use]
    pub fn environment(&self) -> (&'static str, String) {
        ("AWS_ENDPOINT_URL_SQS", format!("http://{}", self.server.address()))
    }

    /// The URL of a queue.
    #[must_use]
    pub fn url(&self, queue: &str) -> String {
        self.service.url(queue)
    }

    /// The ARN of a queue.
    #[must_use]
    pub fn arn(&self, queue: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{queue}", service::REGION, service::ACCOUNT)
    }

    /// Puts a message into a queue.
    pub fn send(&self, queue: &str, body: &str) {
        self.service.send(queue, body);
    }

    /// The bodies of all messages of a queue, in the order of their arrival, hidden ones too.
    #[must_use]
    pub fn bodies(&self, queue: &str) -> Vec<String> {
        self.service.bodies(queue)
    }

    /// How many messages of a queue are hidden.
    #[must_use]
    pub fn hidden(&self, queue: &str) -> usize {
        self.service.hidden(queue)
    }

    /// How often the visibility of a hidden message was changed to a later time.
    #[must_use]
    pub fn renewals(&self, queue: &str) -> u64 {
        self.service.renewals(queue)
    }

    /// Makes all hidden messages visible, as once their time is up.
    pub fn end_visibility_timeouts(&self, queue: &str) {
        self.service.end_visibility_timeouts(queue);
    }
}
