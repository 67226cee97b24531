//! An embedded S3: buckets of objects, listed page by page.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html>

mod service;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;

use crate::loopback_server::LoopbackServer;
use service::S3Service;

/// A running embedded S3. It stops when dropped.
#[derive(Debug)]
pub struct EmbeddedS3 {
    server: LoopbackServer,
    service: Arc<S3Service>,
}

impl EmbeddedS3 {
    /// Starts it with these buckets, on a free port, within the current tokio runtime. It is addressed by path.
    ///
    /// # Errors
    /// What [`LoopbackServer::start`] says.
    pub async fn start(buckets: &[&str]) -> io::Result<Self> {
        let service = Arc::new(S3Service::new(buckets));
        let server = LoopbackServer::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Arc::clone(&service)).await?;
        Ok(Self { server, service })
    }

    /// The variable that sends an AWS SDK's S3 requests here. Region and credentials come with those of the embedded KMS.
    #[must_use]
    pub fn environment(&self) -> (&'static str, String) {
        ("AWS_ENDPOINT_URL_S3", format!("http://{}", self.server.address()))
    }

    /// Puts an object into a bucket.
    pub fn put(&self, bucket: &str, key: &str, content: impl Into<Bytes>) {
        self.service.put(bucket, key, content.into());
    }

    /// The keys of a bucket's objects, in their order.
    #[must_use]
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        self.service.keys(bucket)
    }

    /// From now on every request is answered that the caller may not.
    pub fn deny(&self) {
        self.service.deny();
    }
}
