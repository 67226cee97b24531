"""The shard is split while records flow."""

from ..aws import client
from ..rehearsal import Outcome, Rehearsal
from ..waiting import eventually
from .exchange import Exchange

_MIDDLE_OF_THE_HASH_KEYS = str(2**127)


def split_in_mid_stream(rehearsal: Rehearsal) -> Outcome:
    """All arrive once, in order within each partition key across the split."""
    exchange = Exchange(rehearsal, "queue")
    stream = exchange.stack.outputs["StreamArn"]
    plaintexts = exchange.producer.plaintexts(300)
    exchange.sent += plaintexts
    exchange.producer.send(plaintexts[:150])
    shard = client("kinesis").list_shards(StreamARN=stream)["Shards"][0]["ShardId"]
    client("kinesis").split_shard(StreamARN=stream, ShardToSplit=shard, NewStartingHashKey=_MIDDLE_OF_THE_HASH_KEYS)
    active = eventually(lambda: _status(stream) == "ACTIVE", within_seconds=30)
    exchange.producer.send(plaintexts[150:])
    outcome = exchange.finish(within_seconds=60)
    outcome.demand(active, "the stream did not become active after the split")
    shards = {_shard(record) for invocation in exchange.invocations() for record in invocation.event["Records"]}
    outcome.demand(len(shards) == 3, f"records came from {len(shards)} shards, not from the parent and its two children")
    return outcome


def _status(stream: str) -> str:
    return client("kinesis").describe_stream_summary(StreamARN=stream)["StreamDescriptionSummary"]["StreamStatus"]


def _shard(record: dict) -> str:
    return record["eventID"].split(":")[0]
