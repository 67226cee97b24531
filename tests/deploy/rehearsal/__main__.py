"""Checks the templates, builds the functions, deploys them to an emulated AWS and rehearses what can go wrong."""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import ClientError

from . import scenarios, toolchain
from .aws import use_emulator
from .closing_checks import CLOSING_CHECKS
from .deletion import deletion_keeps_records_and_keys
from .deployment import built, in_place_of_built
from .emulator import emulator
from .failure import StepFailed
from .journal import Journal
from .kms_quota import kms_quota
from .processes import free_port
from .quick_start import existing_stream_asks_for_nothing, quick_start_asks_for_nothing
from .rehearsal import Outcome, Rehearsal
from .release import a_release_deploys_without_a_build
from .report import Row, table
from .sabotage import sabotages
from .stacks import deploy_all

_STEPS = {
    "lint": toolchain.lint,
    "build": toolchain.build,
    "build-other": toolchain.build_for_other_architecture,
}
_REHEARSE = "rehearse"


def main() -> int:
    """Returns the process's exit status."""
    arguments = _arguments()
    # As after an interrupt, the servers are to be ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    work = Path(tempfile.mkdtemp(prefix="warmkeys-deploy-"))
    print(f"logs are in {work}", flush=True)
    rows: list[Row] = []
    try:
        for step in arguments.steps:
            if step in _STEPS:
                rows.append(_timed(step, _STEPS[step], work))
            else:
                rows += _rehearse(arguments, work)
    except StepFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    print(table(rows))
    if any(row.outcome.problems for row in rows):
        return 1
    if not arguments.keep_logs:
        shutil.rmtree(work)
    return 0


def _rehearse(arguments: argparse.Namespace, work: Path) -> list[Row]:
    package = in_place_of_built(arguments.binaries.resolve(), work) if arguments.binaries else built()
    emulator_port, quota_port = free_port(), free_port()
    endpoint = f"http://127.0.0.1:{emulator_port}"
    use_emulator(endpoint)
    with (
        kms_quota(toolchain.throttling_proxy(work), emulator_port, quota_port, work) as quota,
        emulator(work, functions_kms_endpoint=quota.endpoint, port=emulator_port),
    ):
        started = time.monotonic()
        stacks = deploy_all(package, toolchain.architecture(), work)
        rows = [Row("deploy", time.monotonic() - started, Outcome())]
        _print(rows[0])
        rehearsal = Rehearsal(stacks, quota, Journal(work / "journal.jsonl"), package, work)
        for check in _checks(arguments.checks):
            rows.append(_timed(check.__name__, check, rehearsal))
        return rows


def _timed(name: str, action: Callable, argument) -> Row:
    started = time.monotonic()
    try:
        outcome = action(argument) or Outcome()
    except ClientError as error:
        outcome = Outcome(problems=[str(error)])
    row = Row(name, time.monotonic() - started, outcome)
    _print(row)
    return row


def _print(row: Row) -> None:
    result = "; ".join(row.outcome.problems) or "ok"
    print(f"{row.name}: {result} ({row.seconds:.0f} s)", flush=True)


def _checks(names: list[str] | None) -> list[Callable[[Rehearsal], Outcome]]:
    """Everything, or the checks named, in the usual order."""
    first_steps = [quick_start_asks_for_nothing, existing_stream_asks_for_nothing, a_release_deploys_without_a_build]
    checks = [*scenarios.ALL, *CLOSING_CHECKS, *sabotages(), *first_steps, deletion_keeps_records_and_keys]
    return [check for check in checks if names is None or check.__name__ in names]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/deploy/run", description=__doc__)
    parser.add_argument("--steps", nargs="+", choices=[*_STEPS, _REHEARSE], default=[*_STEPS, _REHEARSE], help="default: all")
    names = [check.__name__ for check in _checks(None)]
    parser.add_argument("--checks", nargs="+", choices=names, help="of the step rehearse; default: all")
    parser.add_argument("--binaries", type=Path, help="a folder of executables to deploy in place of the built functions")
    parser.add_argument("--keep-logs", action="store_true", help="keep the logs although nothing failed")
    return parser.parse_args()


sys.exit(main())
