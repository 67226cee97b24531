"""The journal: one JSON object per line, written by the emulator and read by the rehearsal."""

import json
import os
import threading
import time

# Guards the file: sandboxes and API calls write from many threads, and a line must stay whole.
_lock = threading.Lock()


def write(kind: str, **fields) -> None:
    """Appends an entry. `time` is in epoch seconds."""
    line = json.dumps({"kind": kind, "time": time.time(), **fields}) + "\n"
    with _lock, open(os.environ["JOURNAL"], "a", encoding="utf-8") as file:
        file.write(line)
