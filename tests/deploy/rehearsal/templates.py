"""The templates: the root's, and those of the functions that it is composed of."""

import re
from pathlib import Path

from samcli.yamlhelper import yaml_parse

from .layout import MONITORING, REPOSITORY, TEMPLATE


def applications() -> dict[str, str]:
    """The functions that the root template is composed of: their folders in `functions/`, which are their binaries' names, by
    logical id."""
    application = re.compile(
        r"^  (\w+):\n    Type: AWS::Serverless::Application$.*?^      Location: functions/(\S+)/template.yaml$", re.M | re.S
    )
    return dict(application.findall(TEMPLATE.read_text()))


def function_template(name: str) -> Path:
    """The template of a function."""
    return REPOSITORY / "functions" / name / "template.yaml"


def all_templates() -> dict[str, Path]:
    """Every template by its name: `root`, `monitoring`, or its function's."""
    return {"root": TEMPLATE, "monitoring": MONITORING, **{name: function_template(name) for name in applications().values()}}


def parse(template: Path) -> dict:
    """The template as SAM reads it, its short forms (`!Ref`) written out."""
    return yaml_parse(template.read_text())
