"""The sink is another stream, which shows order and every duplicate, and KMS throttles for a while."""

from ..rehearsal import Outcome, Rehearsal
from ..waiting import eventually
from .exchange import Exchange


def stream_sink_keeps_order(rehearsal: Rehearsal) -> Outcome:
    """All arrive once and in order although the batch took several invocations."""
    exchange = Exchange(rehearsal, "stream")
    with rehearsal.quota.limited_to(2):
        # Many partition keys, because the order of each costs a round trip a record.
        exchange.send(200, records_per_data_key=5, partition_keys=40)
        throttled = eventually(exchange.partial_responses, within_seconds=30)
    outcome = exchange.finish(within_seconds=60)
    outcome.demand(throttled, "no partial-batch response was seen while KMS throttled")
    return outcome
