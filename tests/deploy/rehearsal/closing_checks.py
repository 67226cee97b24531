"""What is judged at the end, over everything that the scenarios did."""

from . import permissions
from .producer import MARKER
from .rehearsal import Outcome, Rehearsal


def no_plaintext_in_the_logs(rehearsal: Rehearsal) -> Outcome:
    """No function wrote a record's plaintext to its log."""
    outcome = Outcome()
    for log in sorted((rehearsal.work / "sandboxes").iterdir()):
        outcome.demand(MARKER.encode() not in log.read_bytes(), f"{log.name} holds plaintext")
    return outcome


def permissions_are_the_least(rehearsal: Rehearsal) -> Outcome:
    """Every call is allowed, and every permission had a use in one of the stacks."""
    outcome = Outcome()
    unused = []
    for stack in rehearsal.stacks.values():
        called = permissions.called_actions(rehearsal.journal, stack.function())
        outcome.problems += permissions.problems(stack, stack.function(), called)
        unused.append(permissions.unused_actions(stack.function(), called))
    for action in sorted(set.intersection(*unused)):
        outcome.demand(False, f"the policies allow {action}, which nothing called")
    return outcome


CLOSING_CHECKS = [no_plaintext_in_the_logs, permissions_are_the_least]
