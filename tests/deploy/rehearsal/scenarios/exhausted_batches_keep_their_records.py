"""A key stays disabled for longer than the mapping tries."""

from collections import Counter

from ..aws import client
from ..destinations import Bucket
from ..rehearsal import Outcome, Rehearsal
from ..stacks import keys
from ..waiting import eventually
from .exchange import Exchange


def exhausted_batches_keep_their_records(rehearsal: Rehearsal) -> Outcome:
    """The given-up batch is in the bucket with every record; later records arrive."""
    exchange = Exchange(rehearsal, "delivery-stream")
    bucket = Bucket(exchange.stack.outputs["FailedRecordsBucketName"])
    producer, (key,) = exchange.producer, keys(exchange.stack)
    payloads = producer.encrypt(producer.plaintexts(10))

    client("kms").disable_key(KeyId=key)
    producer.put(payloads)
    expected = Counter(data for _, data in payloads)
    eventually(lambda: not expected - Counter(bucket.given_up()), within_seconds=60)
    client("kms").enable_key(KeyId=key)

    exchange.send(10)
    outcome = exchange.finish(within_seconds=60)
    found = Counter(bucket.given_up())
    outcome.quarantined = sum(found.values())
    outcome.demand(not expected - found, f"{sum((expected - found).values())} given-up records are not in the bucket")
    return outcome
