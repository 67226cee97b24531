//! Writes documents.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Document, MetricsOutput, MetricsSettings};
use crate::clock::Clock;

/// Writes documents, each as one line.
pub struct Emitter {
    /// The log level that documents pass as.
    level: &'static str,
    clock: Arc<dyn Clock>,
    /// Guards the output, so that each line is whole. Held while one line is written.
    output: Mutex<Box<dyn Write + Send>>,
}

impl Emitter {
    /// Writes to the process's standard output, which on Lambda is the log; `None` if the settings want no metrics. Documents pass
    /// as log lines of `level`.
    #[must_use]
    pub fn new(settings: &MetricsSettings, level: &'static str, clock: Arc<dyn Clock>) -> Option<Self> {
        match settings.output {
            MetricsOutput::Emf => Some(Self::to(std::io::stdout(), level, clock)),
            MetricsOutput::Off => None,
        }
    }

    /// Writes to `output`.
    pub fn to(output: impl Write + Send + 'static, level: &'static str, clock: Arc<dyn Clock>) -> Self {
        Self { level, clock, output: Mutex::new(Box::new(output)) }
    }

    /// Writes `document`. An output that does not take it is no reason for an invocation to fail.
    pub fn emit(&self, document: &Document) {
        let Ok(mut line) = document.line(self.level, self.clock.now().wall) else { return };
        line.push('\n');
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        if output.write_all(line.as_bytes()).and_then(|()| output.flush()).is_err() {
            tracing::debug!("the metrics of this invocation could not be written to standard output");
        }
    }
}

impl fmt::Debug for Emitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitter").field("level", &self.level).finish_non_exhaustive()
    }
}
