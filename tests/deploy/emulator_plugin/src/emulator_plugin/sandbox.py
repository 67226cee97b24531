"""One sandbox: the function's process under the Runtime Interface Emulator that SAM CLI ships."""

import os
import socket
import subprocess
import time
from pathlib import Path

import requests

_START_SECONDS = 15
_STOP_SECONDS = 5
# The emulator ends an invocation at the function's time-out; this only bounds a hanging emulator.
_BEYOND_TIMEOUT_SECONDS = 10


class Sandbox:
    """A running emulator. It takes one invocation at a time: a second one at the same time would crash it."""

    def __init__(self, code: Path, environment: dict[str, str], log: Path):
        self._invoke_port, runtime_port = _free_ports(2)
        self._timeout = int(environment["AWS_LAMBDA_FUNCTION_TIMEOUT"])
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [
                os.environ["RUNTIME_INTERFACE_EMULATOR"],
                *("--runtime-interface-emulator-address", f"127.0.0.1:{self._invoke_port}"),
                *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
                str(code / "bootstrap"),
            ],
            cwd=code,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._wait_until_it_listens()

    @property
    def pid(self) -> int:
        """The emulator's process; the function's is its child."""
        return self._process.pid

    def invoke(self, payload: str) -> tuple[bytes, bool]:
        """The function's answer, and whether it is an error."""
        response = requests.post(
            f"http://127.0.0.1:{self._invoke_port}/2015-03-31/functions/function/invocations",
            data=payload.encode(),
            timeout=self._timeout + _BEYOND_TIMEOUT_SECONDS,
        )
        return response.content, not response.ok or _is_error(response)

    def stop(self) -> None:
        """Ends the emulator, which ends the function's process, at the latest after some seconds."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _wait_until_it_listens(self) -> None:
        give_up_at = time.monotonic() + _START_SECONDS
        while time.monotonic() < give_up_at:
            if self._process.poll() is not None:
                raise RuntimeError(f"the Runtime Interface Emulator ended with {self._process.returncode}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._invoke_port)) == 0:
                    return
            time.sleep(0.02)
        self.stop()
        raise RuntimeError("the Runtime Interface Emulator does not listen")


def _is_error(response: requests.Response) -> bool:
    """Whether an answer with status 200 is an error. The emulator marks none: a crash and a time-out look like answers."""
    if response.content.startswith(b"Task timed out"):
        return True
    try:
        answer = response.json()
    except ValueError:
        return True
    return isinstance(answer, dict) and "errorType" in answer


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
