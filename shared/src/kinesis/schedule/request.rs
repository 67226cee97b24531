//! One `PutRecords` request being filled, and what is remembered of it while it is under way.

use tokio::time::Instant;

use crate::kinesis::departure::Departure;
use crate::kinesis::settings::MaxRecordBytes;
use crate::records::UserRecord;

/// A request being filled.
pub(super) struct Request {
    entries: Vec<UserRecord>,
    bytes: u64,
    /// The company of its members, which is the same for all.
    company: usize,
    sent: SentRequest,
}

/// What it takes to match a request's results to the records.
pub(in super::super) struct SentRequest {
    /// Whether it has left.
    pub(in super::super) departure: Departure,
    /// When its tokens were taken.
    pub(super) sent_at: Instant,
    /// The members of every entry, one entry's after the other's.
    pub(super) members: Vec<Member>,
    /// For each entry, where its members end.
    pub(super) entry_ends: Vec<usize>,
    /// For each entry, its bytes.
    pub(super) entry_bytes: Vec<u64>,
}

/// A record in an entry.
#[derive(Clone, Copy)]
pub(super) struct Member {
    /// Of the record in the call.
    pub(super) index: usize,
    /// Whether the member before it, in the same entry, is its predecessor in the lane.
    pub(super) follows: bool,
}

impl Request {
    /// An empty request, to be sent at `now`.
    pub(super) fn at(now: Instant) -> Self {
        Self {
            entries: Vec::new(),
            bytes: 0,
            company: usize::MAX,
            sent: SentRequest {
                departure: Departure::default(),
                sent_at: now,
                members: Vec::new(),
                entry_ends: Vec::new(),
                entry_bytes: Vec::new(),
            },
        }
    }

    /// What will tell whether it has left.
    pub(super) fn departure(&self) -> Departure {
        self.sent.departure.clone()
    }

    /// The most bytes, partition key included, that one more entry may have; `None` if there may be no further entry.
    pub(super) fn room(&self) -> Option<u64> {
        (self.entries.len() < MAX_ENTRIES).then(|| MAX_REQUEST_BYTES - self.bytes)
    }

    /// Whether a record that bears so much `company` may join: not beyond that, and only with records that bear as much. So innocent
    /// records do not travel with those of a refused request.
    pub(super) fn admits(&self, company: usize) -> bool {
        self.sent.members.is_empty() || (self.company == company && self.sent.members.len() < company)
    }

    /// Adds a record to the entry that [`close_entry`](Self::close_entry) will end.
    pub(super) fn push_member(&mut self, member: Member, company: usize) {
        self.company = company;
        self.sent.members.push(member);
    }

    /// Ends an entry of `bytes`, partition key included, for which there was [`room`](Self::room).
    pub(super) fn close_entry(&mut self, entry: UserRecord, bytes: u64) {
        debug_assert!(self.room().is_some_and(|room| room >= bytes), "the request has no room for the entry");
        self.entries.push(entry);
        self.bytes += bytes;
        self.sent.entry_ends.push(self.sent.members.len());
        self.sent.entry_bytes.push(bytes);
    }

    /// The request, unless it is empty.
    pub(super) fn finish(self) -> Option<(Vec<UserRecord>, SentRequest)> {
        (!self.entries.is_empty()).then_some((self.entries, self.sent))
    }
}

/// "Each PutRecords request can support up to 500 records. Each record in the request can be as large as 10 MiB, up to a limit of
/// 10 MiB for the entire request, including partition keys."
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>
const MAX_ENTRIES: usize = 500;
const MAX_REQUEST_BYTES: u64 = MaxRecordBytes::LARGEST as u64;
