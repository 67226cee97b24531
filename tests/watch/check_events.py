"""Invokes every function with every event, and a function of one's own, under `cargo lambda watch`, beside the embedded KMS and
Kinesis, by the README's own commands, and checks what is answered, delivered, quarantined and written."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import own_function
from kinesis_event import kinesis_event
from layout import EVENTS, EXPECTED
from servers import EmbeddedKinesis, EmbeddedKms, Watch, WatchedExample, Written

DECRYPTOR, ENCRYPTOR = "stream-decryptor", own_function.ENCRYPTOR

# Events that are sent by `cargo lambda invoke` too.
INVOKED_BY_COMMAND = {"all-decryptable", "poison-record", "direct", "sqs-fifo"}


def main() -> int:
    results = Results()
    with tempfile.TemporaryDirectory() as scratch, EmbeddedKms(Path(scratch)) as kms, EmbeddedKinesis(Path(scratch)) as kinesis:
        endpoints = {"AWS_ENDPOINT_URL_KMS": kms.url, "AWS_ENDPOINT_URL_KINESIS": kinesis.url}
        expected = expectations("expected.json", EVENTS)
        for settings, names in by_environment(expected).items():
            with Watch(Path(scratch), dict(settings) | endpoints) as watch:
                for name in names:
                    for means, send in senders(watch, DECRYPTOR, EVENTS / f"{name}.json"):
                        results.check(f"{DECRYPTOR}, {name}, {means}", wanted(expected[name]), decrypted, watch.written, send)
        expected = expectations("expected-of-record-encryptor.json", EVENTS / ENCRYPTOR)
        with Watch(Path(scratch), endpoints) as watch:
            for name, outcome in expected.items():
                for means, send in senders(watch, ENCRYPTOR, EVENTS / ENCRYPTOR / f"{name}.json"):
                    results.check(f"{ENCRYPTOR}, {name}, {means}", outcome, encrypted, watch, kinesis, send)
            among_others = own_function.orders_among_others(watch, kinesis)
        with WatchedExample(Path(scratch), own_function.EXAMPLE, endpoints) as example:
            for title, (event, outcome) in {"orders": own_function.orders_only(), "orders among others": among_others}.items():
                results.check(f"{own_function.EXAMPLE}, {title}", outcome, own_function.stored, example, event)
    print(f"{results.passed} passed, {results.failed} failed")
    return 1 if results.failed else 0


def expectations(file: str, events: Path) -> dict:
    """What has to become of the events of a folder, every one of them."""
    expected = json.loads((EXPECTED / file).read_text())
    there = {path.stem for path in events.glob("*.json")}
    if there != expected.keys():
        raise SystemExit(f"{events} and {file} differ: {', '.join(sorted(there ^ expected.keys()))}")
    return expected


def by_environment(expected: dict) -> dict:
    """The scenarios' names by their environment, since a running function has only one."""
    groups = {}
    for name, scenario in expected.items():
        environment = scenario["environment"]
        groups.setdefault(tuple(sorted(environment.items())), []).append(name)
    return groups


def senders(watch: Watch, function: str, file: Path) -> list[tuple[str, Callable]]:
    """The ways to send an event: over HTTP, and some by command."""
    ways = [("over HTTP", lambda: watch.post(function, file.read_bytes()))]
    if file.stem in INVOKED_BY_COMMAND:
        ways.append(("by command", lambda: watch.invoke(function, file)))
    return ways


class Results:
    """Compares and counts."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def check(self, title: str, expected: dict, outcome: Callable, *arguments) -> None:
        try:
            actual = outcome(*arguments)
        except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            actual = repr(error)
        if actual == expected:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {title}\n  expected {expected}\n  but was  {actual}", file=sys.stderr)


def wanted(scenario: dict) -> dict:
    """What `decrypted` has to say of a scenario."""
    return {
        "failed": scenario["functionError"],
        "failures": [] if scenario["functionError"] else scenario["batchItemFailures"],
        "delivered": scenario["delivered"],
        "quarantined": scenario["quarantined"],
    }


def decrypted(written: Written, send: Callable) -> dict:
    """What becomes of an event of `stream-decryptor`."""
    ends = written.ends()
    failed, body = send()
    delivered, logged = written.objects_since(ends)
    failures = [] if failed else json.loads(body)["batchItemFailures"]
    members = ("sequenceNumber", "subSequenceNumber", "partitionKey", "text")
    return {
        "failed": failed,
        "failures": [failure["itemIdentifier"] for failure in failures],
        "delivered": [{name: line[name] for name in members if name in line} for line in delivered if "text" in line],
        "quarantined": [line["sequenceNumber"] for line in logged if "failureClass" in line],
    }


def encrypted(watch: Watch, kinesis: EmbeddedKinesis, send: Callable) -> dict:
    """What becomes of an event of `record-encryptor`; what it wrote is read by `stream-decryptor`."""
    failed, body = send()
    if failed:
        return {"failed": body.decode(errors="replace")}
    answer = json.loads(body)
    records = kinesis.new_records()
    read = decrypted(watch.written, lambda: watch.post(DECRYPTOR, kinesis_event(records)))
    outcome = {"texts": sorted(compact(record["text"]) for record in read["delivered"])}
    if "records" not in answer:
        return outcome | {"batchItemFailures": [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]}
    numbers = {record["sequenceNumber"] for record in answer["records"] if "sequenceNumber" in record}
    if numbers != {record["SequenceNumber"] for record in records}:
        raise ValueError(f"the answer names {numbers}, which is not what was written")
    return outcome | {"errorCodes": [record.get("errorCode") for record in answer["records"]]}


def compact(text: str) -> str:
    """JSON without its spaces; any other text as it is."""
    try:
        return json.dumps(json.loads(text), separators=(",", ":"))
    except ValueError:
        return text


if __name__ == "__main__":
    sys.exit(main())
