"""Makes LocalStack's mapping follow a resharded stream as Lambda does.

LocalStack 4.14 starts every shard again from the mapping's starting position when one of them ends: a split would deliver
the whole stream for ever. Lambda finishes a shard before it starts the shards it was split into.
"""

from localstack.runtime import hooks


@hooks.on_infra_start()
def follow_resharding():
    """Replaces how the poller chooses shards."""
    from localstack.services.lambda_.event_source_mapping.pollers.kinesis_poller import KinesisPoller

    get_records = KinesisPoller.get_records

    def get_records_and_note_the_end(self, shard_iterator):
        response = get_records(self, shard_iterator)
        if not response.get("NextShardIterator"):
            ended = next(shard for shard, iterator in self.shards.items() if iterator == shard_iterator)
            _ended_shards(self).add(ended)
        return response

    KinesisPoller.get_records = get_records_and_note_the_end
    KinesisPoller.initialize_shards = _initialize_shards


def _initialize_shards(poller) -> dict[str, str]:
    """The shards to read now, with their iterators: not those that have ended, nor children of those that have not."""
    ended = _ended_shards(poller)
    shards = poller.source_client.list_shards(StreamARN=poller.source_arn)["Shards"]
    unfinished = {shard["ShardId"] for shard in shards} - ended
    iterators = {}
    for shard in shards:
        shard_id = shard["ShardId"]
        parents = {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")} - {None}
        if shard_id in ended or parents & unfinished:
            continue
        position = "TRIM_HORIZON" if parents & ended else poller.stream_parameters["StartingPosition"]
        iterators[shard_id] = poller.shards.get(shard_id) or _iterator(poller, shard_id, position)
    return iterators


def _iterator(poller, shard_id: str, position: str) -> str:
    answer = poller.source_client.get_shard_iterator(StreamARN=poller.source_arn, ShardId=shard_id, ShardIteratorType=position)
    return answer["ShardIterator"]


def _ended_shards(poller) -> set[str]:
    if not hasattr(poller, "_ended_shards"):
        poller._ended_shards = set()
    return poller._ended_shards
