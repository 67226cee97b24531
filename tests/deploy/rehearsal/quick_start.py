"""The README's first steps, as somebody takes them who knows nothing: Enter at every question, then one record."""

import json
import os
import pty
import shlex
import subprocess
import time

from .aws import client
from .destinations import Queue
from .failure import StepFailed
from .layout import REPOSITORY, TOOLS
from .processes import tail
from .rehearsal import Outcome, Rehearsal
from .toolchain import architecture
from .waiting import eventually

_DEPLOY_SECONDS = 300
_INVOKE_SECONDS = 60
_ARRIVE_SECONDS = 30


def quick_start_asks_for_nothing(rehearsal: Rehearsal) -> Outcome:
    """`sam deploy --guided` accepts its own defaults, and a record that is sent comes out in clear."""
    outcome = Outcome()
    questions = _deploy_guided(rehearsal)
    invoke = _command("sam remote invoke")
    stack_name = invoke[invoke.index("--stack-name") + 1]
    [stack] = client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    ended = subprocess.run(
        [str(TOOLS / "bin" / "sam"), *invoke[1:]], capture_output=True, timeout=_INVOKE_SECONDS, check=False, cwd=rehearsal.work
    )
    if ended.returncode:
        raise StepFailed(f"sam remote invoke ended with {ended.returncode}\n{ended.stderr.decode(errors='replace')}")
    records = json.loads(invoke[invoke.index("--event") + 1])["records"]
    sink = Queue(outputs["SinkQueueUrl"])
    arrived = eventually(sink.plaintexts, _ARRIVE_SECONDS)
    outcome.sent, outcome.arrived = len(records), len(arrived)
    sent = [record["json"] for record in records]
    outcome.demand([json.loads(plaintext) for plaintext in arrived] == sent, f"{len(arrived)} records arrived, or not as sent")
    outcome.note = f"{questions} questions"
    return outcome


def _command(beginning: str) -> list[str]:
    """The README's only command that begins so, as arguments."""
    lines = [line.strip() for line in (REPOSITORY / "README.md").read_text().splitlines() if line.startswith("    ")]
    [found] = [line for line in lines if line.startswith(beginning)]
    return shlex.split(found, comments=True)


def _deploy_guided(rehearsal: Rehearsal) -> int:
    """Answers each question with Enter, and the last, whether to deploy, with yes. Returns how many there were."""
    # Guided mode writes the answers down: not into the repository's own file.
    config = rehearsal.work / "samconfig.toml"
    config.write_text((REPOSITORY / "samconfig.toml").read_text())
    command = [
        TOOLS / "bin" / "sam",
        "deploy",
        "--guided",
        "--template-file",
        rehearsal.package.template,
        "--config-file",
        config,
    ]
    command += ["--parameter-overrides", f"Architecture={architecture()}"]
    controller, terminal = pty.openpty()
    log = rehearsal.work / "deploy-guided.log"
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
        questions = _answer(controller, log)
        status = process.wait(_DEPLOY_SECONDS)
    finally:
        process.kill()
        process.wait()
        os.close(controller)
    if status:
        raise StepFailed(f"sam deploy --guided ended with {status}\n{tail(log)}")
    return questions


def _answer(terminal: int, log) -> int:
    questions, line = 0, b""
    give_up_at = time.monotonic() + _DEPLOY_SECONDS
    with log.open("wb") as output:
        while time.monotonic() < give_up_at:
            try:
                read = os.read(terminal, 4_096)
            except OSError:  # how Linux says that the other end is closed
                return questions
            if not read:
                return questions
            output.write(read)
            output.flush()
            line = (line + read).rsplit(b"\n", 1)[-1]
            if line.endswith(b"]: "):
                questions += 1
                os.write(terminal, b"y\n" if line.endswith(b"Deploy this changeset? [y/N]: ") else b"\n")
                line = b""
    raise StepFailed(f"sam deploy --guided did not end\n{tail(log)}")
