//! Payloads as they are, and as base64 text: inputs that are not JSON.

use std::io::{BufRead, Read};

use bytes::Bytes;
use serde_json::value::RawValue;
use warmkeys::record_format::Look;

use super::{Failure, MAX_PAYLOAD_BYTES};
use crate::inspect::sample::{Record, Sample};

/// Takes all of `input` for one payload.
pub(super) fn payload(input: impl Read, sample: &mut Sample) -> Result<(), Failure> {
    let payload = whole(input)?;
    sample.add(&Record::of_payload(Some(payload.into())));
    Ok(())
}

/// Records of a database activity stream, one JSON after the other.
pub(super) fn activity_records(input: impl Read, sample: &mut Sample) -> Result<(), Failure> {
    let whole = whole(input)?;
    for record in serde_json::Deserializer::from_slice(&whole).into_iter::<&RawValue>() {
        let record = record.map_err(Failure::Json)?;
        sample.add(&Record::of_payload(Some(Bytes::copy_from_slice(record.get().as_bytes()))));
    }
    Ok(())
}

/// Whether `head`, from the first visible character on, begins the base64 of something encrypted.
pub(super) fn is_base64(head: &[u8]) -> bool {
    Look::of(head) == Some(Look::Base64) || head.starts_with(AGGREGATE_IN_BASE64)
}

/// Payloads in base64 with white space between them, as `--query 'Records[].Data' --output text` prints.
pub(super) fn base64(mut input: impl BufRead, sample: &mut Sample) -> Result<(), Failure> {
    let mut text = Vec::new();
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            break;
        }
        let end = buffer.iter().position(u8::is_ascii_whitespace);
        let (part, used) = match end {
            Some(end) => (buffer.get(..end).unwrap_or_default(), end + 1),
            None => (buffer, buffer.len()),
        };
        if text.len() + part.len() > MAX_PAYLOAD_BYTES / 3 * 4 {
            return Err(Failure::PayloadTooLong);
        }
        text.extend_from_slice(part);
        input.consume(used);
        if end.is_some() {
            add_base64(&mut text, sample);
        }
    }
    add_base64(&mut text, sample);
    Ok(())
}

fn add_base64(text: &mut Vec<u8>, sample: &mut Sample) {
    if !text.is_empty() {
        sample.add(&Record::of_payload(base64_simd::STANDARD.decode_to_vec(&*text).ok().map(Into::into)));
        text.clear();
    }
}

fn whole(input: impl Read) -> Result<Vec<u8>, Failure> {
    let mut whole = Vec::new();
    let max = u64::try_from(MAX_PAYLOAD_BYTES).unwrap_or(u64::MAX);
    input.take(max.saturating_add(1)).read_to_end(&mut whole)?;
    if whole.len() > MAX_PAYLOAD_BYTES { Err(Failure::PayloadTooLong) } else { Ok(whole) }
}

/// Of `F3 89 9A C2`, what every KPL aggregate begins with, the characters that no further byte changes.
const AGGREGATE_IN_BASE64: &[u8] = b"84maw";
