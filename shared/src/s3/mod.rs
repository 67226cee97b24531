//! S3 buckets that objects are written to: the only module that names `aws_sdk_s3`.

mod object_store;
mod settings;

pub(crate) use object_store::{NewObject, ObjectStore};
pub use settings::{BucketName, KeyPrefix, S3Settings};
