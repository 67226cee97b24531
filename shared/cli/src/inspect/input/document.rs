//! JSON documents with records in them, read as a stream.
//!
//! One visitor reads all shapes, since they differ in names only: `Records` holds records, `payload` a document (an on-failure object has it
//! as text; whoever edits one may have made an object of it), an array either. An object with data is a record itself: one line of
//! `jq -c .Records[]`, or a quarantine message. A text is a payload in base64.

use std::fmt;
use std::io::{BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::Failure;
use super::fields::Fields;
use super::guard::Guard;
use crate::inspect::sample::{Record, Sample};

/// Reads all documents of `input`.
pub(super) fn documents(input: impl Read, sample: &mut Sample) -> Result<(), Failure> {
    let mut held_error = None;
    let mut documents = serde_json::Deserializer::from_reader(BufReader::new(Guard::new(input)));
    // `end` says whether there is more; the error of reading on comes again from the next document.
    while documents.end().is_err() {
        let node = Node { sample, place: Place::Document, is_held: false, held_error: &mut held_error };
        let read = node.deserialize(&mut documents);
        if let Some(error) = held_error {
            return Err(Failure::HeldJson(error));
        }
        read.map_err(Failure::Json)?;
    }
    Ok(())
}

/// A JSON value with records in it, if there are any.
struct Node<'s> {
    sample: &'s mut Sample,
    place: Place,
    /// Whether it stands in a text of another document.
    is_held: bool,
    /// Why the JSON within a text cannot be read: its place is not one of the outer JSON.
    held_error: &'s mut Option<serde_json::Error>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the top, or in an array there.
    Document,
    /// In `Records`.
    Records,
    /// In `payload`.
    Payload,
}

impl Node<'_> {
    fn child(&mut self, place: Place) -> Node<'_> {
        Node { sample: self.sample, place, is_held: self.is_held, held_error: self.held_error }
    }

    fn add(&mut self, fields: Fields) {
        self.sample.add(&Record {
            data: fields
                .data
                .as_deref()
                .and_then(|data| base64_simd::STANDARD.decode_to_vec(data).ok())
                .map(Into::into),
            partition_key: fields.partition_key.as_deref(),
            arrived: fields.arrived,
            shard_id: fields.shard_id.as_deref(),
            stream_arn: fields.stream_arn.as_deref(),
            server_side_encrypted: fields.server_side_encrypted,
        });
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut fields = Fields::default();
        let (mut has_batch_info, mut has_payload) = (false, false);
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "Records" | "records" => map.next_value_seed(self.child(Place::Records))?,
                "payload" => {
                    has_payload = true;
                    map.next_value_seed(self.child(Place::Payload))?;
                }
                name => {
                    has_batch_info |= name == "KinesisBatchInfo";
                    fields.take(name, &mut map)?;
                }
            }
        }
        if has_batch_info && !has_payload {
            self.sample.seen_mut().on_failure_without_payload = true;
        }
        match (&fields.data, self.place) {
            (Some(_), _) => self.add(fields),
            (None, Place::Records) => self.sample.seen_mut().entries_without_data += 1,
            (None, Place::Document | Place::Payload) => {}
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let place = self.place;
        let mut is_empty = true;
        while seq.next_element_seed(self.child(place))?.is_some() {
            is_empty = false;
        }
        self.sample.seen_mut().empty_lists |= is_empty;
        Ok(())
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        if self.place != Place::Payload {
            self.add(Fields { data: Some(text.to_owned()), ..Fields::default() });
            return Ok(());
        }
        if self.is_held {
            return Ok(()); // No tool escapes twice.
        }
        let mut held = serde_json::Deserializer::from_str(text);
        let node = Node { is_held: true, ..self.child(Place::Document) };
        let read = node.deserialize(&mut held).and_then(|()| held.end());
        read.map_err(|error| {
            *self.held_error = Some(error);
            E::custom("the text is not JSON")
        })
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}
