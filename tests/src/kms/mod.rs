//! The embedded KMS: a program of its own that speaks the JSON 1.1 protocol of AWS KMS on loopback.
//!
//! It checks what the service checks (encryption context, key state, key id, Region, lengths), throttles by a request
//! quota, fails on demand and counts its calls. Signatures are not checked; a request's Region is read from them.
//!
//! Ciphertext blobs are self-contained, and three keys have published material ([`DEVELOPMENT_KEY_ARN`] and its
//! siblings), so what was sealed under them yesterday decrypts in any embedded KMS today. Nothing of it is a secret.
//!
//! Beside KMS's own `POST /` there are
//! - `POST /_warmkeys/script`: a [`ScriptedFault`], for example
//!   `{"operation": "Decrypt", "times": 3, "effect": {"fail": {"code": "KMSInternalException"}}}`,
//! - `GET /_warmkeys/calls`: the [`CallLog`].
//!
//! [`ThrottlingProxy`] puts the same quota in front of a KMS that has none.

mod answer;
mod call_log;
mod ciphertext_blob;
mod effect;
mod embedded_kms;
mod error;
mod key;
mod key_store;
mod operation;
mod request;
mod service;
mod throttling_proxy;

pub use call_log::{CallCounts, CallLog};
pub use effect::{Effect, ScriptedFault};
pub use embedded_kms::{EmbeddedKms, KmsSettings};
pub use error::KmsError;
pub use key::{ACCOUNT, DEVELOPMENT_KEY_ARN, MULTI_REGION_DEVELOPMENT_KEY_ARN, REGION, SECOND_DEVELOPMENT_KEY_ARN};
pub use operation::{Operation, UnknownOperation};
pub(crate) use service::KmsService;
pub use throttling_proxy::ThrottlingProxy;
