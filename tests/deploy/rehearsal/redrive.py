"""Runs `warmkeys redrive` as an operator does, against the emulated AWS."""

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .failure import StepFailed
from .layout import REPOSITORY
from .processes import run

# A clean debug build takes minutes on two slow cores.
_BUILD_SECONDS = 3_600
_REDRIVE_SECONDS = 300


@dataclass(frozen=True)
class Redriven:
    """A run that has ended."""

    status: int
    output: str

    def count(self, words: str) -> int:
        """The number beside these words of the report; 0 if they are not there."""
        found = re.search(rf"^ *{re.escape(words)}  (\d+)$", self.output, re.MULTILINE)
        return int(found[1]) if found else 0


class Redrive:
    """The program with one task: from `sources` through `function`."""

    def __init__(self, work: Path, sources: list[str], function: str):
        self._program = _program(work)
        self._work = work
        self._arguments = [*(part for source in sources for part in ("--from", source)), "--through", function]
        self._arguments += ["--state", str(work / f"{function}-{time.time_ns()}.state"), "--retry-pause", "500"]

    def run(self, *further: str) -> Redriven:
        """Runs it to its end."""
        with self._start(further) as process:
            try:
                output, _ = process.communicate(timeout=_REDRIVE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise StepFailed(f"redrive took longer than {_REDRIVE_SECONDS} s") from None
        return Redriven(process.returncode, output)

    def kill_after(self, seconds: float, *further: str) -> bool:
        """Kills it after so many seconds; whether it still ran."""
        with self._start(further) as process:
            try:
                process.communicate(timeout=seconds)
                return False
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                return True

    def _start(self, further: tuple[str, ...]) -> subprocess.Popen:
        return subprocess.Popen(
            [self._program, "redrive", *self._arguments, *further],
            env={**os.environ, "AWS_REGION": os.environ["AWS_DEFAULT_REGION"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def _program(work: Path) -> Path:
    command = ["cargo", "build", "--quiet", "--workspace", "--bin", "warmkeys"]
    run(command, work / "build-warmkeys.log", _BUILD_SECONDS, REPOSITORY)
    return REPOSITORY / "target" / "debug" / "warmkeys"
