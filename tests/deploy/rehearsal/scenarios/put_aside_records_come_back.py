"""Records are given up and quarantined while a key is disabled; it is enabled again, and `warmkeys redrive` brings them back."""

import time

from ..aws import client
from ..redrive import Redrive
from ..rehearsal import Outcome, Rehearsal
from ..stacks import keys
from ..waiting import eventually
from .exchange import Exchange

_QUARANTINED, _GIVEN_UP = 60, 10

# So slowly that there is a middle to be killed in.
_SLOWLY = ("--batch-records", "10", "--records-per-second", "10", "--visibility-timeout", "30")
_KILL_AFTER_SECONDS = (3.0, 4.0)


def quarantined_records_come_back(rehearsal: Rehearsal) -> Outcome:
    """All come back from the queue in order, although the redrive is killed; a second one finds nothing."""
    exchange = Exchange(rehearsal, "queue")
    url = exchange.stack.outputs["QuarantineQueueUrl"]
    _put_under_disabled_key(exchange, _QUARANTINED)
    quarantined = eventually(lambda: _messages(url) == _QUARANTINED, within_seconds=90)
    _enable(exchange)

    redrive = Redrive(rehearsal.work, [url], exchange.stack.function())
    dry_run = redrive.run("--dry-run")
    killed = 0
    for seconds in _KILL_AFTER_SECONDS:
        killed += redrive.kill_after(seconds, "--delete", *_SLOWLY)
        eventually(lambda: _hidden(url) == 0, within_seconds=60, every_seconds=1.0)
    left = _messages(url)
    redriven = redrive.run("--delete", *_SLOWLY)
    outcome = exchange.finish(within_seconds=60, duplicates_allowed=True)
    again = redrive.run("--delete")

    outcome.quarantined = _QUARANTINED
    outcome.demand(quarantined, f"not all of {_QUARANTINED} records went to quarantine while the key was disabled")
    would_send = f"{_QUARANTINED}  records would be sent"
    outcome.demand(dry_run.status == 0 and would_send in dry_run.output, f"the dry run tells:\n{dry_run.output}")
    outcome.demand(killed and 0 < left < _QUARANTINED, f"no redrive was killed in its middle: {left} records were left")
    outcome.demand(redriven.status == 0 and redriven.count("delivered") <= left, f"the redrive tells:\n{redriven.output}")
    outcome.demand(_messages(url) == 0, "messages are left in the quarantine queue")
    outcome.demand(again.status == 1 and "no record was found" in again.output, f"a second redrive tells:\n{again.output}")
    outcome.note = f"{killed} redrives killed, {left} records left for the last"
    return outcome


def given_up_records_come_back(rehearsal: Rehearsal) -> Outcome:
    """All come back from the bucket; a second redrive sends nothing, and deletes what is done once it is asked to."""
    exchange = Exchange(rehearsal, "delivery-stream")
    bucket = exchange.stack.outputs["FailedRecordsBucketName"]
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
    source = f"s3://{bucket}/aws/lambda/"
    redrive = Redrive(rehearsal.work, [source], exchange.stack.function())
    _put_under_disabled_key(exchange, _GIVEN_UP)
    would_send = f"{_GIVEN_UP}  records would be sent"
    given_up = eventually(
        lambda: would_send in redrive.run("--dry-run", "--since", since).output, within_seconds=90, every_seconds=2.0
    )
    _enable(exchange)

    redriven = redrive.run("--since", since)
    again = redrive.run("--since", since)
    outcome = exchange.finish(within_seconds=90)
    deleting = redrive.run("--since", since, "--delete")

    outcome.demand(given_up, "the records were not given up while the key was disabled")
    outcome.demand(redriven.status == 0 and redriven.count("delivered") == _GIVEN_UP, f"the redrive tells:\n{redriven.output}")
    for run in (again, deleting):
        done = run.count("done by an earlier run")
        outcome.demand(run.status == 0 and done == _GIVEN_UP and run.count("delivered") == 0, f"a second one tells:\n{run.output}")
    outcome.demand(deleting.count("objects and messages deleted") > 0, f"nothing was deleted:\n{deleting.output}")
    return outcome


def _put_under_disabled_key(exchange: Exchange, count: int) -> None:
    plaintexts = exchange.producer.plaintexts(count)
    payloads = exchange.producer.encrypt(plaintexts)
    client("kms").disable_key(KeyId=keys(exchange.stack)[0])
    exchange.producer.put(payloads)
    exchange.sent += plaintexts


def _enable(exchange: Exchange) -> None:
    client("kms").enable_key(KeyId=keys(exchange.stack)[0])


def _messages(url: str) -> int:
    return _attribute(url, "ApproximateNumberOfMessages") + _hidden(url)


def _hidden(url: str) -> int:
    return _attribute(url, "ApproximateNumberOfMessagesNotVisible")


def _attribute(url: str, name: str) -> int:
    return int(client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])
