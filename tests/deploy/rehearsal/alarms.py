"""Which alarms the functions' metrics would set off. The emulator evaluates none, so their conditions are evaluated here."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from .layout import MONITORING
from .templates import parse

# A scenario takes about as long. Longer ones would have others' requests in them.
_LONGEST_PERIOD_SECONDS = 10

# What a period's values become. Of a distribution, CloudWatch gets values and how often each came.
_STATISTICS: dict[str, Callable[[list[float]], float]] = {"Sum": sum, "Maximum": max, "Minimum": min}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}


def alarms_that_would_go_off(sandboxes: Path) -> dict[str, set[str]]:
    """The functions' alarms whose condition a period fulfilled, of those on the functions' own metrics: by alarm, the functions.
    Faults here are short, and many follow each other: periods last ten seconds at most, and one is enough."""
    documents = list(_documents(sandboxes))
    alarms = [item["Properties"] for item in parse(MONITORING)["Resources"].values() if item["Type"] == "AWS::CloudWatch::Alarm"]
    gone_off = defaultdict(set)
    for alarm in alarms:
        if "Warmkeys" not in _namespaces(alarm):
            continue
        for source in {(document["FunctionName"], document["StreamName"]) for document in documents if "StreamName" in document}:
            of_source = [document for document in documents if (document["FunctionName"], document.get("StreamName")) == source]
            if _would_go_off(alarm, of_source):
                gone_off[alarm["AlarmName"]["Fn::Sub"].removeprefix("${FunctionName}-")].add(source[0])
    return gone_off


def _would_go_off(alarm: dict, documents: list[dict]) -> bool:
    compares = _COMPARISONS[alarm["ComparisonOperator"]]
    return any(compares(value, alarm["Threshold"]) for value in _values(alarm, documents))


def _values(alarm: dict, documents: list[dict]) -> list[float]:
    """The alarm's value in each period that has one."""
    if "MetricName" in alarm:
        return list(_periods(alarm["MetricName"], alarm["Period"], alarm["Statistic"], documents).values())
    [expression] = [query["Expression"] for query in alarm["Metrics"] if "Expression" in query]
    statistics = {query["Id"]: query["MetricStat"] for query in alarm["Metrics"] if "MetricStat" in query}
    series = {
        name: _periods(stat["Metric"]["MetricName"], stat["Period"], stat["Stat"], documents) for name, stat in statistics.items()
    }
    values = []
    for period in {period for periods in series.values() for period in periods}:
        names = {name: periods.get(period) for name, periods in series.items()}
        try:
            # An expression of the template, which has no name but these.
            values.append(eval(expression, {"__builtins__": {}, **_FUNCTIONS}, names))  # noqa: PLW0123
        except (ZeroDivisionError, TypeError):  # no value in this period, as CloudWatch has it
            continue
    return values


# As CloudWatch's metric math.
_FUNCTIONS = {
    "IF": lambda condition, then, otherwise: then if condition else otherwise,
    "FILL": lambda value, filling: filling if value is None else value,
}


def _periods(metric: str, seconds: int, statistic: str, documents: list[dict]) -> dict[int, float]:
    periods = defaultdict(list)
    for document in documents:
        if metric in document:
            period = document["_aws"]["Timestamp"] // 1_000 // min(seconds, _LONGEST_PERIOD_SECONDS)
            value = document[metric]
            periods[period] += value["Values"] if isinstance(value, dict) else [value]
    return {period: _STATISTICS[statistic](values) for period, values in periods.items()}


def _namespaces(alarm: dict) -> set:
    metrics = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query] or [alarm]
    return {metric["Namespace"] for metric in metrics if isinstance(metric["Namespace"], str)}


def _documents(sandboxes: Path) -> Iterator[dict]:
    for log in sandboxes.iterdir():
        for line in log.read_text(errors="replace").splitlines():
            if line.startswith("{") and '"_aws"' in line:
                yield json.loads(line)
