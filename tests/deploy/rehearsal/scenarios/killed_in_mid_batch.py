"""The function's process is killed while it delivers."""

import os
import signal
from pathlib import Path

from ..rehearsal import Outcome, Rehearsal
from ..waiting import eventually
from .exchange import Exchange

_RECORDS = 480


def killed_in_mid_batch(rehearsal: Rehearsal) -> Outcome:
    """Nothing is lost; what was delivered of the killed batch is sent twice, which the FIFO queue hides."""
    exchange = Exchange(rehearsal, "queue")
    mark = rehearsal.journal.mark()
    exchange.send(_RECORDS)
    delivering = eventually(
        lambda: exchange.calls("SendMessageBatch") and rehearsal.journal.running_sandboxes(mark),
        within_seconds=30,
        every_seconds=0.01,
    )
    killed = [_kill_child(pid) for pid in delivering or []]
    outcome = exchange.finish(within_seconds=90, duplicates_allowed=True, errors_allowed=True)
    crashed = any(invocation.is_error for invocation in exchange.invocations())
    outcome.demand(any(killed) and crashed, "the function was not killed while it delivered")
    return outcome


def _kill_child(emulator_pid: int) -> bool:
    """Kills the function's process, which is the emulator's child."""
    threads = Path(f"/proc/{emulator_pid}/task").glob("*/children")
    children = {int(pid) for file in threads for pid in file.read_text().split()}
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    return bool(children)
