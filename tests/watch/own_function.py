"""A function of one's own, the example `typed_records`: which orders it stores, and what it says of records that are none."""

import base64
import json
from pathlib import Path

from kinesis_event import kinesis_event
from layout import EVENTS
from servers import EmbeddedKinesis, Watch, WatchedExample

EXAMPLE = "typed_records"
ENCRYPTOR = "record-encryptor"

_REFUSED = "sink (the function's own sink): the record can never be taken"

# Orders among what is none, each with the reason that the quarantine gives, or `None` where the order is stored.
_REASONS = {
    '{"order": 1}': None,
    "no order": f"{_REFUSED}: it is not JSON (line 1, column 2)",
    '{"order": "1"}': f"{_REFUSED}: its JSON is not of the expected type (line 1, column 13)",
    '{"order": 0}': f"{_REFUSED}: orders are counted from 1",
    '{"order": 2}': None,
}


def orders_among_others(watch: Watch, kinesis: EmbeddedKinesis) -> tuple[bytes, dict]:
    """An event of orders and of what is none, encrypted by `record-encryptor`, and what has to become of it."""
    records = [{"partitionKey": "customer-1", "data": base64.b64encode(text.encode()).decode()} for text in _REASONS]
    failed, body = watch.post(ENCRYPTOR, json.dumps({"records": records}).encode())
    written = kinesis.new_records()
    if failed or len(written) != len(records):
        raise SystemExit(f"{ENCRYPTOR} did not write {len(records)} records: {body.decode(errors='replace')}")
    numbers = [record["SequenceNumber"] for record in written]
    reasons = dict(zip(numbers, _REASONS.values(), strict=True))
    expected = {
        "failed": False,
        "failures": [],
        "stored": [number for number, reason in reasons.items() if reason is None],
        "quarantined": {number: reason for number, reason in reasons.items() if reason is not None},
    }
    return kinesis_event(written), expected


def orders_only(event: Path = EVENTS / "all-decryptable.json") -> tuple[bytes, dict]:
    """An event of nothing but orders, and what has to become of it."""
    content = event.read_bytes()
    numbers = [record["kinesis"]["sequenceNumber"] for record in json.loads(content)["Records"]]
    return content, {"failed": False, "failures": [], "stored": numbers, "quarantined": {}}


def stored(example: WatchedExample, event: bytes) -> dict:
    """What becomes of an event of the example."""
    ends = example.written.ends()
    failed, body = example.post(event)
    written, logged = example.written.objects_since(ends)
    failures = [] if failed else json.loads(body)["batchItemFailures"]
    return {
        "failed": failed,
        "failures": [failure["itemIdentifier"] for failure in failures],
        "stored": [line["sequence_number"] for line in written + logged if line.get("message") == "an order was stored"],
        "quarantined": {line["sequenceNumber"]: line["reason"] for line in logged if "failureClass" in line},
    }
