//! The local stack itself: the KMS protocol by the AWS SDK.
#![cfg(test)]

mod kms_protocol;
