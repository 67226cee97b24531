//! What all clients of AWS services have in common: how they are made, and what their failures mean.

mod arn;
mod client;
#[cfg(test)]
pub(crate) mod closed_port;
mod service_failure;

pub(crate) use arn::Arn;
pub(crate) use client::{no_retries, timeouts};
pub(crate) use service_failure::{CodeMeaning, SdkError, entry_cause, request_cause};
