//! `warmkeys redrive` as built, with the built `stream-decryptor` between an embedded SQS, S3, KMS and Kinesis: everything that was given
//! up or quarantined comes back once the cause is fixed, in shard order and counted.
#![cfg(test)]

mod given_up;
mod killed;
mod not_all;
mod onto_a_stream;
mod quarantine;
mod stage;
