//! The local stack itself: the KMS protocol by the AWS SDK, sandboxes and mapping by a scripted function.
#![cfg(test)]

mod events;
mod kms_protocol;
mod mapping;
mod sandboxes;
mod throttling_proxy;
