//! What is done, written down so that it survives the end of the process.
//!
//! A file of JSON lines, each appended and synced once it holds: first what the redrive is for, then, for each batch, that it is being sent,
//! and which of its records are done. A line is there as a whole or it does not count: what a kill cut off is cut off when the file is
//! opened again. So a batch costs one short write, however much was done before.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::record::Shard;

/// The state file of a run. Dropping it frees the file for another run.
#[derive(Debug)]
pub(crate) struct State {
    path: PathBuf,
    file: File,
    done: Done,
    /// The batch that was under way when an earlier run ended.
    interrupted: Option<Batch>,
}

/// What is done.
#[derive(Debug, Default)]
pub(crate) struct Done(HashMap<Shard, HashSet<String>>);

/// A batch, as it is told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Batch {
    pub(crate) shard_id: String,
    pub(crate) first_sequence_number: String,
    pub(crate) last_sequence_number: String,
    pub(crate) records: usize,
}

/// Why the state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    #[error("the state file {path} cannot be read or written")]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("another redrive is using the state file {0}")]
    InUse(PathBuf),
    #[error("{0} is not the state file of a redrive; name another file")]
    Foreign(PathBuf),
    #[error("the state file {path} is of a redrive to {to}; name another file for another destination")]
    OtherDestination { path: PathBuf, to: String },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    /// The first line.
    Redrive {
        version: u32,
        to: String,
    },
    Sending(Batch),
    #[serde(rename_all = "camelCase")]
    Done {
        stream_arn: String,
        shard_id: String,
        ids: Vec<String>,
    },
}

const VERSION: u32 = 1;

/// The whole lines of a state file.
struct Lines {
    /// Where they end.
    len: usize,
    /// The destination, if there is a line.
    to: Option<String>,
    done: Done,
    interrupted: Option<Batch>,
}

impl Done {
    /// What the state file says is done, whatever the destination, without touching the file.
    pub(crate) fn of_file(path: &Path) -> Result<Self, StateError> {
        let text = std::fs::read(path).map_err(|source| StateError::Io { path: path.to_owned(), source })?;
        Lines::read(&text).map(|lines| lines.done).ok_or_else(|| StateError::Foreign(path.to_owned()))
    }

    /// Whether a record is done.
    pub(crate) fn has(&self, shard: &Shard, key: &str) -> bool {
        self.0.get(shard).is_some_and(|keys| keys.contains(key))
    }

    fn extend(&mut self, shard: Shard, keys: Vec<String>) {
        self.0.entry(shard).or_default().extend(keys);
    }

    fn is_empty(&self) -> bool {
        self.0.values().all(HashSet::is_empty)
    }
}

impl Lines {
    /// `None` if it is not the text of a state file.
    fn read(text: &[u8]) -> Option<Self> {
        let len = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let mut lines = Self { len, to: None, done: Done::default(), interrupted: None };
        let whole = text.get(..len).unwrap_or_default().split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        for (index, line) in whole.enumerate() {
            match (index, serde_json::from_slice(line).ok()?) {
                (0, Line::Redrive { version: VERSION, to }) => lines.to = Some(to),
                (0, _) | (_, Line::Redrive { .. }) => return None,
                (_, Line::Sending(batch)) => lines.interrupted = Some(batch),
                (_, Line::Done { stream_arn, shard_id, ids }) => {
                    lines.interrupted = None;
                    lines.done.extend(Shard { stream_arn, id: shard_id }, ids);
                }
            }
        }
        // Another's file is not to be cut: what is no line yet has to begin as the first one does.
        let begins = BEGINNING.iter().zip(text).all(|(expected, byte)| expected == byte);
        (lines.to.is_some() || begins).then_some(lines)
    }
}

/// What every state file begins with.
const BEGINNING: &[u8] = br#"{"redrive":{"version":"#;

impl State {
    /// Opens or begins the state of a redrive to `to`.
    pub(crate) fn open(path: &Path, to: &str) -> Result<Self, StateError> {
        let failed = |source| StateError::Io { path: path.to_owned(), source };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StateError::InUse(path.to_owned()),
            TryLockError::Error(error) => failed(error),
        })?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let lines = Lines::read(&text).ok_or_else(|| StateError::Foreign(path.to_owned()))?;
        let mut state = Self { path: path.to_owned(), file, done: lines.done, interrupted: lines.interrupted };
        let keep = match lines.to {
            Some(of) if of == to => lines.len,
            // Of a destination that was misspelt nothing is done: the file begins anew.
            Some(_) | None if state.done.is_empty() => {
                state.interrupted = None;
                0
            }
            of => return Err(StateError::OtherDestination { path: path.to_owned(), to: of.unwrap_or_default() }),
        };
        state.file.set_len(keep as u64).and_then(|()| state.file.seek(SeekFrom::End(0))).map_err(failed)?;
        if keep == 0 {
            state.append(&Line::Redrive { version: VERSION, to: to.to_owned() })?;
        }
        Ok(state)
    }

    /// What is done.
    pub(crate) fn known(&self) -> &Done {
        &self.done
    }

    /// The batch of which an earlier run did not live to see the end.
    pub(crate) fn interrupted(&self) -> Option<&Batch> {
        self.interrupted.as_ref()
    }

    /// Notes that `batch` is about to be sent.
    pub(crate) fn sending(&mut self, batch: Batch) -> Result<(), StateError> {
        self.append(&Line::Sending(batch))
    }

    /// Notes what is done of the batch that was sent, which may be nothing.
    pub(crate) fn done(&mut self, shard: &Shard, ids: Vec<String>) -> Result<(), StateError> {
        let line = Line::Done { stream_arn: shard.stream_arn.clone(), shard_id: shard.id.clone(), ids: ids.clone() };
        self.append(&line)?;
        self.done.extend(shard.clone(), ids);
        Ok(())
    }

    fn append(&mut self, line: &Line) -> Result<(), StateError> {
        let mut text = serde_json::to_vec(line).unwrap_or_default();
        text.push(b'\n');
        let written = self.file.write_all(&text).and_then(|()| self.file.sync_data());
        written.map_err(|source| StateError::Io { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests;
