//! The AWS KMS adapter: the only module that names `aws_sdk_kms`.
