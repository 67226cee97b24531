//! A whole cache of materials to decrypt or to encrypt with: ids, limits, ages, the least recently used first out, and loads that
//! all who need them share. Knows neither data keys nor AWS nor Lambda.
//!
//! `MaterialsCache` is the cache: it holds the lock, reads the clock and drives the loads. The pieces below it are pure: they are
//! given the time and hold no lock. What is cached and how it is loaded is said by whoever implements `Load` and `Reusable`.

mod age;
mod cache;
mod cache_id;
mod flights;
mod refresh_ahead;
mod reusable;
mod settings;
mod state;
mod statistics;
mod store;
pub mod variables;

use self::age::{AgeLimits, age};
use self::flights::{Flights, JoinedFlight};
use self::refresh_ahead::Returning;
use self::store::Store;

pub(crate) use cache::{Load, MaterialsCache};
pub(crate) use cache_id::{CacheId, CacheIdBuilder};
pub(crate) use refresh_ahead::RefreshAhead;
pub(crate) use reusable::Reusable;
pub use settings::{CacheSettings, CacheSettingsError};
pub use statistics::CacheStatistics;
