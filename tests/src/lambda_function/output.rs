//! What sandboxes write to their standard output and error output, line by line.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};

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

impl OutputLine {
    /// Whether the line is a document of metrics.
    #[must_use]
    pub fn is_metrics(&self) -> bool {
        self.source == Source::Stdout && self.text.starts_with("{\"level\":") && self.text.contains("\"_aws\":")
    }
}

/// Which of the two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Standard output.
    Stdout,
    /// Standard error output.
    Stderr,
}

/// The lines of all sandboxes of a function. What one invocation wrote comes before what a later one wrote.
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

    /// The next line, if it was written by now.
    pub fn try_next(&mut self) -> Option<OutputLine> {
        self.receiver.try_recv().ok()
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

/// One output of one sandbox: a file that the process appends to.
///
/// A file, because what a process wrote before it responded is then there to be read when the response comes. With a pipe
/// it might still be on its way, and the lines of a shard's next invocation, in another sandbox, could overtake it.
#[derive(Debug)]
pub(super) struct OutputFile {
    sandbox: u64,
    source: Source,
    reading: File,
    /// The beginning of a line whose end was not written so far.
    line: Vec<u8>,
    lines: mpsc::UnboundedSender<OutputLine>,
}

impl OutputFile {
    /// An empty file, and the process's end of it. It has no name, so it is gone with its last user.
    pub(super) fn new(
        sandbox: u64,
        source: Source,
        lines: mpsc::UnboundedSender<OutputLine>,
    ) -> io::Result<(Self, Stdio)> {
        static FILES: AtomicU64 = AtomicU64::new(0);
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("warmkeys-sandbox-{}-{number}", std::process::id()));
        let writing = OpenOptions::new().append(true).create_new(true).open(&path)?;
        let reading = File::open(&path)?;
        std::fs::remove_file(&path)?;
        Ok((Self { sandbox, source, reading, line: Vec::new(), lines }, writing.into()))
    }

    /// Passes on every line that was written up to now.
    pub(super) fn pass_on(&mut self) -> io::Result<()> {
        // It reads from memory: nobody syncs a file that has no name.
        let mut written = std::mem::take(&mut self.line);
        self.reading.read_to_end(&mut written)?;
        let mut lines = written.split(|byte| *byte == b'\n').peekable();
        while let Some(line) = lines.next() {
            if lines.peek().is_some() {
                self.send(line);
            } else {
                self.line = line.to_vec();
            }
        }
        Ok(())
    }

    /// Passes on the rest, once the process has ended; a line that it could not finish is passed on as it is.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.pass_on()?;
        if !self.line.is_empty() {
            self.send(&self.line);
        }
        Ok(())
    }

    fn send(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        // Nobody may be interested.
        let _ = self.lines.send(OutputLine { sandbox: self.sandbox, source: self.source, text });
    }
}

/// A sandbox that is dropped in mid-invocation has written lines too.
impl Drop for OutputFile {
    fn drop(&mut self) {
        // What cannot be read is missing in what was passed on, and nobody waits for it.
        let _ = self.pass_on();
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn texts(receiver: &mut OutputLines) -> Vec<String> {
        std::iter::from_fn(|| receiver.try_next()).map(|line| line.text).collect()
    }

    #[test]
    fn a_line_is_passed_on_once_it_ends() {
        let (sender, mut lines) = OutputLines::channel();
        let (mut output, stdio) = OutputFile::new(1, Source::Stdout, sender).unwrap();
        let mut child = Command::new("printf").arg("one\ntwo\nthr").stdout(stdio).spawn().unwrap();
        child.wait().unwrap();
        output.pass_on().unwrap();
        assert_eq!(texts(&mut lines), ["one", "two"]);
        output.finish().unwrap();
        assert_eq!(texts(&mut lines), ["thr"]);
    }

    #[test]
    fn what_a_dropped_sandbox_wrote_is_passed_on() {
        let (sender, mut lines) = OutputLines::channel();
        let (output, stdio) = OutputFile::new(1, Source::Stdout, sender).unwrap();
        let mut child = Command::new("printf").arg("one\ntwo\nthr").stdout(stdio).spawn().unwrap();
        child.wait().unwrap();
        drop(output);
        assert_eq!(texts(&mut lines), ["one", "two"]);
    }
}
