"""Plaintext goes to record-encryptor, invoked and by its queue, and comes back through stream-decryptor."""

import base64
import itertools
import json

from ..aws import client
from ..destinations import Queue
from ..producer import Plaintext
from ..rehearsal import Outcome, Rehearsal
from ..waiting import eventually
from .exchange import Exchange

_MALFORMED = ["not JSON", json.dumps({"partitionKey": "device-0"})]
_SEND_MESSAGE_BATCH_LIMIT = 10


def encrypted_records_come_back(rehearsal: Rehearsal) -> Outcome:
    """Both ways arrive once, under few data keys; malformed messages are in the dead-letter queue."""
    exchange = Exchange(rehearsal, "stream")
    mark = rehearsal.journal.mark()
    # By a queue without an order, only records of different partition keys have none to lose.
    direct, queued = exchange.producer.plaintexts(100, 20), exchange.producer.plaintexts(100, 100)
    exchange.sent += direct + queued

    answer = _invoke(exchange, direct)
    _enqueue(exchange, [*map(_record, queued), *_MALFORMED])
    outcome = exchange.finish(within_seconds=60)

    failed = answer.get("failedRecordCount")
    outcome.demand(failed == 0, f"record-encryptor answered that {failed} records failed")
    dead_letters = Queue(exchange.stack.outputs["EncryptorDeadLetterQueueUrl"])
    eventually(lambda: len(dead_letters.bodies()) == len(_MALFORMED), within_seconds=60)
    outcome.demand(
        sorted(dead_letters.bodies()) == sorted(_MALFORMED), "the dead-letter queue does not hold the malformed messages"
    )

    entries = [
        entry for entry in rehearsal.journal.entries(mark) if entry["function"] == exchange.stack.function("RecordEncryptor")
    ]
    sandboxes = len({entry["sandbox_pid"] for entry in entries if entry["kind"] == "invocation-started"})
    data_keys = sum(entry["kind"] == "call" and entry["operation"] == "GenerateDataKey" for entry in entries)
    outcome.demand(data_keys <= sandboxes, f"{sandboxes} sandboxes asked for {data_keys} data keys")
    outcome.note = f"{data_keys} data keys for {len(exchange.sent)} records"
    return outcome


def _invoke(exchange: Exchange, plaintexts: list[Plaintext]) -> dict:
    payload = f'{{"records": [{",".join(map(_record, plaintexts))}]}}'
    answer = client("lambda").invoke(FunctionName=exchange.stack.function("RecordEncryptor"), Payload=payload)
    return json.load(answer["Payload"])


def _enqueue(exchange: Exchange, bodies: list[str]) -> None:
    url = exchange.stack.outputs["EncryptorQueueUrl"]
    _give_up_soon(url)
    for batch in itertools.batched(bodies, _SEND_MESSAGE_BATCH_LIMIT, strict=False):
        entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(batch)]
        client("sqs").send_message_batch(QueueUrl=url, Entries=entries)


def _give_up_soon(url: str) -> None:
    """Failed messages come again after seconds, and once only: a deployment waits for minutes, and tries more often."""
    attributes = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
    redrive_policy = {**json.loads(attributes["RedrivePolicy"]), "maxReceiveCount": 2}
    client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"VisibilityTimeout": "8", "RedrivePolicy": json.dumps(redrive_policy)}
    )


def _record(plaintext: Plaintext) -> str:
    data = base64.b64encode(plaintext.encode()).decode()
    return json.dumps({"partitionKey": plaintext.partition_key, "data": data})
