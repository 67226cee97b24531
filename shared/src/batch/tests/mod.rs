//! Batches against fakes that fail and hang on demand: what is delivered, what is quarantined, what is the checkpoint.

mod aggregates;
mod checkpoints;
mod confidentiality;
mod destinations;
mod dropped_futures;
mod fakes;
mod fixtures;
mod formats;
mod hanging;
mod opening_threads;
mod redelivery;
mod suspicious;
