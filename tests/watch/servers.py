"""What runs meanwhile: the embedded services, and `cargo lambda watch` with the functions."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import readme
from layout import HERE, ROOT

STREAM = "local"
STREAM_ARN = f"arn:aws:kinesis:us-east-1:000000000000:stream/{STREAM}"
SHARD_ID = "shardId-000000000000"

# The README's ports, which are replaced by free ones.
_KMS_ADDRESS, _KINESIS_ADDRESS = "127.0.0.1:4599", "127.0.0.1:4598"
_WATCH_PORT = "9000"
_ENVIRONMENT_FILE = "tests/watch/local.env"

# What `cargo lambda` calls a function where there is only one.
_ONLY_FUNCTION = "_"

# Both the first start and the first invocation wait until everything is built.
_BUILD_SECONDS = 1800
_STOP_SECONDS = 10


class Server:
    """A process that is started, awaited and stopped, by its id, together with those that it started."""

    def __init__(self, command: list[str], port: int | None, output: Path, variables: dict[str, str] | None = None) -> None:
        """Awaits that it listens on the port, if it has one."""
        self._output = output.open("ab")
        self._errors = output.with_suffix(".errors").open("ab")
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=_without_credentials() | (variables or {}),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._errors,
            start_new_session=True,
        )
        if port is None:
            return
        give_up = time.monotonic() + _BUILD_SECONDS
        while time.monotonic() < give_up and self._process.poll() is None:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        self.stop()
        raise SystemExit(f"{' '.join(command)} did not start:\n{output.with_suffix('.errors').read_text()[-4000:]}")

    def stop(self) -> None:
        """Ends it, at the latest after some seconds."""
        for number in (signal.SIGINT, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                break
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        self._output.close()
        self._errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.stop()


class EmbeddedKms(Server):
    """The KMS that the functions call."""

    def __init__(self, scratch: Path) -> None:
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = readme.replaced(readme.command("embedded-kms"), {_KMS_ADDRESS: f"127.0.0.1:{port}"})
        super().__init__(command, port, scratch / "embedded-kms")


class EmbeddedKinesis(Server):
    """The stream that `record-encryptor` writes to."""

    def __init__(self, scratch: Path) -> None:
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = readme.replaced(readme.command("embedded-kinesis"), {_KINESIS_ADDRESS: f"127.0.0.1:{port}"})
        super().__init__(command, port, scratch / "embedded-kinesis")
        self._iterator = None

    def new_records(self) -> list[dict]:
        """The records since the last call, as the API has them."""
        if self._iterator is None:
            begin = {"StreamName": STREAM, "ShardId": SHARD_ID, "ShardIteratorType": "TRIM_HORIZON"}
            self._iterator = self._call("GetShardIterator", begin)["ShardIterator"]
        answer = self._call("GetRecords", {"ShardIterator": self._iterator})
        self._iterator = answer["NextShardIterator"]
        return answer["Records"]

    def _call(self, operation: str, arguments: dict) -> dict:
        headers = {"X-Amz-Target": f"Kinesis_20131202.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        request = urllib.request.Request(self.url, json.dumps(arguments).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)


class Written:
    """What functions write to their standard output and error output, which are these files."""

    def __init__(self, output: Path) -> None:
        self._outputs = [output, output.with_suffix(".errors")]

    def ends(self) -> list[int]:
        """Up to where they are written."""
        return [output.stat().st_size for output in self._outputs]

    def objects_since(self, ends: list[int]) -> list[list[dict]]:
        """The JSON objects that are lines of each since then."""
        return [_objects(output.read_bytes()[end:]) for output, end in zip(self._outputs, ends, strict=True)]


class Watch(Server):
    """`cargo lambda watch`, and what its functions wrote."""

    def __init__(self, scratch: Path, variables: dict[str, str]) -> None:
        self._port = _free_port()
        output = scratch / f"watch-{self._port}"
        file = output.with_suffix(".env")
        variables = _local_variables() | variables
        file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
        changes = {_WATCH_PORT: str(self._port), _ENVIRONMENT_FILE: str(file)}
        self.written = Written(output)
        super().__init__(readme.replaced(readme.command("lambda", "watch"), changes), self._port, output)

    def post(self, function: str, event: bytes) -> tuple[bool, bytes]:
        """Whether it failed, and the body, over the plain endpoint."""
        return _post(self._port, function, event)

    def invoke(self, function: str, file: Path) -> tuple[bool, bytes]:
        """The same by the README's `cargo lambda invoke` for this function, with another event."""
        command = readme.command("lambda", "invoke", function)
        changes = {_WATCH_PORT: str(self._port), command[-1]: str(file)}
        ended = subprocess.run(
            readme.replaced(command, changes),
            cwd=ROOT,
            env=_without_credentials(),
            capture_output=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
        return ended.returncode != 0, ended.stdout


class WatchedExample:
    """An example, started by hand under `cargo lambda watch`, which itself starts only what is a package's binary."""

    def __init__(self, scratch: Path, name: str, variables: dict[str, str]) -> None:
        self._port = _free_port()
        address = ["--invoke-address", "127.0.0.1", "--invoke-port", str(self._port)]
        watch = ["cargo", "lambda", "watch", "--only-lambda-apis", *address]
        # With the whole workspace's features, the example is of the build that the tests are.
        build = ["cargo", "build", "--quiet", "--workspace", "--example", name]
        subprocess.run(build, cwd=ROOT, env=_without_credentials(), timeout=_BUILD_SECONDS, check=True)
        output = scratch / name
        self.written = Written(output)
        runtime_api = {"AWS_LAMBDA_RUNTIME_API": f"http://127.0.0.1:{self._port}/.rt/{_ONLY_FUNCTION}"}
        with contextlib.ExitStack() as running:
            running.enter_context(Server(watch, self._port, scratch / f"watch-{name}"))
            example = [str(ROOT / "target" / "debug" / "examples" / name)]
            running.enter_context(Server(example, None, output, _decryptors_variables() | variables | runtime_api))
            self._running = running.pop_all()

    def post(self, event: bytes) -> tuple[bool, bytes]:
        """Whether it failed, and the body."""
        return _post(self._port, _ONLY_FUNCTION, event)

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self._running.close()


def _post(port: int, function: str, event: bytes) -> tuple[bool, bytes]:
    url = f"http://127.0.0.1:{port}/2015-03-31/functions/{function}/invocations"
    request = urllib.request.Request(url, event, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=_BUILD_SECONDS) as response:
            return False, response.read()
    except urllib.error.HTTPError as error:
        return True, error.read()


def _local_variables() -> dict[str, str]:
    """The variables that the README's commands give the functions."""
    return dict(line.split("=", 1) for line in (HERE / "local.env").read_text().splitlines())


def _decryptors_variables() -> dict[str, str]:
    """Without those of `record-encryptor`, which a function that decrypts refuses as not its own."""
    return {name: value for name, value in _local_variables().items() if name not in ("KMS_GENERATOR_KEY_ARN", "STREAM_ARN")}


def _objects(written: bytes) -> list[dict]:
    found = []
    for line in written.decode(errors="replace").splitlines():
        # `cargo lambda` may colour what it writes itself.
        plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
        try:
            value = json.loads(plain)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _without_credentials() -> dict[str, str]:
    """This process's environment without anything of AWS: no credential of this machine reaches a function."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]
