"""Waiting for what happens elsewhere, never for ever."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], object], within_seconds: float, every_seconds: float = 0.2):
    """The condition's value once it is true, or its last value when the time is over."""
    give_up_at = time.monotonic() + within_seconds
    while not (value := condition()) and time.monotonic() < give_up_at:
        time.sleep(every_seconds)
    return value


def never(condition: Callable[[], object], for_seconds: float) -> bool:
    """Whether the condition stays false for so long."""
    return not eventually(condition, for_seconds)
