"""What every scenario works with."""

from dataclasses import dataclass, field
from pathlib import Path

from .deployment import Package, Stack
from .journal import Journal
from .kms_quota import KmsQuota


@dataclass(frozen=True)
class Rehearsal:
    """The running emulator with the stacks deployed to it."""

    stacks: dict[str, Stack]
    quota: KmsQuota
    journal: Journal
    package: Package
    work: Path


@dataclass
class Outcome:
    """What a scenario found. It passed if there are no problems."""

    sent: int = 0
    arrived: int = 0
    duplicates: int = 0
    quarantined: int = 0
    partial_responses: int = 0
    note: str = ""
    problems: list[str] = field(default_factory=list)

    def demand(self, condition: object, problem: str) -> None:
        """Adds `problem` unless `condition` holds."""
        if not condition:
            self.problems.append(problem)
