"""What the emulator wrote down: invocations with their answers, and the functions' API calls."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Invocation:
    """One invocation that has ended."""

    function: str
    event: dict
    answer: str
    is_error: bool

    @cached_property
    def sequence_numbers(self) -> list[str]:
        """The batch's sequence numbers, in order; empty for an event that is not of Kinesis."""
        return [record["kinesis"]["sequenceNumber"] for record in self.event.get("Records", []) if "kinesis" in record]

    @cached_property
    def failures(self) -> list[str]:
        """The item identifiers that the function answered."""
        if self.is_error:
            return []
        answer = json.loads(self.answer) or {}
        return [failure["itemIdentifier"] for failure in answer.get("batchItemFailures") or []]


class Journal:
    """The journal, read from its file anew each time."""

    def __init__(self, file: Path):
        self._file = file

    def mark(self) -> int:
        """The present end; entries are asked for from a mark on."""
        return self._file.stat().st_size if self._file.exists() else 0

    def entries(self, since: int = 0) -> list[dict]:
        """The entries from the mark `since` on."""
        if not self._file.exists():
            return []
        with self._file.open("rb") as file:
            file.seek(since)
            # The last line may still be on its way.
            return [json.loads(line) for line in file.read().split(b"\n")[:-1]]

    def invocations(self, since: int = 0) -> list[Invocation]:
        """The invocations that started and ended from the mark on."""
        events, ended = {}, []
        for entry in self.entries(since):
            if entry["kind"] == "invocation-started":
                events[entry["request_id"]] = entry["event"]
            elif entry["kind"] == "invocation-ended" and entry["request_id"] in events:
                event = events[entry["request_id"]]
                ended.append(Invocation(entry["function"], event, entry["answer"], entry["is_error"]))
        return ended

    def running_sandboxes(self, since: int = 0) -> list[int]:
        """The process ids of the emulators of invocations that have started and not ended."""
        running = {}
        for entry in self.entries(since):
            if entry["kind"] == "invocation-started":
                running[entry["request_id"]] = entry["sandbox_pid"]
            elif entry["kind"] == "invocation-ended":
                running.pop(entry["request_id"], None)
        return list(running.values())

    def calls(self, since: int = 0) -> list[dict]:
        """The functions' API calls from the mark on."""
        return [entry for entry in self.entries(since) if entry["kind"] == "call"]
