//! What all clients of AWS services have in common: how they are made, and what their failures mean.

mod client;
mod service_failure;

pub(crate) use client::{no_retries, timeouts};
pub(crate) use service_failure::{CodeMeaning, entry_cause, request_cause};
