"""KMS throttles for longer than an invocation lasts."""

from ..rehearsal import Outcome, Rehearsal
from ..waiting import eventually
from .exchange import Exchange

# 60 data keys at 3 a second take 20 seconds: more than three invocations of 6 seconds.
_RECORDS, _RECORDS_PER_DATA_KEY, _QUOTA = 60, 1, 3


def throttled_keys_hold_the_shard(rehearsal: Rehearsal) -> Outcome:
    """Invocations answer checkpoints in time, the shard moves on with the quota, and nothing is delivered twice."""
    exchange = Exchange(rehearsal, "queue")
    with rehearsal.quota.limited_to(_QUOTA):
        sent = exchange.send(_RECORDS, _RECORDS_PER_DATA_KEY)
        throttled = eventually(lambda: exchange.partial_responses() >= 2, within_seconds=40)
        arrived = exchange.arrived(sent)
    outcome = exchange.finish(within_seconds=60)
    outcome.demand(throttled, "no two partial-batch responses were seen while KMS throttled")
    outcome.demand(0 < arrived < _RECORDS, f"{arrived} of {_RECORDS} records had arrived while KMS throttled")
    outcome.note = f"{arrived} arrived while KMS allowed {_QUOTA} requests a second"
    return outcome
