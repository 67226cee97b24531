"""The clients of the rehearsal itself, all of them for the emulator."""

import os
from functools import cache

import boto3
from botocore.config import Config

from .layout import CACHES, REGION


def use_emulator(endpoint: str) -> None:
    """From here on, this process and what it starts reach only the emulator: no call can leave for a real account."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        CACHES,
        AWS_ENDPOINT_URL=endpoint,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION=REGION,
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        SAM_CLI_TELEMETRY="0",
    )


@cache
def client(service: str):
    """The client of `service`."""
    return boto3.client(
        service,
        config=Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 3}, s3={"addressing_style": "path"}),
    )
