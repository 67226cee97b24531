//! Any bytes are an aggregate or plain data; what is an aggregate survives being aggregated again.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use md5::{Digest, Md5};
use warmkeys::kpl::{MIN_MEAN_PAYLOAD_LEN, aggregate, deaggregate};

fuzz_target!(|protobuf: &[u8]| {
    // A fuzzer finds no digest, so that it is given.
    let framed = [&[0xF3, 0x89, 0x9A, 0xC2][..], protobuf, &Md5::digest(protobuf)].concat();
    let Some(records) = deaggregate(&Bytes::from(framed)) else { return };
    assert!(records.len() <= protobuf.len() / MIN_MEAN_PAYLOAD_LEN);
    assert_eq!(deaggregate(&aggregate(&records).into()), Some(records));
});
