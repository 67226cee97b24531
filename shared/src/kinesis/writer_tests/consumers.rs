//! What consumers that are built on the Kinesis Client Library get, which discard an aggregate whole for one record that is not of the
//! shard it was read from.

use proptest::prelude::*;
use tracing_subscriber::filter::LevelFilter;

use super::*;
use crate::kinesis::{Aggregation, OnUnknownOutcome, RecordDistribution};
use crate::testing::{Log, Resharding};

const AGGREGATIONS: [Aggregation; 2] = [Aggregation::SamePartitionKey, Aggregation::SameShard];

fn aggregating(
    kinesis: &Arc<FakeKinesis>,
    aggregation: Aggregation,
) -> KinesisWriter<Arc<FakeKinesis>, Arc<FakeKinesis>> {
    writer(kinesis, |settings| settings.aggregation = aggregation)
}

/// Asserts that the KCL hands on `expected`, each once, and each partition key's in order.
fn assert_the_kcl_gets(kinesis: &FakeKinesis, expected: &[UserRecord]) {
    let mut by_key: HashMap<Arc<str>, Vec<Bytes>> = HashMap::new();
    for (key, data) in kinesis.read_by_the_kcl() {
        by_key.entry(key).or_default().push(data);
    }
    let mut expected_by_key: HashMap<Arc<str>, Vec<Bytes>> = HashMap::new();
    for record in expected {
        expected_by_key.entry(Arc::clone(&record.partition_key)).or_default().push(record.data.clone());
    }
    assert_eq!(by_key, expected_by_key);
}

fn number_of_duplicated(results: &Results) -> usize {
    results.iter().filter(|result| result.as_ref().unwrap().possibly_duplicated).count()
}

/// The number of user records in the stream, for whoever takes aggregates apart and discards nothing.
fn copies(kinesis: &FakeKinesis) -> usize {
    kinesis
        .read(|fake| fake.written.iter().map(|entry| deaggregate(&entry.data).map_or(1, |records| records.len())).sum())
}

#[tokio::test(start_paused = true)]
async fn all_records_of_an_aggregate_with_one_misplaced_member_are_sent_again() {
    let kinesis = FakeKinesis::with_shards(1);
    let writer = aggregating(&kinesis, Aggregation::SameShard);
    let loaded = record("customer-1", "loads the map");
    assert!(writer.write(vec![loaded.clone()], within(60)).await[0].is_ok());
    kinesis.split(0);
    // Their hash keys are on the two sides of 2^127.
    let (lower, upper) = (record("customer-4", "lower"), record("customer-0", "upper"));
    let results = writer.write(vec![upper.clone(), lower.clone()], within(60)).await;
    assert_eq!(number_of_duplicated(&results), 2, "told of the one at home, too: {results:?}");
    assert_the_kcl_gets(&kinesis, &[loaded, upper, lower]);
    assert_eq!(copies(&kinesis), 1 + 4);
}

#[tokio::test(start_paused = true)]
async fn a_split_under_forty_keys_loses_nothing_to_the_kcl() {
    let kinesis = FakeKinesis::with_shards(1);
    let writer = aggregating(&kinesis, Aggregation::SameShard);
    let loaded = record("customer-1", "loads the map");
    assert!(writer.write(vec![loaded.clone()], within(60)).await[0].is_ok());
    kinesis.split(0);
    let mut records = numbered(200, 40);
    let results = writer.write(records.clone(), within(60)).await;
    assert_eq!(number_of_duplicated(&results), 200);
    records.push(loaded);
    assert_the_kcl_gets(&kinesis, &records);
}

