"""LocalStack's runtime executor without containers."""

import json
import os
from pathlib import Path

from localstack import config
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from . import calls, journal
from .sandbox import Sandbox


class LocalExecutorPlugin(RuntimeExecutorPlugin):
    """Selected by `LAMBDA_RUNTIME_EXECUTOR=local`."""

    name = "local"

    def load(self, *_args, **_kwargs):
        return LocalExecutor


class LocalExecutor(RuntimeExecutor):
    """One execution environment, as one sandbox at a time."""

    def start(self, env_vars: dict[str, str]) -> None:
        self._function = self.function_version.id.function_name
        self._log = Path(os.environ["SANDBOX_LOGS"]) / f"{self._function}-{self.id}.log"
        self._environment = {name: str(value) for name, value in env_vars.items()}
        self._environment["AWS_ENDPOINT_URL_KMS"] = os.environ["FUNCTIONS_KMS_ENDPOINT"]
        self._environment["PATH"] = os.environ["PATH"]
        if level := self._environment.get("AWS_LAMBDA_LOG_LEVEL"):
            self._environment["AWS_LAMBDA_LOG_LEVEL"] = level.upper()  # as Lambda writes it; the emulator writes "Info"
        calls.functions_by_access_key[self._environment["AWS_ACCESS_KEY_ID"]] = self._function
        self._start_sandbox()

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        request_id = payload["invoke-id"]
        event = json.loads(payload["payload"])
        about = {"function": self._function, "request_id": request_id, "sandbox_pid": self._sandbox.pid}
        journal.write("invocation-started", **about, event=event)
        answer, is_error = self._sandbox.invoke(payload["payload"])
        journal.write("invocation-ended", **about, is_error=is_error, answer=answer.decode(errors="replace"))
        if is_error:
            # Lambda gives the next invocation a fresh process after a crash or a time-out.
            self._sandbox.stop()
            self._start_sandbox()
        return InvocationResult(request_id, answer, is_error, logs=self.get_logs())

    def stop(self) -> None:
        self._sandbox.stop()

    def get_logs(self) -> str:
        return self._log.read_text(errors="replace")[-4_000:]

    def get_address(self) -> str:
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}/unused"

    @classmethod
    def prepare_version(cls, function_version) -> None:
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version) -> None:
        function_version.config.code.destroy_cached()

    def _start_sandbox(self) -> None:
        code = self.function_version.config.code.get_unzipped_code_location()
        self._sandbox = Sandbox(code, self._environment, self._log)
