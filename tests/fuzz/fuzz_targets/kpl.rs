//! Any bytes are an aggregate or plain data; what is an aggregate survives being aggregated again.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use md5::{Digest, Md5};
use warmkeys::kpl::{MIN_ENCRYPTED_LEN, aggregate, deaggregate};

fuzz_target!(|protobuf: &[u8]| {
    // A fuzzer finds no digest, so that it is given.
    let framed = [&[0xF3, 0x89, 0x9A, 0xC2][..], protobuf, &Md5::digest(protobuf)].concat();
    const MAX_SHORT: usize = 3;
    let Some(members) = deaggregate(&Bytes::from(framed), MAX_SHORT) else { return };
    let records: Vec<_> = members.user_records.into_iter().map(|(_, record)| record).collect();
    assert!(records.len() <= protobuf.len() / MIN_ENCRYPTED_LEN + MAX_SHORT);
    if !records.is_empty() {
        let again = deaggregate(&aggregate(&records).into(), MAX_SHORT).expect("an aggregate").user_records;
        assert!(again.into_iter().map(|(_, record)| record).eq(records));
    }
});
