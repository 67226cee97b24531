//! From files and standard input to records, one at a time.
//!
//! What is held at once is one record, or one on-failure object (6 MB as Lambda writes them): whatever else the input claims, [`guard`]
//! ends it. JSON is read document after document, so that the output of a loop over shards needs no joining.

mod document;
mod error;
mod fields;
mod guard;
mod raw;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use warmkeys::record_format::Look;

use super::sample::Sample;

pub(crate) use self::error::InputError;

/// The path that stands for standard input.
pub(crate) const STANDARD_INPUT: &str = "-";

/// Reads everything that `paths` name into `sample`; nothing named is standard input.
///
/// # Errors
/// [`InputError`].
pub(crate) fn read(paths: &[PathBuf], sample: &mut Sample) -> Result<(), InputError> {
    let standard_input = [PathBuf::from(STANDARD_INPUT)];
    let paths = if paths.is_empty() { &standard_input } else { paths };
    for path in paths {
        let name =
            if path.as_os_str() == STANDARD_INPUT { "standard input".to_owned() } else { path.display().to_string() };
        let read = match path.as_os_str() == STANDARD_INPUT {
            true => read_one(io::stdin().lock(), sample),
            false => open(path).and_then(|file| read_one(file, sample)),
        };
        read.map_err(|error| error.of(&name, sample))?;
        sample.end_of_input();
    }
    if sample.is_empty() { Err(InputError::no_records(sample)) } else { Ok(()) }
}

/// Why one input cannot be read; its name is added outside.
#[derive(Debug)]
enum Failure {
    Io(io::Error),
    Empty,
    PayloadTooLong,
    Json(serde_json::Error),
    /// The JSON text inside an on-failure object.
    HeldJson(serde_json::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    Ok(file)
}

/// Reads one input as what its first bytes say it is.
fn read_one(mut input: impl Read, sample: &mut Sample) -> Result<(), Failure> {
    let mut head = Vec::new();
    input.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    // Some editors write it before JSON.
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&head);
    let whole = head.chain(input);
    match head.trim_ascii_start() {
        _ if head.is_empty() => Err(Failure::Empty),
        [] => Err(Failure::Empty),
        _ if Look::of(head) == Some(Look::ActivityRecord) => raw::activity_records(whole, sample),
        [b'{' | b'[' | b'"', ..] => document::documents(whole, sample),
        text if raw::is_base64(text) => raw::base64(BufReader::new(whole), sample),
        _ => raw::payload(whole, sample),
    }
}

/// More than is needed to tell what an input is.
const HEAD_BYTES: u64 = 512;

/// The most bytes of one payload: the largest record of Kinesis has 10 MiB.
const MAX_PAYLOAD_BYTES: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests;
