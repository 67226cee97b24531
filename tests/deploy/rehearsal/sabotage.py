"""Breaks the deployed function on purpose: a rehearsal that a broken function passes proves nothing."""

import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from .aws import client
from .rehearsal import Outcome, Rehearsal
from .scenarios import poison_goes_to_the_queue, stream_sink_keeps_order

_SABOTEUR = Path(__file__).with_name("saboteur.py")

# What is broken, the stack whose function it is, and the scenario that has to notice.
_SABOTAGES = [
    ("answers_a_later_checkpoint", "stream", stream_sink_keeps_order),
    ("answers_an_earlier_checkpoint", "stream", stream_sink_keeps_order),
    ("answers_a_foreign_checkpoint", "stream", stream_sink_keeps_order),
    ("answers_success", "stream", stream_sink_keeps_order),
    ("loses_quarantined_records", "queue", poison_goes_to_the_queue),
]


def sabotages() -> list[Callable[[Rehearsal], Outcome]]:
    """A check for each: it passes if the scenario fails."""
    return [_check(*sabotage) for sabotage in _SABOTAGES]


def _check(sabotage: str, stack_name: str, scenario: Callable[[Rehearsal], Outcome]):
    def check(rehearsal: Rehearsal) -> Outcome:
        function = rehearsal.stacks[stack_name].function()
        executable = rehearsal.package.executables["StreamDecryptor"]
        _update(function, _zipped(executable, sabotage))
        try:
            noticed = scenario(rehearsal).problems
        finally:
            _update(function, _zipped(executable))
        outcome = Outcome(note=f"noticed: {'; '.join(noticed)}")
        outcome.demand(noticed, f"{scenario.__name__} did not notice a function that {sabotage}")
        return outcome

    check.__name__ = sabotage
    return check


def _zipped(executable: Path, sabotage: str | None = None) -> bytes:
    """The function's package; with `sabotage`, the saboteur as `bootstrap` and the function beside it."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        if sabotage is None:
            _add(archive, "bootstrap", executable.read_bytes())
        else:
            _add(archive, "function", executable.read_bytes())
            _add(archive, "bootstrap", f"#!{sys.executable}\n{_SABOTEUR.read_text()}".encode())
            _add(archive, "sabotage", sabotage.encode())
    return package.getvalue()


def _add(package: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o755 << 16
    package.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED, compresslevel=1)


def _update(function: str, code: bytes) -> None:
    client("lambda").update_function_code(FunctionName=function, ZipFile=code)
    client("lambda").get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
