//! What all clients of AWS services have in common: how they are made, and what their failures mean.

mod arn;
pub(crate) mod caller_fault;
mod client;
#[cfg(test)]
pub(crate) mod closed_port;
mod connections;
#[cfg(test)]
mod connections_tests;
mod departing_body;
mod sdk_error;
mod service_failure;
mod trace_header;
mod watched_body;

pub(crate) use arn::Arn;
pub use caller_fault::CallerFault;
pub(crate) use caller_fault::caused_by;
pub(crate) use client::{client_config, http_client, no_retries, timeouts, within};
pub(crate) use connections::Connections;
pub(crate) use departing_body::WhenItLeaves;
pub(crate) use sdk_error::SdkError;
pub(crate) use service_failure::{CodeMeaning, MAX_TEXT_LEN, entry_cause, first_line, request_cause};
pub(crate) use trace_header::TraceHeader;
