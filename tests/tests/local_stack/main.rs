//! The local stack itself: the KMS and Kinesis protocols by the AWS SDK and the library's writer, sandboxes,
//! mapping and Invoke API by a scripted function, and the programs that are started by hand.
#![cfg(test)]

mod call_per_record;
mod events;
mod http;
mod invoke_api;
mod kinesis_protocol;
mod kinesis_writer;
mod kms_protocol;
mod local_services;
mod mapping;
mod programs;
mod sandboxes;
mod throttling_proxy;
