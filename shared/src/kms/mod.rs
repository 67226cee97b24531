//! The AWS KMS adapter: the only module that names `aws_sdk_kms`.

mod client;
mod decrypt;
mod encrypt;
mod failure;
mod generate_data_key;
mod request;
#[cfg(test)]
mod testing;
mod variables;

pub use client::{KeyStore, KmsClient, KmsSettings, KmsSettingsError};
pub use failure::KmsFailure;
pub use variables::{KmsRequestSettings, VARIABLES};
