"""What was sent against what arrived."""

from collections import Counter
from dataclasses import dataclass

from .producer import Plaintext


@dataclass(frozen=True)
class Comparison:
    """The differences between what was sent and what arrived, each a number of records."""

    sent: int
    arrived: int
    lost: int
    duplicated: int
    unknown: int
    out_of_order: int

    def problems(self, duplicates_allowed: bool, order_expected: bool) -> list[str]:
        """The differences that must not be, in words."""
        counts = {"lost": self.lost, "in the sink that should not be": self.unknown}
        if not duplicates_allowed:
            counts["in the sink twice"] = self.duplicated
        if order_expected:
            counts["out of order"] = self.out_of_order
        return [f"{count} records {what}" for what, count in counts.items() if count]


def compare(sent: list[Plaintext], arrived: list[bytes]) -> Comparison:
    """Compares; order is that of first arrivals within each partition key."""
    expected = set(sent)
    records = [Plaintext.decode(plaintext) for plaintext in arrived]
    counts = Counter(record for record in records if record in expected)
    return Comparison(
        sent=len(sent),
        arrived=len(arrived),
        lost=len(expected - counts.keys()),
        duplicated=sum(counts.values()) - len(counts),
        unknown=sum(record not in expected for record in records),
        out_of_order=_out_of_order([record for record in records if record in expected]),
    )


def _out_of_order(records: list[Plaintext]) -> int:
    last: dict[tuple[int, str], int] = {}
    seen: set[Plaintext] = set()
    count = 0
    for record in records:
        if record in seen:
            continue
        seen.add(record)
        group = (record.run, record.partition_key)
        if record.ordinal < last.get(group, -1):
            count += 1
        else:
            last[group] = record.ordinal
    return count
