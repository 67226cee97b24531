//! Puts, reads and reshardings.

use super::*;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn put(stream: &InMemoryStream, partition_key: &str) -> PutReceipt {
    stream.put(partition_key, None, Bytes::from_static(b"data"), NOW)
}

#[test]
fn a_partition_key_stays_in_its_shard_and_in_order() {
    let stream = InMemoryStream::new("orders", 4);
    let receipts: Vec<_> = (0..10).map(|_| put(&stream, "customer-7")).collect();
    let shard_id = &receipts[0].shard_id;
    let records = stream.read(shard_id, 0, 100).unwrap();
    let read: Vec<_> = records.iter().map(|record| record.sequence_number.as_str()).collect();
    let put: Vec<_> = receipts.iter().map(|receipt| receipt.sequence_number.as_str()).collect();
    assert_eq!(read, put);
    assert!(put.iter().all(|number| number.len() == 56));
    assert!(put.is_sorted());
}

#[test]
fn an_explicit_hash_key_decides_the_shard() {
    let stream = InMemoryStream::new("orders", 2);
    let low = stream.put("key", Some(0), Bytes::new(), NOW);
    let high = stream.put("key", Some(u128::MAX), Bytes::new(), NOW);
    assert_eq!([low.shard_id.as_str(), high.shard_id.as_str()], ["shardId-000000000000", "shardId-000000000001"]);
}

#[test]
fn a_split_shard_takes_no_more_and_its_children_take_over() {
    let stream = InMemoryStream::new("orders", 1);
    let parent = put(&stream, "a").shard_id;
    stream.split(&parent, 1 << 127).unwrap();
    assert_eq!(stream.split(&parent, 1 << 126), Err(StreamError::NotSplittable(parent.clone())));
    let shards = stream.shards();
    assert_eq!(shards.iter().map(ShardDescription::is_closed).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(shards[2].parent.as_ref(), Some(&parent));
    assert_ne!(put(&stream, "a").shard_id, parent);
    assert_eq!(stream.read(&parent, 0, 10).unwrap().len(), 1);
}

#[test]
fn merged_shards_take_no_more_and_their_child_takes_over() {
    let stream = InMemoryStream::new("orders", 3);
    let [low, middle, high] = [0, 1, 2].map(ShardId::new);
    assert_eq!(stream.merge(&low, &high), Err(StreamError::NotMergeable(low.clone(), high.clone())));
    stream.merge(&high, &middle).unwrap();
    let child = stream.shards()[3].clone();
    assert_eq!(child.parents().collect::<Vec<_>>(), [&middle, &high]);
    assert_eq!(stream.put("key", Some(u128::MAX), Bytes::new(), NOW).shard_id, child.id);
    assert!(stream.shards()[1].is_closed() && stream.shards()[2].is_closed());
    assert_eq!(stream.merge(&low, &middle), Err(StreamError::NotMergeable(low.clone(), middle)));
    stream.merge(&low, &child.id).unwrap();
    assert_eq!(stream.shards()[4].hash_keys, HashKeyRange::ALL);
}

#[test]
fn a_record_that_is_not_admitted_is_not_put() {
    let stream = InMemoryStream::new("orders", 1);
    let shard = ShardId::new(0);
    assert_eq!(stream.put_if("key", None, Bytes::new(), NOW, |_| false).unwrap_err(), shard);
    assert!(stream.read(&shard, 0, 1).unwrap().is_empty());
}

#[tokio::test]
async fn a_put_wakes_who_waits() {
    let stream = InMemoryStream::new("orders", 1);
    let mut changes = stream.subscribe();
    put(&stream, "a");
    changes.changed().await.unwrap();
}
