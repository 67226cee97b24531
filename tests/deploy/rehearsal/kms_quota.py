"""The request quota between the functions and KMS, which no emulator has."""

import urllib.request
from contextlib import contextmanager
from pathlib import Path

from .processes import Server

# More than the emulator can answer.
UNLIMITED = 1_000_000


class KmsQuota:
    """A running quota: at most so many requests a second pass, the others are answered with ThrottlingException."""

    def __init__(self, endpoint: str):
        self.endpoint = endpoint

    def set(self, requests_per_second: int) -> None:
        """Applies from the next request on; at least 1."""
        request = urllib.request.Request(
            f"{self.endpoint}/_warmkeys/requests-per-second", data=str(requests_per_second).encode(), method="PUT"
        )
        with urllib.request.urlopen(request, timeout=10):
            pass

    @contextmanager
    def limited_to(self, requests_per_second: int):
        """The quota is `requests_per_second` while the context lasts."""
        self.set(requests_per_second)
        try:
            yield
        finally:
            self.set(UNLIMITED)


@contextmanager
def kms_quota(program: Path, upstream_port: int, port: int, work: Path):
    """Runs `program --listen ADDRESS --upstream ADDRESS --requests-per-second N` while the context lasts."""
    arguments = ["--listen", f"127.0.0.1:{port}", "--upstream", f"127.0.0.1:{upstream_port}"]
    arguments += ["--requests-per-second", UNLIMITED]
    with Server([program, *arguments], port, work / "kms-quota.log", start_seconds=15):
        yield KmsQuota(f"http://127.0.0.1:{port}")
