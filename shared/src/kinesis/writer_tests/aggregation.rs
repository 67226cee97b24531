//! Many records in one entry.

use super::*;
use crate::kinesis::Aggregation;
use crate::testing::Resharding;

fn aggregating(settings: &mut WriterSettings, aggregation: Aggregation) {
    settings.aggregation = aggregation;
}

#[tokio::test(start_paused = true)]
async fn aggregates_come_apart_into_the_same_records_in_order() {
    for aggregation in [Aggregation::SamePartitionKey, Aggregation::SameShard] {
        let kinesis = FakeKinesis::with_shards(4);
        kinesis.configure(|fake| {
            fake.throttled_share = 0.3;
            fake.internal_failure_share = 0.05;
        });
        let writer = writer(&kinesis, |settings| aggregating(settings, aggregation));
        let results = writer.write(numbered(20_000, 40), within(60)).await;
        assert!(results.iter().all(Result::is_ok));
        assert_all_once_in_order(&kinesis, 20_000);

        kinesis.read(|fake| {
            assert!(fake.written.len() < 2_000, "{} entries", fake.written.len());
            let mut places = HashMap::new();
            for entry in &fake.written {
                let sequence_number = entry.sequence_number.as_str();
                match deaggregate(&entry.data) {
                    None => drop(places.insert((sequence_number, None), entry.data.clone())),
                    Some(records) => places.extend(
                        (0..).zip(records).map(|(position, record)| ((sequence_number, Some(position)), record.data)),
                    ),
                }
            }
            for (number, receipt) in (0_u32..).zip(results.iter().flatten()) {
                let place = (receipt.sequence_number.as_str(), receipt.sub_sequence_number);
                assert_eq!(places[&place], number.to_be_bytes().as_slice());
            }
        });
    }
}

#[tokio::test(start_paused = true)]
async fn aggregates_keep_their_size() {
    let kinesis = FakeKinesis::with_shards(1);
    let writer = writer(&kinesis, |settings| {
        aggregating(settings, Aggregation::SameShard);
        settings.max_aggregate_bytes = 2_000.try_into().unwrap();
        settings.rate_limit_percent = None;
    });
    let records = (0..300).map(|number| record(&format!("key-{number}"), vec![7; number * 10])).collect();
    assert!(writer.write(records, within(60)).await.iter().all(Result::is_ok));
    kinesis.read(|fake| {
        let aggregates = fake.written.iter().filter(|entry| deaggregate(&entry.data).is_some());
        assert!(aggregates.clone().count() > 15);
        assert!(aggregates.clone().all(|entry| entry.data.len() <= 2_000));
        // Records beyond the size travel alone, as they are.
        assert_eq!(fake.written.iter().filter(|entry| entry.data.len() > 2_000).count(), 99);
    });
}

#[tokio::test(start_paused = true)]
async fn a_hot_key_gets_an_aggregate_through_per_round_trip() {
    let kinesis = FakeKinesis::with_shards(1);
    let start = now();
    let writer = writer(&kinesis, |settings| aggregating(settings, Aggregation::SamePartitionKey));
    assert!(writer.write(numbered(10_000, 1), within(60)).await.iter().all(Result::is_ok));
    assert_all_once_in_order(&kinesis, 10_000);
    // One by one they would take 100 s.
    assert!(now() - start < Duration::from_secs(1), "{:?}", now() - start);
}

#[tokio::test(start_paused = true)]
async fn a_split_duplicates_no_aggregate_of_one_partition_key() {
    let kinesis = FakeKinesis::with_shards(2);
    kinesis.configure(|fake| {
        fake.throttled_share = 0.2;
        fake.reshardings = vec![(200, Resharding::MergeWithNext(0)), (100, Resharding::Split(1))];
    });
    let writer = writer(&kinesis, |settings| {
        aggregating(settings, Aggregation::SamePartitionKey);
        settings.max_aggregate_bytes = 200.try_into().unwrap();
    });
    let results = writer.write(numbered(20_000, 100), within(60)).await;
    assert!(results.iter().flatten().filter(|receipt| !receipt.possibly_duplicated).count() == 20_000);
    assert_all_once_in_order(&kinesis, 20_000);
}

#[tokio::test(start_paused = true)]
async fn a_merge_duplicates_no_aggregate() {
    let kinesis = FakeKinesis::with_shards(3);
    kinesis.configure(|fake| fake.reshardings = vec![(50, Resharding::MergeWithNext(0))]);
    let writer = writer(&kinesis, |settings| {
        aggregating(settings, Aggregation::SameShard);
        settings.max_aggregate_bytes = 500.try_into().unwrap();
    });
    let results = writer.write(numbered(20_000, 2_000), within(60)).await;
    assert!(results.iter().flatten().filter(|receipt| !receipt.possibly_duplicated).count() == 20_000);
    assert_all_once_in_order(&kinesis, 20_000);
    assert_eq!(kinesis.list_calls(), 2);
}

/// A reader that is built on the Kinesis Client Library misses nothing.
#[tokio::test(start_paused = true)]
async fn after_a_split_the_kcl_gets_every_record_once_in_order() {
    let kinesis = FakeKinesis::with_shards(2);
    kinesis.configure(|fake| {
        fake.reshardings = vec![(150, Resharding::Split(2)), (50, Resharding::Split(0))];
    });
    let writer = writer(&kinesis, |settings| {
        aggregating(settings, Aggregation::SameShard);
        settings.max_aggregate_bytes = 500.try_into().unwrap();
    });
    let results = writer.write(numbered(20_000, 2_000), within(60)).await;
    assert!(results.iter().all(Result::is_ok));

    let duplicated = results.iter().flatten().filter(|receipt| receipt.possibly_duplicated).count();
    assert!(duplicated > 0, "the split hit aggregates under way");
    let mut by_key: HashMap<_, Vec<u32>> = HashMap::new();
    for (partition_key, data) in kinesis.read_by_the_kcl() {
        by_key.entry(partition_key).or_default().push(u32::from_be_bytes(data.as_ref().try_into().unwrap()));
    }
    assert_eq!(by_key.values().map(Vec::len).sum::<usize>(), 20_000, "once each");
    assert!(by_key.values().all(|numbers| numbers.is_sorted_by(|before, after| before < after)));
    let total: usize = kinesis.read(|fake| numbers_by_key(fake).values().map(Vec::len).sum());
    assert_eq!(total, 20_000 + duplicated, "every further copy is told");
}
