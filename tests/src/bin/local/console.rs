//! What is shown: what there is to try, what the functions write, and what became of each invocation.

use std::io::{self, Write};
use std::time::Duration;

use local_stack::kms::{CallCounts, EmbeddedKms};
use local_stack::lambda_function::{EndedInvocation, Invocation, Outcome, OutputLine, OutputLines, Source};
use local_stack::local_services::{DECRYPTOR, ENCRYPTOR, LocalServices, LocalSettings};
use tokio::sync::mpsc;

/// How much of a response is shown: the responses of `stream-decryptor` are shorter.
const RESPONSE_CHARS_SHOWN: usize = 200;

/// Tells what was started, and what to try.
///
/// # Errors
/// If nobody reads the standard output.
pub(crate) fn greet(services: &LocalServices, settings: &LocalSettings) -> io::Result<()> {
    let quota = settings.kms_quota.map_or("no quota".to_owned(), |quota| format!("{quota} requests a second"));
    let kms = services.kms.endpoint_url();
    let kinesis = services.kinesis.endpoint_url();
    let functions = services.functions.address();
    let timeout = settings.timeout.as_secs();
    let [decryptor, encryptor] = [DECRYPTOR, ENCRYPTOR].map(|name| services.functions.invocation_url(name));
    let mut output = io::stdout().lock();
    write!(
        output,
        "\
KMS        {kms}  {quota}
Kinesis    {kinesis}  the stream {stream}
functions  http://{functions}  {DECRYPTOR} and {ENCRYPTOR}, time-out {timeout} s

To try in another terminal:
  curl --data-binary @events/all-decryptable.json {decryptor}
  curl --data-binary @events/throttled.json {decryptor}
  curl --data-binary @events/record-encryptor/direct.json {encryptor}
",
        stream = LocalServices::STREAM,
    )?;
    if settings.kms_quota.is_some() {
        writeln!(
            output,
            "\
The second needs more data keys than KMS gives in time: the answer is a checkpoint. Send it again a second later, and it finishes,
because the data keys that came are cached."
        )?;
    }
    writeln!(output, "Ctrl-C stops everything.\n")?;
    output.flush()
}

/// Shows what the functions do.
#[derive(Debug)]
pub(crate) struct Console<'a> {
    kms: &'a EmbeddedKms,
    decryptor: OutputLines,
    encryptor: OutputLines,
    ended: mpsc::UnboundedReceiver<EndedInvocation>,
    /// The KMS requests up to the last invocation's end.
    counted: CallCounts,
}

impl<'a> Console<'a> {
    /// Nothing is shown so far.
    pub(crate) fn new(
        kms: &'a EmbeddedKms,
        decryptor: OutputLines,
        encryptor: OutputLines,
        ended: mpsc::UnboundedReceiver<EndedInvocation>,
    ) -> Self {
        Self { kms, decryptor, encryptor, ended, counted: CallCounts::default() }
    }

    /// Shows everything until the functions have stopped.
    ///
    /// # Errors
    /// If nobody reads the standard output or error output.
    pub(crate) async fn show(&mut self) -> io::Result<()> {
        loop {
            // In this order, an invocation's lines come before its end: they were sent before.
            tokio::select! {
                biased;
                Some(line) = self.decryptor.next() => show_line(DECRYPTOR, &line)?,
                Some(line) = self.encryptor.next() => show_line(ENCRYPTOR, &line)?,
                Some(ended) = self.ended.recv() => self.show_end(&ended)?,
                else => return Ok(()),
            }
        }
    }

    fn show_end(&mut self, ended: &EndedInvocation) -> io::Result<()> {
        let EndedInvocation { function, invocation } = ended;
        let calls = self.kms.calls().total();
        let counted = std::mem::replace(&mut self.counted, calls);
        let [answered, throttled] = [calls.answered - counted.answered, calls.throttled - counted.throttled];
        let end = told(invocation);
        writeln!(io::stderr(), "{function}: {end}; KMS requests answered: {answered}, throttled: {throttled}\n")
    }
}

fn show_line(function: &str, line: &OutputLine) -> io::Result<()> {
    let text = &line.text;
    match line.source {
        Source::Stdout => writeln!(io::stdout(), "{function} | {text}"),
        Source::Stderr => writeln!(io::stderr(), "{function} | {text}"),
    }
}

/// How an invocation ended, in a line.
fn told(invocation: &Invocation) -> String {
    let end = match &invocation.outcome {
        Outcome::Responded(body) => format!("answered {}", beginning(body)),
        Outcome::Failed(report) => format!("failed with {}", beginning(report)),
        Outcome::TimedOut => "timed out; its sandbox was killed".to_owned(),
        Outcome::Crashed(Some(status)) => format!("its process ended: {status}"),
        Outcome::Crashed(None) => "its process was lost".to_owned(),
        Outcome::NotStarted(failure) => format!("did not start: {failure}"),
    };
    let seconds = invocation.duration.as_secs_f64();
    let started = |took: Duration| format!(", {:.0} ms of it to start a sandbox", took.as_secs_f64() * 1_000.0);
    format!("{end} after {seconds:.2} s{}", invocation.initialisation.map_or(String::new(), started))
}

fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    match text.char_indices().nth(RESPONSE_CHARS_SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(outcome: Outcome, initialisation: Option<Duration>) -> Invocation {
        Invocation { request_id: "1".to_owned(), initialisation, duration: Duration::from_millis(1_504), outcome }
    }

    #[test]
    fn an_invocations_end_is_told_in_a_line() {
        let answered = Outcome::Responded(r#"{"batchItemFailures":[]}"#.into());
        assert_eq!(told(&invocation(answered.clone(), None)), r#"answered {"batchItemFailures":[]} after 1.50 s"#);
        let cold = told(&invocation(answered, Some(Duration::from_millis(41))));
        assert!(cold.ends_with(" after 1.50 s, 41 ms of it to start a sandbox"), "{cold}");
    }

    #[test]
    fn a_long_answer_is_cut() {
        let told = told(&invocation(Outcome::Responded("ä".repeat(RESPONSE_CHARS_SHOWN + 1).into()), None));
        assert_eq!(told, format!("answered {}… after 1.50 s", "ä".repeat(RESPONSE_CHARS_SHOWN)));
    }
}
