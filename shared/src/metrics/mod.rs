//! Metrics, in CloudWatch's embedded metric format: one JSON document per invocation, on one line of standard output, from which CloudWatch
//! Logs makes metrics. No request is sent for it.
//!
//! [`definitions`] is the one table of names, units and meanings; docs/metrics.md shows the same. A [`Document`] holds what was measured,
//! and an [`Emitter`] writes it. What is measured is said by whoever fills the document.
//!
//! Written here, and not with awslabs' `metrique`: that brings 37 more crates into a function (`metrics-util`, `rand`, `crossbeam`,
//! `quanta` and a macro among them) for queues, sampling and many formats, where this needs one object of numbers. The form of a
//! distribution (`Values` and `Counts`) is that library's.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

pub mod definitions;
mod document;
mod emitter;
mod metric;
mod variables;

pub use document::Document;
pub use emitter::Emitter;
pub use metric::{Family, Metric, Presence, Unit};
pub use variables::{MetricsOutput, MetricsSettings, VARIABLES};
