"""What the release workflow makes, as somebody takes it who has no Rust."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from .deployment import outputs
from .destinations import Queue
from .failure import StepFailed
from .layout import REPOSITORY, SAM_CONFIGURATION, TEMPLATE
from .quick_start import demand_in_clear, deploy_at_terminal, invoke_as_readme_says, readme_command
from .rehearsal import Outcome, Rehearsal
from .templates import applications
from .toolchain import architecture

_STACK = "warmkeys-release"


def a_release_deploys_without_a_build(rehearsal: Rehearsal) -> Outcome:
    """`tar xzf` and `sam deploy`: no build, no question, and a record that is sent comes out in clear."""
    outcome = Outcome()
    folder = _extracted(rehearsal)
    configuration, template = folder / SAM_CONFIGURATION.name, folder / TEMPLATE.name
    wanting = [path for path in folder.rglob("template.yaml") if "BuildMethod" in path.read_text()]
    outcome.demand(not wanting, f"these templates want a build: {wanting}")
    questions = deploy_at_terminal(rehearsal, "release", ["--stack-name", _STACK], configuration, template)
    outcome.demand(not questions, f"sam deploy asked: {questions}")
    [invoke] = readme_command("sam remote invoke")
    invoke[invoke.index("--stack-name") + 1] = _STACK
    sent = invoke_as_readme_says(invoke, rehearsal)
    demand_in_clear(outcome, Queue(outputs(_STACK)["SinkQueueUrl"]), sent)
    return outcome


def _extracted(rehearsal: Rehearsal) -> Path:
    """The archive's folder, with the functions that are rehearsed as its packages."""
    packages = rehearsal.work / "packages"
    for application, function in applications().items():
        package = packages / function / "bootstrap.zip"
        package.parent.mkdir(parents=True)
        with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(rehearsal.package.executables[application], "bootstrap")
    made = subprocess.run(
        [sys.executable, REPOSITORY / ".ci" / "release-archive", architecture(), packages], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise StepFailed(f"the archive was not made: {made.stderr}")
    with tarfile.open(REPOSITORY / made.stdout.partition(":")[0]) as archive:
        archive.extractall(rehearsal.work, filter="data")
        return rehearsal.work / archive.getnames()[0]
