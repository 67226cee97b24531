"""AWS on this machine: LocalStack in host mode, without Docker, on loopback, with the functions as processes."""

import os
import platform
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from .failure import StepFailed
from .layout import EMULATOR, TESTS_DEPLOY, TOOLS
from .processes import Server

# The first start installs kinesis-mock from npm.
_START_SECONDS = 120


@contextmanager
def emulator(work: Path, functions_kms_endpoint: str, port: int):
    """Runs LocalStack on `port` while the context lasts. It writes its journal and the functions' logs into `work`."""
    volume, logs = work / "volume", work / "sandboxes"
    for directory in (volume, logs, work / "tmp"):
        directory.mkdir(parents=True, exist_ok=True)
    environment = {
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "LAMBDA_RUNTIME_EXECUTOR": "local",
        "LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC": "0.2",
        "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC": "1",
        "SQS_ENDPOINT_STRATEGY": "path",
        "DISABLE_EVENTS": "1",  # no telemetry
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
        "LOCALSTACK_VOLUME_DIR": str(volume),
        "VAR_LIBS_DIR": str(EMULATOR / "packages"),  # what it installs itself, once
        "NODE_OPTIONS": f"--require={TESTS_DEPLOY / 'emulator_plugin' / 'loopback.cjs'}",
        "TMPDIR": str(work / "tmp"),
        "XDG_CACHE_HOME": str(EMULATOR / "cache"),
        "npm_config_cache": str(EMULATOR / "npm"),
        # Of the executor plug-in:
        "JOURNAL": str(work / "journal.jsonl"),
        "SANDBOX_LOGS": str(logs),
        "RUNTIME_INTERFACE_EMULATOR": str(_runtime_interface_emulator()),
        "FUNCTIONS_KMS_ENDPOINT": functions_kms_endpoint,
    }
    command = [EMULATOR / "bin" / "python", "-m", "localstack.runtime.main"]
    with Server(command, port, work / "localstack.log", _START_SECONDS, environment):
        _health(port)
        yield


def _runtime_interface_emulator() -> Path:
    architecture = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine())
    found = list(TOOLS.glob(f"lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-{architecture}"))
    if not found or not os.access(found[0], os.X_OK):
        raise StepFailed(f"SAM CLI ships no Runtime Interface Emulator for {platform.machine()}")
    return found[0]


def _health(port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_localstack/health", timeout=30) as response:
        if response.status != 200:
            raise StepFailed(f"LocalStack's health check answers {response.status}")
