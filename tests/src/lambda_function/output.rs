//! What sandboxes write to their standard output and error output, line by line.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::mpsc;

/// One line that a sandbox wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLine {
    /// The number of the sandbox, from 1, in the order of their starts.
    pub sandbox: u64,
    /// Where it was written.
    pub source: Source,
    /// The line, without its end.
    pub text: String,
}

/// Which of the two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Standard output.
    Stdout,
    /// Standard error output.
    Stderr,
}

/// The lines of all sandboxes of a function: those of one output of one sandbox in their order.
#[derive(Debug)]
pub struct OutputLines {
    receiver: mpsc::UnboundedReceiver<OutputLine>,
}

impl OutputLines {
    pub(super) fn channel() -> (mpsc::UnboundedSender<OutputLine>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, Self { receiver })
    }

    /// The next line; `None` once the function is shut down and every line was read.
    pub async fn next(&mut self) -> Option<OutputLine> {
        self.receiver.recv().await
    }

    /// All lines until the function is shut down.
    pub async fn collect(mut self) -> Vec<OutputLine> {
        let mut lines = Vec::new();
        while let Some(line) = self.next().await {
            lines.push(line);
        }
        lines
    }
}

/// Passes on every line until the process has closed its end. A line cut short by the process's end is passed on too.
pub(super) async fn pass_on(
    output: impl AsyncRead + Unpin,
    sandbox: u64,
    source: Source,
    lines: mpsc::UnboundedSender<OutputLine>,
) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line).await.is_ok_and(|len| len > 0) {
        let text = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        // Nobody may be interested; the pipe has to be emptied all the same, or the process would block.
        let _ = lines.send(OutputLine { sandbox, source, text });
        line.clear();
    }
}
