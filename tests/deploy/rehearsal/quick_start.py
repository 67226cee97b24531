"""The README's first steps, as somebody takes them who knows nothing, and what samconfig.toml prepares for an existing stream."""

import json
import os
import pty
import re
import shlex
import subprocess
import time
import tomllib
from pathlib import Path

from .deployment import outputs
from .destinations import Queue
from .failure import StepFailed
from .layout import REPOSITORY, SAM_CONFIGURATION, TOOLS
from .processes import tail
from .rehearsal import Outcome, Rehearsal
from .toolchain import architecture
from .waiting import eventually

_DEPLOY_SECONDS = 300
_INVOKE_SECONDS = 60
_ARRIVE_SECONDS = 30

# What is on the command line replaces the overrides of the configuration.
_THIS_PROCESSOR = ["--parameter-overrides", f"Architecture={architecture()}"]

# How a question of SAM CLI ends: with what Enter would answer.
_END_OF_A_QUESTION = b"]: "


def quick_start_asks_for_nothing(rehearsal: Rehearsal) -> Outcome:
    """`sam deploy` asks no question at a terminal, and a record that is sent comes out in clear."""
    outcome = Outcome()
    [build, deploy] = readme_command("sam build")
    outcome.demand(build == ["sam", "build"] and deploy == ["sam", "deploy"], f"the README says {build} && {deploy}")
    questions = deploy_at_terminal(rehearsal, "quick-start", _THIS_PROCESSOR, SAM_CONFIGURATION)
    outcome.demand(not questions, f"sam deploy asked: {questions}")
    [invoke] = readme_command("sam remote invoke")
    sent = invoke_as_readme_says(invoke, rehearsal)
    sink = Queue(outputs(_stack_name("default"))["SinkQueueUrl"])
    demand_in_clear(outcome, sink, sent)
    return outcome


def existing_stream_asks_for_nothing(rehearsal: Rehearsal) -> Outcome:
    """With the prepared values replaced by a stream's and a key's ARN, a second stack reads that stream."""
    outcome = Outcome()
    first = outputs(_stack_name("default"))
    [command] = readme_command("sam deploy --config-env")
    questions = deploy_at_terminal(rehearsal, "existing-stream", command[2:], _with_replaced_placeholders(first, rehearsal.work))
    outcome.demand(not questions, f"sam deploy asked: {questions}")
    [invoke] = readme_command("sam remote invoke")
    sent = invoke_as_readme_says(invoke, rehearsal)
    second = outputs(_stack_name("existing-stream"))
    outcome.demand(second["StreamArn"] == first["StreamArn"], f"the second stack reads {second['StreamArn']}")
    # It reads from the stream's beginning: what the first steps sent, too.
    demand_in_clear(outcome, Queue(second["SinkQueueUrl"]), sent * 2)
    return outcome


def demand_in_clear(outcome: Outcome, sink: Queue, sent: list) -> None:
    eventually(lambda: len(sink.plaintexts()) >= len(sent), _ARRIVE_SECONDS)
    arrived = [json.loads(plaintext) for plaintext in sink.plaintexts()]
    outcome.sent, outcome.arrived = len(sent), len(arrived)
    outcome.demand(arrived == sent, f"{len(arrived)} records arrived, or not as sent")


def invoke_as_readme_says(command: list[str], rehearsal: Rehearsal) -> list:
    """Sends the README's records; returns what they are in clear."""
    ended = subprocess.run(
        [str(TOOLS / "bin" / "sam"), *command[1:]], capture_output=True, timeout=_INVOKE_SECONDS, check=False, cwd=rehearsal.work
    )
    if ended.returncode:
        raise StepFailed(f"sam remote invoke ended with {ended.returncode}\n{ended.stderr.decode(errors='replace')}")
    return [record["json"] for record in json.loads(command[command.index("--event") + 1])["records"]]


def readme_command(beginning: str) -> list[list[str]]:
    """The README's only line that begins so: each of its commands as arguments."""
    lines = [line.strip() for line in (REPOSITORY / "README.md").read_text().splitlines() if line.startswith("    ")]
    [found] = [line for line in lines if line.startswith(beginning)]
    words = shlex.split(found, comments=True)
    commands: list[list[str]] = [[]]
    for word in words:
        if word == "&&":
            commands.append([])
        else:
            commands[-1].append(word)
    return commands


def _stack_name(environment: str) -> str:
    """What samconfig.toml calls the stack: the README's commands name it, too."""
    return tomllib.loads(SAM_CONFIGURATION.read_text())[environment]["deploy"]["parameters"]["stack_name"]


def _with_replaced_placeholders(first: dict[str, str], work: Path) -> Path:
    """samconfig.toml, with the ARNs of the first stack and its stream's record age in place of what has to be replaced."""
    before, header, rest = SAM_CONFIGURATION.read_text().partition("[existing-stream.deploy.parameters.parameter_overrides]\n")
    configuration, next_table, after = rest.partition("\n[")
    values = {"StreamArn": first["StreamArn"], "KmsKeyArns": first["KmsKeyArn"], "MaximumRecordAgeSeconds": "82800"}
    for parameter, value in values.items():
        configuration, count = re.subn(rf"^({parameter} = \[?)\"[^\"]*", rf'\g<1>"{value}', configuration, flags=re.M)
        if count != 1:
            raise StepFailed(f"{SAM_CONFIGURATION.name} has {count} values of {parameter} to replace")
    # This machine's processor, as below.
    configuration = f'Architecture = "{architecture()}"\n{configuration}'
    replaced = work / "existing-stream" / SAM_CONFIGURATION.name
    replaced.parent.mkdir()
    replaced.write_text(before + header + configuration + next_table + after)
    return replaced


def deploy_at_terminal(
    rehearsal: Rehearsal, name: str, arguments: list[str], configuration: Path, template: Path | None = None
) -> list[str]:
    """Runs `sam deploy` at a terminal that answers nothing. Returns the questions, at most one: nobody answers it."""
    command = [TOOLS / "bin" / "sam", "deploy", *arguments, "--template-file", template or rehearsal.package.template]
    command += ["--config-file", configuration]
    controller, terminal = pty.openpty()
    log = rehearsal.work / f"deploy-{name}.log"
    process = subprocess.Popen(
        [str(part) for part in command],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=rehearsal.work,
        start_new_session=True,
    )
    os.close(terminal)
    try:
        questions = _read(controller, log)
        status = None if questions else process.wait(_DEPLOY_SECONDS)
    finally:
        process.kill()
        process.wait()
        os.close(controller)
    if status:
        raise StepFailed(f"sam deploy ended with {status}\n{tail(log)}")
    return questions


def _read(terminal: int, log: Path) -> list[str]:
    """Reads until the command ends or asks something; returns what it asks."""
    line = b""
    give_up_at = time.monotonic() + _DEPLOY_SECONDS
    with log.open("wb") as output:
        while time.monotonic() < give_up_at:
            try:
                read = os.read(terminal, 4_096)
            except OSError:  # how Linux says that the other end is closed
                return []
            if not read:
                return []
            output.write(read)
            output.flush()
            line = (line + read).rsplit(b"\n", 1)[-1]
            if line.endswith(_END_OF_A_QUESTION):
                return [line.decode(errors="replace").strip()]
    raise StepFailed(f"sam deploy did not end\n{tail(log)}")
