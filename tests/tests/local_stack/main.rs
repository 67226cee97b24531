//! The local stack itself: the KMS and Kinesis protocols by the AWS SDK and the library's writer, sandboxes and mapping by a scripted function.
#![cfg(test)]

mod events;
mod kinesis_protocol;
mod kinesis_writer;
mod kms_protocol;
mod mapping;
mod sandboxes;
mod throttling_proxy;
