#!/usr/bin/env python3
"""Writes the events in `events/`, with the AWS Encryption SDK for Python and boto3 against the embedded KMS.

    python3 tests/events/generate.py [NAME …]

makes a virtual environment below `target/`, starts the embedded KMS, and writes one Kinesis event per scenario, the table
`events/README.md`, and `tests/events/expected.json`: what `stream-decryptor` has to do with each event. The events are
sealed under the published development keys, so that they decrypt with any embedded KMS, not only with the one that ran
here. Data keys and nonces are random: every run changes every event that it writes. With names it writes only the events of
these names.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVENTS = ROOT / "events"
EXPECTED = ROOT / "tests" / "events" / "expected.json"


def main():
    """Makes sure of the requirements and of a running KMS, then writes everything."""
    parser = argparse.ArgumentParser(description="Writes the events in events/, with what has to become of each.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="an event to write; without any, all are written")
    names = set(parser.parse_args().names)
    if "AWS_ENDPOINT_URL_KMS" not in os.environ:
        python = virtual_environment()
        with EmbeddedKms() as environment:
            ended = subprocess.run([python, __file__, *names], env=os.environ | environment, check=False)
        sys.exit(ended.returncode)
    # Only the virtual environment has what this needs.
    from scenarios import all_scenarios

    scenarios = all_scenarios()
    unknown = names - {scenario["name"] for scenario in scenarios}
    if unknown:
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}")
    EVENTS.mkdir(exist_ok=True)
    for scenario in scenarios:
        if not names or scenario["name"] in names:
            write_json(EVENTS / f"{scenario['name']}.json", scenario["event"])
    write_json(EXPECTED, {scenario["name"]: scenario["expected"] for scenario in scenarios})
    (EVENTS / "README.md").write_text(readme(scenarios), encoding="utf-8")


def virtual_environment():
    """The path of a Python that has the pinned requirements."""
    directory = ROOT / "target" / "events-venv"
    python = directory / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
    requirements = ROOT / "tests" / "events" / "requirements.txt"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", "--requirement", requirements], check=True)
    return python


class EmbeddedKms:
    """The embedded KMS on a free port, while the context lasts; gives the environment that leads to it."""

    def __enter__(self):
        # Once it is built, cargo replaces itself by the program, so that the process is the program's.
        run = ["cargo", "embedded-kms", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(run, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        environment = {}
        for line in self.process.stdout:
            if line.startswith("#"):
                break
            name, _, value = line.removeprefix("export ").strip().partition("=")
            environment[name] = value
        return environment

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def readme(scenarios):
    """The table of the scenarios."""
    lines = [
        "# Events",
        "",
        "Kinesis events as an event source mapping sends them, one per scenario. They decrypt with the embedded KMS and its",
        "published development keys. `cargo local` runs it, and the functions:",
        "",
        "    cargo local",
        "    curl --data-binary @events/all-decryptable.json http://127.0.0.1:9000/2015-03-31/functions/stream-decryptor/invocations",
        "",
        "Every record in clear is `{\"order\": n}`, the activity stream's excepted. `tests/events/generate.py` writes the events, this table and",
        "`tests/events/expected.json`, which holds the same for the tests, and the configuration where it is not",
        "`KMS_KEY_ARNS` of the first development key alone (`cargo local --decryptor-env NAME=VALUE` sets it). The answers are those with a KMS",
        "that has no quota.",
        "",
        "| event | what it holds | delivered | quarantined | answer |",
        "|---|---|---|---|---|",
    ]
    for made in scenarios:
        expected = made["expected"]
        answer = "an error" if expected["functionError"] else "no failures"
        lines.append(
            f"| [{made['name']}]({made['name']}.json) | {expected['description']} "
            f"| {len(expected['delivered'])} | {len(expected['quarantined'])} | {answer} |"
        )
    return "\n".join(lines) + "\n"


def write_json(path, content):
    """Readable, and the same for the same content."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
