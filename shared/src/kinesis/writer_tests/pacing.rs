//! How fast records pass to a shard.

use futures_util::future::join_all;
use proptest::prelude::*;
use tokio::time::sleep_until;

use super::*;
use crate::kinesis::Ordering;

/// Asserts that over no window more than `capacity + rate * t` passed to a shard, in records (1,000 and 1,500/s) and bytes
/// (10 MiB and 1.5 MiB/s).
fn assert_windows_bounded(fake: &FakeState) {
    let mut by_shard: HashMap<&str, Vec<(Instant, usize)>> = HashMap::new();
    for (at, shard_id, size) in &fake.received {
        by_shard.entry(shard_id).or_default().push((*at, *size));
    }
    for received in by_shard.values_mut() {
        received.sort();
        for from in (0..received.len()).step_by(7) {
            let (mut records, mut bytes) = (0.0, 0.0);
            for (at, size) in &received[from..] {
                let window = (*at - received[from].0).as_secs_f64();
                records += 1.0;
                bytes += *size as f64;
                assert!(records <= 1_000.0 + 1_500.0 * window + 1e-6, "{records} records in {window} s");
                assert!(bytes <= 10_485_760.0 + 1_572_864.0 * window + 1e-3, "{bytes} bytes in {window} s");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn concurrent_calls_share_the_shards_tokens() {
    let kinesis = FakeKinesis::with_shards(2);
    let writer = writer(&kinesis, |settings| settings.ordering = Ordering::None);
    let calls = (0..6).map(|_| writer.write(numbered(1_000, 100), within(60)));
    assert!(join_all(calls).await.iter().flatten().all(Result::is_ok));
    kinesis.read(assert_windows_bounded);
    assert_eq!(kinesis.list_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn requests_in_flight_are_bounded_over_all_calls() {
    let kinesis = FakeKinesis::with_shards(1);
    let writer = writer(&kinesis, |settings| {
        settings.rate_limit_percent = None;
        settings.max_requests_in_flight = 2.try_into().unwrap();
    });
    assert!(writer.write(numbered(1, 1), within(60)).await[0].is_ok(), "the shards are known");
    kinesis.configure(|fake| fake.round_trip = Duration::from_secs(1));
    let start = now();
    let calls = (0..6).map(|_| writer.write(numbered(500, 500), within(60)));
    assert!(join_all(calls).await.iter().flatten().all(Result::is_ok));
    assert_eq!(now() - start, Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn steady_calls_at_95_percent_of_the_rate_are_sent_within_50_ms() {
    let kinesis = FakeKinesis::with_shards(1);
    let writer = &writer(&kinesis, |_| ());
    let start = now();
    // 19 records every 13.333 ms are 1,425 a second: 95 % of the 1,500 that the limiter lets through. Each record's data is its
    // call's number, from which its arrival follows.
    let period = Duration::from_nanos(13_333_333);
    let calls = (0..300_u32).map(|call| async move {
        sleep_until(start + period * call).await;
        let record = |index| record(&format!("{call}-{index}"), Bytes::copy_from_slice(&call.to_be_bytes()));
        writer.write((0..19).map(record).collect(), within(60)).await
    });
    assert!(join_all(calls).await.iter().flatten().all(Result::is_ok));
    kinesis.read(|fake| {
        for entry in &fake.written {
            let call = u32::from_be_bytes(entry.data.as_ref().try_into().unwrap());
            let delay = entry.at - (start + period * call);
            assert!(delay <= Duration::from_millis(50), "call {call}: {delay:?}");
        }
        assert_windows_bounded(fake);
    });
}

#[tokio::test(start_paused = true)]
async fn a_shard_out_of_tokens_gets_bunches_not_single_records() {
    let kinesis = FakeKinesis::with_shards(1);
    let writer = writer(&kinesis, |_| ());
    assert!(writer.write(numbered(3_000, 3_000), within(60)).await.iter().all(Result::is_ok));
    let requests = kinesis.read(|fake| fake.request_sizes.len());
    assert!(requests <= 110, "{requests} requests in the 2 s that 3,000 records take");
}

#[tokio::test(start_paused = true)]
async fn a_hot_shard_does_not_slow_the_others() {
    let kinesis = FakeKinesis::with_shards(2);
    let hot = (0..6_000).map(|number: u32| UserRecord {
        explicit_hash_key: Some("0".into()),
        ..record(&format!("hot-{number}"), "hot")
    });
    let cool = (0..600).map(|number: u32| UserRecord {
        explicit_hash_key: Some(u128::MAX.to_string().into()),
        ..record(&format!("cool-{number}"), "cool")
    });
    let start = now();
    let results = writer(&kinesis, |_| ()).write(hot.chain(cool).collect(), within(60)).await;
    assert!(results.iter().all(Result::is_ok));
    kinesis.read(|fake| {
        let last_cool = fake.written.iter().rfind(|entry| entry.data == "cool").unwrap().at - start;
        assert!(last_cool <= Duration::from_millis(450), "600 at 1,500/s: {last_cool:?}");
        assert!(fake.written.last().unwrap().at - start >= Duration::from_millis(3_900));
        assert_windows_bounded(fake);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_pattern_of_calls_exceeds_a_shards_windows(
        calls in prop::collection::vec((0_u64..1_500, 1_u32..900, 0_usize..4_000), 1..12),
        throttled_share in 0.0..0.4_f64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let kinesis = FakeKinesis::with_shards(2);
            kinesis.configure(|fake| fake.throttled_share = throttled_share);
            let writer = &writer(&kinesis, |_| ());
            let start = now();
            let calls = calls.iter().map(|(at_ms, count, size)| async move {
                sleep_until(start + Duration::from_millis(*at_ms)).await;
                let record = |number| record(&format!("{number}"), vec![0; *size]);
                writer.write((0..*count).map(record).collect(), within(600)).await
            });
            assert!(join_all(calls).await.iter().flatten().all(Result::is_ok));
            kinesis.read(assert_windows_bounded);
        });
    }
}
