"""The commands that the pages tell: each names an operation of its service, and options that the operation has."""

import re

import botocore.session
import jmespath
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from jmespath.exceptions import JMESPathError

from .failure import StepFailed
from .layout import REPOSITORY

_PAGES = ["README.md", "docs/operations.md", "docs/migrating.md", "docs/redrive.md"]

# Of the AWS CLI itself, for every command.
_GLOBAL = {"query", "output", "region", "profile", "cli-input-json", "cli-binary-format", "no-cli-pager"}

# What the AWS CLI calls otherwise than the service, and commands that it makes of several operations.
_SERVICES = {"s3api": "s3"}
_OPTIONS = {("sns", "subscribe", "notification-endpoint"): "endpoint"}
_MADE_BY_THE_CLI = {"s3": {"cp", "ls", "rm", "sync"}, "configure": {"export-credentials"}}


def check_commands() -> None:
    """Raises `StepFailed` if a page has a command that the AWS CLI would refuse, by botocore's models, which the CLI has."""
    found = [command for page in _PAGES for command in _commands((REPOSITORY / page).read_text())]
    problems = [problem for command in found for problem in _problems(command)]
    if not found or problems:
        raise StepFailed("\n".join(["the pages have commands that do not exist:", *problems]))


def _commands(page: str) -> list[str]:
    """Each `aws …`, until the end of its line (lines that end with a backslash go on), its substitution or its quotation."""
    page = re.sub(r"\\\n\s*", "", page)
    return re.findall(r"(?<![\w/`.-])aws (?:[a-z0-9-]+) (?:[a-z0-9-]+)\b[^`\n]*|(?<=`)aws [a-z0-9-]+ [a-z0-9-]+\b[^`]*", page)


def _problems(command: str) -> list[str]:
    _, service, operation = command.split()[:3]
    if operation in _MADE_BY_THE_CLI.get(service, ()):
        return []
    try:
        model = botocore.session.get_session().get_service_model(_SERVICES.get(service, service))
    except UnknownServiceError:
        return [f"there is no service {service}: {command}"]
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        return [f"{service} has no operation {operation}: {command}"]
    shape = model.operation_model(names[operation]).input_shape
    members = {xform_name(name, "-"): member for name, member in (shape.members if shape else {}).items()}
    known = _GLOBAL | members.keys() | {f"no-{name}" for name, member in members.items() if member.type_name == "boolean"}
    given = re.findall(r"\s--([a-z0-9-]+)", _own_words(command))
    given = [_OPTIONS.get((service, operation, option), option) for option in given]
    problems = [f"{service} {operation} has no option --{option}: {command}" for option in given if option not in known]
    required = {xform_name(name, "-") for name in (shape.required_members if shape else [])}
    # An ellipsis stands for what a page leaves out.
    if (missing := required - set(given)) and "…" not in command:
        problems.append(f"{service} {operation} needs {sorted(missing)}: {command}")
    for query in re.findall(r"--query (?:'([^']*)'|\"([^\"]*)\"|([\w.]+))", command):
        try:
            jmespath.compile("".join(query))
        except JMESPathError as error:
            problems.append(f"{error}: {command}")
    return problems


def _own_words(command: str) -> str:
    """The command without what stands in quotation marks or is computed, and without what comes after it."""
    command = re.sub(r"\$\(\(.*?\)\)|'[^']*'|\"(?:\\.|[^\"\\])*\"", "X", command)
    return re.split(r"\s(?:\||\|\||&&|;|#)|\)", command, maxsplit=1)[0]
