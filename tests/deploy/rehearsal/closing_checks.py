"""What is judged at the end, over everything that the scenarios did."""

import base64

from . import permissions
from .producer import MARKER, Plaintext
from .rehearsal import Outcome, Rehearsal


def no_plaintext_in_the_logs(rehearsal: Rehearsal) -> Outcome:
    """No function wrote a record's plaintext to its log."""
    outcome = Outcome()
    for log in sorted((rehearsal.work / "sandboxes").iterdir()):
        content = log.read_bytes()
        outcome.demand(not any(plaintext in content for plaintext in _PLAINTEXTS), f"{log.name} holds plaintext")
    return outcome


def permissions_are_the_least(rehearsal: Rehearsal) -> Outcome:
    """Every call is allowed, and every permission had a use in one of the stacks."""
    outcome = Outcome()
    for kind in ("stream-decryptor", "record-encryptor"):
        functions = [name for stack in rehearsal.stacks.values() for name in stack.functions() if name.endswith(kind)]
        unused = []
        for function in functions:
            called = permissions.called_actions(rehearsal.journal, function)
            outcome.problems += permissions.problems(function, called)
            unused.append(permissions.unused_actions(function, called))
        for action in sorted(set.intersection(*unused)):
            outcome.demand(False, f"the policies of {kind} allow {action}, which nothing called")
    return outcome


# How every plaintext begins, as it is and as base64 of whole groups of three bytes.
_BEGINNING = Plaintext(0, "", 0).encode()[: Plaintext(0, "", 0).encode().index(b"run") // 3 * 3]
_PLAINTEXTS = (MARKER.encode(), base64.b64encode(_BEGINNING))

CLOSING_CHECKS = [no_plaintext_in_the_logs, permissions_are_the_least]
