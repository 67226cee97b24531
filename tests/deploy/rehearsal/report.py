"""The table at the end."""

from dataclasses import dataclass

from .rehearsal import Outcome


@dataclass(frozen=True)
class Row:
    """One step or scenario, done."""

    name: str
    seconds: float
    outcome: Outcome


def table(rows: list[Row]) -> str:
    """The rows as text, problems and their number below."""
    header = ("", "sent", "arrived", "twice", "kept aside", "checkpoints", "seconds", "result")
    cells = [header] + [_cells(row) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    problems = [f"{row.name}: {problem}" for row in rows for problem in row.outcome.problems]
    failed = sum(bool(row.outcome.problems) for row in rows)
    return "\n".join([*lines, "", *problems, f"{len(rows) - failed} passed, {failed} failed"])


def _cells(row: Row) -> tuple[str, ...]:
    outcome = row.outcome
    counts = (outcome.sent, outcome.arrived, outcome.duplicates, outcome.quarantined, outcome.partial_responses)
    result = "FAILED" if outcome.problems else f"ok {outcome.note}".strip()
    return (row.name, *(str(count) if outcome.sent else "" for count in counts), f"{row.seconds:.0f}", result)
