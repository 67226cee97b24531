"""Where things are."""

from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EVENTS = ROOT / "events"
EXPECTED = ROOT / "tests" / "events"
