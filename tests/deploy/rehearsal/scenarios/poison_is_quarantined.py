"""Records that can never be decrypted, between others that can."""

import os
from collections import Counter

from ..aws import client
from ..destinations import Bucket, Queue
from ..rehearsal import Outcome, Rehearsal
from ..waiting import eventually
from .exchange import Exchange

# As base64, with what is told about it, more than the MiB that a message of SQS holds; a record of Kinesis holds it.
_TOO_LARGE_FOR_A_MESSAGE = 900_000


def poison_goes_to_the_queue(rehearsal: Rehearsal) -> Outcome:
    """Each poison record is in the quarantine queue as it came; the others arrive."""
    queue = Queue(rehearsal.stacks["queue"].outputs["QuarantineQueueUrl"])
    return _poison_is_quarantined(Exchange(rehearsal, "queue"), queue.ciphertexts)


def poison_goes_to_the_bucket(rehearsal: Rehearsal) -> Outcome:
    """The same, with the bucket as quarantine and Firehose as sink."""
    bucket = Bucket(rehearsal.stacks["delivery-stream"].outputs["FailedRecordsBucketName"])
    return _poison_is_quarantined(Exchange(rehearsal, "delivery-stream"), bucket.quarantined)


def _poison_is_quarantined(exchange: Exchange, quarantined) -> Outcome:
    before = exchange.producer.plaintexts(20)
    after = exchange.producer.plaintexts(20)
    poison = _poison(exchange)
    exchange.sent += before + after
    exchange.producer.put(
        [*exchange.producer.encrypt(before), *(("device-0", data) for data in poison), *exchange.producer.encrypt(after)]
    )
    outcome = exchange.finish(within_seconds=60)

    expected = Counter(poison)
    eventually(lambda: not expected - Counter(quarantined()), within_seconds=20)
    found = Counter(quarantined())
    outcome.quarantined = sum(found.values())
    lost, surplus = expected - found, found - expected
    outcome.demand(not lost, f"{sum(lost.values())} poison records are not in quarantine as they came")
    outcome.demand(not surplus, f"{sum(surplus.values())} records are in quarantine that should not be, or twice")
    return outcome


def _poison(exchange: Exchange) -> list[bytes]:
    """One record of each kind."""
    producer = exchange.producer
    good = [data for _, data in producer.encrypt(producer.plaintexts(4), records_per_data_key=1)]
    foreign_key = client("kms").create_key(Description="not among the function's keys")["KeyMetadata"]["Arn"]
    ((_, under_foreign_key),) = producer.encrypt(producer.plaintexts(1), key_arn=foreign_key)
    ((_, without_context),) = producer.with_context({}).encrypt(producer.plaintexts(1))
    return [
        b'{"not": "encrypted"}',
        os.urandom(300),
        os.urandom(_TOO_LARGE_FOR_A_MESSAGE),
        good[0][:-20],
        good[1] + b"trailing",
        _flip(good[2], -120),
        _flip(good[3], 1),
        under_foreign_key,
        without_context,
    ]


def _flip(message: bytes, index: int) -> bytes:
    """The message with one bit wrong. From the end: in the tag or the signature; at 1: the algorithm suite."""
    changed = bytearray(message)
    changed[index] ^= 1
    return bytes(changed)
