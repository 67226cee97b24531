//! Lambda function: decrypts Aurora and RDS database activity streams and delivers their events to a sink.
//!
//! A record of such a stream holds a document with a list of events. [`ActivityEvents`] stands before a sink and gives it one record for each
//! event, or the documents as they are ([`Output`]).

mod config;
mod document;
mod events;
mod filter;

pub use config::{Config, Output};
pub use events::ActivityEvents;
pub use filter::EventFilter;
