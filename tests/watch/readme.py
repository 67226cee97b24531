"""The README's commands for running locally, and running them elsewhere than on their own ports."""

import shlex

from layout import ROOT

_TITLE = "## Run it locally"


def commands() -> list[list[str]]:
    """The commands of the section, in their order, each as arguments."""
    section = (ROOT / "README.md").read_text().split(f"\n{_TITLE}\n")[1].split("\n## ")[0]
    return [shlex.split(line) for line in section.splitlines() if line.startswith("    cargo ")]


def command(*words: str) -> list[str]:
    """The only command that has all of `words`."""
    [found] = [arguments for arguments in commands() if all(word in arguments for word in words)]
    return found


def replaced(arguments: list[str], changes: dict[str, str]) -> list[str]:
    """The same command with other arguments; each that is to be replaced has to be there."""
    missing = changes.keys() - set(arguments)
    if missing:
        raise SystemExit(f"the README's command {shlex.join(arguments)} has no {', '.join(sorted(missing))}")
    return [changes.get(argument, argument) for argument in arguments]
