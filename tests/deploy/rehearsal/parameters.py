"""What the template's parameters accept: the emulator does not look at their patterns, but CloudFormation does."""

import re

from samcli.yamlhelper import yaml_parse

from .failure import StepFailed
from .layout import TEMPLATE

_KEY = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd"
_ALIAS = "arn:aws:kms:eu-central-1:111122223333:alias/orders"

# By parameter: values that must be accepted, and values that must not.
_CASES = {
    "KmsKeyArns": (["", _KEY, f"{_KEY},{_KEY}", ",".join([_KEY] * 20)], [_ALIAS, f"{_KEY}, {_KEY}", ",".join([_KEY] * 21)]),
    "AdditionalKmsKeyArns": (["", ",".join([_KEY] * 9)], [_ALIAS, ",".join([_KEY] * 10)]),
    "KmsDiscoveryAccountIds": (["", "111122223333", "111122223333,111122223334"], ["11112222333", "111122223333,"]),
    # What Lambda takes.
    "MaximumRecordAgeSeconds": (
        ["-1", *map(str, [*range(60, 1_100), 9_999, 10_000, 99_999, 100_000, 599_999, 600_000, 604_799, 604_800])],
        ["", "-2", *map(str, [*range(60), 604_801, 604_900, 605_000, 610_000, 1_000_000])],
    ),
}


def check_patterns() -> None:
    """Raises `StepFailed` if a pattern accepts what it should not, or the other way round."""
    parameters = yaml_parse(TEMPLATE.read_text())["Parameters"]
    for name, (accepted, refused) in _CASES.items():
        pattern = re.compile(parameters[name]["AllowedPattern"])
        wrong = [value for value in accepted if not pattern.fullmatch(value)]
        wrong += [value for value in refused if pattern.fullmatch(value)]
        if wrong:
            raise StepFailed(f"the pattern of the parameter {name} is wrong about {wrong}")
