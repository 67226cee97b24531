//! Objects in one bucket.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::FutureExt as _;

use super::S3Settings;
use crate::aws::{client_config, timeouts};
use crate::clock::Clock;
use crate::delivery::service_failure::request_failure;
use crate::delivery::{Delivery, DeliveryError, RequestEntry, SendRequest, deliver_one_by_one};
use crate::retry::Deadline;

/// A bucket, and how objects are written to it.
#[derive(Debug)]
pub(crate) struct ObjectStore {
    client: Client,
    settings: S3Settings,
    clock: Arc<dyn Clock>,
}

impl ObjectStore {
    pub(crate) fn new(sdk: &SdkConfig, settings: S3Settings, clock: Arc<dyn Clock>) -> Self {
        let config = client_config!(aws_sdk_s3, sdk, timeouts(settings.retry.attempt_timeout))
            // Local stacks have no wildcard DNS for buckets, and the service takes both.
            .force_path_style(true)
            .build();
        Self { client: Client::from_conf(config), settings, clock }
    }

    #[cfg(test)]
    pub(crate) fn with_client(client: Client, settings: S3Settings, clock: Arc<dyn Clock>) -> Self {
        Self { client, settings, clock }
    }

    pub(crate) fn settings(&self) -> &S3Settings {
        &self.settings
    }

    /// What the log calls the bucket.
    pub(crate) fn destination(&self) -> String {
        format!("the S3 bucket {}", self.settings.bucket.as_str())
    }

    /// Writes `objects`, each made when its turn comes, and tells how long a prefix is stored.
    pub(crate) async fn put(&self, objects: impl Iterator<Item = NewObject> + Send, deadline: Deadline) -> Delivery {
        let S3Settings { concurrency, retry, .. } = &self.settings;
        deliver_one_by_one(self, objects, *concurrency, retry, deadline, &*self.clock).await
    }
}

/// An object that is to be written.
pub(crate) struct NewObject {
    key: String,
    content: Bytes,
    /// Its media type.
    content_type: &'static str,
}

impl NewObject {
    /// One JSON text.
    pub(crate) fn json(key: String, content: Bytes) -> Self {
        Self { key, content, content_type: "application/json" }
    }

    /// JSON texts, one a line. <https://github.com/ndjson/ndjson-spec>
    pub(crate) fn json_lines(key: String, content: Bytes) -> Self {
        Self { key, content, content_type: "application/x-ndjson" }
    }
}

impl RequestEntry for NewObject {
    fn len(&self) -> usize {
        self.content.len()
    }
}

impl SendRequest<NewObject> for ObjectStore {
    async fn send(&self, objects: &[&NewObject]) -> Result<Vec<Result<(), DeliveryError>>, DeliveryError> {
        // There is one, because a request of S3 takes one; more would each have an answer of its own.
        let mut results = Vec::with_capacity(objects.len());
        for object in objects {
            let answer = self
                .client
                .put_object()
                .bucket(self.settings.bucket.as_str())
                .key(&object.key)
                .content_type(object.content_type)
                .body(ByteStream::from(object.content.clone()))
                .send()
                .boxed()
                .await;
            results.push(answer.map(drop).map_err(|error| request_failure("S3", &error)));
        }
        Ok(results)
    }
}
