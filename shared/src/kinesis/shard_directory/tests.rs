//! The directory against the fake stream.

use super::*;
use crate::clock::SystemClock;
use crate::testing::{FakeKinesis, seeded_settings};
use futures_util::future::join_all;

fn directory(kinesis: &Arc<FakeKinesis>) -> ShardDirectory<Arc<FakeKinesis>> {
    ShardDirectory::new(Arc::clone(kinesis), &seeded_settings(), Arc::new(SystemClock))
}

#[tokio::test(start_paused = true)]
async fn a_listing_of_several_pages_becomes_one_map_of_the_open_shards() {
    let kinesis = FakeKinesis::with_shards(7);
    kinesis.configure(|fake| fake.shards_per_page = 3);
    kinesis.split(0);
    let map = directory(&kinesis).current().await.unwrap();
    assert_eq!(map.shards().len(), 8);
    assert_eq!(kinesis.list_calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn ten_calls_share_one_listing_and_its_failure() {
    let kinesis = FakeKinesis::with_shards(1);
    kinesis.configure(|fake| fake.refuse_listing = true);
    let directory = directory(&kinesis);
    let failures = join_all((0..10).map(|_| directory.current())).await;
    assert!(failures.iter().all(|failure| matches!(failure, Err(ListShardsError::Refused(_)))));
    assert_eq!(kinesis.list_calls(), 1);

    kinesis.configure(|fake| fake.refuse_listing = false);
    let maps = join_all((0..10).map(|_| directory.current())).await;
    assert!(maps.iter().all(Result::is_ok));
    assert_eq!(kinesis.list_calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stale_map_is_refreshed_once_per_interval() {
    let kinesis = FakeKinesis::with_shards(1);
    let directory = directory(&kinesis);
    let start = SystemClock.now().monotonic;
    let first = directory.current().await.unwrap();
    let refreshed = join_all((0..10).map(|_| directory.newer_than(first.version))).await;
    assert!(refreshed.iter().all(|map| map.as_ref().is_ok_and(|map| map.version == 1)));
    assert_eq!(kinesis.list_calls(), 2);
    assert!(SystemClock.now().monotonic - start >= Duration::from_secs(1));
    assert_eq!(directory.newer_than(0).await.unwrap().version, 1);
    assert_eq!(kinesis.list_calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_nobody_waits_for_any_more_does_not_block_the_next() {
    let kinesis = FakeKinesis::with_shards(1);
    kinesis.configure(|fake| fake.listing_hangs = true);
    let directory = directory(&kinesis);
    assert!(tokio::time::timeout(Duration::from_millis(50), directory.current()).await.is_err());
    kinesis.configure(|fake| fake.listing_hangs = false);
    assert!(tokio::time::timeout(Duration::from_millis(50), directory.current()).await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_endless_listing_is_an_error() {
    let kinesis = FakeKinesis::with_shards(1);
    kinesis.configure(|fake| fake.endless_listing = true);
    assert!(matches!(directory(&kinesis).current().await, Err(ListShardsError::Malformed)));
}
