"""Other programs: commands that end, and servers that are ended. Every wait has a limit."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from .failure import StepFailed

_STOP_SECONDS = 15


def run(command: list, log: Path, timeout_seconds: float, cwd: Path | None = None, env: dict | None = None) -> None:
    """Runs `command` to its end, its output in `log`. Raises `StepFailed` with the log's end if it fails or takes too long."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            returncode = process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            _stop(process)
            raise StepFailed(f"{command[0]} took longer than {timeout_seconds} s\n{tail(log)}") from None
        except BaseException:
            _stop(process)
            raise
    if returncode != 0:
        raise StepFailed(f"{' '.join(str(part) for part in command[:3])} … ended with {returncode}\n{tail(log)}")


class Server:
    """A server on a loopback port, ended with everything it started when the context ends."""

    def __init__(self, command: list, port: int, log: Path, start_seconds: float, env: dict | None = None):
        self._command = [str(part) for part in command]
        self._port = port
        self._log = log
        self._start_seconds = start_seconds
        self._env = {**os.environ, **(env or {})}

    def __enter__(self):
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_it_listens()
        except BaseException:
            _stop(self._process)
            raise
        return self

    def __exit__(self, *_):
        _stop(self._process)

    def _wait_until_it_listens(self) -> None:
        give_up_at = time.monotonic() + self._start_seconds
        while time.monotonic() < give_up_at:
            if self._process.poll() is not None:
                raise StepFailed(f"{self._command[0]} ended with {self._process.returncode}\n{tail(self._log)}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.05)
        raise StepFailed(f"{self._command[0]} does not listen after {self._start_seconds} s\n{tail(self._log)}")


def free_port() -> int:
    """A port of the loopback interface that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def tail(log: Path, lines: int = 30) -> str:
    """The last lines of `log`."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _stop(process: subprocess.Popen) -> None:
    """Ends the process, politely first, and whatever is left of the session that it leads."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pid in _session(process.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _session(leader: int) -> list[int]:
    """The processes of the session: functions are in process groups of their own, but not in sessions."""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the name, which is in parentheses: state, parent, process group, session.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader:
            members.append(int(stat.parent.name))
    return members
