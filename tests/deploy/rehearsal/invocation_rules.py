"""What holds of every invocation, whatever the scenario: the contract of `ReportBatchItemFailures`."""

from .journal import Invocation


def problems(invocations: list[Invocation]) -> list[str]:
    """The breaches among answers that are not errors."""
    return [problem for invocation in invocations for problem in _problems(invocation)]


def partial_responses(invocations: list[Invocation]) -> int:
    """How many answers name a checkpoint."""
    return sum(bool(invocation.failures) for invocation in invocations)


def _problems(invocation: Invocation):
    batch = invocation.sequence_numbers
    if invocation.is_error or not batch:
        return
    failures = invocation.failures
    if len(failures) > 1:
        yield f"{invocation.function} answered {len(failures)} checkpoints for one batch"
    if any(failure not in batch for failure in failures):
        yield f"{invocation.function} answered a sequence number that was not in the batch"
