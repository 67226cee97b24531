//! Tests of the format as a whole: vectors of other implementations, damaged messages, round trips.

mod damage;
mod materials;
mod reading;
mod round_trip;
mod vectors;
