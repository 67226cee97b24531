"""What one scenario sends to a stack, and what comes back."""

import time

from .. import invocation_rules
from ..comparison import compare
from ..producer import Plaintext, Producer
from ..rehearsal import Outcome, Rehearsal
from ..stacks import producer, sink
from ..waiting import eventually

# After the last record has arrived, a second delivery of it would come within this time.
_SETTLE_SECONDS = 2.0

# Longer than the emulator's pauses between two attempts at a batch, as few as the scenarios make necessary.
_IDLE_SECONDS = 20.0


class Exchange:
    """Sends to a stack's stream and reads its sink."""

    def __init__(self, rehearsal: Rehearsal, stack_name: str):
        self.stack = rehearsal.stacks[stack_name]
        self.producer: Producer = producer(self.stack)
        self._sink = sink(self.stack)
        self._arrived_before = len(self._sink.plaintexts())
        self.journal = rehearsal.journal
        self.sent: list[Plaintext] = []
        self._mark = rehearsal.journal.mark()

    def send(self, count: int, records_per_data_key: int = 20, partition_keys: int = 8) -> list[Plaintext]:
        """Sends `count` new records."""
        plaintexts = self.producer.plaintexts(count, partition_keys)
        self.sent += plaintexts
        self.producer.send(plaintexts, records_per_data_key)
        return plaintexts

    def arrived(self, plaintexts: list[Plaintext]) -> int:
        """How many of `plaintexts` have arrived."""
        return len(set(plaintexts) & {Plaintext.decode(plaintext) for plaintext in self._arrived()})

    def _arrived(self) -> list[bytes]:
        """What has arrived since the exchange began."""
        return self._sink.plaintexts()[self._arrived_before :]

    def invocations(self):
        """The invocations of the stack's function since the exchange began."""
        return [invocation for invocation in self.journal.invocations(self._mark) if invocation.function == self.stack.function()]

    def calls(self, operation: str) -> list[dict]:
        """The calls of an operation by the stack's function since the exchange began."""
        return [
            call
            for call in self.journal.calls(self._mark)
            if call["function"] == self.stack.function() and call["operation"] == operation
        ]

    def partial_responses(self) -> int:
        """How many answers named a checkpoint so far."""
        return invocation_rules.partial_responses(self.invocations())

    def finish(self, within_seconds: float, duplicates_allowed: bool = False, errors_allowed: bool = False) -> Outcome:
        """Waits until everything sent has arrived (or nothing happens any more), and compares."""
        eventually(lambda: self.arrived(self.sent) == len(self.sent) or self._is_idle(), within_seconds)
        time.sleep(_SETTLE_SECONDS)
        comparison = compare(self.sent, self._arrived())
        invocations = self.invocations()
        sent_again = self._delivered() - len(self.sent)
        duplicates_allowed = duplicates_allowed or 0 < sent_again <= self._accepted_after_the_answer()
        outcome = Outcome(
            sent=comparison.sent,
            arrived=comparison.arrived,
            duplicates=sent_again,
            partial_responses=invocation_rules.partial_responses(invocations),
            problems=comparison.problems(duplicates_allowed, self._sink.keeps_order) + invocation_rules.problems(invocations),
        )
        # A FIFO queue hides what it got twice; the calls do not.
        outcome.demand(
            duplicates_allowed or sent_again == 0,
            f"the sink accepted {len(self.sent) + sent_again} records although {len(self.sent)} were sent",
        )
        errors = [invocation.answer for invocation in invocations if invocation.is_error]
        outcome.demand(errors_allowed or not errors, f"{len(errors)} invocations failed, the first with: {errors[:1]}")
        return outcome

    def _is_idle(self) -> bool:
        """Whether the function has been left alone for so long that nothing more will come."""
        times = [entry["time"] for entry in self.journal.entries(self._mark) if entry["function"] == self.stack.function()]
        return bool(times) and time.time() - max(times) > _IDLE_SECONDS

    def _accepted_after_the_answer(self) -> int:
        """How many records the sink accepted when the function had already answered.

        A request that is under way at the deadline is abandoned, and nobody knows whether it was carried out: its records come
        again. This is the one duplicate that is documented.
        """
        running, count = 0, 0
        for entry in self.journal.entries(self._mark):
            if entry["function"] != self.stack.function():
                continue
            if entry["kind"] == "call":
                count += self._accepted(entry) if running == 0 else 0
            else:
                running += 1 if entry["kind"] == "invocation-started" else -1
        return count

    def _delivered(self) -> int:
        """How many records the sink has accepted since the exchange began."""
        return sum(self._accepted(call) for call in self.calls(self._sink.operation))

    def _accepted(self, call: dict) -> int:
        """How many records the sink accepted with this call, if it is one to the sink."""
        to_the_sink = call["operation"] == self._sink.operation and self._sink.name in (call["resource"] or "")
        return (call["accepted"] or 0) if to_the_sink else 0
