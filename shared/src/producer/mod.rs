//! Writing to Kinesis without being throttled.
