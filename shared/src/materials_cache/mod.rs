//! The store of materials to decrypt or to encrypt with: limits, ages, least recently used first, loads in flight. Knows neither
//! AWS nor Lambda.
//!
//! The pieces are pure: they are given the time, and hold no lock. What is cached, and the lock around it, is the business of
//! the decorators that are built from them.

mod age;
mod cache_id;
mod flights;
mod settings;
mod store;

pub use age::{AgeLimits, age};
pub use cache_id::{CacheId, CacheIdBuilder};
pub use flights::{Flight, Flights, JoinedFlight};
pub use settings::{CacheSettings, CacheSettingsError};
pub use store::{Hit, Store};
