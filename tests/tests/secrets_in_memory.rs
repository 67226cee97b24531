//! What memory holds of secrets that are no longer needed: that of the built function, and that of this process, as Linux allows.
#![cfg(test)]
#![cfg(target_os = "linux")]

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::num::NonZeroU32;
use std::os::unix::fs::FileExt as _;

use aws_sdk_kms::primitives::Blob;
use local_stack::binaries;
use local_stack::event_source_mapping::kinesis_event;
use local_stack::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms, KmsSettings};
use local_stack::lambda_function::{Function, FunctionSettings};
use local_stack::sealing;
use local_stack::stream::InMemoryStream;
use memchr::memmem;
use warmkeys::clock::{Clock as _, SystemClock};
use warmkeys::message::{
    AlgorithmSuite, DEFAULT_FRAME_LEN, DataKey, EncryptedDataKey, EncryptionContext, MessageLimits, SealedMessage,
    SealingMaterials, seal,
};

/// KMS answers with the data key in base64: in buffers of HTTP and of the SDK, which nobody but the allocator can wipe.
#[tokio::test]
async fn a_data_key_that_left_the_cache_is_nowhere_in_memory_but_in_the_buffer_of_the_open_connection() {
    const DATA_KEYS: usize = 64;
    const CACHED: usize = 2;
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = InMemoryStream::new("orders", 1);
    let data_keys: Vec<[u8; 32]> = (0..DATA_KEYS).map(|_| std::array::from_fn(|_| fastrand::u8(..))).collect();
    for data_key in &data_keys {
        stream.put("customer", None, sealed_under(&kms, data_key).await.into(), SystemClock.now().wall);
    }
    let own = [
        ("SINK_ARN", "stdout".to_owned()),
        ("QUARANTINE_ARN", "stderr".to_owned()),
        ("KMS_KEY_ARNS", DEVELOPMENT_KEY_ARN.to_owned()),
        ("DATA_KEY_CACHE_CAPACITY", CACHED.to_string()),
        ("KMS_MAX_CONCURRENCY", "1".to_owned()),
    ];
    let settings = FunctionSettings::new("stream-decryptor", binaries::stream_decryptor().unwrap());
    let (function, output) = Function::new(settings.with_environment(kms.environment()).with_environment(own));
    let shard = stream.shards()[0].id.clone();
    let records = stream.read(&shard, 0, usize::MAX).unwrap();
    let invocation = function.invoke(kinesis_event(stream.arn(), &shard, &records)).await;
    assert_eq!(invocation.response().map(|response| &response[..]), Some(&br#"{"batchItemFailures":[]}"#[..]));

    // Without the beginnings, which whoever has the memory next writes over.
    let base64 = |key: &[u8; 32]| base64_simd::STANDARD.encode_to_string(key).as_bytes()[16..40].to_vec();
    let needles: Vec<_> = data_keys.iter().map(|key| (key[16..].to_vec(), base64(key))).collect();
    let (mut held, mut held_in_base64) = (HashSet::new(), HashSet::new());
    search(function.warm_processes()[0], |memory| {
        for (index, (key, base64)) in needles.iter().enumerate() {
            held.extend(memmem::find(memory, key).map(|_| index));
            held_in_base64.extend(memmem::find(memory, base64).map(|_| index));
        }
    });
    assert!((1..=CACHED).contains(&held.len()), "{held:?}: those in the cache, which shows that they are found");
    assert!(held_in_base64.len() <= 1, "{held_in_base64:?} in base64; the one connection's buffer has the last answer");
    function.shut_down().await;
    drop(output);
}

async fn sealed_under(kms: &EmbeddedKms, data_key: &[u8; 32]) -> Vec<u8> {
    let request = sealing::client(kms).encrypt().key_id(DEVELOPMENT_KEY_ARN).plaintext(Blob::new(data_key));
    let ciphertext = request.send().await.unwrap().ciphertext_blob.unwrap().into_inner();
    let provider = ("aws-kms", DEVELOPMENT_KEY_ARN.as_bytes());
    seal(b"order", &materials(DataKey::new(data_key.to_vec()), provider, ciphertext), DEFAULT_FRAME_LEN).unwrap()
}

fn materials(data_key: DataKey, (provider_id, provider_info): (&str, &[u8]), ciphertext: Vec<u8>) -> SealingMaterials {
    let none = EncryptionContext::empty();
    let (provider_id, provider_info) = (provider_id.to_owned(), provider_info.to_vec());
    let encrypted = EncryptedDataKey { provider_id, provider_info, ciphertext };
    let suite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;
    SealingMaterials::new(suite, data_key, &[encrypted], &none, &none, None).unwrap()
}

#[test]
fn neither_data_keys_nor_refused_plaintexts_leave_copies_in_spare_capacity_or_outgrown_buffers() {
    const SECRETS: usize = 50;
    let secrets: Vec<Secret> = (0..SECRETS).map(|_| Secret::new()).collect();
    // Of a vector with spare capacity, the allocation cannot become the data key's.
    for capacity in [32, 100] {
        // All of them before any is taken over, so that no vector gets the memory of one that was given back.
        let vectors: Vec<_> = secrets.iter().map(|secret| secret.among(0, 0, capacity)).collect();
        let data_keys: Vec<_> = vectors.into_iter().map(DataKey::new).collect();
        let clones = data_keys.clone();
        assert_eq!(Secret::held(&secrets), SECRETS, "this finds what is there");
        drop((data_keys, clones));
        assert_eq!(Secret::held(&secrets), 0, "data keys in allocations of {capacity} bytes");
    }
    // The last of three frames does not authenticate, after the others were decrypted.
    let data_key = DataKey::new(vec![7; 32]);
    let materials = materials(data_key.clone(), ("p", b""), vec![1]);
    for secret in &secrets {
        let mut plaintext = secret.among(1_000, 2_000, 3_032);
        let mut message = seal(&plaintext, &materials, NonZeroU32::new(1_100).unwrap()).unwrap();
        plaintext.fill(0);
        std::hint::black_box(&plaintext);
        *message.last_mut().unwrap() ^= 1;
        let sealed = SealedMessage::read(&message, &MessageLimits::default()).unwrap();
        assert!(sealed.open(&data_key, None, &EncryptionContext::empty()).is_err());
    }
    assert_eq!(Secret::held(&secrets), 0, "plaintexts that were not released");
}

/// 32 secret bytes, kept as their complement only, so that they are found where somebody else left them.
struct Secret([u8; 32]);

impl Secret {
    fn new() -> Self {
        Self(std::array::from_fn(|_| fastrand::u8(..)))
    }

    /// The secret among so many other bytes before and after it.
    fn among(&self, before: usize, after: usize, capacity: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.resize(before, b'.');
        bytes.extend(self.0.iter().map(|complement| !complement));
        bytes.resize(bytes.len() + after, b'.');
        bytes
    }

    /// How many of `secrets` are in this process's memory, known by all but their beginnings: those are written over first.
    fn held(secrets: &[Self]) -> usize {
        const END: usize = 16;
        let ends =
            secrets.iter().enumerate().map(|(index, secret)| (<[u8; END]>::try_from(&secret.0[16..]).unwrap(), index));
        let ends: HashMap<[u8; END], usize> = ends.collect();
        // Most places are passed over by two bytes.
        let mut beginnings = vec![false; 1 << 16];
        ends.keys().for_each(|end| beginnings[usize::from(u16::from_ne_bytes([end[0], end[1]]))] = true);
        let mut held = HashSet::new();
        search(std::process::id(), |memory| {
            for window in memory.windows(END) {
                if beginnings[usize::from(u16::from_ne_bytes([!window[0], !window[1]]))] {
                    held.extend(ends.get(&std::array::from_fn(|index| !window[index])).copied());
                }
            }
        });
        held.len()
    }
}

/// Shows the writable memory of a process region by region, and leaves no copy of it.
fn search(process: u32, mut region_found: impl FnMut(&[u8])) {
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    for region in fs::read_to_string(format!("/proc/{process}/maps")).unwrap().lines() {
        let mut words = region.split(' ');
        let (start, end) = words.next().and_then(|range| range.split_once('-')).unwrap();
        let [start, end] = [start, end].map(|address| u64::from_str_radix(address, 16).unwrap());
        if words.next().is_some_and(|rights| rights.starts_with("rw")) {
            let mut copy = vec![0; usize::try_from(end - start).unwrap()];
            // Some regions are the kernel's, and not to be read.
            if memory.read_exact_at(&mut copy, start).is_ok() {
                region_found(&copy);
            }
            copy.fill(0);
            std::hint::black_box(&copy);
        }
    }
}
