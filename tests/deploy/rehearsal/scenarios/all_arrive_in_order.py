"""Records of many partition keys and data keys, and nothing else happens."""

from collections import Counter

from ..producer import distinct_data_keys
from ..rehearsal import Outcome, Rehearsal
from .exchange import Exchange

_RECORDS, _RECORDS_PER_DATA_KEY = 400, 20


def all_arrive_in_order(rehearsal: Rehearsal) -> Outcome:
    """All arrive once and in order, with one KMS call per distinct data key."""
    exchange = Exchange(rehearsal, "queue")
    exchange.send(_RECORDS, _RECORDS_PER_DATA_KEY)
    outcome = exchange.finish(within_seconds=60)
    unwraps = Counter(call["data_key"] for call in exchange.calls("Decrypt"))
    data_keys = distinct_data_keys(_RECORDS, _RECORDS_PER_DATA_KEY)
    outcome.demand(len(unwraps) == data_keys, f"{len(unwraps)} data keys were unwrapped, not {data_keys}")
    repeated = sum(unwraps.values()) - len(unwraps)
    outcome.demand(repeated == 0, f"KMS was asked {repeated} times for a data key that was in the cache")
    outcome.note = f"{sum(unwraps.values())} KMS calls for {data_keys} data keys"
    return outcome
