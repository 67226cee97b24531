"""A wrapping key is disabled in mid-stream, and enabled again."""

from ..aws import client
from ..rehearsal import Outcome, Rehearsal
from ..stacks import keys
from ..waiting import eventually, never
from .exchange import Exchange


def disabled_key_waits(rehearsal: Rehearsal) -> Outcome:
    """The shard waits at the first record under the disabled key: what is before it arrives, what is after it does not yet."""
    exchange = Exchange(rehearsal, "stream")
    first_key, second_key = keys(exchange.stack)
    producer = exchange.producer
    before, under_disabled, after = (producer.plaintexts(20) for _ in range(3))
    payloads = [
        *producer.encrypt(before, key_arn=first_key),
        *producer.encrypt(under_disabled, key_arn=second_key),
        *producer.encrypt(after, key_arn=first_key),
    ]
    exchange.sent += before + under_disabled + after

    client("kms").disable_key(KeyId=second_key)
    producer.put(payloads)
    prefix_arrived = eventually(lambda: exchange.arrived(before) == len(before), within_seconds=30)
    waited = eventually(exchange.partial_responses, within_seconds=20)
    stayed = never(lambda: exchange.arrived(under_disabled + after), for_seconds=3)
    client("kms").enable_key(KeyId=second_key)

    outcome = exchange.finish(within_seconds=90)
    outcome.demand(prefix_arrived, "records before the disabled key did not arrive while it was disabled")
    outcome.demand(waited, "no partial-batch response was seen while the key was disabled")
    outcome.demand(stayed, "records beyond the checkpoint were delivered")
    return outcome
