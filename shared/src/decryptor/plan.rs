//! Which data keys the payloads need, in order of first use.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::quality::RandomState;

use super::Order;
use crate::data_keys::DecryptionRequest;
use crate::message::EncryptionContext;
use crate::record_format::{ContentError, DataKeyIdentity, RecordFormat};

/// Which data keys the payloads need, and which payload needs which.
#[derive(Debug)]
pub(super) struct Plan {
    /// The distinct data keys, in order of first use.
    pub(super) data_keys: Vec<PlannedDataKey>,
    /// For each payload the index of its data key, or why it cannot be read.
    pub(super) payloads: Vec<Result<usize, ContentError>>,
}

/// One of the data keys that the payloads need.
#[derive(Debug)]
pub(super) struct PlannedDataKey {
    pub(super) request: DecryptionRequest,
    /// The request's context, shared by the payloads that are opened with this key.
    pub(super) encryption_context: Arc<EncryptionContext>,
    pub(super) reproduced_context: Arc<EncryptionContext>,
    /// Where the key is first used, or in an order, the start of that group: without the key, nothing from here on goes ahead.
    pub(super) first_use: usize,
}

impl Plan {
    /// Reads the headers of `payloads`. No cryptography; allocates per distinct data key, not per payload.
    pub(super) fn new(payloads: &[Bytes], format: &RecordFormat, order: &Order) -> Self {
        let mut plan = Self { data_keys: Vec::new(), payloads: Vec::with_capacity(payloads.len()) };
        // Keyed at random, so that nobody can prepare records that collide; and an order of magnitude quicker than the standard one.
        let mut known = HashMap::with_hasher(RandomState::default());
        for (index, payload) in payloads.iter().enumerate() {
            let data_key = plan.data_key_of(payload, format, &mut known, order.start_of(index));
            plan.payloads.push(data_key);
        }
        plan
    }

    fn data_key_of<'a>(
        &mut self,
        payload: &'a [u8],
        format: &'a RecordFormat,
        known: &mut HashMap<DataKeyIdentity<'a>, Result<usize, ContentError>, RandomState>,
        first_use: usize,
    ) -> Result<usize, ContentError> {
        let sealed = format.read(payload)?;
        match known.entry(sealed.data_key_identity()) {
            Entry::Occupied(data_key) => data_key.get().clone(),
            Entry::Vacant(vacant) => {
                let data_key = sealed.required_data_key().map(|required| {
                    self.data_keys.push(PlannedDataKey {
                        encryption_context: Arc::new(required.request.encryption_context.clone()),
                        request: required.request,
                        reproduced_context: required.reproduced_context,
                        first_use,
                    });
                    self.data_keys.len() - 1
                });
                vacant.insert(data_key).clone()
            }
        }
    }
}