#[tokio::test(start_paused = true)]
async fn a_stream_created_again_with_other_shards_under_the_same_ids_loses_and_doubles_nothing() {
    for aggregation in AGGREGATIONS {
        for (before, after) in [(2, 3), (3, 2), (4, 2), (2, 2)] {
            let kinesis = FakeKinesis::with_shards(before);
            let writer = aggregating(&kinesis, aggregation);
            let mut records = numbered(60, 60);
            assert!(writer.write(records.clone(), within(60)).await.iter().all(Result::is_ok));
            // To delete and create a stream takes longer.
            tokio::time::advance(Duration::from_secs(2)).await;
            kinesis.recreate(after);
            let again = numbered(120, 60).split_off(60);
            let results = writer.write(again.clone(), within(60)).await;
            assert_eq!(number_of_duplicated(&results), 0, "{aggregation:?}, {before} -> {after}");
            records.extend(again);
            assert_the_kcl_gets(&kinesis, &records);
            assert_eq!(copies(&kinesis), 120);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_fresh_map_only_records_of_one_key_share_an_aggregate() {
    let kinesis = FakeKinesis::with_shards(2);
    let writer = aggregating(&kinesis, Aggregation::SameShard);
    let mut records = numbered(60, 20);
    assert!(writer.write(records.clone(), within(60)).await.iter().all(Result::is_ok));
    tokio::time::advance(Duration::from_secs(2)).await;
    kinesis.recreate(3);
    kinesis.configure(|fake| fake.refuse_listing = true);
    let again = numbered(120, 20).split_off(60);
    let results = writer.write(again.clone(), within(60)).await;
    assert_eq!(number_of_duplicated(&results), 0);
    records.extend(again);
    assert_the_kcl_gets(&kinesis, &records);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_distributes_records_by_itself_gets_no_aggregates() {
    for aggregation in AGGREGATIONS {
        let kinesis = FakeKinesis::with_shards(4);
        kinesis.configure(|fake| fake.distribution = RecordDistribution::ByService);
        let writer = aggregating(&kinesis, aggregation);
        let records = numbered(600, 50);
        let results = writer.write(records.clone(), within(60)).await;
        assert_eq!(number_of_duplicated(&results), 0);
        assert_eq!((kinesis.read_by_the_kcl().len(), copies(&kinesis)), (600, 600));
        assert!(kinesis.read(|fake| fake.written.iter().all(|entry| deaggregate(&entry.data).is_none())));
        assert!(writer.write(numbered(100, 50), within(60)).await.iter().all(Result::is_ok));
        assert_eq!((kinesis.distribution_calls(), kinesis.list_calls()), (1, 1), "no result is a surprise");
    }
}

#[tokio::test(start_paused = true)]
async fn that_a_stream_distributes_records_by_itself_is_said_once_and_so_is_that_it_does_not_tell() {
    let is_auto =
        "RecordDistributionStrategy is AUTO: Kinesis ignores partition keys, so records are not kept in order";
    let no_answer = "a strategy of AUTO, which keeps no order per partition key";
    let surprise = "records are in other shards than their partition keys say, and are no longer aggregated";
    for (secret, aggregation, told) in [
        (false, Aggregation::Off, vec![is_auto]),
        (false, Aggregation::SamePartitionKey, vec![is_auto]),
        (true, Aggregation::Off, vec![no_answer]),
        (true, Aggregation::SamePartitionKey, vec![no_answer, surprise]),
    ] {
        let log = Log::default();
        let logging = log.at(LevelFilter::WARN);
        let kinesis = FakeKinesis::with_shards(4);
        kinesis.configure(|fake| {
            fake.distribution = RecordDistribution::ByService;
            fake.refuse_distribution = secret;
        });
        let writer = aggregating(&kinesis, aggregation);
        for _ in 0..3 {
            assert!(writer.write(numbered(60, 10), within(60)).await.iter().all(Result::is_ok));
        }
        drop(logging);
        assert_eq!(log.text().lines().count(), told.len(), "{}", log.text());
        assert!(told.iter().all(|words| log.text().contains(words)), "{}", log.text());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_begins_to_distribute_records_by_itself_is_noticed_and_nothing_is_lost_to_the_kcl() {
    for aggregation in AGGREGATIONS {
        for secret in [false, true] {
            let kinesis = FakeKinesis::with_shards(4);
            kinesis.configure(|fake| fake.refuse_distribution = secret);
            let writer = aggregating(&kinesis, aggregation);
            let mut records = numbered(60, 60);
            assert!(writer.write(records.clone(), within(60)).await.iter().all(Result::is_ok));

            kinesis.configure(|fake| fake.distribution = RecordDistribution::ByService);
            let again = numbered(660, 60).split_off(60);
            let results = writer.write(again.clone(), within(60)).await;
            let duplicated = number_of_duplicated(&results);
            assert!(duplicated > 0, "aggregates were under way: {aggregation:?}");
            records.extend(again);
            let mut got = kinesis.read_by_the_kcl();
            got.sort_by(|one, other| one.1.cmp(&other.1));
            let expected: Vec<_> = records.into_iter().map(|record| (record.partition_key, record.data)).collect();
            assert_eq!(got, expected, "{aggregation:?}, secret: {secret}");
            assert_eq!(copies(&kinesis), 660 + duplicated, "every further copy is told");
            let results = writer.write(numbered(600, 60), within(60)).await;
            assert_eq!(number_of_duplicated(&results), 0, "it is remembered");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_surprise_that_one_call_does_not_wait_for_has_the_next_one_ask_anew() {
    for secret in [false, true] {
        let kinesis = FakeKinesis::with_shards(2);
        kinesis.configure(|fake| fake.refuse_distribution = secret);
        let writer = aggregating(&kinesis, Aggregation::SamePartitionKey);
        let mut calls = Vec::new();
        for _ in 0..4 {
            assert!(writer.write(numbered(60, 60), within(60)).await.iter().all(Result::is_ok));
            calls.push((kinesis.list_calls(), kinesis.distribution_calls()));
            if calls.len() == 1 {
                kinesis.split(0);
            }
            tokio::time::advance(Duration::from_secs(2)).await;
        }
        // A strategy that it keeps secret is asked for once.
        let asked = if secret { 1 } else { 2 };
        assert_eq!(calls, [(1, 1), (1, 1), (2, asked), (2, asked)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_strategy_that_is_not_told_in_time_does_not_hold_the_writing_up() {
    let kinesis = FakeKinesis::with_shards(2);
    kinesis.configure(|fake| fake.distribution_hangs = true);
    let start = now();
    let writer = aggregating(&kinesis, Aggregation::SamePartitionKey);
    assert!(writer.write(numbered(60, 60), within(60)).await.iter().all(Result::is_ok));
    assert!(now() - start < Duration::from_secs(2), "{:?}", now() - start);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever happens to the stream: what is acknowledged reaches the KCL, its first copies in order, and each further copy is told.
    #[test]
    fn what_is_acknowledged_reaches_the_kcl_in_order(
        same_shard: bool,
        reach in prop::option::of(20_usize..600),
        shards in 1_u32..4,
        reshardings in prop::collection::vec((1_usize..120, 0_usize..3, any::<bool>()), 0..4),
        throttled_share in 0.0..0.3_f64,
        answers_to_lose in 0_usize..3,
        results_to_garble in 0_usize..3,
        keys in 1_u32..60,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let kinesis = FakeKinesis::with_shards(shards);
            let mut open = shards as usize;
            let mut at = 0;
            let mut planned: Vec<_> = reshardings
                .iter()
                .map(|(after, index, split)| {
                    at += after;
                    let resharding = if *split || open < 2 {
                        open += 1;
                        Resharding::Split(index % (open - 1))
                    } else {
                        open -= 1;
                        Resharding::MergeWithNext(index % open)
                    };
                    (at, resharding)
                })
                .collect();
            planned.reverse();
            kinesis.configure(|fake| {
                fake.reshardings = planned;
                fake.throttled_share = throttled_share;
                fake.answers_to_lose = answers_to_lose;
                fake.results_to_garble = results_to_garble;
            });
            let writer = writer(&kinesis, |settings| {
                settings.aggregation = if same_shard { Aggregation::SameShard } else { Aggregation::SamePartitionKey };
                settings.on_unknown_outcome = OnUnknownOutcome::SendAgain;
                settings.retry.attempt_timeout = Duration::from_millis(300);
                settings.retry.max_attempts = 100.try_into().unwrap();
                settings.max_aggregate_bytes = 300.try_into().unwrap();
            });
            let records = numbered(3_000, keys);
            let duplicated = match reach.and_then(std::num::NonZeroUsize::new) {
                None => {
                    let results = writer.write(records, within(600)).await;
                    assert!(results.iter().all(Result::is_ok), "{:?}", results.iter().find(|result| result.is_err()));
                    Some(number_of_duplicated(&results))
                }
                Some(reach) => {
                    let prefix = writer.write_prefix(records, reach, within(600)).await;
                    assert!((prefix.written, prefix.failure.is_none()) == (3_000, true), "{:?}", prefix.failure);
                    None
                }
            };
            let mut firsts: HashMap<Arc<str>, Vec<u32>> = HashMap::new();
            for (key, data) in kinesis.read_by_the_kcl() {
                let number = u32::from_be_bytes(data.as_ref().try_into().unwrap());
                let numbers = firsts.entry(key).or_default();
                if !numbers.contains(&number) {
                    numbers.push(number);
                }
            }
            assert_eq!(firsts.values().map(Vec::len).sum::<usize>(), 3_000);
            assert!(firsts.values().all(|numbers| numbers.is_sorted()), "{firsts:?}");
            assert!(duplicated.is_none_or(|told| told > 0 || copies(&kinesis) == 3_000));
        });
    }
}
