//! A bucket with given-up batches or quarantined records.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;

use crate::redrive::aws_failure::AwsFailure;

/// Reads and deletes objects.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    client: Client,
}

/// An object that may hold records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ObjectPlace {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

impl Bucket {
    /// The most bytes of an object that can be a batch that Lambda gave up (6 MB, escaped within JSON) or a quarantined record.
    pub(crate) const MAX_OBJECT_BYTES: i64 = 32 << 20;

    pub(crate) fn new(sdk: &SdkConfig) -> Self {
        // Local stacks have no wildcard DNS for buckets, and the service takes both.
        let config = aws_sdk_s3::config::Builder::from(sdk).force_path_style(true).build();
        Self { client: Client::from_conf(config) }
    }

    /// The places and sizes of the objects whose keys begin with `prefix`.
    pub(crate) async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<(ObjectPlace, i64)>, AwsFailure> {
        let request = self.client.list_objects_v2().bucket(bucket).prefix(prefix);
        let mut pages = request.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsFailure::of(format!("cannot list s3://{bucket}/{prefix}"), &error))?;
            for object in page.contents() {
                // A "folder" that the console made is an empty object whose key ends so.
                if let Some(key) = object.key().filter(|key| !key.ends_with('/')) {
                    let place = ObjectPlace { bucket: bucket.to_owned(), key: key.to_owned() };
                    found.push((place, object.size().unwrap_or_default()));
                }
            }
        }
        Ok(found)
    }

    /// The content of an object.
    pub(crate) async fn get(&self, place: &ObjectPlace) -> Result<Vec<u8>, AwsFailure> {
        let action = || format!("cannot read {place}");
        let answer = self.client.get_object().bucket(&place.bucket).key(&place.key).send().await;
        let body = answer.map_err(|error| AwsFailure::of(action(), &error))?.body;
        match body.collect().await {
            Ok(bytes) => Ok(bytes.into_bytes().into()),
            Err(error) => Err(AwsFailure {
                action: action(),
                fault: crate::redrive::aws_failure::Fault::Unavailable,
                detail: warmkeys::failure::describe(&error),
            }),
        }
    }

    pub(crate) async fn delete(&self, place: &ObjectPlace) -> Result<(), AwsFailure> {
        let answer = self.client.delete_object().bucket(&place.bucket).key(&place.key).send().await;
        answer.map(drop).map_err(|error| AwsFailure::of(format!("cannot delete {place}"), &error))
    }
}

impl std::fmt::Display for ObjectPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}
